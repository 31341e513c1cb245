/** JSON Schema as the platform can judge it: no code is generated, which workerd forbids. */
import { Validator } from "@cfworker/json-schema";
import type { Json } from "./event.ts";

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { [key: string]: Json } | boolean;

export interface Misfit {
  /** JSON pointer into the value, empty for the whole. */
  path: string;
  message: string;
}

/** Misfits that are told: enough to mend it. */
const misfitsAtMost = 20;

/** Keywords whose errors only say that something below is wrong. */
const passing = new Set(["properties", "patternProperties", "additionalProperties", "items", "prefixItems", "$ref"]);

const validators = new WeakMap<object, Validator>();

/** What of `value` does not fit `schema`; empty when it fits. */
export function checkSchema(schema: JsonSchema, value: Json): Misfit[] {
  if (schema === true) return [];
  if (schema === false) return [{ path: "", message: "nothing is allowed here" }];
  let validator = validators.get(schema);
  if (!validator) {
    validator = new Validator(schema as never, "2020-12", false);
    validators.set(schema, validator);
  }
  const { valid, errors } = validator.validate(value);
  if (valid) return [];
  // The validator reports every level on the way down; the deepest say what is wrong.
  const own = errors.filter(({ keyword }) => !passing.has(keyword));
  const told = own.length ? own : errors;
  const depth = (location: string): number => location.split("/").length;
  const deepest = Math.max(...told.map((error) => depth(error.instanceLocation)));
  return told
    .filter((error) => depth(error.instanceLocation) === deepest || told.length <= 2)
    .slice(0, misfitsAtMost)
    .map((error) => ({ path: error.instanceLocation.replace(/^#/, ""), message: error.error }));
}
