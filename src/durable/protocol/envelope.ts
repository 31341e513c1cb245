/**
 * What travels between objects, and what the actor host itself says: to the host any other message is an event of an actor,
 * whose facts are none of its business.
 */
import * as z from "zod";
import type { Json } from "../../contract/event.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import { createQuickParser } from "../../contract/quick-parser.ts";
import type { DeliveryRefusal } from "../../contract/refusals.ts";
import { open } from "../../contract/shape.ts";
import { trust } from "./trust.ts";

/** What an {@link Envelope} carries: `type` decides, the rest is declared by its receiver. */
export interface Message {
  type: string;
  [fact: string]: unknown;
}

/** A message between objects. `id` grows per sender, so a receiver needs one number per sender to know a repeat. */
export interface Envelope {
  /** Address of the sending object, e.g. `task/t123.1`. */
  from: string;
  id: number;
  /** When the sender's object began, and which beginning it was: under another one its numbers begin anew. Absent: it does not say. */
  life?: number;
  /** Address of the receiving object. */
  to: string;
  /**
   * `hold` and `release` are the two halves of an event for several agents: stored in every mailbox first, then shown.
   * Absent: one receiver, shown at once.
   */
  phase?: "hold" | "release";
  /** So many deliveries failed that the receiver must make it a dead letter, unrun: it may be what kills it. */
  park?: boolean;
  message: Message;
  /** What follows it for the same receiver, in order: taken as if each had come by itself, as far as one after another is stored. */
  more?: Parcelled[];
}

/** A message with its number. */
export interface Parcelled {
  id: number;
  message: Message;
}

/** An {@link Envelope} as objects parse it, each at its own door; what it carries is looked at by whom it is for. */
const envelopeShape = open({
  from: z.string(),
  id: z.number(),
  life: z.number().optional(),
  to: z.string(),
  phase: z.enum(["hold", "release"]).optional(),
  park: z.boolean().optional(),
  message: z.looseObject({ type: z.string() }),
  more: z.array(open({ id: z.number(), message: z.looseObject({ type: z.string() }) })).optional(),
});

const parseEnvelope = createQuickParser(envelopeShape);

/**
 * `stored`: the receiver has it, or had it before. `refused`: it never will (unknown, deleted, full); the outbox goes on
 * and the sender's actor hears of it. `later`: the receiver misses something of its own (a definition, a newer version); it is
 * asked again, and that is not counted against the message. `unknown`: it does not know such a message; after an hour it is told to
 * make it a dead letter. `more`: how many of those that follow it are stored too; absent: none is known to be, as where the receiver
 * is of a version that takes one at a time. `life`: the receiver knows this later life of the sender; if the sender is that sender
 * still, it sends again under a later one. `answer`: what the receiver can say of it at once; whoever did not hear it may ask.
 */
export type Delivery =
  | { status: "stored"; more?: number; answer?: unknown }
  | { status: "refused"; code: DeliveryRefusal; detail: string; life?: number }
  | { status: "later"; detail: string; unknown?: true };

/** What every object takes from another. */
export interface DeliverRpc {
  deliver(envelope: Envelope): Promise<Delivery>;
}

/** Why something is no envelope, as the answer to it; undefined: it is one. */
export function refuseEnvelope(envelope: Envelope): Delivery | undefined {
  const parsed = parseEnvelope(envelope);
  if (parsed.success) return undefined;
  const [issue] = parsed.error.issues;
  return { status: "refused", code: "malformed", detail: `an envelope's ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}` };
}

/** An actor's event, whichever: whether it is one is judged by whoever takes it. */
const actorEvent = z.custom<{ type: string; [fact: string]: Json | undefined }>();
const json = z.custom<Json>();

/** What hosts say to each other about the actors that they run for each other. */
export const hostMessages = declareMessages({
  "host.start": {
    /** Name of the child's logic. */
    logic: z.string(),
    /** The parent's id for the child. */
    child: z.string(),
    input: json.optional(),
    /** Hash of the definition; null: the logic needs none. */
    definition: z.string().nullable().optional(),
    /** Metadata for the receiver's object, and not for its machine; an end has it too. Stored under this name. */
    along: z.unknown().optional(),
  },
  "host.stop": {},
  /** A parent's or a child's event. `following`: what the sender said behind it as it ended. */
  "host.event": { event: actorEvent, following: z.array(actorEvent).optional() },
  "host.done": { child: z.string(), output: json.optional(), along: z.unknown().optional() },
  "host.error": { child: z.string(), error: json.optional(), along: z.unknown().optional() },
});
export type HostMessage = MessageOf<typeof hostMessages>;

const hostMessage = z.union(Object.values(hostMessages));

/** What another host says; undefined: it is an actor's event. */
export function readHostMessage(message: Message): HostMessage | undefined {
  return Object.hasOwn(hostMessages, message.type) ? trust(hostMessage, message) : undefined;
}
