/** A thread that is walked by hand, as its walker sees it: what may be done with it, where it stands, and what a move led to. */

import type { MachineStatus } from "../../machines/thread-status.ts";
import type { Decision, Step } from "../compile/decide/view.ts";
import type { Json } from "../contract/event.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import type { Signal } from "../contract/language.ts";
import type { OutcomeStatus } from "../contract/statuses.ts";
import type { SaidUsage } from "../contract/usage.ts";

export type Output = { [key: string]: Json };

/** How a child may end in a simulation. */
export const childEndings = ["completed", "failed"] as const satisfies OutcomeStatus[];
export type ChildEnding = (typeof childEndings)[number];

/** What may be done with a thread. */
export type Move =
  | { do: "answer"; output: Output; usage?: SaidUsage }
  | { do: "timeout" }
  | { do: "fail"; error: string }
  | { do: Signal }
  | { do: "child"; status: ChildEnding };

/** A decision that was taken, and why. */
export interface TakenDecision {
  node: string;
  /** What the author wrote for the edge. */
  label: string;
  to: string;
  prompt: string | null;
  because: Decision["because"];
  emits: Decision["emits"];
  spawns: Decision["spawns"];
}

/** Where the thread stands. */
export interface SimulationView {
  status: MachineStatus;
  reason: string | null;
  /** Whose turn it is. */
  turn?: { role: string; agent: string; round: number; prompt: string; schema: JsonSchema; timeout: string };
  /** Children that are waited for. */
  children?: number;
  /** Agents who hold roles. */
  seats: Record<string, string>;
  steps: Step[];
}

/** What a move led to. */
export interface MoveResult {
  /** Why the move was not taken. Apart from what this says nothing has changed. */
  refused?: string;
  decisions: TakenDecision[];
  view: SimulationView;
}

/** A thread in memory. */
export interface Simulation {
  begin(): Promise<MoveResult>;
  apply(move: Move): Promise<MoveResult>;
  view(): Promise<SimulationView>;
  close(): void;
}

export interface SimulationOptions {
  /** The initiating event; `agent` is its sender's id. */
  event: { [key: string]: Json };
}
