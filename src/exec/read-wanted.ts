/** What a role's schema asks of an output, as far as a program is told of it: the statuses and names that it speaks of. */

import type { Json } from "../contract/event.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";

export interface Wanted {
  names: Set<string>;
  statuses: string[];
}

/** Schemas looked at: a role's schema with its branches; one that refers to itself ends too. */
const schemasAtMost = 256;

/** Reads it from the schema, its branches and its local references. `$status` is always a name: the graph may ask for it. */
export function readWanted(schema: JsonSchema | undefined): Wanted {
  const names = new Set(["$status"]);
  const statuses = new Set<string>();
  const seen = new Set<Json | undefined>();
  const waiting: (Json | undefined)[] = [schema];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!isObject(next) || seen.has(next) || seen.size >= schemasAtMost) continue;
    seen.add(next);
    const { properties, required, $ref, oneOf, anyOf, allOf } = next;
    if (isObject(properties)) {
      for (const name of Object.keys(properties)) names.add(name);
      for (const status of readConstants(properties["$status"])) statuses.add(status);
    }
    if (Array.isArray(required)) for (const name of required) if (typeof name === "string") names.add(name);
    for (const branches of [oneOf, anyOf, allOf]) if (Array.isArray(branches)) waiting.push(...branches);
    if (typeof $ref === "string" && schema !== undefined) waiting.push(resolve(schema, $ref));
  }
  return { names, statuses: [...statuses] };
}

/** What to print instead, as a sentence of its own; undefined where the schema says nothing. Names all statuses, to suggest none. */
export function describeWanted({ names, statuses }: Wanted): string | undefined {
  if (statuses.length > 0) return `Print one whose $status is ${list(statuses, "or")}.`;
  const fields = [...names].filter((name) => name !== "$status");
  return fields.length > 0 ? `Print one with ${list(fields, "and")}.` : undefined;
}

function list(words: string[], last: "and" | "or"): string {
  const quoted = words.slice(0, 12).map((word) => JSON.stringify(word));
  if (words.length > 12) quoted.push("…");
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} ${last} ${quoted.at(-1)}`;
}

function readConstants(schema: Json | undefined): string[] {
  if (!isObject(schema)) return [];
  const constants = [schema["const"], ...(Array.isArray(schema["enum"]) ? schema["enum"] : [])];
  return constants.filter((constant): constant is string => typeof constant === "string");
}

function resolve(root: Json, reference: string): Json | undefined {
  if (!reference.startsWith("#/")) return undefined;
  let at: Json | undefined = root;
  for (const key of reference.slice(2).split("/")) {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
