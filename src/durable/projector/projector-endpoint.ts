/**
 * Who writes the projection: it gathers the rows of many objects into batches to D1, and deletes there
 * what is past its time. Of rows it stores nothing: what it has not answered, its callers still hold and send again.
 */
import type { EngineKind } from "../../contract/kinds/engine-kinds.ts";
import { pushedKinds } from "../../contract/kinds/pushed-kinds.ts";
import { endedStatuses } from "../../contract/statuses.ts";
import type { LogLag } from "../../contract/views/log-lag.ts";
import { Endpoint } from "../endpoint.ts";
import { type Environment, isPaused, type Neighbours } from "../environment.ts";
import { holdAlarm, type ObjectContext } from "../host/storage/object-context.ts";
import type { ProjectionRow, ProjectorRpc } from "../protocol/projector.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import { readTraceOf } from "../trace/read-trace.ts";
import { createTraceExporter, type TraceExporter } from "../trace/trace-exporter.ts";
import { createLagMeter } from "./lag-meter.ts";
import { countCommit } from "./metrics.ts";
import { createProjectionBatcher } from "./projection-batcher.ts";
import type { EncodedRows } from "./projection-statements.ts";
import { encodeRows, prepareProjection } from "./projection-statements.ts";
import type { PruneMarks } from "./prune-log.ts";
import type { Retention } from "./retention.ts";
import { type RetentionProgress, retentionRun, runRetention, startRetention } from "./run-retention.ts";
import { createWebhookListeners, type Listener, type WebhookListeners, type Written } from "./webhook-listeners.ts";

/** Where a run of retention is kept between two alarms. */
const pruneKey = "retention";

/** How far the runs came in the log: what lies before is not looked at again. */
const marksKey = "retention-log";

/** Set while webhooks are to be woken. */
const wakingKey = "webhooks-to-wake";

/** After these a thread's trace is whole. */
const endings: ReadonlySet<string> = new Set(endedStatuses.map((status) => `nerve.thread.${status}` satisfies EngineKind));

const projectorLimits = {
  /** Milliseconds between two writes: each costs D1 and this thread as much as some hundred rows, and within so many nobody looks twice. */
  pause: 100,
  /** The same after a write that large: with what rows gather in their objects before, the log is half a second behind then. */
  busy: { rows: 100, pause: 250 },
} as const;

const warn = (entry: object): void => console.warn(JSON.stringify(entry));

type Heads = RegistryHead & { webhooks: number };

/** @returns the registry's versions as they were then, in a list */
async function writeProjection(db: D1Database, rows: EncodedRows[]): Promise<Heads[]> {
  const results = await db.batch([...prepareProjection(db, rows), db.prepare("SELECT id, version, webhooks FROM registry")]);
  return (results.at(-1)?.results ?? []) as Heads[];
}

function* listWritten(encoded: readonly EncodedRows[]): Iterable<Written> {
  for (const { rows } of encoded)
    for (const row of rows) if (row.table === "event") yield { kind: row.event.type, threads: [row.thread, row.event.correlationid] };
}

async function readListeners(db: D1Database): Promise<Listener[]> {
  const { results } = await db
    .prepare("SELECT id, kinds, NULL AS thread FROM webhook UNION ALL SELECT webhook, NULL, thread FROM a2a_push")
    .all<{ id: string; kinds: string | null; thread: string | null }>();
  return results.map(({ id, kinds, thread }) => ({
    id,
    kinds: kinds === null ? [...pushedKinds] : (JSON.parse(kinds) as string[]),
    ...(thread !== null && { thread }),
  }));
}

