/** What of an output its role's schema, or the engine, does not take. */

import type { Json } from "../event.ts";
import { isEngineStatus } from "../language.ts";
import { checkSchema, type JsonSchema, type Misfit } from "./check-schema.ts";

/** @returns nothing where the output may be taken */
export function checkOutput(schema: JsonSchema | undefined, output: { [key: string]: Json }): Misfit[] {
  const { $status } = output;
  // `$SUSPEND` is allowed for every role, whatever its schema says.
  if ($status === "$SUSPEND") return [];
  if (typeof $status === "string" && isEngineStatus($status))
    return [{ path: "/$status", message: `${$status} is the engine's to say, not a role's` }];
  return schema === undefined ? [] : checkSchema(schema, output);
}
