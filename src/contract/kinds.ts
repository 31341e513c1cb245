/** The orchestrator's own kinds of event: what agents may send of `nerve.*`, with the shape of `data`, and what they get. */
import * as z from "zod";
import { acceptedKinds } from "./accepts.ts";
import type { CloudEvent, Json } from "./event.ts";
import { anyJson, text as boundedText, idPattern } from "./event.ts";
import type { BindMode } from "./language.ts";
import { limits } from "./limits.ts";
import { json, open } from "./shape.ts";
import { outcomeStatuses } from "./statuses.ts";

const id = z.string().regex(idPattern);
const text = boundedText(limits.attributeLength);
/** In what an agent sends, a lease is its generation. */
const lease = z.int().nonnegative();

/** The `nerve.*` kinds that an agent may send, and what `data` must be; unknown members pass. */
export const agentKinds = {
  "nerve.offer.claim": z.looseObject({ offer: id, bid: anyJson.optional(), card: anyJson.optional() }),
  "nerve.offer.decline": z.looseObject({ offer: id, reason: text.default("") }),
  "nerve.turn.respond": z.looseObject({ turn: id, lease, output: z.record(z.string(), anyJson), body: z.string().optional() }),
  "nerve.turn.progress": z.looseObject({ turn: id, lease, note: text.optional(), details: anyJson.optional() }),
  "nerve.turn.fail": z.looseObject({ turn: id, lease, error: text.default("failed"), retryable: z.boolean().default(false) }),
  "nerve.role.release": z.looseObject({ thread: id, role: z.string().max(128), lease, reason: text.default("") }),
  "nerve.agent.report": z.looseObject({
    capabilities: z.array(z.string().max(128)).max(256).optional(),
    labels: z.record(z.string(), anyJson).optional(),
    slots: z.int().nonnegative().max(1_000_000).optional(),
    load: z.number().nonnegative().optional(),
    accepts: acceptedKinds.optional(),
  }),
} as const;

/** A `nerve.*` kind that agents may send. */
export type AgentKind = keyof typeof agentKinds;

/** `data` of an {@link AgentKind}, parsed. */
export type AgentData<K extends AgentKind> = z.infer<(typeof agentKinds)[K]>;

/** The kinds that a thread takes: each is judged by its own schema, and what belongs to another kind has no effect in it. */
export type ThreadKind = Exclude<AgentKind, "nerve.agent.report">;

/** An event of one of these kinds, its `data` parsed. */
export type ThreadEventOf<K extends ThreadKind> = {
  [Each in K]: CloudEvent & { type: Each; data: AgentData<Each> & { [member: string]: Json } };
}[K];

/** Any thread-bound event: `type` says which. */
export type ThreadEvent = ThreadEventOf<ThreadKind>;

/** What each thread-bound kind is about: the member of its data that names the thread. */
export const subjectOf = {
  "nerve.offer.claim": "offer",
  "nerve.offer.decline": "offer",
  "nerve.turn.respond": "turn",
  "nerve.turn.progress": "turn",
  "nerve.turn.fail": "turn",
  "nerve.role.release": "thread",
} as const satisfies { [K in ThreadKind]: keyof AgentData<K> };

/** Those that a task takes. */
export type TurnKind = { [K in ThreadKind]: (typeof subjectOf)[K] extends "turn" ? K : never }[ThreadKind];

/** Those that a thread's recruitment takes. */
export type RoleKind = Exclude<ThreadKind, TurnKind>;

/** Whether a task takes the event, or the recruitment. */
export function isTurnEvent(event: ThreadEvent): event is ThreadEventOf<TurnKind> {
  return subjectOf[event.type] === "turn";
}

/** A role's hold, as it is told to agents. */
export interface Lease {
  generation: number;
  /** RFC 3339: when it lapses at the latest if its holder is silent from now on; null: never. */
  expires: string | null;
}

/** `data` of `nerve.offer.opened`. Durations as in the language (`30s`). */
export interface OfferOpened {
  offer: string;
  thread: string;
  workflow: string;
  role: string;
  goal: string;
  requires: string[];
  bind: BindMode;
  heartbeat: { every: string; miss: number };
  turn: { timeout: string };
  /** RFC 3339. */
  expires: string;
}

/** What whoever takes a vacated role is told of it. */
export interface Handover {
  /** Who held it before. */
  agent: string;
  /** Why no more: `lost`, `deleted`, `released`, `reassigned`, `turn_timeout`, … */
  why: string;
  /** The same for people. */
  reason: string;
  /** RFC 3339: when the turn was taken back from them, if they had it. */
  since?: string;
  /** The last steps, oldest first, as far as they fit; the rest is in `history`. */
  thread: {
    messages: { round: number; role: string; agent: string | null; output: Json; body?: string; at: string }[];
    total: number;
    leftOut: number;
  };
  turn: { turn: string; prompt: string; openedAt: string; attempts: number };
  /** The last that was reported of this turn. `details` that don't fit are null, and `leftOut` says so. */
  progress: { agent: string; note: string | null; details: Json; at: string; leftOut?: true } | null;
}

/** `data` of `nerve.turn.assigned`. */
export interface TurnAssigned {
  turn: string;
  /** How often the turn was given by now, to whomever: 1 at first. Servers before this one do not say. */
  attempt?: number;
  /** How often it is given again after `nerve.turn.fail` with `retryable`, as the role allows. */
  retries?: number;
  lease: Lease;
  thread: string;
  workflow: string;
  /** `name`, `schema` and every field that the author wrote. */
  role: { name: string; schema: Json; [field: string]: Json };
  prompt: string;
  location?: string;
  round: number;
  /** RFC 3339. */
  deadline: string;
  heartbeat: { every: string; miss: number };
  /** The initiating event. */
  event: CloudEvent;
  last: { role: string; agent: string | null; output: Json; body?: string } | null;
  resumed?: { reason: string; supplement: Json };
  handover?: Handover;
  /** Where the rest of the thread is read. */
  history: string;
}

/** How a thread ended. */
export const outcome = open({
  status: z.enum(outcomeStatuses),
  role: z.string().nullable(),
  output: json,
  prompt: z.string().nullable(),
  error: z.string().optional(),
});
export type Outcome = z.infer<typeof outcome>;
