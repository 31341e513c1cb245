/**
 * JSON Schema for all sides: agents, the Worker, its objects and the compiler judge by this one. No code is generated, which workerd
 * forbids, and no schema and no value takes it long: what it costs is counted.
 */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { TooMuchWork, type Work } from "./count-work.ts";
import { indexSchema, type SchemaFault, type SchemaIndex } from "./index-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { judge } from "./judge.ts";
import { createSeen, type Judging, type Manner, type Misfit, type Telling } from "./manner.ts";

export type { Work } from "./count-work.ts";
export type { SchemaFault } from "./index-schema.ts";
export type { JsonSchema } from "./json-schema.ts";
export type { Misfit } from "./manner.ts";

const indexes = new WeakMap<object, SchemaIndex>();

function readIndex(schema: JsonSchema & object): SchemaIndex {
  let index = indexes.get(schema);
  if (!index) {
    index = indexSchema(schema);
    indexes.set(schema, index);
  }
  return index;
}

/** What keeps a schema from being judged by; empty where it may be given. It is remembered by the object, which must not change. */
export function inspectSchema(schema: JsonSchema): SchemaFault[] {
  return typeof schema === "object" ? readIndex(schema).faults : [];
}

/**
 * What of `value` does not fit `schema`; empty when it fits. A value whose judgement takes more than its steps, and any value where
 * the schema can't be judged by, does not fit, with that reason.
 * @param work steps that several judgements share
 */
export function checkSchema(schema: JsonSchema, value: Json, work?: Work): Misfit[] {
  if (schema === true) return [];
  if (schema === false) return [{ path: "", message: "nothing is allowed here" }];
  const index = readIndex(schema);
  const [fault] = index.faults;
  if (fault) return [{ path: "", message: `can't be judged: the schema has a fault at ${fault.path || "its root"}: ${fault.message}` }];
  const misfits: Misfit[] = [];
  try {
    if (judge(schema, value, begin(index, work ?? { left: schemaLimits.steps }, undefined))) return [];
    judge(schema, value, begin(index, work ?? { left: schemaLimits.steps }, { path: "", misfits }));
    if (misfits.length === 0) misfits.push({ path: "", message: "does not fit the schema" });
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    if (misfits.length === 0)
      misfits.push({ path: "", message: `takes too much work to judge: ${error.message}; send less, or simplify the schema` });
  }
  return misfits;
}

function begin(index: SchemaIndex, work: Work, telling: Telling | undefined): Manner {
  const judging: Judging = { index, work, verdicts: new Map(), depth: 0, judge };
  return { judging, telling, seen: index.unevaluated ? createSeen() : undefined };
}

/** Misfits in a line. */
export function describeMisfits(misfits: Misfit[], whole: string): string {
  return misfits.map(({ path, message }) => `${path || whole}: ${message}`).join("; ");
}
