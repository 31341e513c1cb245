/**
 * What a task's object keeps beside its actors: every collection, with how large it gets. Of an open thread memory holds what is
 * resident and the last turns; nothing here grows with each turn but the turns themselves. Knows the store, no machine.
 */
import type { Json } from "../../../contract/event.ts";
import type { EndedStatus } from "../../../contract/statuses.ts";
import type { Usage } from "../../../contract/usage.ts";
import type { Keyed, Resident } from "../../host/store/collections.ts";
import { createNewest, type Newest } from "../../host/store/newest.ts";
import { openLazily } from "../../host/store/open-lazily.ts";
import type { Recent } from "../../host/store/recent.ts";
import type { TaskStart } from "./task-start.ts";

/** A step of the thread: what an agent answered, or the engine said in its place. */
export interface StepDocument {
  role: string;
  agent: string | null;
  output: { [key: string]: Json };
  body?: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** The operator who gave the output in the agent's place. */
  by?: string;
}

/** What was decided; its events and children are on their way in the same transaction, and not kept. */
export interface DecisionDocument {
  /** The turn that it opens, or null. */
  turn: number | null;
  node: string;
  edge: string;
  /** A role, `$END` or `$SUSPEND`. */
  target: string;
  prompt: string | null;
  /** As people read it who ask why. */
  because?: unknown;
  location?: string;
  at: number;
  /** The step that is decided on, where that was not in this epoch. */
  of?: number;
  /** It was another thread's. */
  copied?: true;
  /** How many children it started. */
  children?: number;
}

/** Who was given a turn, and when. */
export interface GivenTurn {
  attempt: number;
  role: string;
  agent: string;
  at: number;
  /** What it took so far, where the agent said so. */
  usage?: Usage;
}

/** By which event an agent said something, so that a repeat is known. */
export interface AnswerKey {
  agent: string;
  id: string;
  hash: string;
}

/** The steps up to one, as far as they count, in numbers: so that nobody has to read them all. */
export interface Tally {
  steps: number;
  roles: {
    [role: string]: {
      /** Its first and last step that an agent answered. */
      first?: number;
      last?: number;
      /** Who had its last turn that somebody had. */
      agent?: string;
    };
  };
}

/**
 * A round: its turn's step, what was decided on it, and who was given the next turn. One row a turn. Its parts fit: an answer is part of
 * an event, a prompt as large as one, and what an edge publishes is not kept. One that an epoch begins with has no step.
 */
export interface TurnDocument {
  step?: StepDocument;
  /** The event that answered it. */
  answer?: AnswerKey;
  decision?: DecisionDocument;
  /** The round of a later decision on this step, made by a later epoch. */
  decidedAt?: number;
  /** Who has the turn after this round, or had it last. */
  given?: GivenTurn;
  /** What the turn took, its failed attempts and refused answers too. */
  usage?: Usage;
  /** The last refused answer that said what it took: it may come again. */
  refused?: Omit<AnswerKey, "hash">;
  /** With a step: the steps that counted when it was written, this one included. */
  tally?: Tally;
}

/** A range of steps that an epoch does not count: they stay readable. */
export interface UndoneSteps {
  /** Excluded. */
  after: number;
  /** Included. */
  through: number;
}

export interface ProgressDocument {
  role: string;
  agent: string;
  note: string | null;
  details: Json;
  at: number;
}

/** A turn that was taken back from its holder. */
export interface RevokedTurn {
  turn: number;
  agent: string;
  generation: number;
  role: string;
  reason: string;
  at: number;
}

/** One turn that many agents were given. */
export interface BroadcastDocument {
  /** The task actor's id. */
  task: string;
  role: string;
  asked: number;
  /** Eligible, and more than one turn may be given to. */
  leftOut: number;
  at: number;
  /** Until when answers are waited for. */
  deadline: number;
  /** Until when the turn is delivered, and a late answer taken. */
  expires: number;
  /** `$ACKED`, `$PARTIAL`, or how the thread ended; null: open. */
  closed: string | null;
  /** The last broadcast of each role, this one included. */
  last: { [role: string]: number };
}

/**
 * `asked`, `acked`, `failed`; `late`: said something when the broadcast was closed; `revoked`: the thread was called off.
 * What is `asked` when the broadcast closes is missing.
 */
export type MemberStatus = "asked" | "acked" | "failed" | "late" | "revoked";

/** One agent's part in a broadcast. */
export interface MemberDocument {
  status: MemberStatus;
  /** Outputs that were refused. */
  invalid: number;
  output?: { [key: string]: Json } | undefined;
  body?: string | undefined;
  error?: string | undefined;
  at?: number;
  /** The event that ended it. */
  answer?: Omit<AnswerKey, "agent">;
}

/** What a task wants of its audience, until it is found. */
export interface AskingDocument {
  /** The task actor's id. */
  task: string;
  /** The own message. */
  message: unknown;
  tries: number;
  /** Milliseconds since the epoch. */
  next: number;
}

