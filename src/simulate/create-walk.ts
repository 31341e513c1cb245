/** A walk that can be stepped back: the moves that were made, and the thread that they lead to. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Json } from "../contract/event.ts";
import { createSimulation } from "./create-simulation.ts";
import { fromMove, type Script, type ScriptStep, toExpectation } from "./script.ts";
import type { Move, MoveResult, Simulation } from "./simulation.ts";

/** A walk. */
export interface Walk {
  /** What the last move, or the beginning, led to. */
  current(): MoveResult;
  /** Moves made so far. */
  length(): number;
  apply(move: Move): Promise<MoveResult>;
  /** Undoes the last move; undefined at the beginning. */
  back(): Promise<MoveResult | undefined>;
  /** The walk as a script that expects what happened. */
  toScript(): Script;
  close(): void;
}

/** Begins a thread. */
export async function createWalk(compiled: CompiledWorkflow, event: { [key: string]: Json }): Promise<Walk> {
  const moves: { move: Move; role: string | undefined; result: MoveResult }[] = [];
  let simulation: Simulation = createSimulation(compiled, { event });
  let first = await simulation.begin();

  return {
    current: () => moves.at(-1)?.result ?? first,
    length: () => moves.length,
    async apply(move) {
      const role = (moves.at(-1)?.result ?? first).view.turn?.role;
      const result = await simulation.apply(move);
      moves.push({ move, role, result });
      return result;
    },
    async back() {
      if (moves.pop() === undefined) return undefined;
      simulation.close();
      // The same moves lead to the same thread: decisions replay.
      simulation = createSimulation(compiled, { event });
      first = await simulation.begin();
      for (const made of moves) made.result = await simulation.apply(made.move);
      return moves.at(-1)?.result ?? first;
    },
    toScript: () => ({
      workflow: compiled.ir.name,
      event,
      start: toExpectation(first),
      steps: moves.map(
        ({ move, role, result }): ScriptStep => ({
          ...(role === undefined ? {} : { role }),
          ...fromMove(move),
          expect: toExpectation(result),
        }),
      ),
    }),
    close: () => simulation.close(),
  };
}
