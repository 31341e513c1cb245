/** What an object that stores nothing says: its thread is gone, or never was. */
import type { Delivery, Envelope } from "../protocol/envelope.ts";

/** Everything else at an object that stores nothing finds no thread there. */
const creating: ReadonlySet<string> = new Set(["thread.start", "thread.queued", "thread.dropped", "thread.copy", "host.start"]);

/** Whether the message may make an object that stores nothing. */
export function mayCreate({ message }: Envelope): boolean {
  return creating.has(message.type);
}

export function answerGone({ to, message }: Envelope): Delivery {
  // There is nothing left to forget.
  if (message.type === "thread.forget") return { status: "stored" };
  return { status: "refused", code: "gone", detail: `${to} does not exist (any more)` };
}
