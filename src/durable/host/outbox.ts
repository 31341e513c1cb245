/**
 * An object's one lane out: messages leave in order, each when all receivers of the one before have stored it. A row
 * stays until its receivers have it, so a crash at any instruction sends it again, under the same id. An event for
 * several receivers is first held by all, then released in all: whatever follows from it comes behind it everywhere.
 * Knows rows and envelopes, not actors.
 */
import type { Delivery, Message } from "../rpc.ts";
import { toPlainError } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { World } from "./ports.ts";

/** A message whose receiver will never have it. */
export interface Undeliverable {
  to: string;
  message: Message;
  code: string;
  detail: string;
}

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
}

interface OutboxRow {
  [column: string]: string | number | null;
  id: number;
  actor: string;
  receivers: string;
  message: string;
  phase: string | null;
  attempts: number;
  next_at: number;
}

interface Waiting {
  id: number;
  actor: string;
  receivers: string[];
  message: Message;
  phase: Phase;
  attempts: number;
  nextAt: number;
}

/** `hold` then `release`: the halves of an ordered message for several. `spread`: to several in no order. */
type Phase = "hold" | "release" | "spread" | undefined;

/**
 * @param refused hears of a message that was refused for good; it may write, in a transaction of its own
 */
export function createOutbox(world: World, refused: (undeliverable: Undeliverable, actor: string) => void | Promise<void>): Outbox {
  const { storage, clock, transport, address } = world;
  const waiting: Waiting[] = storage.exec<OutboxRow>("SELECT * FROM outbox ORDER BY id").map((row) => ({
    id: row.id,
    actor: row.actor,
    receivers: JSON.parse(row.receivers) as string[],
    message: JSON.parse(row.message) as Message,
    phase: (row.phase ?? undefined) as Phase,
    attempts: row.attempts,
    nextAt: row.next_at,
  }));
  let staged: Waiting[] = [];
  let delivered = 0;
  let sweeping = 0;
  let swept = 0;
  let running: Promise<void> | undefined;
  let blockedUntil: number | undefined;

  const send = async (head: Waiting, to: string, phase: "hold" | "release" | undefined): Promise<void> => {
    const envelope = {
      from: head.actor,
      id: head.id,
      to,
      message: head.message,
      ...(phase && { phase }),
      ...(head.attempts >= hostLimits.deliveryAttempts && { park: true }),
    };
    const delivery: Delivery = await transport.deliver(envelope);
    if (delivery.status === "refused" && phase !== "release")
      await refused({ to, message: head.message, code: delivery.code, detail: delivery.detail }, head.actor);
  };

  const sendToAll = async (head: Waiting, phase?: "hold" | "release"): Promise<void> => {
    for (let at = 0; at < head.receivers.length; at += hostLimits.fanOut)
      await Promise.all(head.receivers.slice(at, at + hostLimits.fanOut).map((to) => send(head, to, phase)));
  };

  const deliverHead = async (head: Waiting): Promise<void> => {
    const only = head.receivers.length === 1 ? head.receivers[0] : undefined;
    if (only !== undefined) return send(head, only, undefined);
    if (head.phase === "spread") return sendToAll(head);
    if (head.phase !== "release") {
      await sendToAll(head, "hold");
      head.phase = "release";
    }
    await sendToAll(head, "release");
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const head = waiting[0];
      if (!head) return;
      if (head.nextAt > clock.now()) {
        blockedUntil = head.nextAt;
        return;
      }
      try {
        await deliverHead(head);
      } catch (error) {
        head.attempts += 1;
        head.nextAt = clock.now() + Math.min(hostLimits.retryFirst * 2 ** (head.attempts - 1), hostLimits.retryLast);
        blockedUntil = head.nextAt;
        storage.transaction(() => {
          storage.exec("UPDATE outbox SET attempts = ?, next_at = ? WHERE id = ?", head.attempts, head.nextAt, head.id);
          storage.setAlarm(head.nextAt);
        });
        console.warn(
          JSON.stringify({
            at: "outbox",
            address,
            to: head.receivers,
            id: head.id,
            attempts: head.attempts,
            error: toPlainError(error).message,
          }),
        );
        return;
      }
      waiting.shift();
      delivered = head.id;
    }
  };

  return {
    append(receivers, message, { sender = address, spread = false } = {}) {
      if (!receivers.length) return;
      const row = storage.exec<{ id: number }>(
        "INSERT INTO outbox (actor, receivers, message, phase) VALUES (?, ?, ?, ?) RETURNING id",
        sender,
        JSON.stringify(receivers),
        JSON.stringify(message),
        spread ? "spread" : null,
      )[0];
      if (!row) throw new Error("the outbox gave no id");
      staged.push({ id: row.id, actor: sender, receivers, message, phase: spread ? "spread" : undefined, attempts: 0, nextAt: 0 });
    },
    flush() {
      blockedUntil = undefined;
      running ??= run().finally(() => {
        running = undefined;
      });
      return running;
    },
    due() {
      if (!waiting.length && !staged.length) return delivered > swept ? clock.now() + hostLimits.safetyNet : undefined;
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
      }
      staged = [];
    },
    get size() {
      return waiting.length + staged.length;
    },
  };
}
