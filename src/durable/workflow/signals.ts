/** Signals of reflexes to threads of a workflow, by id or by key: sent on to the thread's object, or settled in the queue. Within the transaction. */
import type { DeliveryRefusal } from "../../contract/refusals.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { QueueMessage } from "../protocol/recruitment.ts";
import type { TypedOutbox } from "../protocol/typed-host.ts";
import type { WorkflowMessage } from "../protocol/workflow.ts";
import type { AnnounceWaiting } from "./announce-waiting.ts";
import { describeSignal, readState } from "./describe-queued.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Queue } from "./queue.ts";

export interface Signals {
  send(message: WorkflowMessage<"signal">): void;
  /** A thread refused one for good. */
  noteRefused(message: QueueMessage<"thread.signal">, thread: string, refusal: { code: DeliveryRefusal; detail: string }): void;
}

export interface SignalPorts {
  queue: Queue<WorkflowMessage<"admit">>;
  outcomes: Outcomes;
  outbox: Pick<TypedOutbox, "append">;
  announce: AnnounceWaiting;
}

export function createSignals({ queue, outcomes, outbox, announce }: SignalPorts): Signals {
  function send(message: WorkflowMessage<"signal">): void {
    const { signal, event = null, key = null, thread: named, ref = null } = message;
    const note = (outcome: ReflexOutcome): void => {
      if (ref !== null) outcomes.note(ref, outcome);
    };
    const live = named !== undefined ? queue.find(named) : key !== null ? queue.findKey(key) : undefined;
    if (live?.status === "queued" && live.epoch === 1) {
      const { thread } = live;
      if (signal !== "cancel") {
        const detail = `the thread ${thread} is queued: it takes no ${signal}`;
        note({ status: "nothing", thread, state: "queued", detail });
        return;
      }
      note({ status: "signalled", thread, state: "queued", detail: `the thread ${thread} was queued, and is dropped` });
      const start = queue.remove(thread);
      if (start) announce(start, "dropped", "cancelled while it was queued");
      return;
    }
    // A resume that wakes nobody begins the key's last thread anew, if its workflow says how.
    const thread = live?.thread ?? (signal === "resume" && key !== null ? queue.findEnded(key) : undefined);
    if (thread === undefined) {
      note({ status: "nothing", detail: `no live thread has the key ${String(key)}` });
      return;
    }
    note(describeSignal(signal, thread, live && readState(live)));
    outbox.append([`recruitment/${thread}`], { type: "thread.signal", signal, event, ref, key });
  }

  /** Whoever asks what became of the event is told; the key of a thread that is not there any more has none. */
  function noteRefused(message: QueueMessage<"thread.signal">, thread: string, refusal: { code: DeliveryRefusal; detail: string }): void {
    const { signal: kind, ref, key } = message;
    const isGone = refusal.code === "gone";
    const detail = isGone
      ? `the thread ${thread} is archived: it can be shown, and takes no ${kind}`
      : `the thread ${thread} refused ${kind}: ${refusal.detail}`;
    if (typeof ref === "string") outcomes.note(ref, { status: "nothing", thread, state: "ended", detail });
    if (isGone && typeof key === "string") queue.forgetEnded(key, thread);
  }

  return { send, noteRefused };
}
