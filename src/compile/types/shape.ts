/**
 * What a schema says of a value, by sort of value: strings, numbers, objects … never meet, so that both *and* and *or* are taken sort by sort.
 * What types cannot say is left out: a shape takes all values that the schema takes, and perhaps more.
 */
import type { Json } from "../../contract/event.ts";
import type { JsonSchema } from "../../contract/json-schema/json-schema.ts";
import type { schemaTypes } from "../../contract/json-schema/keywords.ts";
import { readPattern } from "../../contract/json-schema/read-pattern.ts";
import { schemaLimits } from "../../contract/limits.ts";

/** Schemas that all hold of one value; none: it may be anything. */
export type Together = readonly JsonSchema[];

export interface Member {
  schemas: Together;
  required: boolean;
}

/** One alternative for an object. */
export interface ObjectShape {
  members: ReadonlyMap<string, Member>;
  /** By regular expression. */
  patterns: ReadonlyMap<string, Together>;
  /** Of members that are not named. With `false` among them there are none. */
  rest: Together;
}

/** One alternative for a list. */
export interface ArrayShape {
  first: readonly Together[];
  rest: Together;
  least: number;
  most: number;
}

export const sorts = ["string", "number", "boolean", "null", "object", "array"] as const satisfies readonly (typeof schemaTypes)[number][];
export type Sort = (typeof sorts)[number];

/** `free`: nothing was said of this sort. `asked`: something was, and where something was, the author means no other. */
type Standing = "none" | "free" | "asked";

export interface Shape {
  standing: Readonly<Record<Sort, Standing>>;
  /** Absent: any. */
  strings?: ReadonlySet<string>;
  numbers?: ReadonlySet<number>;
  booleans?: ReadonlySet<boolean>;
  /** Scalars that it is not. */
  but?: ReadonlySet<Json>;
  objects: readonly ObjectShape[];
  arrays: readonly ArrayShape[];
}

/** Alternatives that are told apart; past it what would make more of them is left out, and the type takes more. */
const maxAlternatives = 300;

export const anyObject: ObjectShape = { members: new Map(), patterns: new Map(), rest: [] };
export const anyArray: ArrayShape = { first: [], rest: [], least: 0, most: Number.POSITIVE_INFINITY };

const standings = (standing: Standing): Record<Sort, Standing> =>
  Object.fromEntries(sorts.map((sort) => [sort, standing])) as Record<Sort, Standing>;

export const anything: Shape = { standing: standings("free"), objects: [anyObject], arrays: [anyArray] };
export const nothing: Shape = { standing: standings("none"), objects: [], arrays: [] };

/** A shape of some sorts, and no value of another. */
export function ofSorts(asked: Iterable<Sort>): Shape {
  const standing = standings("none");
  for (const sort of asked) standing[sort] = "asked";
  return { ...anything, standing };
}

/** Says something of values of one sort; all others may be as they like. */
export function sayOf(sort: Sort, more: Partial<Shape> = {}): Shape {
  return { ...anything, ...more, standing: { ...anything.standing, [sort]: "asked" } };
}

export function isNothing({ standing }: Shape): boolean {
  return sorts.every((sort) => standing[sort] === "none");
}

/** Whether nothing at all was said. */
export function isAnything(shape: Shape): boolean {
  return !shape.but && sorts.every((sort) => shape.standing[sort] === "free");
}

function meetSets<T extends Json>(
  a: ReadonlySet<T> | undefined,
  b: ReadonlySet<T> | undefined,
  but: ReadonlySet<Json>,
): Set<T> | undefined {
  const both = a && b ? [...a].filter((each) => b.has(each)) : (a ?? b);
  return both && new Set([...both].filter((each) => !but.has(each)));
}

/** What both take. */
export function meet(a: Shape, b: Shape): Shape {
  const but = new Set([...(a.but ?? []), ...(b.but ?? [])]);
  const strings = meetSets(a.strings, b.strings, but);
  const numbers = meetSets(a.numbers, b.numbers, but);
  const splits = but.has(true) || but.has(false);
  const booleans = meetSets(a.booleans ?? (splits ? bothWays : undefined), b.booleans, but);
  const objects = meetAll(a.objects, b.objects, meetObjects, anyObject);
  const arrays = meetAll(a.arrays, b.arrays, meetArrays, anyArray);
  const empty: Partial<Record<Sort, boolean>> = {
    ...{ string: strings?.size === 0, number: numbers?.size === 0, boolean: booleans?.size === 0 },
    ...{ object: objects.length === 0, array: arrays.length === 0, null: but.has(null) },
  };
  const standing = standings("free");
  for (const sort of sorts) {
    const both = [a.standing[sort], b.standing[sort]];
    if (both.includes("none") || empty[sort]) standing[sort] = "none";
    else if (both.includes("asked")) standing[sort] = "asked";
  }
  return {
    ...{ standing, objects, arrays },
    ...(strings && { strings }),
    ...(numbers && { numbers }),
    ...(booleans && { booleans }),
    ...(but.size > 0 && { but }),
  };
}

