/** The thread's id means its present actor; one of an earlier epoch is named in full. Knows how actors are named. */
import type { ActorHost } from "../../host/actor-host.ts";
import { findEpoch, nameActor } from "./epochs.ts";
import type { ThreadDocuments } from "./thread-rows.ts";

/** The host of a thread's root, as whoever knows the thread by its id uses it. */
export function addressPresentActor(
  host: ActorHost,
  { name, address, lifecycle }: { name: string; address: string; lifecycle: ThreadDocuments },
): ActorHost {
  const findPresent = (actor: string): string => (actor === name ? nameActor(name, findEpoch(lifecycle)) : actor);
  return {
    ...host,
    send: (actor, event, options) => host.send(findPresent(actor), event, options),
    read: (actor) => host.read(findPresent(actor)),
    peek: (actor) => host.peek(findPresent(actor)),
    history: (actor, page) => host.history(findPresent(actor), page),
    deliver(envelope, translate) {
      // Messages to the thread go to its present epoch's actor; the host's own messages go to the actor that they name.
      const isForThread = envelope.to === address && !envelope.message.type.startsWith("host.");
      return host.deliver(isForThread ? { ...envelope, to: `recruitment/${findPresent(name)}` } : envelope, translate);
    },
  };
}
