/**
 * Messages for receivers that failed for too long: each such receiver has a queue of its own, in order, so that the outbox
 * goes on without it. Knows documents and receivers, not actors.
 */
import { cutToBytes } from "../../contract/limits.ts";
import { toPlainError } from "./error-data.ts";
import { createHeldDocs, type HeldBack, type HeldDoc, type Parcel } from "./held-back-docs.ts";
import { hostLimits } from "./limits.ts";
import type { World } from "./ports.ts";
import { isReceiverState, ReceiverNotReadyError } from "./receiver-state.ts";
import type { Store } from "./store/store.ts";

export type { HeldBack, Parcel } from "./held-back-docs.ts";

export interface HeldBackQueues {
  has(receiver: string): boolean;
  /** Whether there is room for one more message of so many bytes. */
  hasRoom(bytes: number): boolean;
  /** Puts a message at the end of the receiver's queue; within a transaction. `pauses`: failures so far, which lengthen the pause. */
  add(receiver: string, parcel: Parcel & { pauses: number }, bytes: number, error: string): void;
  /** The transaction held, or did not. */
  settle(held: boolean): void;
  /** Tries what is due; resolves when each queue is empty or must wait. Undefined: there are none. */
  flush(): Promise<void> | undefined;
  due(): number | undefined;
  list(): HeldBack[];
  /** Whether a message of a type waits in any of them. */
  holds(type: string): boolean;
}

export interface HeldBackPorts {
  world: World;
  store: Store;
  /** Sends one message; a refusal is settled in it. `forget` writes that its receiver need not be asked again. */
  send(parcel: Parcel, to: string, phase: "hold" | "release" | undefined, asDeadLetter: boolean, forget: () => void): Promise<void>;
  record(write: () => void): void;
  /** Called in the transaction that begins, ends or notes a queue. */
  changed(queue: HeldBack, begins: boolean): void;
}

interface Queue extends HeldBack {
  bytes: number;
  pauses: number;
  nextAt: number;
  /** Messages when others were last told. */
  told: number;
  running: Promise<void> | undefined;
}

