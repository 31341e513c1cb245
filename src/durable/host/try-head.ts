/**
 * One try of the message at the head of the outbox. Receivers that failed for too long get it into queues of their own; a failure is
 * counted, and the outbox waits. Knows notes and receivers, not who comes next.
 */
import { countBytes, cutToBytes } from "../../contract/limits.ts";
import { DeliveryFailedError, type MessageDelivery, takeReceiver } from "./deliver-message.ts";
import { toPlainError } from "./error-data.ts";
import type { HeadNotes, Waiting } from "./head-notes.ts";
import { type HeldBackQueues, pauseAfter } from "./held-back.ts";
import { hostLimits } from "./limits.ts";
import type { World } from "./ports.ts";
import { isReceiverState, ReceiverNotReadyError } from "./receiver-state.ts";

export interface TryHeadPorts {
  world: World;
  notes: HeadNotes;
  queues: HeldBackQueues;
  deliver: MessageDelivery["deliver"];
  /** Commits a write. */
  record(write: () => void): void;
  /** Whether what is sent to a receiver may arrive after what is sent to others later. */
  isUnordered(receiver: string): boolean;
  /** The outbox must wait until then; known before the failure is written, for the alarm is set with it. */
  block(until: number): void;
}

/** @returns tries the head, or what is left of it beside the queues of those that failed for too long. False: it must wait */
export function createTryHead(ports: TryHeadPorts): (head: Waiting) => Promise<boolean> {
  const { world, notes, queues, deliver, record, isUnordered, block } = ports;
  const { clock, address } = world;

  /** Moves a message to its receivers' own queues, and so out of the outbox's way. False: there is no room. */
  function holdBack(head: Waiting, receivers: Map<string, unknown>): boolean {
    const bytes = countBytes(JSON.stringify(head.message));
    if (!queues.hasRoom(bytes * receivers.size)) return false;
    const alone = head.receivers.length === 1 || head.spread;
    record(() => {
      for (const [to, error] of receivers) {
        const text = cutToBytes(toPlainError(error).message, hostLimits.errorBytes);
        queues.add(to, { ...head, phase: alone ? null : head.phase, failing: head.failing ?? clock.now() }, bytes, text);
        notes.dropReceiver(head, to);
      }
    });
    for (const to of receivers.keys()) takeReceiver(head, to);
    return true;
  }

  /** Whether a receiver has failed for so long that it gets a queue of its own. */
  function isOverdue(head: Waiting, receiver: string): boolean {
    const limit = isUnordered(receiver) ? hostLimits.holdBackSoon : hostLimits.holdBackAfter;
    return clock.now() - (head.failing ?? clock.now()) >= limit;
  }

  function noteFailure(head: Waiting, error: unknown): void {
    if (!(error instanceof DeliveryFailedError)) throw error;
    const failures = [...error.failures.values()];
    if (!failures.every(isReceiverState)) head.attempts += 1;
    head.pauses += 1;
    head.failing ??= clock.now();
    head.nextAt = clock.now() + pauseAfter(head.pauses);
    block(head.nextAt);
    const { attempts, id } = head;
    record(() => notes.writeFailure(head));
    console.warn(JSON.stringify({ at: "outbox", address, to: [...error.failures.keys()], id, attempts, error: error.message }));
  }

  async function tryHead(head: Waiting): Promise<boolean> {
    const late = head.receivers.filter((to) => to !== null && queues.has(to)) as string[];
    if (late.length && !holdBack(head, new Map(late.map((to) => [to, "messages before it wait for the receiver"])))) {
      noteFailure(
        head,
        new DeliveryFailedError(new Map(late.map((to) => [to, new ReceiverNotReadyError("too much is held back", false)]))),
      );
      return false;
    }
    try {
      if (head.receivers.some((to) => to !== null)) await deliver(head);
      return true;
    } catch (error) {
      noteFailure(head, error);
      const overdue = new Map([...(error as DeliveryFailedError).failures].filter(([to]) => isOverdue(head, to)));
      // Try the receivers that are left at once.
      if (!overdue.size || !holdBack(head, overdue)) return false;
      return tryHead(head);
    }
  }

  return tryHead;
}
