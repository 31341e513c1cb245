/** What an engine and its agents say to each other, where the engine has no protocol of its own for it: the bare ceiling and the peers. */

/** Turns of one workflow. */
export const flowTurns = 10;

/** From an agent. */
export type FlowMessage = { type: "start"; flow: string } | { type: "answer"; flow: string; turn: number; output: unknown };

/** To an agent. `reply` is the address of its answer, where an engine gives one with the turn. */
export type FlowTurn =
  | { type: "turn"; flow: string; agent: string; turn: number; reply?: string }
  | { type: "done"; flow: string; agent: string };

/** Who has a turn, counted from 1. */
export function pickAgent(turn: number): string {
  return turn % 2 === 1 ? "reviewer" : "author";
}
