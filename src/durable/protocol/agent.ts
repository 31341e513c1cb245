/** What an agent's object takes: mail, and what the Worker and other objects ask of it. */
import * as z from "zod";
import { type Channel, channels } from "../../contract/channels.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Acknowledgement } from "../../contract/frames/acknowledgement.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames/server-frames.ts";
import { declareMessages, type MessageOf } from "../../contract/message-table.ts";
import type { Result } from "../../contract/problem.ts";
import type { Delivered, Routing } from "../../contract/routing.ts";
import { open } from "../../contract/shape.ts";
import { type AgentCard, agentCard, type PresenceFacts } from "../../contract/views/agent.ts";
import type { HintAnswer, OfferHint } from "./board.ts";
import type { DeliverRpc, Message } from "./envelope.ts";
import { event, json } from "./parts.ts";
import { trust } from "./trust.ts";

/** A role that the agent holds from now on, or no more. */
const assignment = open({
  thread: z.string(),
  workflow: z.string(),
  role: z.string(),
  type: z.enum(["named", "open"]),
  generation: z.number(),
  held: z.boolean(),
  /** Milliseconds between two signs of life. */
  every: z.number(),
  /** Milliseconds of silence that make the holder away. */
  silence: z.number(),
  /** Milliseconds away that make the holder lost; null: however long. */
  grace: z.number().nullable(),
  /** Of one that ended: the holder was lost. */
  lost: z.boolean().optional(),
});

export const agentMessages = declareMessages({
  /** An event for the agent, with what its mailbox must know of it. Made where the event is made. */
  mail: {
    channel: z.enum(channels),
    event,
    /** Of `nerve.turn.assigned`: kept until it is answered or revoked, acknowledged or not. */
    turn: z.string().optional(),
    /** Of a turn: it was given before, to whomever, so that an earlier row of it may be there. */
    again: z.literal(true).optional(),
    /** Of `nerve.offer.opened`: kept until closed or expired. */
    offer: z.string().optional(),
    /** Milliseconds since the epoch at which it is worth nothing any more. */
    expires: z.number().optional(),
    /** Ids of turns and offers that this ends. */
    ends: z.string().optional(),
    /** An offer whose claim came to nothing: it may stay open. */
    claim: z.string().optional(),
    /** A thread that has ended: its roles are held no more, and its turns are over. */
    endsThread: z.string().optional(),
    /** Who sent it may ask what became of it: its way to the agent is kept. */
    receipt: z.literal(true).optional(),
    /** Stored under this name. */
    seat: assignment.optional(),
  },
});
export type AgentMessage = MessageOf<typeof agentMessages>;

/** What {@link agentMessages} carries to a mailbox. */
export type Mail = Omit<AgentMessage, "type">;

export function createMail(mail: Mail): AgentMessage {
  return { type: "mail", ...mail };
}

/** The mail in a message, if it is one. */
export function readMail(message: Message): AgentMessage | undefined {
  return message.type === "mail" ? trust(agentMessages.mail, message) : undefined;
}

/** What a claim is judged on: the registry's card, narrowed by what the agent last said of itself. */
export const claimCard = agentCard.extend({
  labels: json,
  load: z.number(),
  /** Of an agent that says how many roles it may hold at once: how many it holds or has claimed, but for this claim. */
  capacity: open({ slots: z.number(), used: z.number() }).optional(),
});
export type ClaimCard = z.infer<typeof claimCard>;

/** How an agent stands to an offer, as its own object sees it. */
export interface AgentStanding {
  /** The card that a claim of it would carry now. */
  card: ClaimCard;
  /** Where the offer is: not in its mailbox, unread there, on its way to a connection, or acknowledged. */
  offer: "absent" | "waiting" | "given" | "acknowledged";
  presence: Pick<PresenceFacts, "state" | "lastSignAt">;
}

/** Who posts or reads: an agent, proven by its token, or by the hash of the one that asked for its ticket; or an operator, whom the Worker has already proven. */
export type Principal = { agent: string; token: string } | { agent: string; tokenHash: string } | { operator: string };

/** Who posts: also a hook, whose deliveries its own object has proven. */
export type Sender = Principal | { hook: string };

/** What a poll asks for; without `after`, what no live connection holds. */
export interface InboxQuery {
  channels: Channel[];
  after?: number;
  waitSeconds: number;
  limit: number;
  /** What the client calls this poll and those that follow it. */
  connection?: string;
  /** Connections of the client that are no more, whatever it looks like from here. */
  replaces?: string[];
  /** What the process calls itself. */
  client?: string;
}

export interface AgentRpc extends DeliverRpc {
  /** What the agent is, as far as it says so itself; null: there is none. */
  card(): Promise<ClaimCard | null>;
  /** Creates the agent, or replaces what it may do; with `tokenHash` (SHA-256, hex) its token too. Idempotent. */
  register(card: AgentCard, tokenHash?: string): Promise<Result<null>>;
  /** Forgets the agent: its token is void, its sockets close, threads hear `agent.deleted`. */
  remove(): Promise<Result<null>>;
  /** Gives the agent another token; the one before stays good for `overlap` milliseconds, and its sockets as long. */
  rotate(tokenHash: string, overlap: number): Promise<Result<null>>;
  /** Makes every token of the agent void and closes its sockets; the agent, its mailbox and what it holds stay. */
  revoke(): Promise<Result<null>>;
  /** Who the principal is; `unauthenticated` if the token is not this agent's. */
  identify(principal: Principal): Promise<Result<AgentCard>>;
  /** @param client what the process that asks calls itself: it is told what others have in hand */
  me(principal: Principal, client?: string): Promise<Result<Json>>;
  /** Takes events, each judged alone, answered in order. `events` is what was posted, unparsed. */
  accept(sender: Sender, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>>;
  inbox(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>>;
  ack(principal: Principal, ack: Acknowledgement): Promise<Result<null>>;
  /** Whether the agent is there, and how much it has to do. */
  presence(): Promise<PresenceFacts>;
  /** How far an event has come in this agent's mailbox. */
  delivered(event: { source: string; id: string }): Promise<Delivered>;
  /** What was decided of an event that this object accepted, of those that had recipients; null: no such. */
  routed(id: string): Promise<{ event: CloudEvent; routing: Routing } | null>;
  /** Makes a ticket (known by its SHA-256, hex) good for one connection in place of the token of this hash. */
  issueTicket(principal: Principal, ticketHash: string, tokenHash: string): Promise<Result<{ expires: string }>>;
  /** Takes a ticket, once. Returns the hash of the token that asked for it, which may be void by now. */
  takeTicket(ticket: string): Promise<Result<string>>;
  /** Why its mailbox would refuse an event of a source, of so many bytes; null: it would not, as far as can be said now. */
  room(source: string, bytes: number): Promise<string | null>;
  /** Tells it of offers. @returns whether it is there and may have what is offered, as its own card is now */
  hint(hint: OfferHint): Promise<HintAnswer>;
  /** How the agent stands to an offer; null: there is no such agent. */
  standing(offer: string | null): Promise<AgentStanding | null>;
  /** `GET /v1/connect`, a WebSocket upgrade, and `GET /v1/inbox/stream`; the object checks the token, or ticket, itself. */
  fetch(request: Request): Promise<Response>;
}
