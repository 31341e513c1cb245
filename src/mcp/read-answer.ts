/** Reads what a model gave to `respond`: leniently in its form, for models put things where they do not belong; strictly in what it says. */
import type { TurnAssigned } from "../client/contract-types.ts";
import type { Json } from "../contract/event.ts";
import { exceedsDepth } from "../contract/exceeds-depth.ts";
import { checkOutput } from "../contract/json-schema/check-output.ts";
import { inspectSchema } from "../contract/json-schema/check-schema.ts";
import { isObject, isSchema, type JsonSchema } from "../contract/json-schema/json-schema.ts";
import { countBytes, limits } from "../contract/limits.ts";
import { readOutput } from "../exec/read-output.ts";
import { mcpLimits } from "./limits.ts";
import { describeMisfit, refuse, refuseOutput } from "./refusals.ts";

export type Output = { [field: string]: Json };

/** An answer that the server will most likely take. */
export interface ReadAnswer {
  output: Output;
  body: string | undefined;
}

/** The turn that is answered. @throws Refusal where none is named, with those that are open */
export function readTurnId(given: unknown, open: readonly string[]): string {
  if (typeof given === "string" && given !== "") return given.trim();
  const named =
    open.length === 0 ? "No turn is open: call `wait_for_turn`." : `Open ${open.length === 1 ? "is" : "are"} ${open.join(", ")}.`;
  throw refuse("malformed", `Say which turn this is about, in \`turn\`. ${named}`);
}

/**
 * The output and the text under it.
 * @throws Refusal that says the one thing to change
 */
export function readAnswer(given: { readonly [name: string]: Json | undefined }, turn: Pick<TurnAssigned, "role">): ReadAnswer {
  const schema = (turn.role as { schema?: Json }).schema;
  const judged = isSchema(schema) && inspectSchema(schema).length === 0 ? schema : undefined;
  const { turn: _turn, output: nested, body, ...loose } = given;
  if (body !== undefined && body !== null && typeof body !== "string")
    throw refuseOutput("`body` is free text: give a string, or leave it out.");
  const output = findOutput(nested, loose as Output, judged);
  if (exceedsDepth(output, limits.dataDepth - 1))
    throw refuseOutput(`\`output\` nests deeper than ${limits.dataDepth - 1} levels: give a flatter one.`);
  const bytes = countBytes(JSON.stringify(output)) + countBytes(body ?? "");
  const most = limits.eventBytes - mcpLimits.envelopeBytes;
  if (bytes > most)
    throw refuse(
      "too_large",
      `The answer has ${bytes} bytes, at most ${most} are taken: shorten it and call \`respond\` again. Where the schema takes an artifact, write what is large into a file, run \`nerveflare artifacts put FILE\` with the \`--profile\` of this MCP server, and give the reference that it prints.`,
      {
        limit: most,
      },
    );
  const misfits = checkOutput(judged, output);
  if (misfits.length > 0) throw refuseOutput(describeMisfit(misfits), misfits);
  return { output, body: body ?? undefined };
}

/** Where models put it: under `output`, in a text there, or beside `turn`. */
function findOutput(nested: Json | undefined, loose: Output, schema: JsonSchema | undefined): Output {
  if (isObject(nested)) return nested;
  if (typeof nested === "string") {
    const read = nested.includes("{") ? readOutput(nested, { schema }) : undefined;
    if (read?.ok) return read.output;
    throw refuseOutput(
      "`output` is text: give the JSON object itself, of the role's schema. What is to be said in prose goes into its fields, or into `body`.",
    );
  }
  if (nested === undefined && Object.keys(loose).length > 0) return loose;
  if (nested === undefined || nested === null)
    throw refuseOutput("`output` is missing: give the JSON object that the role's schema asks for.");
  throw refuseOutput(
    `\`output\` is ${Array.isArray(nested) ? "an array" : `a ${typeof nested}`}: give a JSON object of the role's schema.`,
  );
}
