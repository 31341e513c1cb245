/**
 * Messages for receivers that failed for too long: each such receiver has a queue of its own, in order, so that the outbox
 * goes on without it. Knows rows and receivers, not actors.
 */
import { cutToBytes } from "../../contract/limits.ts";
import type { Message } from "../protocol/envelope.ts";
import { toPlainError } from "./error-data.ts";
import { createHeldRows, type HeldRow } from "./held-back-rows.ts";
import { hostLimits } from "./limits.ts";
import type { World } from "./ports.ts";
import { isReceiverState, ReceiverNotReadyError } from "./receiver-state.ts";

/** A receiver that cannot be reached, as others are told of it. */
export interface HeldBack {
  receiver: string;
  /** Milliseconds since the epoch. */
  since: number;
  messages: number;
  /** Of the last try. */
  error: string;
}

/** A message on its way to one receiver. */
export interface Parcel {
  id: number;
  sender: string;
  message: Message;
  /** `hold`: it is held, then released; `release`: its receiver holds it. */
  phase: "hold" | "release" | null;
  attempts: number;
  /** Since when deliveries of it fail, in milliseconds since the epoch. */
  failing: number;
}

export interface HeldBackQueues {
  has(receiver: string): boolean;
  /** Whether there is room for one more message of so many bytes. */
  hasRoom(bytes: number): boolean;
  /** Puts a message at the end of the receiver's queue; within a transaction. */
  add(receiver: string, parcel: Parcel, bytes: number, error: string): void;
  /** The transaction held, or did not. */
  settle(held: boolean): void;
  /** Tries what is due; returns when each queue is empty or must wait. */
  flush(): Promise<void>;
  due(): number | undefined;
  list(): HeldBack[];
}

export interface HeldBackPorts {
  world: World;
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

export function createHeldBackQueues({ world, send, record, changed }: HeldBackPorts): HeldBackQueues {
  const { clock, address } = world;
  const rows = createHeldRows(world.storage);
  const queues = new Map<string, Queue>();
  /** Undo the changes of the present transaction. */
  let undo: (() => void)[] = [];

  const open = (receiver: string, since: number, error: string): Queue => {
    const queue = { receiver, since, error, messages: 0, bytes: 0, pauses: 0, nextAt: 0, told: 0, running: undefined };
    queues.set(receiver, queue);
    return queue;
  };

  for (const row of rows.sum()) {
    const queue = open(row.receiver, row.since, row.error);
    queue.messages = row.messages;
    queue.told = row.messages;
    queue.bytes = row.bytes;
  }

  const show = ({ receiver, since, messages, error }: Queue): HeldBack => ({ receiver, since, messages, error });
  const total = (of: "messages" | "bytes"): number => [...queues.values()].reduce((sum, queue) => sum + queue[of], 0);

  const remove = (queue: Queue, row: HeldRow): void => {
    record(() => {
      rows.remove(row);
      if (queue.messages === 1) changed({ ...show(queue), messages: 0 }, false);
    });
    queue.messages -= 1;
    queue.bytes -= row.bytes;
    queue.pauses = 0;
    if (queue.messages === 0) queues.delete(queue.receiver);
  };

  const noteFailure = (queue: Queue, row: HeldRow, error: unknown): void => {
    queue.error = cutToBytes(toPlainError(error).message, hostLimits.errorBytes);
    queue.pauses += 1;
    queue.nextAt = clock.now() + pauseAfter(queue.pauses);
    const attempts = row.attempts + (isReceiverState(error) ? 0 : 1);
    record(() => {
      if (attempts !== row.attempts || queue.error !== row.error) rows.writeFailure(row, attempts, queue.error);
      if (queue.told !== queue.messages) changed(show(queue), false);
      queue.told = queue.messages;
    });
    console.warn(
      JSON.stringify({ at: "held back", address, to: queue.receiver, id: row.id, messages: queue.messages, error: queue.error }),
    );
  };

  const drain = async (queue: Queue): Promise<void> => {
    for (;;) {
      const row = rows.next(queue.receiver);
      if (!row) {
        queues.delete(queue.receiver);
        return;
      }
      try {
        await deliver(row, send, () => rows.remove(row), clock.now());
      } catch (error) {
        noteFailure(queue, row, error);
        return;
      }
      remove(queue, row);
    }
  };

  const isDue = ({ nextAt }: Queue): boolean => isOver(nextAt, clock.now());

  return {
    has: (receiver) => queues.has(receiver),
    hasRoom: (bytes) => total("messages") < hostLimits.heldBackRows && total("bytes") + bytes <= hostLimits.heldBackBytes,
    add(receiver, { id, sender, message, phase, attempts, failing }, bytes, error) {
      const begins = !queues.has(receiver);
      const queue = queues.get(receiver) ?? open(receiver, failing, error);
      rows.add({ receiver, id, actor: sender, message: JSON.stringify(message), bytes, phase, failing, attempts, error });
      queue.messages += 1;
      queue.bytes += bytes;
      if (begins) {
        queue.nextAt = clock.now() + hostLimits.retryLast;
        queue.pauses = hostLimits.deliveryAttempts;
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
    async flush() {
      const due = [...queues.values()].filter((queue) => queue.running || isDue(queue)).slice(0, hostLimits.fanOut);
      await Promise.all(
        due.map((queue) => {
          queue.running ??= drain(queue).finally(() => {
            queue.running = undefined;
          });
          return queue.running;
        }),
      );
    },
    due() {
      if (!queues.size) return undefined;
      const now = clock.now();
      return Math.min(...[...queues.values()].map((queue) => (queue.running || isDue(queue) ? now + hostLimits.safetyNet : queue.nextAt)));
    },
    list: () => [...queues.values()].map(show),
  };
}

/** Delivers a message in all its phases; what nobody knows for too long becomes a dead letter of its receiver. */
async function deliver(row: HeldRow, send: HeldBackPorts["send"], forget: () => void, now: number): Promise<void> {
  const parcel: Parcel = { ...row, sender: row.actor, message: JSON.parse(row.message) as Message };
  const unknown = now - row.failing >= hostLimits.unknownFor;
  const asDeadLetter = row.attempts >= hostLimits.deliveryAttempts;
  for (const phase of row.phase === "hold" ? (["hold", "release"] as const) : [row.phase ?? undefined]) {
    try {
      await send(parcel, row.receiver, phase, asDeadLetter, forget);
    } catch (error) {
      if (!unknown || !(error instanceof ReceiverNotReadyError && error.unknown)) throw error;
      await send(parcel, row.receiver, phase, true, forget);
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
