/** Signals of reflexes to threads of a workflow, by id or by key: sent on to the thread's object, or settled in the queue. Within the transaction. */
import type { Signal } from "../../contract/language.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { Outbox } from "../host/outbox.ts";
import type { Message } from "../protocol/envelope.ts";
import type { Admit, AnnounceWaiting } from "./announce-waiting.ts";
import { describeSignal, readState } from "./describe-queued.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Queue } from "./queue.ts";

export interface Signals {
  send(message: Message): void;
  /** A thread refused one for good. */
  noteRefused(message: Message, thread: string, refusal: { code: string; detail: string }): void;
}

export interface SignalPorts {
  queue: Queue;
  outcomes: Outcomes;
  outbox: Pick<Outbox, "append">;
  announce: AnnounceWaiting;
}

export function createSignals({ queue, outcomes, outbox, announce }: SignalPorts): Signals {
  function send(message: Message): void {
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
      announce(JSON.parse(live.start) as Admit, "dropped", "cancelled while it was queued");
      return;
    }
    // A resume that wakes nobody begins the key's last thread anew, if its workflow says how.
    const thread = live?.thread ?? (message.signal === "resume" && typeof key === "string" ? queue.findEnded(key) : undefined);
    if (thread === undefined) {
      note({ status: "nothing", detail: `no live thread has the key ${String(key)}` });
      return;
    }
    note(describeSignal(message.signal as Signal, thread, live && readState(live)));
    outbox.append([`recruitment/${thread}`], {
      type: "thread.signal",
      signal: message.signal ?? null,
      event: message.event ?? null,
      ref: ref ?? null,
      key: key ?? null,
    });
  }

  /** Whoever asks what became of the event is told; the key of a thread that is not there any more has none. */
  function noteRefused(message: Message, thread: string, refusal: { code: string; detail: string }): void {
    const { signal: kind, ref, key } = message;
    const isGone = refusal.code === "gone";
    const detail = isGone
      ? `the thread ${thread} is archived: it can be shown, and takes no ${String(kind)}`
      : `the thread ${thread} refused ${String(kind)}: ${refusal.detail}`;
    if (typeof ref === "string") outcomes.note(ref, { status: "nothing", thread, state: "ended", detail });
    if (isGone && typeof key === "string") queue.forgetEnded(key, thread);
  }

  return { send, noteRefused };
}
