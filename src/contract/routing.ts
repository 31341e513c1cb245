/** What an accepted event led to, and how far it came: as it is decided once, stored, and shown to who asks why. */
import type { ReflexKind, Signal } from "./language.ts";

/** What a workflow's queue did about a reflex that fired. */
export interface ReflexOutcome {
  /**
   * `started`; `queued` behind others; `dropped`, for there is no place; `repeat`: a live thread has the key; `signalled`: a
   * thread was told; `nothing`: there is none to tell; `pending`: the queue has not taken it yet, or could not be asked.
   */
  status: "started" | "queued" | "dropped" | "repeat" | "signalled" | "nothing" | "pending";
  /** The thread that it is about: which started or waits, which has the key, or which was told. */
  thread?: string;
  /** What that thread was then, as the queue knows it. */
  state?: "queued" | "running" | "suspended" | "ended";
  /** For people; absent where `status` says it all. */
  detail?: string;
}

/** What one reflex said to an event whose kind it listens to. */
export interface Verdict {
  workflow: string;
  /** Place of the reflex in its workflow, from 0. */
  place: number;
  kind: ReflexKind;
  /**
   * `fired`, or why not: `when` is not met, a part of the `key` is missing, the data does not fit the `input`, an expression
   * is in `error`, the chain is too deep (`depth`), or the event is of a thread of the same workflow (`own`).
   */
  verdict: "fired" | "when" | "key" | "input" | "error" | "depth" | "own";
  /** For people: why not. */
  detail?: string;
  /** The thread that it starts. */
  thread?: string;
  key?: string;
  signal?: Signal;
  /** What came of it, if it `fired` and starts or signals a thread; asked of the queue, and no part of what is stored with the event. */
  outcome?: ReflexOutcome;
  /** Ids of the events that it published, whose source is `/workflows/<name>`. */
  emitted?: string[];
}

/** Under what its workflow's queue knows what came of a reflex that fired; undefined: the queue has nothing to do with it. */
export function nameOutcome(event: { source: string; id: string }, { verdict, kind, place, thread }: Verdict): string | undefined {
  if (verdict !== "fired") return undefined;
  const names: Record<ReflexKind, string | undefined> = {
    workflow: thread,
    signal: `${place} ${event.source} ${event.id}`,
    emit: undefined,
  };
  return names[kind];
}

/** What was decided of an event at its acceptance. */
export interface Routing {
  verdicts: Verdict[];
  /** Verdicts that were too many to keep. */
  more?: number;
  /** Agents that are sent the event: named by `to`, or subscribed to its kind. */
  recipients: string[];
  /** No workflow listens to the kind. */
  unheard?: true;
}

/**
 * How far an event has come on its way to one agent: `waiting` in its mailbox, `given` to a connection that has not
 * acknowledged it, `acknowledged`, `refused` for good by the mailbox, or `absent`: on its way, or the agent is gone.
 */
export interface Delivered {
  agent: string;
  status: "waiting" | "given" | "acknowledged" | "refused" | "absent";
  /** RFC 3339: of `acknowledged`. */
  at?: string;
  /** Of `refused`: why, as a problem's code and for people. */
  code?: string;
  detail?: string;
}
