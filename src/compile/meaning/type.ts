/**
 * What an expression may give: scalars by kind, each with its constants where they are known, objects with named fields, lists.
 * A type takes all values that may come, and perhaps more. Fields and items are looked up when they are asked for: a schema may refer to itself.
 */
import type { Json } from "../../contract/event.ts";
import { everyNumber, isEmpty, isWithin, joinRanges, meetRanges, ofValues, type Range } from "./range.ts";

export type ScalarKind = "string" | "number" | "boolean" | "null";

/** One alternative for an object. */
export interface Fields {
  /** For messages: `an answer of `x``. */
  label: string;
  names: readonly string[];
  /** Names that must be there, listed or not. */
  must: readonly string[];
  /** The type of a listed field. */
  get(name: string): Type;
  /** What its schema says of a field, for people. */
  about?(name: string): string | undefined;
  /**
   * `free`: nothing is known of its fields. `open`: others may come, and were meant to. `listed`: others are not refused, but nobody spoke of them.
   * `closed`: there are no others.
   */
  others: "free" | "open" | "listed" | "closed";
}

/** Of numbers their values, of texts and lists their lengths; undefined: any. */
interface Bounds {
  range?: Range | undefined;
  length?: Range | undefined;
  count?: Range | undefined;
}

export interface Type extends Bounds {
  /** It may be anything. */
  any?: true;
  /** By kind its constants; undefined: any of that kind. */
  scalars: ReadonlyMap<ScalarKind, ReadonlySet<Json> | undefined>;
  objects: readonly Fields[];
  lists: readonly (() => Type)[];
  /** Its schema says that it may be left out. */
  absent?: true;
}

export const unknown: Type = { any: true, scalars: new Map(), objects: [], lists: [] };
export const nothing: Type = { scalars: new Map(), objects: [], lists: [] };

/** The output of a role that has not spoken, wherever one asks. */
export const unspoken: Type = { scalars: new Map(), objects: [], lists: [], absent: true };

/** Alternatives that are told apart; past it a type is unknown. */
const maxAlternatives = 256;

export function ofKind(kind: ScalarKind): Type {
  return { ...nothing, scalars: new Map([[kind, undefined]]) };
}

export const text = ofKind("string");
export const number = ofKind("number");
export const boolean = ofKind("boolean");

/** The kind of a value that is no object and no list. */
export function kindOf(value: Json): ScalarKind | undefined {
  if (value === null) return "null";
  const kind = typeof value;
  return kind === "string" || kind === "number" || kind === "boolean" ? kind : undefined;
}

/** A type of these values alone. */
export function ofConstants(values: readonly Json[]): Type {
  const scalars = new Map<ScalarKind, Set<Json>>();
  for (const value of values) {
    const kind = kindOf(value);
    if (kind === undefined) return unknown;
    scalars.set(kind, (scalars.get(kind) ?? new Set()).add(value));
  }
  return { ...nothing, scalars };
}

export function ofFields(label: string, fields: Readonly<Record<string, Type>>, others: Fields["others"] = "closed"): Type {
  const names = Object.keys(fields);
  return { ...nothing, objects: [{ label, names, must: names, get: (name) => fields[name] ?? unknown, others }] };
}

export function ofList(item: () => Type): Type {
  return { ...nothing, lists: [item] };
}

/** What at least one takes. */
export function join(types: readonly Type[]): Type {
  const [first] = types;
  if (first !== undefined && types.length === 1) return first;
  if (types.some((type) => type.any)) return unknown;
  const scalars = new Map<ScalarKind, ReadonlySet<Json> | undefined>();
  for (const type of types)
    for (const [kind, constants] of type.scalars) {
      const before = scalars.get(kind);
      scalars.set(kind, scalars.has(kind) && !before ? undefined : constants && new Set([...(before ?? []), ...constants]));
    }
  const objects = [...new Set(types.flatMap((type) => type.objects))];
  const lists = [...new Set(types.flatMap((type) => type.lists))];
  if (objects.length > maxAlternatives || lists.length > maxAlternatives) return unknown;
  return { scalars, objects, lists, ...joinBounds(types), ...(types.some((type) => type.absent) && { absent: true as const }) };
}

/** How long the texts of a type may be; undefined: nothing is known of it. */
export function lengthsOf({ length, scalars }: Pick<Type, "scalars" | "length">): Range | undefined {
  const constants = scalars.get("string");
  return constants ? ofValues([...constants].map((each) => [...String(each)].length)) : length;
}

/** The numbers that a type may be; undefined: it is no number. */
export function numbersOf({ scalars, range }: Pick<Type, "scalars" | "range">): Range | undefined {
  if (!scalars.has("number")) return undefined;
  const constants = scalars.get("number");
  return constants ? ofValues([...constants].map(Number)) : (range ?? everyNumber);
}

function joinBounds(types: readonly Type[]): Bounds {
  if (!types.some(({ range, length, count }) => range || length || count)) return {};
  const joinKnown = (having: readonly Type[], read: (type: Type) => Range | undefined): Range | undefined => {
    const known = having.flatMap((type) => read(type) ?? []);
    return known.length === having.length && known.length > 0 ? joinRanges(known) : undefined;
  };
  return {
    range: joinKnown(
      types.filter(({ scalars }) => scalars.has("number")),
      numbersOf,
    ),
    length: joinKnown(
      types.filter(({ scalars }) => scalars.has("string")),
      lengthsOf,
    ),
    count: joinKnown(
      types.filter(({ lists }) => lists.length > 0),
      ({ count }) => count,
    ),
  };
}

