/**
 * The Durable Object that writes the projection: it gathers the rows of many objects into batches to D1, and deletes there
 * what is past its time. Of rows it stores nothing: what it has not answered, its callers still hold and send again.
 */
import { DurableObject } from "cloudflare:workers";
import type { EngineKind } from "../../contract/kinds/engine-kinds.ts";
import { endedStatuses } from "../../contract/statuses.ts";
import type { LogLag } from "../../contract/views/log-lag.ts";
import { type Environment, getStub, isPaused } from "../environment.ts";
import { holdAlarm } from "../host/storage/durable-world.ts";
import type { ProjectionRow, ProjectorRpc } from "../protocol/projector.ts";
import type { RecruitmentRpc } from "../protocol/recruitment.ts";
import { readTraceOf } from "../trace/read-trace.ts";
import { createTraceExporter, type TraceExporter } from "../trace/trace-exporter.ts";
import { createLagMeter } from "./lag-meter.ts";
import { countCommit } from "./metrics.ts";
import { createProjectionBatcher } from "./projection-batcher.ts";
import type { EncodedRow } from "./projection-statements.ts";
import { encodeRow, prepareProjection } from "./projection-statements.ts";
import type { PruneMarks } from "./prune-log.ts";
import type { Retention } from "./retention.ts";
import { type RetentionProgress, retentionRun, runRetention, startRetention } from "./run-retention.ts";

interface ProjectorEnv extends Environment {
  /** Where the traces of threads go when they end; absent: nowhere. */
  NERVEFLARE_OTLP_URL?: string;
  NERVEFLARE_OTLP_HEADERS?: string;
}

/** Where a run of retention is kept between two alarms. */
const pruneKey = "retention";

/** How far the runs came in the log: what lies before is not looked at again. */
const marksKey = "retention-log";

/** After these a thread's trace is whole. */
const endings: ReadonlySet<string> = new Set(endedStatuses.map((status) => `nerve.thread.${status}` satisfies EngineKind));

export class ProjectorObject extends DurableObject<ProjectorEnv> implements ProjectorRpc {
  #lag = createLagMeter(() => Date.now());
  /** Names this instance of the object: what another instance noted does not apply any more. */
  #life = crypto.randomUUID();
  #writes = 0;
  #watchers = new Set<() => void>();
  #exporter: TraceExporter | undefined;
  #batcher = createProjectionBatcher<EncodedRow>({
    write: async (rows) => {
      await this.env.DB.batch(prepareProjection(this.env.DB, rows));
      countCommit("d1");
      this.#writes += 1;
      for (const wake of this.#watchers) wake();
    },
  });

  /** Answers when the rows are in D1; throws when they are not. */
  async project(rows: ProjectionRow[]): Promise<void> {
    if (!rows.length) return;
    const now = Date.now();
    const written = this.#lag.arrive(rows.map(({ at }) => at ?? now));
    try {
      await this.#batcher.project(rows.map(encodeRow));
      written();
      this.#exportEnded(rows);
    } catch (error) {
      written(error);
      throw error;
    }
  }

  async changed(mark: string | undefined, milliseconds: number): Promise<string> {
    if (mark === this.#mark()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      this.#watchers.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#watchers.delete(resolve);
    }
    return this.#mark();
  }

  /** Begins a run of retention, if none is under way; it goes on by alarms until nothing is left that is too old. */
  async prune(retention: Retention): Promise<void> {
    const log = JSON.parse(this.ctx.storage.kv.get<string>(marksKey) ?? "{}") as PruneMarks;
    this.ctx.storage.kv.put(pruneKey, JSON.stringify({ ...startRetention(log), retention }));
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    const { kv } = this.ctx.storage;
    const text = kv.get<string>(pruneKey);
    if (text === undefined) return;
    const { retention, ...stored } = JSON.parse(text) as Partial<RetentionProgress> & { retention: Retention };
    // One that a version of before began knows no walks.
    const progress = { ...startRetention(), ...stored };
    const ports = {
      db: this.env.DB,
      retire: (thread: string) => getStub<RecruitmentRpc>(this.env, "RECRUITMENT", thread).retire(),
      warn: (entry: object) => console.warn(JSON.stringify(entry)),
    };
    try {
      const done = await runRetention(ports, progress, retention, Date.now());
      kv.put(marksKey, JSON.stringify(progress.prune.log));
      if (done) {
        kv.delete(pruneKey);
        return;
      }
      kv.put(pruneKey, JSON.stringify({ ...progress, retention }));
      await this.ctx.storage.setAlarm(Date.now() + retentionRun.pause);
    } catch (error) {
      console.error(JSON.stringify({ at: "retention", error: String(error) }));
      await this.ctx.storage.setAlarm(Date.now() + retentionRun.pauseFailed);
    }
  }

  async lag(): Promise<LogLag> {
    return this.#lag.read();
  }

  async probe(): Promise<void> {
    await this.ctx.storage.put("probed", Date.now());
    await this.ctx.storage.sync();
  }

  #exportEnded(rows: ProjectionRow[]): void {
    const url = this.env.NERVEFLARE_OTLP_URL;
    if (!url) return;
    for (const row of rows) {
      if (row.table !== "event" || row.thread === null || !endings.has(row.event.type)) continue;
      this.#exporter ??= this.#createExporter(url);
      this.#exporter.add(row.thread);
    }
  }

  #createExporter(url: string): TraceExporter {
    const { env } = this;
    const { DB: db } = env;
    return createTraceExporter({
      url,
      headers: this.env.NERVEFLARE_OTLP_HEADERS,
      async read(thread) {
        const trace = await readTraceOf(thread, null, { db, root: getStub<RecruitmentRpc>(env, "RECRUITMENT", thread) });
        return trace.ok ? trace.value : undefined;
      },
      fetch: (to, init) => fetch(to, init),
      later: (milliseconds, work) => void setTimeout(work, milliseconds),
      warn: (entry) => console.warn(JSON.stringify(entry)),
    });
  }

  #mark(): string {
    return `${this.#life}:${this.#writes}`;
  }
}
