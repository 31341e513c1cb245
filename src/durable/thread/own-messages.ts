/**
 * What an actor says to its own object: offers to make, events of the thread's own to publish, an audience to ask, children to
 * spawn. Each is taken once. Knows no message: the object's parts bring a handler for each.
 */
import type { ActorHost } from "../host/actor-host.ts";
import { answerUnknown } from "../host/newer-version.ts";
import type { Storage } from "../host/ports.ts";
import { isRepeat, markReceived } from "../host/rows.ts";
import type { Delivery, Envelope, Message } from "../protocol/rpc.ts";

/** What an actor's object does for it, beside running it. */
const places: ReadonlySet<string> = new Set(["offers", "events", "audience"]);

/** Whether an address is a place of the object's own, which no other object's messages reach. */
export function isOwnPlace(address: string): boolean {
  return places.has(address);
}

/**
 * Takes an own message.
 * @param mark writes that it was received
 * @returns the writes of its commit, which marks it too; undefined: it has been committed, or leads to nothing and may be taken again
 */
export type OwnHandler = (message: Message, mark: () => void, envelope: Envelope) => Promise<(() => void) | undefined>;

/** By the message's type. */
export type OwnHandlers = Readonly<Record<string, OwnHandler>>;

/** Own messages share the object's outbox: their ids grow like any sender's, but are kept apart from what comes back to an actor. */
export function readOwnSender({ from, to }: Envelope): string {
  return `${from}#${to}`;
}

/** @param address the object's */
export async function takeOwnMessage(
  { address, storage, host }: { address: string; storage: Storage; host: ActorHost },
  handlers: OwnHandlers,
  envelope: Envelope,
): Promise<Delivery> {
  const { message, to, id } = envelope;
  const sender = readOwnSender(envelope);
  if (isRepeat(storage, sender, id)) return { status: "stored" };
  const mark = (): void => markReceived(storage, sender, id);
  const handler = Object.hasOwn(handlers, message.type) ? handlers[message.type] : undefined;
  if (!handler) {
    // What an object of a newer version has left in its outbox.
    if (!envelope.park) return answerUnknown(`${address}#${to}`, message.type);
    host.committer.commit(mark);
    return { status: "refused", code: "unknown_message", detail: `${to} takes no ${message.type}` };
  }
  const write = await handler(message, mark, envelope);
  if (write)
    host.committer.commit(() => {
      mark();
      write();
    });
  return { status: "stored" };
}
