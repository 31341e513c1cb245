/**
 * One workflow's queue: which threads run, which wait, which are dropped. Not an actor: rows, a lane in and a lane out.
 * Knows ports, not the platform.
 */
import type { WorkflowIr } from "../../compile/ir.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import { createGather } from "../gather.ts";
import { createCommitter } from "../host/committer.ts";
import type { World } from "../host/ports.ts";
import { isRepeat, markReceived } from "../host/rows.ts";
import { laneMigrations, migrate } from "../host/schema.ts";
import { createMail } from "../mail.ts";
import { createProjectionLane, projectionMigrations } from "../projection-lane.ts";
import type { Registry } from "../registry.ts";
import type { Delivery, Envelope, Message, ProjectionRow } from "../rpc.ts";

const admissionMigrations: readonly string[] = [
  `CREATE TABLE admitted (place INTEGER PRIMARY KEY AUTOINCREMENT, thread TEXT NOT NULL UNIQUE, status TEXT NOT NULL, key TEXT, start TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX admitted_key ON admitted (key) WHERE key IS NOT NULL;
   CREATE INDEX admitted_status ON admitted (status, place);`,
];

/** Threads that wait where the author names no `max_queue`: an hour of a busy workflow. */
const queueAtMost = 1_000;

export interface AdmissionPorts {
  /** The workflow's name. */
  name: string;
  world: World;
  registry: Registry;
  project(rows: ProjectionRow[]): Promise<void>;
  settle(): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  countCommit(): void;
}

export interface Admission {
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  admission(): { running: number; queued: string[] };
}

/** What starts a thread: sent on to its root as it is. */
interface Admit {
  thread: string;
  workflow: string;
  revision: string;
  event: CloudEvent;
  initiator: string;
  key: string | null;
}

