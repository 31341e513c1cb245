/** What an actor of a thread says to its own object, at addresses that no other object's messages reach. */
import * as z from "zod";
import { toAudience, toOffers } from "../../../machines/messages.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import { event } from "./parts.ts";

const rootEvents = declareMessages({
  /** An event of the thread's life, which is logged and told to its holders already. */
  route: { event, sentTo: z.array(z.string()).optional() },
  /** The thread has ended, and its parent waits for it. */
  "child.report": {},
});

const taskEvents = declareMessages({
  /** An edge publishes an event. `task`: the actor whose edge it is, by whose seats roles are named. */
  publish: { event, task: z.string().optional() },
  /** An edge starts a child. */
  spawn: { task: z.string(), round: z.number(), place: z.number(), event },
});

/** `cause`: id of the event that it follows from. */
const audience = { "audience.ask": toAudience["audience.ask"].extend({ cause: z.string() }) };

/** By address: the thread's own offers; its own events and children; the agents of its broadcasts. */
const ownPlaces = { offers: toOffers, events: { ...rootEvents, ...taskEvents }, audience };

/** What the object of a thread's root does for its actors. */
const rootOwn = { ...toOffers, ...rootEvents };
export type RootOwnType = keyof typeof rootOwn;

/** What the object of a task does for its actors, be it the root's too or not. */
const taskOwn = { ...taskEvents, ...audience };
export type TaskOwnType = keyof typeof taskOwn;

export const ownMessages = { ...rootOwn, ...taskOwn };
export type OwnType = keyof typeof ownMessages;
export type OwnMessage<Type extends OwnType = OwnType> = z.infer<(typeof ownMessages)[Type]>;

/** What each address takes. */
export type OwnPlaces = { [Place in keyof typeof ownPlaces]: MessageOf<(typeof ownPlaces)[Place]> };

/** Whether an address is a place of the object's own, which no other object's messages reach. */
export function isOwnPlace(address: string): address is keyof OwnPlaces {
  return Object.hasOwn(ownPlaces, address);
}
