/**
 * What is to be changed of a value that fits none of several alternatives: the one that it was meant for is found by constants, as
 * `$status`, then by its sort, then by how little is wrong, and only what is wrong there is told.
 */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { spend } from "./count-work.ts";
import { isObject, isSchema, type JsonSchema, type SchemaObject } from "./json-schema.ts";
import { listChoices, nameTypes, quote, tellOptions } from "./judge-scalar.ts";
import { askOnly, judgeBeside, type Manner, type Misfit, sortOf, suggest, tell } from "./manner.ts";

/** Alternatives that are judged one by one where nothing tells which was meant. */
const tried = 8;

/** Tells what is wrong with a value that fits none of the alternatives. */
export function tellAlternatives(ways: JsonSchema[], value: Json, manner: Manner): void {
  if (!manner.telling) return;
  const sorted = ways.filter((way) => takesSort(way, value, manner));
  if (sorted.length === 0) {
    const types = [...new Set(ways.flatMap((way) => readTypes(way, manner) ?? []))];
    if (types.length > 0 && ways.every((way) => readTypes(way, manner))) {
      tell(manner, `must be ${nameTypes(types)}, not ${typeof value === "object" ? nameTypes([sortOf(value)]) : quote(value)}`);
      return;
    }
  }
  let left = sorted.length > 0 ? sorted : ways;
  if (isObject(value)) {
    const narrowed = narrow(left, value, manner);
    if (narrowed === undefined) return;
    left = narrowed;
  }
  const [only] = left;
  if (left.length === 1 && only !== undefined) judgeBeside(only, value, manner);
  else tellNearest(left, value, manner);
}

/** Narrows the alternatives by their constants; undefined where a constant was what is wrong, and was told. */
function narrow(ways: JsonSchema[], value: { [name: string]: Json }, manner: Manner): JsonSchema[] | undefined {
  let left = ways;
  for (const name of listDiscriminators(ways, manner)) {
    const constants = left.map((way) => readConstants(way, name, manner));
    const all = [...new Map(constants.flatMap((each) => each ?? []).map((each) => [JSON.stringify(each), each])).values()];
    if (!Object.hasOwn(value, name)) {
      if (left.length < 2 || left.some((way) => !requires(way, name, manner))) continue;
      const written = suggest(name, Object.keys(value), manner);
      const hint = written === undefined ? "" : `; did you mean it by \`${written}\`?`;
      tell(manner, `\`${name}\` is missing: it says which alternative this is, ${listChoices(all.map(quote))}${hint}`);
      return undefined;
    }
    const given = value[name];
    const matching = left.filter((_, place) => constants[place]?.some((each) => each === given));
    if (matching.length === 0) {
      tellOptions(all, given ?? null, manner, name);
      return undefined;
    }
    left = matching;
  }
  return left;
}

/** Names of members for which every alternative has constants, that differ: `$status` first. */
function listDiscriminators(ways: JsonSchema[], manner: Manner): string[] {
  const [first] = ways;
  if (first === undefined || ways.length < 2) return [];
  const names = [...new Set(listNames(first, manner, 0))].filter((name) => {
    const constants = ways.map((way) => readConstants(way, name, manner));
    return constants.every((each) => each !== undefined) && new Set(constants.map((each) => JSON.stringify(each))).size > 1;
  });
  return names.sort((a, b) => Number(b === "$status") - Number(a === "$status"));
}

/** The schemas that an alternative holds together: itself, what it refers to, and `allOf`. */
function listTogether(way: JsonSchema, { judging }: Manner, depth = 0): SchemaObject[] {
  if (!isObject(way) || depth > 8) return [];
  spend(judging.work, 10);
  const more = [...(judging.index.targets.get(way) ?? []), ...(Array.isArray(way["allOf"]) ? way["allOf"] : [])];
  return [way, ...more.filter(isSchema).flatMap((each) => listTogether(each, { judging, telling: undefined, seen: undefined }, depth + 1))];
}