export function createAdmission({ name, world, registry, project, settle, later, countCommit }: AdmissionPorts): Admission {
  const { storage, clock } = world;
  migrate(storage, { lane: laneMigrations, projection: projectionMigrations, admission: admissionMigrations });
  const projection = createProjectionLane(world, later, project);
  const committer = createCommitter(world, {
    dueTimes: () => [projection.due()],
    refused: ({ to, message, code, detail }) =>
      console.warn(JSON.stringify({ at: "workflow", name, to, message: message.type, code, detail })),
    counted: () => {
      countCommit();
      projection.wake();
    },
    seal: () => projection.seal(),
    undone: () => projection.undo(),
  });
  let resumed = false;

  const running = (): number => storage.exec<{ n: number }>("SELECT count(*) AS n FROM admitted WHERE status = 'running'")[0]?.n ?? 0;

  function tell(admit: Admit, kind: "queued" | "dropped", why: string): void {
    const at = new Date(clock.now()).toISOString();
    const event: CloudEvent = {
      specversion: "1.0",
      id: `${admit.thread}.${kind}`,
      source: `/threads/${admit.thread}`,
      type: `nerve.thread.${kind}`,
      time: at,
      correlationid: admit.thread,
      causationid: admit.event.id,
      data: { thread: admit.thread, workflow: name, reason: why },
    };
    // Its own object answers for it from now on.
    committer.outbox.append([`recruitment/${admit.thread}`], {
      ...(admit as unknown as { [key: string]: Json }),
      type: `thread.${kind}`,
      reason: why,
    });
    if (admit.event.source.startsWith("/agents/"))
      committer.outbox.append([`agent/${admit.initiator}`], createMail({ channel: "my", event }));
    projection.append({ table: "event", event, thread: admit.thread });
    projection.append({
      table: "thread",
      id: admit.thread,
      // What was queued may be dropped after it.
      revisionNumber: kind === "queued" ? 0 : 1,
      workflow: name,
      revision: admit.revision,
      status: kind,
      createdAt: at,
      updatedAt: at,
      initiator: admit.initiator,
      key: admit.key,
      agents: admit.event.source.startsWith("/agents/") ? [admit.initiator] : [],
      waiting: kind === "queued" ? why : null,
      parent: null,
    });
  }

  function start(admit: Admit): void {
    committer.outbox.append([`recruitment/${admit.thread}`], { ...(admit as unknown as { [key: string]: Json }), type: "thread.start" });
  }

  function admit(message: Admit, ir: WorkflowIr): void {
    if (storage.exec("SELECT 1 FROM admitted WHERE thread = ?", message.thread).length) return;
    const live =
      message.key === null
        ? undefined
        : storage.exec<{ thread: string }>("SELECT thread FROM admitted WHERE key = ? LIMIT 1", message.key)[0]?.thread;
    if (live !== undefined) {
      tell(message, "dropped", `the thread ${live} of the key ${message.key} is live`);
      return;
    }
    const full = ir.concurrency !== undefined && running() >= ir.concurrency;
    if (full && ir.overflow === "drop") {
      tell(message, "dropped", `${ir.concurrency} threads run, which is the workflow's concurrency`);
      return;
    }
    storage.exec(
      "INSERT INTO admitted (thread, status, key, start, at) VALUES (?, ?, ?, ?, ?)",
      message.thread,
      full ? "queued" : "running",
      message.key,
      JSON.stringify(message),
      clock.now(),
    );
    if (!full) {
      start(message);
      return;
    }
    tell(message, "queued", `${ir.concurrency} threads run, which is the workflow's concurrency`);
    const waiting = storage.exec<{ thread: string; start: string }>(
      "SELECT thread, start FROM admitted WHERE status = 'queued' ORDER BY place",
    );
    for (const oldest of waiting.slice(0, Math.max(0, waiting.length - (ir.maxQueue ?? queueAtMost)))) {
      storage.exec("DELETE FROM admitted WHERE thread = ?", oldest.thread);
      tell(JSON.parse(oldest.start) as Admit, "dropped", "the queue is full and this was the oldest in it");
    }
  }

  function release(thread: string): void {
    storage.exec("DELETE FROM admitted WHERE thread = ?", thread);
  }

  /** Starts whoever waits, as far as there are places. */
  function startWaiting(concurrency: number | undefined): void {
    const places = concurrency === undefined ? Number.POSITIVE_INFINITY : concurrency - running();
    if (places <= 0) return;
    for (const { thread, start: text } of storage.exec<{ thread: string; start: string }>(
      "SELECT thread, start FROM admitted WHERE status = 'queued' ORDER BY place LIMIT ?",
      Math.min(places, queueAtMost),
    )) {
      storage.exec("UPDATE admitted SET status = 'running' WHERE thread = ?", thread);
      start(JSON.parse(text) as Admit);
    }
  }

  function signal(message: Message): void {
    const thread =
      typeof message.key === "string"
        ? storage.exec<{ thread: string; status: string; start: string }>(
            "SELECT thread, status, start FROM admitted WHERE key = ?",
            message.key,
          )[0]
        : undefined;
    if (!thread) return;
    if (thread.status === "queued") {
      if (message.signal !== "cancel") return;
      release(thread.thread);
      tell(JSON.parse(thread.start) as Admit, "dropped", "cancelled while it was queued");
      return;
    }
    committer.outbox.append([`recruitment/${thread.thread}`], {
      type: "thread.signal",
      signal: message.signal ?? null,
      event: message.event ?? null,
    });
  }

  function take({ envelope, ir }: { envelope: Envelope; ir: WorkflowIr | undefined }): Delivery {
    const { message, from, id } = envelope;
    if (isRepeat(storage, from, id)) return { status: "stored" };
    markReceived(storage, from, id);
    if (message.type === "admit" && ir) admit(message as unknown as Admit, ir);
    else if (message.type === "signal") signal(message);
    else if (message.type === "thread.ended" || message.type === "thread.paused") {
      if (message.type === "thread.ended") release(String(message.thread));
      else storage.exec("UPDATE admitted SET status = 'paused' WHERE thread = ?", String(message.thread));
      startWaiting(ir?.concurrency);
    } else if (message.type === "thread.resumed")
      storage.exec("UPDATE admitted SET status = 'running' WHERE thread = ?", String(message.thread));
    else return { status: "refused", code: "malformed", detail: `a workflow takes no ${message.type}` };
    return { status: "stored" };
  }

  const gather = createGather<{ envelope: Envelope; ir: WorkflowIr | undefined }, Delivery>(settle, (items) =>
    committer.commit(() => items.map(take)),
  );

  function resume(): void {
    if (resumed) return;
    resumed = true;
    if (committer.outbox.size) world.scheduler.background(committer.outbox.flush());
    projection.wake();
  }

  return {
    async deliver(envelope) {
      resume();
      const { revision } = envelope.message;
      const ir = typeof revision === "string" ? (await registry.revision(revision))?.ir : undefined;
      if (envelope.message.type === "admit" && !ir) throw new Error(`the revision ${String(revision)} of ${name} is not to be found`);
      return gather({ envelope, ir });
    },
    alarm: () =>
      committer.alarm(async () => {
        resume();
        await projection.flush();
        committer.commit(() => {});
      }),
    admission: () => ({
      running: running(),
      queued: storage
        .exec<{ thread: string }>("SELECT thread FROM admitted WHERE status = 'queued' ORDER BY place LIMIT ?", queueAtMost)
        .map(({ thread }) => thread),
    }),
  };
}
