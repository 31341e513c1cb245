/** What an object that stores nothing says: its thread is gone, or never was. */
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { refuse } from "../../contract/problem.ts";
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

/** What an agent is told that answers an offer of a thread that was here. */
export function answerLate({ type }: ThreadEvent): ReturnType<typeof refuse> | undefined {
  const isOffer = type === "nerve.offer.claim" || type === "nerve.offer.decline";
  return isOffer ? refuse("offer_closed", "The offer is closed: its thread ended, and is archived.") : undefined;
}

export function answerGone({ to, message }: Envelope): Delivery {
  // There is nothing left to forget.
  if (message.type === "thread.forget") return { status: "stored" };
  return { status: "refused", code: "gone", detail: `${to} does not exist (any more)` };
}
