/** Equality of JSON by one text for each value, so that a thousand values are compared by a set and not two by two. */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { spend, TooMuchWork, type Work } from "./count-work.ts";

/**
 * Text by which equal values are equal, whatever the order of their members.
 * @throws TooMuchWork
 */
export function identifyValue(value: Json, work: Work, depth = 0): string {
  if (depth > schemaLimits.nesting) throw new TooMuchWork("the value is nested too deep");
  spend(work, typeof value === "string" ? 1 + (value.length >> 3) : 1);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map((item) => identifyValue(item, work, depth + 1)).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${identifyValue(value[name] ?? null, work, depth + 1)}`).join()}}`;
}