export function createHeldBackQueues({ world, store, send, record, changed }: HeldBackPorts): HeldBackQueues {
  const { clock, address } = world;
  const docs = createHeldDocs(store);
  const queues = new Map<string, Queue>();
  /** Undo the changes of the present transaction. */
  let undo: (() => void)[] = [];

  const open = (receiver: string, since: number, error: string): Queue => {
    const queue = { receiver, since, error, messages: 0, bytes: 0, pauses: 0, nextAt: 0, told: 0, running: undefined };
    queues.set(receiver, queue);
    return queue;
  };

  for (const { receiver, since, messages, bytes, error } of docs.sums())
    Object.assign(open(receiver, since, error), { messages, bytes, told: messages });

  const sum = ({ receiver, since, messages, bytes, error }: Queue) => ({ receiver, since, messages, bytes, error });
  const show = ({ receiver, since, messages, error }: Queue): HeldBack => ({ receiver, since, messages, error });
  const total = (of: "messages" | "bytes"): number => [...queues.values()].reduce((sum, queue) => sum + queue[of], 0);

  const remove = (queue: Queue, doc: HeldDoc): void => {
    record(() => {
      docs.remove(doc, { ...sum(queue), messages: queue.messages - 1, bytes: queue.bytes - doc.bytes });
      if (queue.messages === 1) changed({ ...show(queue), messages: 0 }, false);
    });
    queue.messages -= 1;
    queue.bytes -= doc.bytes;
    queue.pauses = 0;
    if (queue.messages === 0) queues.delete(queue.receiver);
  };

  const noteFailure = (queue: Queue, doc: HeldDoc, error: unknown): void => {
    queue.error = cutToBytes(toPlainError(error).message, hostLimits.errorBytes);
    queue.pauses += 1;
    queue.nextAt = clock.now() + pauseAfter(queue.pauses);
    const attempts = doc.attempts + (isReceiverState(error) ? 0 : 1);
    record(() => {
      if (attempts !== doc.attempts || queue.error !== doc.error) docs.writeFailure(doc, attempts, sum(queue));
      if (queue.told !== queue.messages) changed(show(queue), false);
      queue.told = queue.messages;
    });
    console.warn(
      JSON.stringify({ at: "held back", address, to: queue.receiver, id: doc.id, messages: queue.messages, error: queue.error }),
    );
  };

  const drain = async (queue: Queue): Promise<void> => {
    for (;;) {
      const doc = docs.next(queue.receiver);
      if (!doc) {
        queues.delete(queue.receiver);
        return;
      }
      try {
        await deliver(
          doc,
          send,
          () => docs.remove(doc, { ...sum(queue), messages: queue.messages - 1, bytes: queue.bytes - doc.bytes }),
          clock.now(),
        );
      } catch (error) {
        noteFailure(queue, doc, error);
        return;
      }
      remove(queue, doc);
    }
  };

  const isDue = ({ nextAt }: Queue): boolean => isOver(nextAt, clock.now());

  return {
    has: (receiver) => queues.has(receiver),
    hasRoom: (bytes) => total("messages") < hostLimits.heldBackRows && total("bytes") + bytes <= hostLimits.heldBackBytes,
    add(receiver, { id, sender, message, phase, attempts, failing, pauses }, bytes, error) {
      const begins = !queues.has(receiver);
      const queue = queues.get(receiver) ?? open(receiver, failing, error);
      queue.messages += 1;
      queue.bytes += bytes;
      docs.add({ receiver, id, sender, message, bytes, phase, failing, attempts, error }, sum(queue));
      if (begins) {
        queue.pauses = Math.max(pauses, 1);
        queue.nextAt = clock.now() + pauseAfter(queue.pauses);
        queue.told = queue.messages;
        changed(show(queue), true);
      }
      undo.push(() => {
        queue.messages -= 1;
        queue.bytes -= bytes;
        if (begins) queues.delete(receiver);
      });
    },
    settle(held) {
      if (!held) for (const each of undo.reverse()) each();
      undo = [];
    },
    flush() {
      if (!queues.size) return undefined;
      const due = [...queues.values()].filter((queue) => queue.running || isDue(queue)).slice(0, hostLimits.fanOut);
      const drained = due.map((queue) => {
        queue.running ??= drain(queue).finally(() => {
          queue.running = undefined;
        });
        return queue.running;
      });
      return Promise.all(drained).then(() => {});
    },
    due() {
      if (!queues.size) return undefined;
      const now = clock.now();
      return Math.min(...[...queues.values()].map((queue) => (queue.running || isDue(queue) ? now + hostLimits.safetyNet : queue.nextAt)));
    },
    list: () => [...queues.values()].map(show),
    holds: docs.holds,
  };
}

/** Delivers a message in all its phases; what nobody knows for too long becomes a dead letter of its receiver. */
async function deliver(doc: HeldDoc, send: HeldBackPorts["send"], forget: () => void, now: number): Promise<void> {
  const unknown = now - doc.failing >= hostLimits.unknownFor;
  const asDeadLetter = doc.attempts >= hostLimits.deliveryAttempts;
  for (const phase of doc.phase === "hold" ? (["hold", "release"] as const) : [doc.phase ?? undefined]) {
    try {
      await send(doc, doc.receiver, phase, asDeadLetter, forget);
    } catch (error) {
      if (!unknown || !(error instanceof ReceiverNotReadyError && error.unknown)) throw error;
      await send(doc, doc.receiver, phase, true, forget);
    }
  }
}

/** The pause after so many failures in a row, in milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(hostLimits.retryFirst * hostLimits.retryFactor ** (failures - 1), hostLimits.retryLast);
}

/** Whether a pause until then is over. No pause is longer than the last: a clock that went back is not waited for. */
export function isOver(nextAt: number, now: number): boolean {
  return nextAt <= now || nextAt - now > hostLimits.retryLast;
}
