/**
 * An object's outbox: messages leave in order, each when all receivers of the one before have stored it. A row
 * stays until its receivers have it, so a crash at any instruction sends it again, under the same id. An event for
 * several receivers is first held by all, then released in all: whatever follows from it comes behind it everywhere.
 * A receiver that fails for too long gets a queue of its own, and the outbox goes on. Knows rows and envelopes, not actors.
 */

import type { Message } from "../protocol/envelope.ts";
import { createMessageDelivery, type Refused } from "./deliver-message.ts";
import { createHeldBackQueues, type HeldBack, isOver } from "./held-back.ts";
import { hostLimits } from "./limits.ts";
import { createOutboxRows, type Waiting } from "./outbox-rows.ts";
import type { World } from "./ports.ts";
import { createTryHead } from "./try-head.ts";

export interface Outbox {
  /**
   * Adds a message, inside the caller's transaction; it is sent once {@link settle} says that the transaction held.
   * `sender` is the address of the actor that sends, by default the object's own. `spread`: several receivers, between
   * whom no order is promised, so that none is held.
   */
  append(receivers: string[], message: Message, from?: { sender?: string; spread?: boolean }): void;
  /** The transaction held, or did not. */
  settle(held: boolean): void;
  /** Starts sending if it isn't; returns when the outbox is empty or must wait. */
  flush(): Promise<void>;
  /** When the alarm must look at the outbox again, or undefined if nothing waits. */
  due(): number | undefined;
  /** Deletes what was delivered; inside a transaction. Lazy: it rides along with the next commit. */
  sweep(): void;
  /** Messages in the outbox that have not been delivered. */
  readonly size: number;
  /** Receivers that failed for too long, each with its messages: they are in neither the outbox nor its size. */
  heldBack(): HeldBack[];
  /** Whether {@link sweep} has something to delete. */
  readonly unswept: boolean;
}

export interface OutboxOptions {
  refused: Refused;
  /** Commits a write of the outbox's own, with whatever the object's commits keep true (its alarm). */
  record(write: () => void): void;
  /** A receiver's own queue began, grew or, with no messages left, ended: called within the transaction. */
  heldBack?: (queue: HeldBack, begins: boolean) => void;
}

export function createOutbox(world: World, { refused, record, heldBack }: OutboxOptions): Outbox {
  const { storage, clock, transport, address } = world;
  const rows = createOutboxRows(storage);
  const waiting = rows.load();
  // The message may have been in flight when the object crashed, and may be the cause: count an attempt that got no answer.
  let suspect = waiting[0];
  let staged: Waiting[] = [];
  let delivered = 0;
  let sweeping = 0;
  let swept = 0;
  let sending = false;
  let running: Promise<void> = Promise.resolve();
  let blockedUntil: number | undefined;

  const { post, deliver } = createMessageDelivery(transport, refused, rows.dropReceiver);
  const queues = createHeldBackQueues({
    world,
    record,
    send: async (parcel, to, phase, asDeadLetter, drop) => void (await post(parcel, to, { phase, asDeadLetter }, drop)),
    changed: (queue, begins) => heldBack?.(queue, begins),
  });

  const tryHead = createTryHead({
    world,
    rows,
    queues,
    deliver,
    record,
    block: (until) => {
      blockedUntil = until;
    },
  });

  const run = async (): Promise<void> => {
    sending = true;
    try {
      for (;;) {
        const head = waiting[0];
        if (!head) return;
        if (!isOver(head.nextAt, clock.now())) {
          blockedUntil = head.nextAt;
          return;
        }
        if (head === suspect) {
          suspect = undefined;
          record(() => rows.countAttempt(head));
        }
        if (!(await tryHead(head))) return;
        waiting.shift();
        delivered = head.id;
      }
    } finally {
      // Synchronously with the last look at the queue: a later flush must start a new run.
      sending = false;
    }
  };

  const dueInOutbox = (): number | undefined => {
    if (!waiting.length && !staged.length) return delivered > sweeping ? clock.now() + hostLimits.safetyNet : undefined;
    return blockedUntil ?? clock.now() + hostLimits.safetyNet;
  };

  return {
    append(receivers, message, { sender = address, spread = false } = {}) {
      if (!receivers.length) return;
      staged.push(rows.add(sender, receivers, message, spread));
    },
    flush() {
      if (!sending) {
        blockedUntil = undefined;
        running = run();
      }
      return Promise.all([running, queues.flush()]).then(() => {});
    },
    due() {
      const times = [queues.due(), dueInOutbox()].filter((time) => time !== undefined);
      return times.length ? Math.min(...times) : undefined;
    },
    sweep() {
      if (delivered > swept) rows.deleteThrough(delivered);
      sweeping = delivered;
    },
    settle(held) {
      queues.settle(held);
      if (held) {
        waiting.push(...staged);
        swept = sweeping;
      } else sweeping = swept;
      staged = [];
    },
    heldBack: queues.list,
    get size() {
      return waiting.length + staged.length;
    },
    get unswept() {
      return delivered > swept;
    },
  };
}
