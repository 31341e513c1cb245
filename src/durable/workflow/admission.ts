/**
 * One workflow's admission: which threads run, which wait, which are dropped. Not an actor: rows, an inbox and an outbox.
 * Knows ports, not the platform.
 */

import type { CloudEvent, Json } from "../../contract/event.ts";
import { makeEngineEvent } from "../../contract/kinds/engine-kinds.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import { createCommitter } from "../host/committer.ts";
import { controlKeyMigrations, createControlKeys, type Once } from "../host/control-keys.ts";
import { createGather } from "../host/gather.ts";
import { answerUnknown } from "../host/newer-version.ts";
import type { World } from "../host/ports.ts";
import { isRepeat, markReceived } from "../host/rows.ts";
import { migrate, outboxMigrations } from "../host/schema.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { createProjectionOutbox, projectionMigrations } from "../projector/projection-outbox.ts";
import { createMail } from "../protocol/mail.ts";
import type { Delivery, Envelope, Message, ProjectionRow } from "../protocol/rpc.ts";
import type { Registry } from "../registry/registry.ts";
import { stampTrace } from "../trace/trace-ids.ts";
import { createGate, type Rules } from "./gate.ts";
import { createOutcomes, outcomeMigrations } from "./outcomes.ts";
import { createQueue, queueLimits, queueMigrations } from "./queue.ts";

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
  admission(): AdmissionView;
  /** Stops admitting, or goes on; what runs is left alone. */
  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>>;
  /** What came of reflexes that fired; null: nothing is known of it. */
  outcomes(refs: string[]): (ReflexOutcome | null)[];
  /** A revision was published: what it says of the queue holds from now on. */
  published(revision: string): Promise<void>;
}

/** What starts a thread: sent on to its root as it is. */
interface Admit {
  thread: string;
  workflow: string;
  revision: string;
  event: CloudEvent;
  initiator: string;
  key: string | null;
  /** Greater starts earlier. */
  priority?: number;
  /** From 2 on, a thread that was there before begins anew: it is never dropped for want of a place. */
  epoch?: number;
  /** The thread that spawned it. */
  parent?: { thread: string };
  /** The thread that it is a copy of. */
  fork?: { parent: string };
  /** False: it runs beside those that the workflow's concurrency counts. */
  needsPlace?: boolean;
}

/** What a workflow's object takes. */
const knownMessages: ReadonlySet<string> = new Set(["admit", "signal", "thread.ended", "thread.paused", "thread.resumed"]);

interface Item {
  envelope: Envelope;
  /** The published revision's word on the queue, where it was read anew. */
  rules?: Rules | undefined;
}

