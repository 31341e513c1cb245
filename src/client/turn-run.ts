/** A turn that is being performed. */
import type { CloudEvent } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import type { Usage } from "../contract/usage.ts";
import type { TurnListener } from "./handlers.ts";
import type { TakeNote } from "./note.ts";

export interface TurnRun {
  /** As it was given last. */
  turn: TurnAssigned;
  event: CloudEvent;
  /** Aborts when the turn is revoked, or the agent closes. */
  controller: AbortController;
  /** Of the handler: another each time that it is run again for a resume. */
  work: AbortController;
  dones: (() => void)[];
  /** Whether it has a place: its handler runs, or its answer is on its way. */
  begun: boolean;
  /** What was said of its cost and is not on its way yet. */
  usage?: Usage | undefined;
  /** The handler that runs now. */
  attempt?: Attempt | undefined;
}

/** One run of the handler. */
export interface Attempt {
  controller: AbortController;
  listener?: TurnListener | undefined;
  /** The turn that it knows. */
  turn: TurnAssigned;
}

export function createTurnRun(turn: TurnAssigned, event: CloudEvent, done: () => void): TurnRun {
  return { turn, event, controller: new AbortController(), work: new AbortController(), dones: [done], begun: false };
}

/** Tells that nothing more is done for a turn. */
export function noteDropped(note: TakeNote, { turn: { turn, thread } }: TurnRun, why: string, code?: string): undefined {
  note({ level: "warn", what: "turn.dropped", message: why, turn, thread, ...(code ? { code } : {}) });
}
