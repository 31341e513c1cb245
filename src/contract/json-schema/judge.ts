/**
 * Judges a value by an indexed schema, in steps that are counted. Without telling it stops at the first misfit; telling, it says of
 * each what is to be changed.
 */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { spend, TooMuchWork } from "./count-work.ts";
import type { JsonSchema, SchemaObject } from "./json-schema.ts";
import { judgeArray } from "./judge-array.ts";
import { artifactFormat, judgeArtifact } from "./judge-artifact.ts";
import { judgeCombined } from "./judge-combined.ts";
import { judgeObject } from "./judge-object.ts";
import { judgeConstants, judgeNumber, judgeText, judgeType } from "./judge-scalar.ts";
import { goesOn, type Manner, type Sort, sortOf, tell } from "./manner.ts";

type Judge = (schema: SchemaObject, value: Json, manner: Manner) => boolean;

/** What judges a value of each sort, in the order in which it is told. */
const judges: Record<Sort, Judge[]> = {
  null: [judgeType, judgeConstants, judgeCombined],
  boolean: [judgeType, judgeConstants, judgeCombined],
  number: [judgeType, judgeConstants, judgeNumber, judgeCombined],
  string: [judgeType, judgeConstants, judgeText, judgeCombined],
  array: [judgeType, judgeConstants, judgeCombined, judgeArray],
  object: [judgeType, judgeConstants, judgeCombined, judgeObject],
};

/**
 * Whether a value fits.
 * @throws TooMuchWork
 */
export function judge(schema: JsonSchema, value: Json, manner: Manner): boolean {
  if (schema === true) return true;
  if (schema === false) return tell(manner, "nothing is allowed here");
  const { judging, telling, seen } = manner;
  // What a schema costs beside what its keywords count themselves.
  spend(judging.work, seen ? 20 : 8);
  const remembered = judging.index.branching && !telling && !seen && typeof value === "object" && value !== null;
  const verdicts = remembered ? (judging.verdicts.get(schema) ?? new Map<object, boolean>()) : undefined;
  const known = remembered ? verdicts?.get(value) : undefined;
  if (known !== undefined) return known;
  if (judging.depth >= schemaLimits.nesting) throw new TooMuchWork("the value or the schema is nested too deep");
  judging.depth += 1;
  const fits = judgeEach(schema, value, manner);
  judging.depth -= 1;
  if (remembered && verdicts) judging.verdicts.set(schema, verdicts.set(value, fits));
  return fits;
}

function judgeEach(schema: SchemaObject, value: Json, manner: Manner): boolean {
  if (schema["format"] === artifactFormat) return judgeArtifact(schema, value, manner) ?? judgeByKeywords(schema, value, manner);
  return judgeByKeywords(schema, value, manner);
}

function judgeByKeywords(schema: SchemaObject, value: Json, manner: Manner): boolean {
  let fits = true;
  for (const each of judges[sortOf(value)]) {
    if (each(schema, value, manner)) continue;
    fits = false;
    // Of a value of the wrong sort or another constant nothing else is worth saying.
    if (!goesOn(manner) || each === judgeType || each === judgeConstants) return false;
  }
  return fits;
}