export function createAdmission({ name, world, registry, project, settle, later, countCommit }: AdmissionPorts): Admission {
  const { storage, clock } = world;
  migrate(storage, {
    lane: outboxMigrations,
    projection: projectionMigrations,
    admission: queueMigrations,
    control: controlKeyMigrations,
    outcome: outcomeMigrations,
  });
  const projection = createProjectionOutbox(world, later, project);
  const committer = createCommitter(world, {
    dueTimes: () => [projection.due()],
    refused: ({ to, message, code, detail }, _sender, forget) => {
      console.warn(JSON.stringify({ at: "workflow", name, to, message: message.type, code, detail }));
      if (message.type === "thread.signal") noteRefused(message, to.slice("recruitment/".length), { code, detail, forget });
    },
    heldBack: (queue, begins) => projection.append(noteHeldBack(queue, { sender: world.address, now: clock.now(), begins })),
    counted: () => {
      countCommit();
      projection.wake();
    },
    beforeCommit: () => projection.beforeCommit(),
    onRollback: () => projection.undo(),
  });
  const queue = createQueue(storage);
  const gate = createGate(storage);
  const outcomes = createOutcomes(storage, clock);
  const keys = createControlKeys({ storage, clock, committer: () => committer });
  let resumed = false;

  function tell(admit: Admit, kind: "queued" | "dropped", why: string): void {
    const now = clock.now();
    const at = new Date(now).toISOString();
    const again = (admit.epoch ?? 1) > 1;
    const id = `${admit.thread}${again ? `-${admit.epoch}` : ""}.${kind}`;
    const attributes = { id, source: `/threads/${admit.thread}`, correlationid: admit.thread, causationid: admit.event.id };
    const untraced = makeEngineEvent(`nerve.thread.${kind}`, attributes, now, { thread: admit.thread, workflow: name, reason: why });
    const event = stampTrace(untraced, admit.event);
    // Its own object answers for it from now on.
    committer.outbox.append([`recruitment/${admit.thread}`], {
      ...(admit as unknown as { [key: string]: Json }),
      type: `thread.${kind}`,
      reason: why,
    });
    if (admit.event.source.startsWith("/agents/"))
      committer.outbox.append([`agent/${admit.initiator}`], createMail({ channel: "my", event }));
    projection.append({ table: "event", event, thread: admit.thread });
    // Of one that was there before, the root writes the row.
    if (again) return;
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
      parent: admit.parent?.thread ?? admit.fork?.parent ?? null,
    });
  }

  function admit(message: Admit): void {
    const { thread, key, epoch = 1 } = message;
    const known = queue.find(thread);
    if (known && known.epoch >= epoch) return;
    const live = key === null ? undefined : queue.findKey(key);
    if (live && live.thread !== thread) {
      const detail = describeHeld(live, key);
      outcomes.note(thread, { status: "repeat", thread: live.thread, state: readState(live), detail });
      tell(message, "dropped", `the thread ${live.thread} of the key ${key} is live`);
      return;
    }
    const { places, overflow, maxQueue } = gate.rules();
    const paused = gate.paused();
    const beside = message.needsPlace === false;
    const full = !beside && places !== null && queue.running() >= places;
    const why = paused ? describePause(paused) : `${places} threads run, which is the workflow's concurrency`;
    if (full && !paused && overflow === "drop" && epoch === 1) {
      outcomes.note(thread, { status: "dropped", thread, detail: why });
      tell(message, "dropped", why);
      return;
    }
    const priority = Number.isFinite(message.priority) ? (message.priority as number) : 0;
    const wasRunning = known?.status === "running";
    queue.join({ thread, initiator: message.event.source, priority, key, start: JSON.stringify(message), epoch }, clock.now());
    // One that begins anew while it has a place keeps it.
    if (wasRunning || beside) {
      queue.take(thread, beside ? "beside" : "running");
      start(message);
      return;
    }
    startWaiting();
    if (queue.find(thread)?.status !== "queued") return;
    outcomes.note(thread, { status: "queued", thread, state: "queued", detail: why });
    tell(message, "queued", why);
    const most = Math.min(maxQueue ?? queueLimits.waiting, queueLimits.waitingMost);
    for (let oldest = queue.surplus(most); oldest; oldest = queue.surplus(most)) {
      queue.remove(oldest.thread);
      const detail = "the queue is full and this was the oldest in it";
      outcomes.note(oldest.thread, { status: "dropped", thread: oldest.thread, detail });
      tell(JSON.parse(oldest.start) as Admit, "dropped", detail);
    }
  }

  function start(message: Admit): void {
    outcomes.note(message.thread, { status: "started", thread: message.thread, state: "running" });
    committer.outbox.append([`recruitment/${message.thread}`], {
      ...(message as unknown as { [key: string]: Json }),
      type: "thread.start",
    });
  }

  /** Of a thread that simply started only its row tells. */
  function readStarted(thread: string): ReflexOutcome | null {
    const row = queue.find(thread);
    return row ? { status: row.status === "queued" ? "queued" : "started", thread, state: readState(row) } : null;
  }

  /** Starts whoever waits, as far as there are places. */
  function startWaiting(): void {
    if (gate.paused()) return;
    const { places } = gate.rules();
    for (let left = places === null ? Number.POSITIVE_INFINITY : places - queue.running(); left > 0; left--) {
      const next = queue.next();
      if (next === undefined) return;
      start(JSON.parse(next) as Admit);
    }
  }

  function signal(message: Message): void {
    const { key, thread: named, ref } = message;
    const note = (outcome: ReflexOutcome): void => {
      if (typeof ref === "string") outcomes.note(ref, outcome);
    };
    const live = typeof named === "string" ? queue.find(named) : typeof key === "string" ? queue.findKey(key) : undefined;
    if (live?.status === "queued" && live.epoch === 1) {
      const { thread } = live;
      if (message.signal !== "cancel") {
        const detail = `the thread ${thread} is queued: it takes no ${message.signal}`;
        note({ status: "nothing", thread, state: "queued", detail });
        return;
      }
      note({ status: "signalled", thread, state: "queued", detail: `the thread ${thread} was queued, and is dropped` });
      queue.remove(live.thread);
      tell(JSON.parse(live.start) as Admit, "dropped", "cancelled while it was queued");
      return;
    }
    // A resume that wakes nobody begins the key's last thread anew, if its workflow says how.
    const thread = live?.thread ?? (message.signal === "resume" && typeof key === "string" ? queue.findEnded(key) : undefined);
    if (thread === undefined) {
      note({ status: "nothing", detail: `no live thread has the key ${String(key)}` });
      return;
    }
    note(describeSignal(String(message.signal), thread, live && readState(live)));
    committer.outbox.append([`recruitment/${thread}`], {
      type: "thread.signal",
      signal: message.signal ?? null,
      event: message.event ?? null,
      ref: ref ?? null,
      key: key ?? null,
    });
  }

  /** Whoever asks what became of the event is told; the key of a thread that is not there any more has none. */
  function noteRefused(message: Message, thread: string, refusal: { code: string; detail: string; forget: () => void }): void {
    const { signal: kind, ref, key } = message;
    const isGone = refusal.code === "gone";
    const detail = isGone
      ? `the thread ${thread} is archived: it can be shown, and takes no ${String(kind)}`
      : `the thread ${thread} refused ${String(kind)}: ${refusal.detail}`;
    committer.commit(() => {
      refusal.forget();
      if (typeof ref === "string") outcomes.note(ref, { status: "nothing", thread, state: "ended", detail });
      if (isGone && typeof key === "string") queue.forgetEnded(key, thread);
    });
  }

  /** A word of an earlier beginning is about a place that the thread does not have any more. */
  function hearThread({ type, thread, epoch = 1 }: Message): void {
    const row = queue.find(String(thread));
    if (!row || row.epoch > Number(epoch)) return;
    if (type === "thread.ended") {
      queue.remove(row.thread);
      if (row.key !== null) queue.noteEnded(row.key, row.thread, clock.now());
    } else queue.mark(row.thread, type === "thread.paused" ? "paused" : "running");
    startWaiting();
  }

  function take({ envelope, rules }: Item): Delivery {
    const { message, from, id } = envelope;
    if (isRepeat(storage, from, id)) return { status: "stored" };
    if (!knownMessages.has(message.type) && !envelope.park) return answerUnknown(world.address, message.type);
    markReceived(storage, from, id);
    if (rules) gate.set(rules);
    if (message.type === "admit") admit(message as unknown as Admit);
    else if (message.type === "signal") signal(message);
    else if (message.type === "thread.ended" || message.type === "thread.paused" || message.type === "thread.resumed") {
      hearThread(message);
      if (message.type === "thread.ended") queue.noteEndedSender(from, clock.now());
    } else return { status: "refused", code: "unknown_message", detail: `a workflow takes no ${message.type}` };
    return { status: "stored" };
  }

  const gather = createGather<Item, Delivery>(settle, (items) => committer.commit(() => items.map(take)));

  function resume(): void {
    if (resumed) return;
    resumed = true;
    if (committer.outbox.size) world.scheduler.background(committer.outbox.flush());
    projection.wake();
  }

  async function readRules(revision: string): Promise<Rules | undefined> {
    const ir = (await registry.revision(revision))?.ir;
    return ir && { revision, places: ir.concurrency ?? null, overflow: ir.overflow, maxQueue: ir.maxQueue ?? null };
  }

  /** What the published revision says, read where a message comes from another one than is known. */
  async function readPublished(message: Message): Promise<Rules | undefined> {
    const { revision } = message;
    const known = gate.rules().revision;
    if (typeof revision !== "string" || revision === known) return undefined;
    if (message.type !== "admit") return known === null ? readRules(revision) : undefined;
    const own = await readRules(revision);
    if (!own) throw new Error(`the revision ${revision} of ${name} is not to be found`);
    const published = (await registry.reflexes()).find(({ workflow }) => workflow === name)?.revision;
    if (published === undefined || published === revision) return known === null || published !== undefined ? own : undefined;
    return published === known ? undefined : await readRules(published);
  }

  const view = (): AdmissionView => ({
    running: queue.running(),
    queued: queue.order(),
    paused: gate.paused(),
    concurrency: gate.rules().places,
  });

  return {
    async deliver(envelope) {
      resume();
      return gather({ envelope, rules: await readPublished(envelope.message) });
    },
    alarm: () =>
      committer.alarm(async () => {
        resume();
        await projection.flush();
        committer.commit(() => {});
      }),
    admission: view,
    outcomes: (refs) => refs.map((ref) => outcomes.read(ref) ?? readStarted(ref)),
    pause(pause, once) {
      resume();
      const order = async (remember: () => void): Promise<Result<AdmissionView>> => {
        committer.commit(() => {
          if (!pause || !gate.paused()) gate.pause(pause);
          startWaiting();
          remember();
        });
        return succeed(view());
      };
      return keys.run(once, order, async () => succeed(view()));
    },
    async published(revision) {
      resume();
      const rules = await readRules(revision);
      if (!rules) throw new Error(`the revision ${revision} of ${name} is not to be found`);
      committer.commit(() => {
        gate.set(rules);
        startWaiting();
      });
    },
  };
}

/** What a queue's row says of its thread. */
function readState({ status }: { status: string }): NonNullable<ReflexOutcome["state"]> {
  if (status === "queued") return "queued";
  return status === "paused" ? "suspended" : "running";
}

function describeHeld(live: { thread: string; status: string }, key: string | null): string {
  const state = readState(live);
  const way = state === "suspended" ? ": resume or cancel it, and the key is free when it has ended" : "";
  return `the thread ${live.thread} has the key ${key} and is live (${state})${way}`;
}

/** What telling a thread of a signal can lead to. @param state undefined: it has ended */
function describeSignal(signal: string, thread: string, state: ReflexOutcome["state"] = "ended"): ReflexOutcome {
  const idle =
    (signal === "suspend" && state === "suspended" && ", which is suspended already") ||
    (signal === "resume" && state === "running" && ", which runs: there is nothing to resume") ||
    (state === "ended" && ", which has ended: it goes on by its $START.resume, if its workflow has one") ||
    ` (${state})`;
  return { status: "signalled", thread, state, detail: `${signal} was sent to the thread ${thread}${idle}` };
}

function describePause({ by, reason }: PauseView): string {
  return `paused by ${by}${reason ? `: ${reason}` : ""}`;
}
