/** Replays a saved walk and reports where it goes differently. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Json } from "../contract/event.ts";
import { createSimulation } from "./create-simulation.ts";
import { makeEvent } from "./make-event.ts";
import { compare, readScript, type Script, toMove } from "./script.ts";
import type { MoveResult, Simulation } from "./simulation.ts";

/** How a replay went. */
export interface ScriptCheck {
  steps: number;
  /** A line per difference, each naming its step. */
  differences: string[];
}

/**
 * Replays a script step by step.
 * @param heard called after the beginning (step 0) and each step
 */
export async function replayScript(
  simulation: Simulation,
  script: Script,
  heard: (step: number, result: MoveResult, differences: string[]) => void = () => {},
): Promise<ScriptCheck> {
  const all: string[] = [];
  let result = await simulation.begin();
  const note = (step: number, differences: string[]): void => {
    all.push(...differences.map((line) => (step === 0 ? `at the start: ${line}` : `step ${step}: ${line}`)));
    heard(step, result, differences);
  };
  note(0, compare(script.start, result));
  for (const [index, step] of script.steps.entries()) {
    const role = result.view.turn?.role;
    const wrong = step.role !== undefined && step.role !== role ? [`it is the turn of ${role ?? "nobody"}, not of ${step.role}`] : [];
    result = await simulation.apply(toMove(step));
    const refused = result.refused !== undefined && step.expect?.refused !== true ? [`refused: ${result.refused}`] : [];
    note(index + 1, [...wrong, ...refused, ...compare(step.expect, result)]);
  }
  return { steps: script.steps.length, differences: all };
}

/** Replays a script's file. @throws {ScriptError} where it is none */
export async function checkScript(compiled: CompiledWorkflow, file: string | Script): Promise<ScriptCheck> {
  const script = typeof file === "string" ? readScript(file) : file;
  const { event } = makeEvent(compiled, script.event as { [key: string]: Json } | undefined, 1);
  const simulation = createSimulation(compiled, { event });
  try {
    return await replayScript(simulation, script);
  } finally {
    simulation.close();
  }
}
