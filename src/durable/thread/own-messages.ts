/**
 * What an actor says to its own object: offers to make, events of the thread's own to publish, an audience to ask, children to
 * spawn. Each is taken once. Knows no message: the object's parts bring a handler for each.
 */

import { answerUnknown } from "../host/take-envelope.ts";
import { dispatch, type Handlers } from "../protocol/dispatch.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { type OwnType, ownMessages, type RootOwnType, type TaskOwnType } from "../protocol/own-places.ts";
import type { ThreadHost } from "../protocol/typed-host.ts";

/**
 * The writes of a message's commit, which notes the message too; undefined: it has been committed with {@link markOwn}, or leads to
 * nothing and may be taken again.
 */
type OwnAnswer = Promise<(() => void) | undefined>;

/** What a part of an object does for its actors, by the message's type. */
export type OwnHandlers<Type extends OwnType> = Pick<Handlers<typeof ownMessages, OwnAnswer>, Type>;

/** All that the root's object does. */
export type RootHandlers = OwnHandlers<RootOwnType>;
/** All that a task's object does. */
export type TaskHandlers = OwnHandlers<TaskOwnType>;

/** Own messages share the object's outbox: their ids grow like any sender's, but are kept apart from what comes back to an actor. */
export function readOwnSender({ from, to }: Envelope): string {
  return `${from}#${to}`;
}

/** Notes that an own message was received; within a transaction. */
export function markOwn({ committer }: Pick<ThreadHost, "committer">, envelope: Envelope): void {
  committer.inbox.mark({ ...envelope, from: readOwnSender(envelope) });
}

/** @param address the object's */
export async function takeOwnMessage(
  { address, host }: { address: string; host: ThreadHost },
  handlers: RootHandlers | TaskHandlers,
  envelope: Envelope,
): Promise<Delivery> {
  const { message, to } = envelope;
  if (host.committer.inbox.isRepeat({ ...envelope, from: readOwnSender(envelope) })) return { status: "stored" };
  const taken = dispatch<typeof ownMessages, OwnAnswer>(ownMessages, handlers, envelope);
  if (!taken) {
    // A newer version of the object has left this message in its outbox.
    if (!envelope.park) return answerUnknown(`${address}#${to}`, message.type);
    host.committer.commit(() => markOwn(host, envelope));
    return { status: "refused", code: "unknown_message", detail: `${to} takes no ${message.type}` };
  }
  const write = await taken;
  if (write)
    host.committer.commit(() => {
      markOwn(host, envelope);
      write();
    });
  return { status: "stored" };
}
