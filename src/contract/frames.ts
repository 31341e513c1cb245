/** Frames of the WebSocket transport, `nerveflare.v1`, and the answers of the other two; one contract on each. */
import * as z from "zod";
import { type Channel, channels, connectionName } from "./channels.ts";
import type { CloudEvent } from "./event.ts";
import type { Problem } from "./problem.ts";
import type { Verdict } from "./routing.ts";

export type { Channel } from "./channels.ts";

/** What an agent may send. The event itself is judged apart, so that a bad one is answered by its id. */
export const agentFrame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("event"), event: z.looseObject({ id: z.string().optional() }) }),
  z.object({
    type: z.literal("ack"),
    seqs: z.array(z.int().nonnegative()).max(1000).optional(),
    seq: z.int().nonnegative().optional(),
    channel: z.enum(channels).optional(),
    /** A connection of the same client that this one has taken the place of. */
    replaces: z.string().regex(connectionName).optional(),
  }),
]);
export type AgentFrame = z.infer<typeof agentFrame>;

/** One event of the inbox. `seq` grows, may have gaps, and once shown is never another event's. */
export interface InboxItem {
  seq: number;
  channel: Channel;
  event: CloudEvent;
}

/** What the server sends. */
export type ServerFrame =
  | ({ type: "event" } & InboxItem)
  | ({ type: "accepted" } & Accepted)
  | { type: "rejected"; id: string | null; error: Problem }
  | ({ type: "note" } & ServerNote);

/** What the server tells a client that names itself, beside events; worth a line in its log. */
export interface ServerNote {
  /** `second_client`: another process is connected with the same token. */
  code: "second_client";
  detail: string;
  /** What it is about: the other client's name. */
  about: string;
}

/** The answer to an event that was stored. */
export interface Accepted {
  id: string;
  status: "accepted";
  /** The threads that were decided on at acceptance; a repeat gets the same. */
  threads: string[];
  /** What the sender should know: which reflex started nothing, and why. */
  notes: string[];
  /** What became of it at each reflex that listens to its kind. */
  reflexes?: Verdict[];
  /** No workflow listens to its kind, and nobody is sent it; with the nearest kind that one listens to. */
  unheard?: { nearest: string | null };
  /** How many agents are sent it, where `to` or a subscription names any. */
  recipients?: number;
}

/** The answer to one event of a batch that was not. */
export interface Rejected {
  id: string | null;
  status: "rejected";
  error: Problem;
}

/** `GET /v1/inbox`. */
export interface InboxPage {
  events: InboxItem[];
  /** Pass as `after` to go on. Less than the `after` that was asked for where that is a number of another life of the mailbox. */
  next: number;
  notes?: ServerNote[];
}
