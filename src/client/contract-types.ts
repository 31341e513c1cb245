/** The contract as an agent's author meets it, in plain types. `npm run describe` makes this file of the schemas in `src/contract/`. */
import type { CloudEvent, Json } from "../contract/event.ts";

/** The answer to an event that was stored. */
export interface Accepted {
  id: string;
  status: "accepted";
  /** The threads that were decided on at acceptance; a repeat gets the same. */
  threads: string[];
  /** What the sender should know: which reflex started nothing, and why. */
  notes: string[];
  /** What became of it at each reflex that listens to its kind. */
  reflexes?: Verdict[] | undefined;
  /** No workflow listens to its kind, and nobody is sent it; with the nearest kind that one listens to. */
  unheard?: { nearest: string | null } | undefined;
  /** How many agents are sent it, where `to` or a subscription names any. */
  recipients?: number | undefined;
}

/** What one reflex said to an event whose kind it listens to. */
export interface Verdict {
  workflow: string;
  /** Place of the reflex in its workflow, from 0; 1000: the event's `to` names the workflow. */
  place: number;
  kind: "workflow" | "signal" | "emit";
  /**
   * `fired`, or why not: `when` is not met, a part of the `key` is missing, the data does not fit the `input`, an expression is in
   * `error`, the chain is too deep (`depth`), or the event is of a thread of the same workflow (`own`).
   */
  verdict: "fired" | "when" | "key" | "input" | "error" | "depth" | "own";
  /** For people: why not. */
  detail?: string | undefined;
  /** The thread that it starts. */
  thread?: string | undefined;
  key?: string | undefined;
  signal?: "cancel" | "suspend" | "resume" | undefined;
  /** What came of it, if it `fired` and starts or signals a thread. */
  outcome?: ReflexOutcome | undefined;
  /** Ids of the events that it published, whose source is `/workflows/<name>`. */
  emitted?: string[] | undefined;
}

/** What a workflow's queue did about a reflex that fired. */
export interface ReflexOutcome {
  /**
   * `started`; `queued` behind others; `dropped`, for there is no place; `repeat`: a live thread has the key; `signalled`: a thread was
   * told; `nothing`: there is none to tell; `pending`: the queue has not taken it yet, or could not be asked.
   */
  status: "started" | "queued" | "dropped" | "repeat" | "signalled" | "nothing" | "pending";
  /** The thread that it is about: which started or waits, which has the key, or which was told. */
  thread?: string | undefined;
  /** What that thread was then, as the queue knows it. */
  state?: "queued" | "running" | "suspended" | "ended" | undefined;
  /** For people; absent where `status` says it all. */
  detail?: string | undefined;
}

/** The signs of life that a role asks for; the client gives them. */
export interface Heartbeat {
  every: string;
  miss: number;
}

/** A hold on a role. */
export interface Lease {
  generation: number;
  /** When it lapses at the latest if its holder is silent from now on; null: never. */
  expires: string | null;
}

/** A role that may be claimed. Durations as in the language (`30s`). */
export interface OfferOpened {
  offer: string;
  thread: string;
  workflow: string;
  role: string;
  goal: string;
  requires: string[];
  bind: "thread" | "turn";
  heartbeat: Heartbeat;
  turn: { timeout: string };
  expires: string;
}

/** How a thread ended. */
export interface Outcome {
  status: "completed" | "failed" | "cancelled";
  role: string | null;
  output: Json;
  prompt: string | null;
  error?: string | undefined;
}

/** A turn, as its handler is given it. */
export interface TurnAssigned {
  turn: string;
  /** How often the turn was given by now, to whomever: 1 at first. Servers before this one do not say. */
  attempt?: number | undefined;
  /** How often it is given again after `nerve.turn.fail` with `retryable`, as the role allows. */
  retries?: number | undefined;
  lease: Lease;
  thread: string;
  workflow: string;
  /** `name`, `schema` and every field that the author wrote. */
  role: { name: string; schema: Json; [more: string]: Json };
  /** What to do, rendered by the workflow. */
  prompt: string;
  /** Where to do it, as the workflow says. */
  location?: string | undefined;
  /** The number of this step in its thread. */
  round: number;
  /** Until when it must be answered. */
  deadline: string;
  heartbeat: Heartbeat;
  /** The initiating event. */
  event: CloudEvent;
  /** The answer before this turn; null at the first. */
  last: { role: string; agent: string | null; output: Json; body?: string | undefined } | null;
  /** Why its thread went on after it was suspended, and what a person added. */
  resumed?: { reason: string; supplement: Json } | undefined;
  handover?: Handover | undefined;
  /** Where the rest of the thread is read. */
  history: string;
}

/** What whoever takes a vacated role is told of it. */
export interface Handover {
  /** Who held it before. */
  agent: string;
  /** Why no more: `lost`, `deleted`, `released`, `reassigned`, `turn_timeout`, … */
  why: string;
  /** The same for people. */
  reason: string;
  /** When the turn was taken back from them, if they had it. */
  since?: string | undefined;
  /** The last steps, oldest first, as far as they fit; the rest is in `history`. */
  thread: { messages: Step[]; total: number; leftOut: number };
  turn: { turn: string; prompt: string; openedAt: string; attempts: number };
  /** The last that was reported of this turn. `details` that don't fit are null, and `leftOut` says so. */
  progress: { agent: string; note: string | null; details: Json; at: string; leftOut?: true | undefined } | null;
}

/** What a turn's work took of a language model. */
export interface SaidUsage {
  /** All of them, or what was read and written; `cached` is the part of `input` that came from a cache. */
  tokens?: number | { input: number; output: number; cached?: number | undefined } | undefined;
  /** A number without a currency: whoever runs the agents agrees on one. */
  cost?: number | undefined;
}

/** One step of a thread: what was answered, by whom. */
export interface Step {
  round: number;
  role: string;
  agent: string | null;
  output: Json;
  body?: string | undefined;
  at: string;
  /** The operator who gave this output in the agent's place. */
  by?: string | undefined;
}

/** A turn that is open, with the event that gave it. */
export interface OpenTurn extends TurnAssigned {
  assignment?: { id: string; source: string; time: string; seq: number } | undefined;
}

/** The agent as the server sees it. */
export interface MeView {
  id: string;
  capabilities: string[];
  /** `workflow/role` grants; null: all. */
  roles: string[] | null;
  /** Kinds that it may send; null: all. */
  kinds: string[] | null;
  /** Of an operator: its name. */
  operator?: string | undefined;
  limits: { [name: string]: number };
  /** The server's time. */
  now: string;
  rolesHeld: {
    thread: string;
    workflow: string;
    role: string;
    type: "named" | "open";
    lease: Lease;
    heartbeat: Heartbeat;
  }[];
  /** Claims whose verdict is to come; each takes a slot. */
  claims?: { offer: string; thread: string; role: string }[] | undefined;
  /** Open turns, each once, as last given; `assignment` is the event that gave it. */
  turns: OpenTurn[];
  /** With `client`: turns that another process has in hand over a live connection. */
  elsewhere?: string[] | undefined;
  /** With `client`: other processes that are there with the same token. */
  others?: string[] | undefined;
  offers: OfferOpened[];
  /** What it said of itself by `nerve.agent.report`. */
  labels?: { [name: string]: Json } | undefined;
  /** Kinds that it is sent without being named. */
  subscriptions?: string[] | undefined;
  inbox?: { unacknowledged: number; last: number } | undefined;
}
