/**
 * An object's outbox: messages leave in order, each when all receivers of the one before have stored it. A row
 * stays until its receivers have it, so a crash at any instruction sends it again, under the same id. An event for
 * several receivers is first held by all, then released in all: whatever follows from it comes behind it everywhere.
 * A receiver that fails for too long gets a queue of its own, and the outbox goes on. Knows rows and envelopes, not actors.
 */

import { countBytes, cutToBytes } from "../../contract/limits.ts";
import type { Message } from "../protocol/rpc.ts";
import { toPlainError } from "./error-data.ts";
import { createHeldBackQueues, type HeldBack, isOver, type Parcel, pauseAfter } from "./held-back.ts";
import { hostLimits } from "./limits.ts";
import type { Row, World } from "./ports.ts";
import { isReceiverState, ReceiverNotReadyError } from "./receiver-state.ts";

/** A message whose receiver will never have it. */
export interface Undeliverable {
  to: string;
  message: Message;
  code: string;
  detail: string;
}

/**
 * Hears of a message that was refused for good, and may write. The outbox waits for it, and asks the receiver again if it throws.
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

interface OutboxRow extends Row {
  id: number;
  /** Address of the sending actor. */
  actor: string;
  receivers: string;
  spread: number;
  message: string;
  attempts: number;
  next_at: number;
  failing: number | null;
}

interface Waiting {
  id: number;
  sender: string;
  /** Null: refused for good. */
  receivers: (string | null)[];
  message: Message;
  spread: boolean;
  /** Failed deliveries that may be the message's own fault: so many that the receiver makes it a dead letter. */
  attempts: number;
  /** Failed deliveries of this life, which lengthen the pause. */
  pauses: number;
  nextAt: number;
  /** Since when its deliveries fail, in milliseconds since the epoch; null: they don't. */
  failing: number | null;
  phase: "hold" | "release";
  /** Who has answered in this phase: an attempt asks the others only. */
  answered: Set<string>;
}

/** Receivers that did not take a message, each with why. */
class DeliveryFailedError extends Error {
  override name = "DeliveryFailedError";
  readonly failures: Map<string, unknown>;

