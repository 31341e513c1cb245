/**
 * An object's one lane out: messages leave in order, each when all receivers of the one before have stored it. A row
 * stays until its receivers have it, so a crash at any instruction sends it again, under the same id. An event for
 * several receivers is first held by all, then released in all: whatever follows from it comes behind it everywhere.
 * Knows rows and envelopes, not actors.
 */
import type { Message } from "../rpc.ts";
import { toPlainError } from "./error-data.ts";
import { hostLimits } from "./limits.ts";
import type { Row, World } from "./ports.ts";

/** A message whose receiver will never have it. */
export interface Undeliverable {
  to: string;
  message: Message;
  code: string;
  detail: string;
}

/**
 * Hears of a message that was refused for good, and may write. The lane waits for it, and asks the receiver again if it throws.
 * @param sender the address of the actor that sent it
 * @param forget writes that this receiver need not be asked again: in the same transaction as what the refusal leads to,
 * it makes that happen once, whatever crashes
 */
export type Refused = (undeliverable: Undeliverable, sender: string, forget: () => void) => void | Promise<void>;

export interface Outbox {
  /**
   * Adds a message, inside the caller's transaction; it is sent once {@link settle} says that the transaction held.
   * `sender` is the address of the actor that sends, by default the object's own. `spread`: several receivers, between
   * whom no order is promised, so that none is held.
   */
  append(receivers: string[], message: Message, from?: { sender?: string; spread?: boolean }): void;
  /** The transaction held, or did not. */
  settle(held: boolean): void;
  /** Starts sending if it isn't; returns when the lane is empty or must wait. */
  flush(): Promise<void>;
  /** When the alarm must look at the lane again, or undefined if nothing waits. */
  due(): number | undefined;
  /** Deletes what was delivered; inside a transaction. Lazy: it rides along with the next commit. */
  sweep(): void;
  /** Messages that have not been delivered. */
  readonly size: number;
  /** Whether {@link sweep} has something to delete. */
  readonly unswept: boolean;
}

interface OutboxRow extends Row {
  id: number;
  /** Address of the sending actor. */
  actor: string;
  receivers: string;
  spread: number;
  message: string;
  attempts: number;
  next_at: number;
}

interface Waiting {
  id: number;
  sender: string;
  /** Null: refused for good. */
  receivers: (string | null)[];
  message: Message;
  spread: boolean;
  /** Failed deliveries that may be the message's own fault: so many that the receiver parks it. */
  attempts: number;
  /** Failed deliveries of this life, which lengthen the pause. */
  pauses: number;
  nextAt: number;
  phase: "hold" | "release";
  /** Who has answered in this phase: an attempt asks the others only. */
  answered: Set<string>;
}

/** The receiver asks to be asked later. */
class ReceiverNotReadyError extends Error {
  override name = "ReceiverNotReadyError";
}

