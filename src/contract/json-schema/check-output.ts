/** What of an output its role's schema, or the engine, does not take. */

import type { Json } from "../event.ts";
import { isEngineStatus } from "../language.ts";
import { refuse } from "../problem.ts";
import { checkSchema, describeMisfits, type JsonSchema, type Misfit } from "./check-schema.ts";

/** @returns nothing where the output may be taken */
export function checkOutput(schema: JsonSchema | undefined, output: { [key: string]: Json }): Misfit[] {
  const { $status } = output;
  // `$SUSPEND` is allowed for every role, whatever its schema says.
  if ($status === "$SUSPEND") return [];
  if (typeof $status === "string" && isEngineStatus($status))
    return [{ path: "/$status", message: `${$status} is the engine's to say, not a role's` }];
  return schema === undefined ? [] : checkSchema(schema, output);
}

/** Misfits that a sentence names; the others are counted. */
const told = 3;

/** In a sentence: for whoever reads `detail` alone. */
export function tellMisfits(misfits: readonly Misfit[]): string {
  const more = misfits.length > told ? `; and ${misfits.length - told} more` : "";
  return `${describeMisfits(misfits.slice(0, told), "the output")}${more}`;
}

/**
 * Refuses an answer that does not fit.
 * @param left tries that the agent has left
 * @param turn which turn it answered
 */
export function refuseOutput(misfits: readonly Misfit[], left: number, turn: string): ReturnType<typeof refuse> {
  const detail = `The output does not fit the role's schema: ${tellMisfits(misfits)}.`;
  return refuse(
    "output_invalid",
    `${detail} ${left > 0 ? `Answer again (${left} left).` : "It was for the last time: the turn is over."}`,
    {
      errors: misfits.map((each) => ({ ...each })),
      left,
      turn,
    },
  );
}
