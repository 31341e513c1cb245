/** Who of a workflow's threads has a place: each that asks is started, queued or dropped, and whoever ends makes room. Within the transaction. */

import type { OverflowPolicy } from "../../contract/language.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { Clock } from "../host/ports.ts";
import type { TypedOutbox } from "../protocol/typed-host.ts";
import type { WorkflowMessage } from "../protocol/workflow.ts";
import type { AnnounceWaiting } from "./announce-waiting.ts";
import { describeHeld, describePause, readState } from "./describe-queued.ts";
import type { Gate } from "./gate.ts";
import type { Outcomes } from "./outcomes.ts";
import { type Queue, queueLimits } from "./queue.ts";

/** Whether a start past the workflow's concurrency is dropped at once. */
const dropsStarts: Record<OverflowPolicy, boolean> = { queue: false, drop: true };

export interface Places {
  /** A thread asks for a place. */
  admit(message: WorkflowMessage<"admit">): void;
  /** Starts whoever waits, as far as there are places. */
  startWaiting(): void;
  /** A thread has ended, stands still, or goes on. */
  hearThread(message: WorkflowMessage<"thread.ended" | "thread.paused" | "thread.resumed">): void;
  /** What came of a reflex that fired; null: nothing is known of it. */
  readOutcome(ref: string): ReflexOutcome | null;
}

export interface PlacePorts {
  clock: Clock;
  queue: Queue<WorkflowMessage<"admit">>;
  gate: Gate;
  outcomes: Outcomes;
  outbox: Pick<TypedOutbox, "append">;
  announce: AnnounceWaiting;
}

export function createPlaces({ clock, queue, gate, outcomes, outbox, announce }: PlacePorts): Places {
  function admit(message: WorkflowMessage<"admit">): void {
    const { thread, key, epoch = 1 } = message;
    const known = queue.find(thread);
    if (known && known.epoch >= epoch) return;
    const live = key === null ? undefined : queue.findKey(key);
    if (live && live.thread !== thread) {
      const detail = describeHeld(live, key);
      outcomes.note(thread, { status: "repeat", thread: live.thread, state: readState(live), detail });
      announce(message, "dropped", `the thread ${live.thread} of the key ${key} is live`);
      return;
    }
    const { places, overflow, maxQueue } = gate.rules();
    const paused = gate.paused();
    const beside = message.needsPlace === false;
    const full = !beside && places !== null && queue.running() >= places;
    const why = paused ? describePause(paused) : `${places} threads run, which is the workflow's concurrency`;
    if (full && !paused && dropsStarts[overflow] && epoch === 1) {
      outcomes.note(thread, { status: "dropped", thread, detail: why });
      announce(message, "dropped", why);
      return;
    }
    const priority = Number.isFinite(message.priority) ? (message.priority as number) : 0;
    const entry = { thread, initiator: message.event.source, priority, key, epoch };
    // One that begins anew while it has a place keeps it.
    if (beside || known?.status === "running" || (!paused && !full && !queue.waiting())) {
      queue.begin(entry, beside ? "beside" : "running");
      start(message, known?.status === "queued");
      return;
    }
    queue.join({ ...entry, start: message });
    startWaiting();
    if (queue.find(thread)?.status !== "queued") return;
    outcomes.note(thread, { status: "queued", thread, state: "queued", detail: why });
    announce(message, "queued", why);
    dropSurplus(Math.min(maxQueue ?? queueLimits.waiting, queueLimits.waitingMost));
  }

  function dropSurplus(most: number): void {
    for (let oldest = queue.surplus(most); oldest !== undefined; oldest = queue.surplus(most)) {
      const begun = queue.remove(oldest);
      const detail = "the queue is full and this was the oldest in it";
      outcomes.note(oldest, { status: "dropped", thread: oldest, detail });
      if (begun) announce(begun, "dropped", detail);
    }
  }

  function start(message: WorkflowMessage<"admit">, hasWaited: boolean): void {
    outcomes.noteStart(message.thread, hasWaited);
    outbox.append([`recruitment/${message.thread}`], {
      ...message,
      type: "thread.start",
    });
  }

  /** Of a thread that simply started only that it lives tells. */
  function readStarted(thread: string): ReflexOutcome | null {
    const found = queue.find(thread);
    return found ? { status: found.status === "queued" ? "queued" : "started", thread, state: readState(found) } : null;
  }

  /** Starts whoever waits, as far as there are places. */
  function startWaiting(): void {
    if (gate.paused()) return;
    const { places } = gate.rules();
    for (let left = places === null ? Number.POSITIVE_INFINITY : places - queue.running(); left > 0; left--) {
      const next = queue.next();
      if (next === undefined) return;
      start(next, true);
    }
  }

  /** Ignores what a thread says of an earlier epoch: that one's place is gone. */
  function hearThread({ type, thread, epoch = 1 }: WorkflowMessage<"thread.ended" | "thread.paused" | "thread.resumed">): void {
    const found = queue.find(thread);
    if (!found || found.epoch > epoch) return;
    if (type === "thread.ended") queue.end(thread, clock.now());
    else queue.mark(thread, type === "thread.paused" ? "paused" : "running");
    startWaiting();
  }

  return { admit, startWaiting, hearThread, readOutcome: (ref) => outcomes.read(ref) ?? readStarted(ref) };
}
