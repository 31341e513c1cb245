/** What an object that stores nothing says: its thread is gone, or never was. */
import type { Delivery, Envelope } from "../protocol/envelope.ts";

/** What may make a thread's root, and what its task. Everything else at an object that stores nothing finds no thread there. */
const creatingRoot: ReadonlySet<string> = new Set(["thread.start", "thread.queued", "thread.dropped"]);
const creatingTask: ReadonlySet<string> = new Set(["thread.copy", "host.start"]);

/** Whether the message may make a root's object that stores nothing. */
export function mayCreateRoot({ message }: Envelope): boolean {
  return creatingRoot.has(message.type);
}

/** Whether the message may make a task's object that stores nothing. */
export function mayCreateTask({ message }: Envelope): boolean {
  return creatingTask.has(message.type);
}

export function answerGone({ to, message }: Envelope): Delivery {
  // There is nothing left to forget.
  if (message.type === "thread.forget") return { status: "stored" };
  return { status: "refused", code: "gone", detail: `${to} does not exist (any more)` };
}