const bothWays: ReadonlySet<boolean> = new Set([true, false]);

function meetAll<T>(a: readonly T[], b: readonly T[], meetTwo: (one: T, other: T) => T, any: T): readonly T[] {
  if (a.length === 1 && a[0] === any) return b;
  if ((b.length === 1 && b[0] === any) || a.length * b.length > maxAlternatives) return a;
  return a.flatMap((one) => b.map((other) => meetTwo(one, other)));
}

/** What at least one takes. */
export function join(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes;
  if (first === undefined) return nothing;
  if (others.length === 0) return first;
  if (shapes.some(isAnything)) return anything;
  const but = new Set([...(first.but ?? [])].filter((value) => others.every((other) => other.but?.has(value))));
  const standing = standings("none");
  /** Where one says something of a sort and another nothing, the one is meant. */
  const sayers = (sort: Sort): readonly Shape[] => {
    const asked = shapes.filter((shape) => shape.standing[sort] === "asked");
    return asked.length > 0 ? asked : shapes.filter((shape) => shape.standing[sort] === "free");
  };
  for (const sort of sorts) standing[sort] = sayers(sort)[0]?.standing[sort] ?? "none";
  const strings = joinSets(sayers("string").map((shape) => shape.strings));
  const numbers = joinSets(sayers("number").map((shape) => shape.numbers));
  const booleans = joinSets(sayers("boolean").map((shape) => shape.booleans));
  return {
    standing,
    ...(strings && { strings }),
    ...(numbers && { numbers }),
    ...(booleans && { booleans }),
    ...(but.size > 0 && { but }),
    objects: joinAll(
      sayers("object").map(({ objects }) => objects),
      anyObject,
    ),
    arrays: joinAll(
      sayers("array").map(({ arrays }) => arrays),
      anyArray,
    ),
  };
}

function joinSets<T>(sets: readonly (ReadonlySet<T> | undefined)[]): ReadonlySet<T> | undefined {
  const all = new Set<T>();
  for (const set of sets) {
    if (!set) return undefined;
    for (const each of set) all.add(each);
  }
  return all;
}

function joinAll<T>(lists: readonly (readonly T[])[], any: T): readonly T[] {
  const all = [...new Set(lists.flat())];
  return all.includes(any) || all.length > maxAlternatives ? [any] : all;
}

/** Schemas that all hold: of both lists, each once. */
export function together(...lists: readonly Together[]): Together {
  const all = new Set<JsonSchema>(lists.flat());
  all.delete(true);
  return all.has(false) ? [false] : [...all];
}

export function isClosed({ rest }: { rest: Together }): boolean {
  return rest.includes(false);
}

/** What is said of a member by name: by its own name, by patterns, or as one of all others. */
function findMember({ members, patterns, rest }: ObjectShape, name: string): Together {
  const own = members.get(name);
  if (own) return own.schemas;
  const matching = [...patterns].filter(([pattern]) => matches(pattern, name));
  return matching.length > 0 ? together(...matching.map(([, schemas]) => schemas)) : rest;
}

/** Whether a pattern of `patternProperties` is about the name. */
export function matches(pattern: string, name: string): boolean {
  const read = readPattern(pattern);
  return read.ok && read.pattern.matches(name, { left: schemaLimits.steps });
}

function meetObjects(a: ObjectShape, b: ObjectShape): ObjectShape {
  const members = new Map<string, Member>();
  for (const name of new Set([...a.members.keys(), ...b.members.keys()]))
    members.set(name, {
      schemas: together(findMember(a, name), findMember(b, name)),
      required: a.members.get(name)?.required === true || b.members.get(name)?.required === true,
    });
  const patterns = new Map<string, Together>();
  for (const pattern of new Set([...a.patterns.keys(), ...b.patterns.keys()]))
    patterns.set(pattern, together(...[a, b].map((each) => each.patterns.get(pattern) ?? (each.patterns.size === 0 ? each.rest : []))));
  return { members, patterns, rest: together(a.rest, b.rest) };
}

function meetArrays(a: ArrayShape, b: ArrayShape): ArrayShape {
  const length = Math.max(a.first.length, b.first.length);
  const first = Array.from({ length }, (_, place) => together(a.first[place] ?? a.rest, b.first[place] ?? b.rest));
  return { first, rest: together(a.rest, b.rest), least: Math.max(a.least, b.least), most: Math.min(a.most, b.most) };
}