/** With bounds for what it may be, without constants that are beyond them. */
export function bound(type: Type, bounds: Bounds): Type {
  if (type.any || !(bounds.range || bounds.length || bounds.count)) return type;
  const met = {
    range: meetKnown(type.range, bounds.range),
    length: meetKnown(type.length, bounds.length),
    count: meetKnown(type.count, bounds.count),
  };
  const scalars = new Map<ScalarKind, ReadonlySet<Json> | undefined>();
  for (const [kind, constants] of type.scalars) {
    const left = constants && new Set([...constants].filter((value) => isBound(value, met)));
    const range = kind === "number" ? met.range : kind === "string" ? met.length : undefined;
    const isGone = left ? left.size === 0 : range !== undefined && isEmpty(range);
    if (!isGone) scalars.set(kind, left);
  }
  return { ...type, ...met, scalars };
}

function meetKnown(one: Range | undefined, other: Range | undefined): Range | undefined {
  return one && other ? meetRanges([one, other]) : (one ?? other);
}

/** Whether bounds let a scalar be. */
function isBound(value: Json, { range, length }: Bounds): boolean {
  if (typeof value === "number") return range === undefined || isWithin(value, range);
  return typeof value !== "string" || length === undefined || isWithin([...value].length, length);
}

/** What both take, as far as it can be said. */
export function meet(a: Type, b: Type): Type {
  if (a.any) return b;
  if (b.any) return a;
  const scalars = new Map<ScalarKind, ReadonlySet<Json> | undefined>();
  for (const [kind, constants] of a.scalars) {
    if (!b.scalars.has(kind)) continue;
    const others = b.scalars.get(kind);
    const both = constants && others ? new Set([...constants].filter((each) => others.has(each))) : (constants ?? others);
    if (both?.size !== 0) scalars.set(kind, both);
  }
  if (a.objects.length * b.objects.length > maxAlternatives) return unknown;
  const objects = a.objects.flatMap((one) => b.objects.map((other) => meetFields(one, other)));
  const [one, other] = [a.lists[0], b.lists[0]];
  const lists = one && other ? [() => (a.lists.length + b.lists.length > 2 ? unknown : meet(one(), other()))] : [];
  return bound(bound({ scalars, objects, lists }, a), b);
}

function meetFields(a: Fields, b: Fields): Fields {
  const ranks = ["free", "listed", "open", "closed"] as const;
  return {
    label: a.label,
    names: [...new Set([...a.names, ...b.names])],
    must: [...new Set([...a.must, ...b.must])],
    get(name) {
      const types = [a, b].flatMap((each) => (each.names.includes(name) ? [each.get(name)] : []));
      const mayLack = types.every(({ absent }) => absent) && !a.must.includes(name) && !b.must.includes(name);
      return withAbsence(types.reduce(meet), mayLack);
    },
    about: (name) => a.about?.(name) ?? b.about?.(name),
    others: ranks[Math.max(ranks.indexOf(a.others), ranks.indexOf(b.others))] ?? "free",
  };
}

export function withAbsence(type: Type, absent: boolean): Type {
  if (absent === (type.absent === true)) return type;
  const { absent: _, ...rest } = type;
  return absent ? { ...rest, absent: true } : rest;
}

/** Without lists: what their items may be. JSONata's paths look into lists. */
export function itemsOf(type: Type): Type {
  let items = type;
  for (let depth = 0; items.lists.length > 0 && depth < 4; depth++) {
    const { lists, ...bare } = items;
    items = join([{ ...bare, lists: [] }, ...lists.map((list) => list())]);
  }
  return items.lists.length > 0 ? unknown : items;
}

/** Whether a value of the type may be that scalar. */
export function mayBe(type: Type, value: Json): boolean {
  if (type.any) return true;
  const kind = kindOf(value);
  if (kind === undefined || !type.scalars.has(kind)) return false;
  return type.scalars.get(kind)?.has(value) !== false && isBound(value, type);
}

/** Whether a value of one may be the same as one of the other. */
export function mayEqual(a: Type, b: Type): boolean {
  if (a.any || b.any || isNothing(a) || isNothing(b)) return true;
  for (const [kind, constants] of a.scalars) {
    if (!b.scalars.has(kind)) continue;
    const others = b.scalars.get(kind);
    const few = constants ?? others;
    if (few ? [...few].some((each) => mayBe(a, each) && mayBe(b, each)) : !isApart(kind, a, b)) return true;
  }
  return (a.objects.length > 0 && b.objects.length > 0) || (a.lists.length > 0 && b.lists.length > 0);
}

/** Whether bounds keep values of one kind apart. */
function isApart(kind: ScalarKind, a: Type, b: Type): boolean {
  const met = kind === "number" ? meetKnown(a.range, b.range) : kind === "string" ? meetKnown(a.length, b.length) : undefined;
  return met !== undefined && isEmpty(met);
}

/** Whether nothing at all is known to fit, which says that what led here is at fault. */
export function isNothing({ any, scalars, objects, lists }: Type): boolean {
  return !any && scalars.size === 0 && objects.length === 0 && lists.length === 0;
}

/** Leaves out objects whose field can't be the value. */
export function narrow(type: Type, path: readonly string[], value: Json): Type {
  const [name, ...rest] = path;
  if (name === undefined || type.any) return type;
  const objects = type.objects.filter((fields) => {
    let at = fields.names.includes(name) ? fields.get(name) : unknown;
    for (const step of rest) {
      const inner = itemsOf(at);
      at =
        inner.objects.length > 0 && inner.objects.every(({ names }) => names.includes(step))
          ? join(inner.objects.map((each) => each.get(step)))
          : unknown;
    }
    return mayBe(itemsOf(at), value);
  });
  return objects.length === 0 || objects.length === type.objects.length ? type : { ...type, objects };
}