/** `starting`: decided, and not yet sent to its workflow; `refused`: its workflow does not take it. */
export type ChildStatus = "starting" | "live" | "refused" | EndedStatus;

export interface ChildDocument {
  /** The last turn before the decision whose edge spawned it. */
  round: number;
  /** Place among the children of that edge. */
  place: number;
  workflow: string;
  /** The edge's target waits for it. */
  awaited: boolean;
  thread: string | null;
  status: ChildStatus;
  output: Json;
  error: string | null;
  /** The task's machine has heard of its end. */
  told: boolean;
}

/** Bounds of what memory holds, each beside its reason. */
const remembered = {
  /** A turn is answered with the one before it, which says who has it; two more for epochs that begin with a decision of their own. */
  turns: 4,
  /** Most threads have none of these: then nothing has to be asked. */
  answered: 64,
  revoked: 16,
  broadcasts: 8,
} as const;

/** Progress and failures whose ids are known: an agent tells some each second, and sends again what is a minute old. 1 MB. */
const answeredAtMost = 10_000;

export interface TaskDocuments {
  /** One, of the present epoch; of an event's size. */
  start: Resident<TaskStart>;
  /** One: what the last resume added; of an event's size. */
  supplement: Resident<Json>;
  /** By epoch: one for each restart. */
  undone: Resident<UndoneSteps>;
  /** By role: turns of broadcasts whose steps were copied from another thread; a copy is bounded. */
  copied: Resident<number[]>;
  /** By turn: one or two. */
  asking: Resident<AskingDocument>;
  /** By round; as many as `max_rounds` allows. */
  turns: Recent<TurnDocument>;
  /** By agent and event: what they said that ended no turn; the newest of it. */
  answered: Newest<{ hash: string; turn: number }>;
  /** By role: what its turns took. */
  usage: Resident<Usage>;
  /** By turn: the last that was said. */
  progress: Keyed<ProgressDocument>;
  /** By turn, agent and generation: one each time a turn is taken back. */
  revoked: Recent<RevokedTurn>;
  /** By turn. */
  broadcasts: Recent<BroadcastDocument>;
  /** By role, turn and agent; 1,000 a broadcast. Listed without their answers. */
  audience: Keyed<MemberDocument>;
  /** By round and place; 100 an edge. Listed without their outputs. */
  children: Keyed<ChildDocument>;
}

/** Under which name each collection is kept: a storage format. */
export const collections = {
  start: "task.start",
  supplement: "task.supplement",
  undone: "task.undone",
  copied: "task.copied",
  asking: "task.asking",
  turns: "turn",
  answered: "answered",
  usage: "task.usage",
  progress: "progress",
  revoked: "revoked",
  broadcasts: "broadcast",
  audience: "audience",
  children: "child",
} as const satisfies Record<keyof TaskDocuments, string>;

/** Once for a store. */
export const openTaskDocuments = openLazily<TaskDocuments>(
  {
    start: (store) => store.resident(collections.start),
    supplement: (store) => store.resident(collections.supplement),
    undone: (store) => store.resident(collections.undone),
    copied: (store) => store.resident(collections.copied),
    asking: (store) => store.resident(collections.asking),
    turns: (store) => store.recent(collections.turns, remembered.turns),
    answered(store) {
      const said = store.recent<{ hash: string; turn: number }>(collections.answered, remembered.answered);
      const all = store.keyed(collections.answered);
      return createNewest(
        {
          read: (key) => said.read(key),
          put: (key, value, at) => said.put(key, value, at),
          deleteBeyond: (most) => all.deleteBeyond(most),
        },
        answeredAtMost,
      );
    },
    usage: (store) => store.resident(collections.usage),
    progress: (store) => store.keyed(collections.progress),
    revoked: (store) => store.recent(collections.revoked, remembered.revoked),
    broadcasts: (store) => store.recent(collections.broadcasts, remembered.broadcasts),
    audience: (store) => store.keyed(collections.audience),
    children: (store) => store.keyed(collections.children),
  },
  [collections.start, collections.supplement, collections.undone, collections.copied, collections.asking, collections.usage],
);

/** What begins with these words of a key: as a range. */
export function withPrefix(...words: string[]): { after: string; before: string } {
  const prefix = words.join(" ");
  // No word of a key holds a space, and none of its characters sorts between a space and this.
  return { after: `${prefix} `, before: `${prefix}!` };
}

/** Replaces what an earlier resume added; null: this one adds nothing. Within a transaction. */
export function writeSupplement({ supplement }: TaskDocuments, added: Json): void {
  if (added === null) supplement.delete("");
  else supplement.put("", added);
}

/** The key of what an agent said by an event. */
export function nameAnswer(agent: string, id: string): string {
  return `${agent} ${id}`;
}