  constructor(failures: Map<string, unknown>) {
    super([...failures].map(([to, error]) => `${to}: ${toPlainError(error).message}`).join("; "));
    this.failures = failures;
  }
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
  const waiting: Waiting[] = storage.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id").map((row) => ({
    ...makeWaiting(row.id, row.actor, JSON.parse(row.receivers) as (string | null)[], JSON.parse(row.message) as Message, row.spread === 1),
    attempts: row.attempts,
    pauses: row.attempts,
    nextAt: row.next_at,
    failing: row.failing,
  }));
  // It may have been on its way when the object crashed, so it may be why: a try that no answer ends counts.
  let suspect = waiting[0];
  let staged: Waiting[] = [];
  let delivered = 0;
  let sweeping = 0;
  let swept = 0;
  let sending = false;
  let running: Promise<void> = Promise.resolve();
  let blockedUntil: number | undefined;

  const post = async (
    { sender, id, message }: Pick<Parcel, "sender" | "id" | "message">,
    to: string,
    { phase, asDeadLetter }: { phase: "hold" | "release" | undefined; asDeadLetter: boolean },
    drop: () => void,
  ): Promise<"taken" | "refused"> => {
    const delivery = await transport.deliver({
      from: sender,
      id,
      to,
      message,
      ...(phase && { phase }),
      ...(asDeadLetter && { park: true }),
    });
    if (delivery.status === "later") throw new ReceiverNotReadyError(delivery.detail, delivery.unknown === true);
    if (delivery.status === "stored" || phase === "release") return "taken";
    // A newer version may answer what this one does not know.
    if (delivery.status !== "refused") throw new ReceiverNotReadyError(`it answered ${JSON.stringify(delivery)}`, false);
    await refused({ to, message, code: delivery.code, detail: delivery.detail }, sender, drop);
    return "refused";
  };

  const queues = createHeldBackQueues({
    world,
    record,
    send: async (parcel, to, phase, asDeadLetter, drop) => void (await post(parcel, to, { phase, asDeadLetter }, drop)),
    changed: (queue, begins) => heldBack?.(queue, begins),
  });

  const send = async (head: Waiting, to: string, phase: "hold" | "release" | undefined): Promise<void> => {
    const asDeadLetter = head.attempts >= hostLimits.deliveryAttempts;
    if ((await post(head, to, { phase, asDeadLetter }, () => forget(head, to))) === "refused") take(head, to);
  };

  /** Takes a receiver from a message in memory. */
  const take = (head: Waiting, to: string): void => {
    head.receivers = head.receivers.map((receiver) => (receiver === to ? null : receiver));
  };

  /** Moves a message to its receivers' own queues, and so out of the outbox's way. False: there is no room. */
  const holdBack = (head: Waiting, receivers: Map<string, unknown>): boolean => {
    const bytes = countBytes(JSON.stringify(head.message));
    if (!queues.hasRoom(bytes * receivers.size)) return false;
    const alone = head.receivers.length === 1 || head.spread;
    record(() => {
      for (const [to, error] of receivers) {
        const text = cutToBytes(toPlainError(error).message, hostLimits.errorBytes);
        queues.add(to, { ...head, phase: alone ? null : head.phase, failing: head.failing ?? clock.now() }, bytes, text);
        forget(head, to);
      }
    });
    for (const to of receivers.keys()) take(head, to);
    return true;
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
    const failures = new Map<string, unknown>();
    for (let at = 0; at < left.length && !failures.size; at += hostLimits.fanOut) {
      await Promise.all(
        left.slice(at, at + hostLimits.fanOut).map(async (to) => {
          try {
            await send(head, to, phase);
            head.answered.add(to);
          } catch (error) {
            failures.set(to, error);
          }
        }),
      );
    }
    if (failures.size) throw new DeliveryFailedError(failures);
    head.answered.clear();
  };

  const deliverHead = async (head: Waiting): Promise<void> => {
    if (head.receivers.length === 1 || head.spread) return sendToAll(head);
    if (head.phase === "hold") {
      await sendToAll(head, "hold");
      head.phase = "release";
    }
    await sendToAll(head, "release");
  };

  const noteFailure = (head: Waiting, error: unknown): void => {
    if (!(error instanceof DeliveryFailedError)) throw error;
    const failures = [...error.failures.values()];
    if (!failures.every(isReceiverState)) head.attempts += 1;
    head.pauses += 1;
    head.failing ??= clock.now();
    head.nextAt = clock.now() + pauseAfter(head.pauses);
    blockedUntil = head.nextAt;
    const { attempts, nextAt, failing, id } = head;
    record(() => storage.exec("UPDATE outbox SET attempts = ?, next_at = ?, failing = ? WHERE id = ?", attempts, nextAt, failing, id));
    console.warn(JSON.stringify({ at: "outbox", address, to: [...error.failures.keys()], id, attempts, error: error.message }));
  };

  /** Tries the head, or what is left of it beside the queues of those that failed for too long. False: it must wait. */
  const tryHead = async (head: Waiting): Promise<boolean> => {
    const late = head.receivers.filter((to) => to !== null && queues.has(to)) as string[];
    if (late.length && !holdBack(head, new Map(late.map((to) => [to, "messages before it wait for the receiver"])))) {
      noteFailure(
        head,
        new DeliveryFailedError(new Map(late.map((to) => [to, new ReceiverNotReadyError("too much is held back", false)]))),
      );
      return false;
    }
    try {
      if (head.receivers.some((to) => to !== null)) await deliverHead(head);
      return true;
    } catch (error) {
      noteFailure(head, error);
      const failures = (error as DeliveryFailedError).failures;
      // What is left of it is tried at once.
      if (clock.now() - (head.failing ?? clock.now()) < hostLimits.holdBackAfter || !holdBack(head, failures)) return false;
      return tryHead(head);
    }
  };

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
          // Written ahead; an answer, or a failure, writes the true count.
          record(() => storage.exec("UPDATE outbox SET attempts = ? WHERE id = ?", head.attempts + 1, head.id));
        }
        if (!(await tryHead(head))) return;
        waiting.shift();
        delivered = head.id;
      }
    } finally {
      // In the same turn as the last look at the queue: a flush that comes after it must start anew.
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
      if (delivered > swept) storage.exec("DELETE FROM outbox WHERE id <= ?", delivered);
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

function makeWaiting(id: number, sender: string, receivers: (string | null)[], message: Message, spread: boolean): Waiting {
  return { id, sender, receivers, message, spread, attempts: 0, pauses: 0, nextAt: 0, failing: null, phase: "hold", answered: new Set() };
}