/** The alternatives inside an alternative. */
function listInner(part: SchemaObject): JsonSchema[] {
  return [part["oneOf"], part["anyOf"]].flatMap((each) => (Array.isArray(each) ? each.filter(isSchema) : []));
}

function listNames(way: JsonSchema, manner: Manner, depth: number): string[] {
  if (depth > 4) return [];
  return listTogether(way, manner).flatMap((part) => [
    ...Object.keys(isObject(part["properties"]) ? part["properties"] : {}),
    ...listInner(part).flatMap((inner) => listNames(inner, manner, depth + 1)),
  ]);
}

/** The constants that a member may have; undefined where they are not given, or are no plain values. */
function readConstants(way: JsonSchema, name: string, manner: Manner, depth = 0): Json[] | undefined {
  if (depth > 4) return undefined;
  for (const part of listTogether(way, manner)) {
    const properties = part["properties"];
    const member = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
    for (const own of isSchema(member) ? listTogether(member, manner) : []) {
      const { const: constant, enum: options } = own;
      const found = constant !== undefined ? [constant] : Array.isArray(options) ? options : undefined;
      if (found?.every((each) => typeof each !== "object")) return found;
    }
    const inner = listInner(part).map((each) => readConstants(each, name, manner, depth + 1));
    if (inner.length > 0 && inner.every((each) => each !== undefined)) return inner.flat();
  }
  return undefined;
}

function requires(way: JsonSchema, name: string, manner: Manner): boolean {
  return listTogether(way, manner).some((part) => {
    const inner = listInner(part);
    return (
      (Array.isArray(part["required"]) && part["required"].includes(name)) ||
      (inner.length > 0 && inner.every((each) => requires(each, name, manner)))
    );
  });
}

/** The types that an alternative takes; undefined where it takes any. */
function readTypes(way: JsonSchema, manner: Manner): string[] | undefined {
  for (const { type, const: constant, enum: options } of listTogether(way, manner)) {
    if (typeof type === "string") return [type];
    if (Array.isArray(type)) return type.map(String);
    if (constant !== undefined) return [sortOf(constant)];
    if (Array.isArray(options)) return [...new Set(options.map(sortOf))];
  }
  return undefined;
}

function takesSort(way: JsonSchema, value: Json, manner: Manner): boolean {
  const types = readTypes(way, manner);
  return types === undefined || types.some((type) => type === sortOf(value) || (type === "integer" && Number.isInteger(value)));
}

/** Tells of the alternative of which least is wrong; of several that are as near, each in a few words. */
function tellNearest(ways: JsonSchema[], value: Json, manner: Manner): void {
  const { telling } = manner;
  if (!telling) return;
  if (typeof value !== "object" || value === null) {
    const options = ways.flatMap((way) => readOptions(way, manner) ?? []);
    if (ways.every((way) => readOptions(way, manner))) {
      tellOptions(options, value, manner);
      return;
    }
  }
  const found = ways.slice(0, tried).map((way) => {
    const misfits: Misfit[] = [];
    judgeBeside(way, value, { ...askOnly(manner), telling: { path: telling.path, misfits } });
    return misfits;
  });
  const fewest = Math.min(...found.map(({ length }) => length));
  const nearest = found.filter(({ length }) => length === fewest);
  const [best] = nearest;
  if (!best) return;
  const places = new Set(nearest.map(([misfit]) => misfit?.path));
  const [place] = places;
  const messages = [...new Set(nearest.map(([misfit]) => misfit?.message ?? ""))];
  if (fewest === 1 && places.size === 1 && place !== undefined && messages.length <= 4)
    telling.misfits.push({ path: place, message: messages.join(", or ") });
  else telling.misfits.push(...best);
  telling.misfits.splice(schemaLimits.misfits);
}

/** The plain values that an alternative takes, where it is a list of them. */
function readOptions(way: JsonSchema, manner: Manner): Json[] | undefined {
  for (const { const: constant, enum: options } of listTogether(way, manner)) {
    if (constant !== undefined) return [constant];
    if (Array.isArray(options)) return options;
  }
  return undefined;
}
