/** How a value is judged: what is counted, remembered and told on the way down. */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { findNearestName } from "../nearest-name.ts";
import { spend, type Work } from "./count-work.ts";
import type { SchemaIndex } from "./index-schema.ts";
import { extendPointer, type JsonSchema, type SchemaObject } from "./json-schema.ts";

/** What does not fit, and where. */
export type Misfit = {
  /** JSON pointer into the value, empty for the whole. */
  path: string;
  message: string;
};

/** Where misfits are written down, at the place that is judged. */
export interface Telling {
  path: string;
  misfits: Misfit[];
}

/** What other keywords looked at, for those that ask. */
export interface Seen {
  all: boolean;
  names: Set<string>;
  /** Items before this one. */
  upTo: number;
  items: Set<number>;
}

/** One judgement. */
export interface Judging {
  index: SchemaIndex;
  work: Work;
  /** Verdicts without telling: a schema that comes to a value on many ways judges it once. */
  verdicts: Map<SchemaObject, Map<object, boolean>>;
  depth: number;
  judge(schema: JsonSchema, value: Json, manner: Manner): boolean;
}

/** How one value is judged. */
export interface Manner {
  judging: Judging;
  telling: Telling | undefined;
  seen: Seen | undefined;
}

export function createSeen(): Seen {
  return { all: false, names: new Set(), upTo: 0, items: new Set() };
}

/** Adds what one way of a schema looked at. */
export function mergeSeen(into: Seen | undefined, from: Seen | undefined): void {
  if (!into || !from) return;
  into.all ||= from.all;
  into.upTo = Math.max(into.upTo, from.upTo);
  for (const name of from.names) into.names.add(name);
  for (const item of from.items) into.items.add(item);
}

/** Whether nothing is told and nobody asks what was looked at: nearly always, and then all parts are judged in the same manner. */
function isBare({ telling, seen, judging }: Manner): boolean {
  return telling === undefined && seen === undefined && !judging.index.unevaluated;
}

/** The manner for a part of the value. */
export function goInto(manner: Manner, step: string | number): Manner {
  if (isBare(manner)) return manner;
  const { judging, telling } = manner;
  return {
    judging,
    telling: telling && { path: extendPointer(telling.path, step), misfits: telling.misfits },
    seen: judging.index.unevaluated ? createSeen() : undefined,
  };
}

/** The manner in which it is only asked whether a way fits. */
export function askOnly(manner: Manner): Manner {
  if (isBare(manner)) return manner;
  const { judging, seen } = manner;
  return { judging, telling: undefined, seen: seen && createSeen() };
}

/** Judges the same value by a further schema, which sees what it looks at itself and not what its neighbours do. */
export function judgeBeside(schema: JsonSchema, value: Json, manner: Manner): boolean {
  if (isBare(manner)) return manner.judging.judge(schema, value, manner);
  const beside: Manner = { ...manner, seen: manner.seen && createSeen() };
  const fits = manner.judging.judge(schema, value, beside);
  if (fits) mergeSeen(manner.seen, beside.seen);
  return fits;
}

/** Whether more misfits are to be told: else the first one settles it. */
export function goesOn({ telling }: Manner): boolean {
  return telling !== undefined && telling.misfits.length < schemaLimits.misfits;
}

/** Tells a misfit, if it is asked for and nothing like it was told there; false, so that it can be returned. */
export function tell(manner: Manner, message: string, step?: string | number): false {
  const { telling } = manner;
  if (!telling || !goesOn(manner)) return false;
  const path = step === undefined ? telling.path : extendPointer(telling.path, step);
  const known = telling.misfits.some((misfit) => misfit.path === path && misfit.message.startsWith(message));
  if (!known) telling.misfits.push({ path, message });
  return false;
}

/** The candidate that a name was meant for; of many candidates and long names it is not asked. */
export function suggest(name: string, candidates: Iterable<string>, { judging: { work } }: Manner): string | undefined {
  if (name.length > schemaLimits.suggestedLength) return undefined;
  const near: string[] = [];
  for (const candidate of candidates) {
    if (near.length === schemaLimits.suggestedFrom) break;
    if (candidate.length > schemaLimits.suggestedLength) continue;
    spend(work, 10 + ((name.length * candidate.length) >> 1));
    near.push(candidate);
  }
  return findNearestName(name, near);
}

/** The sorts of values, as `type` names them. */
export type Sort = "null" | "boolean" | "number" | "string" | "array" | "object";

/** The sort of a value, as `type` names it. */
export function sortOf(value: Json): Sort {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const sort = typeof value;
  return sort === "boolean" || sort === "number" || sort === "string" ? sort : "object";
}