export class ProjectorEndpoint extends Endpoint implements ProjectorRpc {
  #lag = createLagMeter(() => Date.now());
  /** Names this instance of the object: what another instance noted does not apply any more. */
  #life = crypto.randomUUID();
  #writes = 0;
  #watchers = new Set<() => void>();
  #exporter: TraceExporter | undefined;
  readonly #webhooks = createListeners(this.ctx, this.env.DB, this.near);
  #batcher = createProjectionBatcher<EncodedRows, RegistryHead | undefined>({
    ...projectorLimits,
    later: (milliseconds, work) => this.ctx.later(milliseconds, work),
    write: async (rows) => {
      // What D1 is told its actors have stored.
      await new Promise<void>((resolve) => this.ctx.leave(resolve));
      const [heads] = await writeProjection(this.env.DB, rows);
      countCommit("d1");
      this.#writes += 1;
      for (const wake of this.#watchers) wake();
      if (!heads) return undefined;
      const { webhooks, ...head } = heads;
      // What is not answered yet is sent again, and told again.
      await this.#webhooks.tell(webhooks, listWritten(rows));
      return head;
    },
  });

  async project(rows: ProjectionRow[]): Promise<RegistryHead | undefined> {
    if (!rows.length) return undefined;
    const now = Date.now();
    const arrival = this.#lag.arrive(rows.map(({ at }) => at ?? now));
    try {
      const head = await this.#batcher.project(encodeRows(rows));
      this.#lag.written(arrival);
      this.#exportEnded(rows);
      return head;
    } catch (error) {
      this.#lag.failed(arrival, error);
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
    const log = JSON.parse(this.ctx.facts.get<string>(marksKey) ?? "{}") as PruneMarks;
    this.ctx.facts.put(pruneKey, JSON.stringify({ ...startRetention(log), retention }));
    await ringBy(this.ctx, Date.now());
  }

  async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    await this.#webhooks.look();
    await this.#retain();
  }

  async #retain(): Promise<void> {
    const { facts } = this.ctx;
    const text = facts.get<string>(pruneKey);
    if (text === undefined) return;
    const { retention, ...stored } = JSON.parse(text) as Partial<RetentionProgress> & { retention: Retention };
    // One that a version of before began knows no walks.
    const progress = { ...startRetention(), ...stored };
    const ports = {
      db: this.env.DB,
      bucket: this.env.ARTIFACTS,
      retire: (thread: string) => this.near.thread(thread).retire(),
      warn,
    };
    try {
      const done = await runRetention(ports, progress, retention, Date.now());
      facts.put(marksKey, JSON.stringify(progress.prune.log));
      if (done) return facts.delete(pruneKey);
      facts.put(pruneKey, JSON.stringify({ ...progress, retention }));
      await ringBy(this.ctx, Date.now() + retentionRun.pause);
    } catch (error) {
      console.error(JSON.stringify({ at: "retention", error: String(error) }));
      await ringBy(this.ctx, Date.now() + retentionRun.pauseFailed);
    }
  }

  async lag(): Promise<LogLag> {
    return this.#lag.read();
  }

  async probe(): Promise<void> {
    this.ctx.facts.put("probed", Date.now());
    await this.ctx.sync();
  }

  #exportEnded(rows: ProjectionRow[]): void {
    const url = this.env.NERVEFLARE_OTLP_URL;
    if (!url) return;
    for (const row of rows) {
      if (row.table !== "event" || row.thread === null || !endings.has(row.event.type)) continue;
      this.#exporter ??= createExporter(url, { env: this.env, near: this.near, later: this.ctx.later });
      this.#exporter.add(row.thread);
    }
  }

  #mark(): string {
    return `${this.#life}:${this.#writes}`;
  }
}

/** The projector's one alarm rings then at the latest: webhooks and retention share it, and each sees whether it has something to do. */
async function ringBy(ctx: ObjectContext, at: number): Promise<void> {
  const set = await ctx.getAlarm();
  if (set === null || set > at) await ctx.setAlarm(at);
}

function createListeners(ctx: ObjectContext, db: D1Database, near: Neighbours): WebhookListeners {
  const { facts, later, background } = ctx;
  return createWebhookListeners({
    ...{ read: () => readListeners(db), wake: (id) => near.webhook(id).wake(), later, background, warn },
    mark: {
      isSet: () => facts.get(wakingKey) !== undefined,
      set: () => facts.put(wakingKey, 1),
      clear: () => facts.delete(wakingKey),
    },
    ring: (milliseconds) => ringBy(ctx, Date.now() + milliseconds),
  });
}

function createExporter(
  url: string,
  { env: { DB: db, NERVEFLARE_OTLP_HEADERS: headers }, near, later }: { env: Environment; near: Neighbours; later: ObjectContext["later"] },
): TraceExporter {
  return createTraceExporter({
    ...{ url, headers, later, warn, fetch: (to, init) => fetch(to, init) },
    async read(thread) {
      const trace = await readTraceOf(thread, null, { db, root: near.thread(thread) });
      return trace.ok ? trace.value : undefined;
    },
  });
}
