/** What an actor of a thread says to its own object, at addresses that no other object's messages reach. */
import * as z from "zod";
import { toAudience, toOffers } from "../../../machines/messages.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import { event } from "./parts.ts";

const events = declareMessages({
  /** An edge publishes an event. */
  publish: { event },
  /** An event of the thread's life, which is logged and told to its holders already. */
  route: { event, sentTo: z.array(z.string()).optional() },
  /** An edge starts a child. */
  spawn: { task: z.string(), round: z.number(), place: z.number(), event },
  /** The thread has ended, and its parent waits for it. */
  "child.report": {},
});

/** By address: the thread's own offers; its own events and children; the agents of its broadcasts. */
const ownPlaces = {
  offers: toOffers,
  events,
  /** `cause`: id of the event that it follows from. */
  audience: { "audience.ask": toAudience["audience.ask"].extend({ cause: z.string() }) },
};

export const ownMessages = { ...ownPlaces.offers, ...ownPlaces.events, ...ownPlaces.audience };
export type OwnType = keyof typeof ownMessages;
export type OwnMessage<Type extends OwnType = OwnType> = z.infer<(typeof ownMessages)[Type]>;

/** What each address takes. */
export type OwnPlaces = { [Place in keyof typeof ownPlaces]: MessageOf<(typeof ownPlaces)[Place]> };

/** Whether an address is a place of the object's own, which no other object's messages reach. */
export function isOwnPlace(address: string): address is keyof OwnPlaces {
  return Object.hasOwn(ownPlaces, address);
}
