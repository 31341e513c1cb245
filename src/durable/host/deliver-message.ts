/**
 * Delivers one message to its receivers. One for several of them is first held by all, then released in all: whatever follows from it
 * comes behind it everywhere. Knows envelopes and answers, no rows.
 */
import type { DeliveryRefusal } from "../../contract/refusals.ts";
import type { Message } from "../protocol/envelope.ts";
import { toPlainError } from "./error-data.ts";
import type { Waiting } from "./head-notes.ts";
import type { Parcel } from "./held-back.ts";
import { hostLimits } from "./limits.ts";
import type { Lives } from "./lives.ts";
import type { Transport } from "./ports.ts";
import { ReceiverNotReadyError } from "./receiver-state.ts";

/** A message whose receiver will never have it. */
export interface Undeliverable {
  to: string;
  message: Message;
  code: DeliveryRefusal;
  detail: string;
}

/**
 * Hears of a message that was refused for good, and may write. The outbox waits for it, and asks the receiver again if it throws.
 * @param sender the address of the actor that sent it
 * @param forget writes that this receiver need not be asked again: in the same transaction as what the refusal leads to,
 * it makes that happen once, whatever crashes
 */
export type Refused = (undeliverable: Undeliverable, sender: string, forget: () => void) => void | Promise<void>;

/** Receivers that did not take a message, each with why. */
export class DeliveryFailedError extends Error {
  override name = "DeliveryFailedError";
  readonly failures: Map<string, unknown>;

  constructor(failures: Map<string, unknown>) {
    super([...failures].map(([to, error]) => `${to}: ${toPlainError(error).message}`).join("; "));
    this.failures = failures;
  }
}

export interface MessageDelivery {
  /**
   * Delivers to one receiver.
   * @param drop writes that it need not be asked again
   * @throws when it must be asked again
   */
  post(
    parcel: Pick<Parcel, "sender" | "id" | "message">,
    to: string,
    how: { phase: "hold" | "release" | undefined; asDeadLetter: boolean },
    drop: () => void,
  ): Promise<"taken" | "refused">;
  /** Delivers to all that have not answered yet. @throws DeliveryFailedError */
  deliver(head: Waiting): Promise<void>;
}

/** @param lives of the object as a sender @param forget writes that a receiver need not be asked again */
export function createMessageDelivery(
  transport: Transport,
  lives: Lives,
  refused: Refused,
  forget: (head: Waiting, to: string) => void,
): MessageDelivery {
  async function post(
    { sender, id, message }: Pick<Parcel, "sender" | "id" | "message">,
    to: string,
    { phase, asDeadLetter }: { phase: "hold" | "release" | undefined; asDeadLetter: boolean },
    drop: () => void,
  ): Promise<"taken" | "refused"> {
    const since = lives.of(to);
    const delivery = await transport.deliver({
      from: sender,
      id,
      to,
      message,
      ...(since !== undefined && { life: since }),
      ...(phase && { phase }),
      ...(asDeadLetter && { park: true }),
    });
    switch (delivery.status) {
      case "stored":
        return "taken";
      case "later":
        throw new ReceiverNotReadyError(delivery.detail, delivery.unknown === true);
      case "refused":
        if (phase === "release") return "taken";
        // Whoever hears this is alive: another's clock, or its own of before, was ahead.
        if (delivery.life !== undefined && lives.raise(to, delivery.life))
          return post({ sender, id, message }, to, { phase, asDeadLetter }, drop);
        await refused({ to, message, code: delivery.code, detail: delivery.detail }, sender, drop);
        return "refused";
      default:
        delivery satisfies never;
        // A newer version may answer with a status that this one does not know.
        throw new ReceiverNotReadyError(`it answered ${JSON.stringify(delivery)}`, false);
    }
  }

  async function send(head: Waiting, to: string, phase: "hold" | "release" | undefined): Promise<void> {
    const asDeadLetter = head.attempts >= hostLimits.deliveryAttempts;
    if ((await post(head, to, { phase, asDeadLetter }, () => forget(head, to))) === "refused") takeReceiver(head, to);
  }

  async function sendToOne(head: Waiting, to: string | null | undefined): Promise<void> {
    if (typeof to !== "string") return;
    try {
      await send(head, to, undefined);
    } catch (error) {
      throw new DeliveryFailedError(new Map([[to, error]]));
    }
  }

  async function sendToAll(head: Waiting, phase?: "hold" | "release"): Promise<void> {
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
  }

  async function deliver(head: Waiting): Promise<void> {
    if (head.receivers.length === 1) return sendToOne(head, head.receivers[0]);
    if (head.spread) return sendToAll(head);
    if (head.phase === "hold") {
      await sendToAll(head, "hold");
      head.phase = "release";
    }
    await sendToAll(head, "release");
  }

  return { post, deliver };
}

/** Takes a receiver from a message in memory. */
export function takeReceiver(head: Waiting, to: string): void {
  head.receivers = head.receivers.map((receiver) => (receiver === to ? null : receiver));
}