/** @param record commits a write of the lane's own, with whatever the object's commits keep true (its alarm) */
export function createOutbox(world: World, refused: Refused, record: (write: () => void) => void): Outbox {
  const { storage, clock, transport, address } = world;
  const waiting: Waiting[] = storage.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id").map((row) => ({
    ...makeWaiting(row.id, row.actor, JSON.parse(row.receivers) as (string | null)[], JSON.parse(row.message) as Message, row.spread === 1),
    attempts: row.attempts,
    pauses: row.attempts,
    nextAt: row.next_at,
  }));
  // It may have been on its way when the object crashed, so it may be why.
  let suspect = waiting[0];
  let staged: Waiting[] = [];
  let delivered = 0;
  let sweeping = 0;
  let swept = 0;
  let sending = false;
  let running: Promise<void> = Promise.resolve();
  let blockedUntil: number | undefined;

  const send = async (head: Waiting, to: string, phase: "hold" | "release" | undefined): Promise<void> => {
    const delivery = await transport.deliver({
      from: head.sender,
      id: head.id,
      to,
      message: head.message,
      ...(phase && { phase }),
      ...(head.attempts >= hostLimits.deliveryAttempts && { park: true }),
    });
    if (delivery.status === "later") throw new ReceiverNotReadyError(delivery.detail);
    if (delivery.status === "refused" && phase !== "release") {
      await refused({ to, message: head.message, code: delivery.code, detail: delivery.detail }, head.sender, () => forget(head, to));
      head.receivers = head.receivers.map((receiver) => (receiver === to ? null : receiver));
    }
  };

  const forget = (head: Waiting, to: string): void => {
    if (head.receivers.length === 1) {
      storage.exec("DELETE FROM outbox WHERE id = ?", head.id);
      return;
    }
    // Read anew: other receivers may have refused in this very attempt. The place stays, so that a restart still holds and releases.
    const stored = storage.exec<{ receivers: string }>("SELECT receivers FROM outbox WHERE id = ?", head.id)[0]?.receivers ?? "[]";
    const rest = (JSON.parse(stored) as (string | null)[]).map((receiver) => (receiver === to ? null : receiver));
    storage.exec("UPDATE outbox SET receivers = ? WHERE id = ?", JSON.stringify(rest), head.id);
  };

  const sendToAll = async (head: Waiting, phase?: "hold" | "release"): Promise<void> => {
    const left = head.receivers.filter((to) => to !== null && !head.answered.has(to)) as string[];
    for (let at = 0; at < left.length; at += hostLimits.fanOut) {
      const results = await Promise.allSettled(
        left.slice(at, at + hostLimits.fanOut).map(async (to) => {
          await send(head, to, phase);
          head.answered.add(to);
        }),
      );
      const failure = results.find((result) => result.status === "rejected");
      if (failure) throw failure.reason;
    }
    head.answered.clear();
  };

  const deliverHead = async (head: Waiting): Promise<void> => {
    const [only, ...others] = head.receivers;
    if (only && !others.length) return send(head, only, undefined);
    if (head.spread) return sendToAll(head);
    if (head.phase === "hold") {
      await sendToAll(head, "hold");
      head.phase = "release";
    }
    await sendToAll(head, "release");
  };

  /** A receiver that has too much to do, or says that it is not its time, says nothing about the message. */
  const isReceiversFault = (error: unknown): boolean =>
    error instanceof ReceiverNotReadyError || (error as { overloaded?: unknown } | undefined)?.overloaded === true;

  const noteFailure = (head: Waiting, error: unknown): void => {
    if (!isReceiversFault(error)) head.attempts += 1;
    head.pauses += 1;
    head.nextAt = clock.now() + Math.min(hostLimits.retryFirst * hostLimits.retryFactor ** (head.pauses - 1), hostLimits.retryLast);
    blockedUntil = head.nextAt;
    record(() => storage.exec("UPDATE outbox SET attempts = ?, next_at = ? WHERE id = ?", head.attempts, head.nextAt, head.id));
    const { message } = toPlainError(error);
    console.warn(JSON.stringify({ at: "outbox", address, to: head.receivers, id: head.id, attempts: head.attempts, error: message }));
  };

  const run = async (): Promise<void> => {
    sending = true;
    try {
      for (;;) {
        const head = waiting[0];
        if (!head) return;
        const pause = head.nextAt - clock.now();
        // No pause is longer than the last: a clock that went back is not waited for.
        if (pause > 0 && pause <= hostLimits.retryLast) {
          blockedUntil = head.nextAt;
          return;
        }
        if (head === suspect) {
          suspect = undefined;
          head.attempts += 1;
          record(() => storage.exec("UPDATE outbox SET attempts = ? WHERE id = ?", head.attempts, head.id));
        }
        try {
          await deliverHead(head);
        } catch (error) {
          noteFailure(head, error);
          return;
        }
        waiting.shift();
        delivered = head.id;
      }
    } finally {
      // In the same turn as the last look at the queue: a flush that comes after it must start anew.
      sending = false;
    }
  };

  return {
    append(receivers, message, { sender = address, spread = false } = {}) {
      if (!receivers.length) return;
      const row = storage.exec<{ id: number }>(
        "INSERT INTO outbox (actor, receivers, message, spread) VALUES (?, ?, ?, ?) RETURNING id",
        sender,
        JSON.stringify(receivers),
        JSON.stringify(message),
        spread ? 1 : 0,
      )[0];
      if (!row) throw new Error("the outbox gave no id");
      staged.push(makeWaiting(row.id, sender, receivers, message, spread));
    },
    flush() {
      if (sending) return running;
      blockedUntil = undefined;
      running = run();
      return running;
    },
    due() {
      if (!waiting.length && !staged.length) return delivered > sweeping ? clock.now() + hostLimits.safetyNet : undefined;
      return blockedUntil ?? clock.now() + hostLimits.safetyNet;
    },
    sweep() {
      if (delivered > swept) storage.exec("DELETE FROM outbox WHERE id <= ?", delivered);
      sweeping = delivered;
    },
    settle(held) {
      if (held) {
        waiting.push(...staged);
        swept = sweeping;
      } else sweeping = swept;
      staged = [];
    },
    get size() {
      return waiting.length + staged.length;
    },
    get unswept() {
      return delivered > swept;
    },
  };
}

function makeWaiting(id: number, sender: string, receivers: (string | null)[], message: Message, spread: boolean): Waiting {
  return { id, sender, receivers, message, spread, attempts: 0, pauses: 0, nextAt: 0, phase: "hold", answered: new Set() };
}
