/** What the task remembers: small facts, and nothing that agents wrote. */
import type { MachineOutcome, Seat, Start } from "../messages.ts";

/** The turn that is open. */
export interface OpenTurn {
  /** Its number, and the round's: both only grow. */
  turn: number;
  role: string;
  /** The decision that holds its prompt. */
  decision: number;
  /** `waiting` to be given, `given`, or `answered` while the thread was suspended. */
  state: "waiting" | "given" | "answered";
  agent: string | null;
  generation: number;
  attempt: number;
}

/** The answers to a broadcast, counted; rows have who. */
export interface Audience {
  asked: number;
  acked: number;
  failed: number;
}

/** Children that the next turn waits for. */
export interface AwaitedChildren {
  edge: string;
  left: number;
  failed: boolean;
}

/** Context of a task machine; the config's literal is the state before the init event. */
export interface TaskContext {
  start: Start;
  /** The last round of earlier epochs: `max_rounds` counts from here. */
  base: number;
  round: number;
  seats: Record<string, Seat>;
  /** Roles that nobody took; their next turn is the engine's `$UNFILLED`. */
  unfilled: Record<string, true>;
  open: OpenTurn | null;
  /** Retries used up in the open turn. */
  retries: number;
  /** Refused answers to the open turn. */
  invalid: number;
  audience: Audience | null;
  /** A broadcast was given out: whoever has not answered it may still have its turn. */
  broadcasts?: true;
  children: AwaitedChildren | null;
  suspendAsked: boolean;
  /** Why the thread was suspended in the open turn, for those who get it again. */
  resumed: string | null;
  reason: string | null;
  outcome: MachineOutcome | null;
}
