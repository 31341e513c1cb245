/**
 * A thread that is walked by hand: both machines on the real host over node:sqlite, decided by the real moderator. Roles are
 * claimed as they are offered; the caller decides who answers, and what. Moves are data, so a walk can be replayed.
 */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import { assignNamed, settle } from "./follow-up.ts";
import { makeMove } from "./make-move.ts";
import { readView } from "./read-view.ts";
import { createSimulatedThread, thread } from "./simulated-thread.ts";
import type { MoveResult, Simulation, SimulationOptions } from "./simulation.ts";

export function createSimulation(compiled: CompiledWorkflow, { event }: SimulationOptions): Simulation {
  const walked = createSimulatedThread(compiled, event);
  const { host, record } = walked;

  async function finish(refused: string | undefined, before: number): Promise<MoveResult> {
    await settle(walked);
    const letter = host.deadLetters().at(-1);
    const why = refused ?? (letter ? `a message is a dead letter (${letter.code}): ${letter.error}` : undefined);
    return { ...(why === undefined ? {} : { refused: why }), decisions: record.decisions.slice(before), view: await readView(walked) };
  }

  return {
    view: () => readView(walked),
    close: walked.close,
    async begin() {
      const input = { start: "new", seats: await assignNamed(walked) };
      const begun = await host.start({ actor: thread, logic: "recruitment", definition: compiled.revision, input });
      return finish(begun.ok ? undefined : begun.detail, 0);
    },
    async apply(move) {
      const before = record.decisions.length;
      return finish(await makeMove(walked, move), before);
    },
  };
}
