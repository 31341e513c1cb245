/** The difference of two JSON Schemas: what became possible, and what became impossible. What can't be told counts as impossible. */
import type { Json } from "../../contract/event.ts";
import { isObject } from "../../contract/json-schema/json-schema.ts";
import { writeCanonicalJson } from "../lower-workflow.ts";

export interface SchemaChange {
  /** As `items[].name`; empty: the whole. */
  path: string;
  message: string;
  /** A value that fitted may not fit any more. */
  narrows: boolean;
}

type Schema = { [key: string]: Json };

/** Keywords that say nothing of what fits. */
const annotations = new Set([
  "title",
  "description",
  "default",
  "examples",
  "$comment",
  "$id",
  "$schema",
  "$defs",
  "definitions",
  "deprecated",
]);
/** Which way a greater bound goes. */
const bounds: Readonly<Record<string, "lower" | "upper">> = {
  minimum: "lower",
  exclusiveMinimum: "lower",
  minLength: "lower",
  minItems: "lower",
  minProperties: "lower",
  maximum: "upper",
  exclusiveMaximum: "upper",
  maxLength: "upper",
  maxItems: "upper",
  maxProperties: "upper",
};
const known = new Set([
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "oneOf",
  "anyOf",
  "$ref",
  ...Object.keys(bounds),
]);

/** Depth and number of places that are compared: a schema may refer to itself. */
const limits = { depth: 32, places: 5_000 } as const;

/** Compares two schemas; absent means any value. */
export function compareSchemas(before: Json | undefined, after: Json | undefined): SchemaChange[] {
  const found: SchemaChange[] = [];
  let places = 0;

  function add(path: string, message: string, narrows: boolean): void {
    found.push({ path, message, narrows });
  }

  function compare(a: Json, b: Json, path: string, depth: number): void {
    places += 1;
    if (same(a, b) || depth > limits.depth || places > limits.places) return;
    const [old, fresh] = [resolve(a, before), resolve(b, after)];
    if (same(old, fresh) && same(defsOf(before), defsOf(after))) return;
    if (!isObject(old) || !isObject(fresh)) {
      const [was, is] = [saysNothing(old), saysNothing(fresh)];
      if (!(was && is)) add(path, is ? "any value is taken now" : was ? "any value was taken before" : "it is another schema", !is);
      return;
    }
    compareTypes(old, fresh, path);
    compareConstants(old, fresh, path);
    compareFields(old, fresh, path, depth);
    compareBounds(old, fresh, path);
    for (const key of ["oneOf", "anyOf"] as const) compareWays(listOf(old[key]), listOf(fresh[key]), path, depth);
    if (old["items"] !== undefined || fresh["items"] !== undefined)
      compare(old["items"] ?? true, fresh["items"] ?? true, `${path}[]`, depth + 1);
    for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
      if (known.has(key) || same(old[key] ?? null, fresh[key] ?? null)) continue;
      if (annotations.has(key)) {
        if (key === "title" || key === "description") add(path, `its ${key} says something else`, false);
      } else add(path, describeKeyword(key, old[key], fresh[key]), fresh[key] !== undefined);
    }
  }

  function compareTypes(old: Schema, fresh: Schema, path: string): void {
    const [were, are] = [typesOf(old), typesOf(fresh)];
    if (!were && !are) return;
    if (!were || !are) {
      add(path, are ? `it must be ${are.join(" or ")} now` : "it may be of any type now", are !== undefined);
      return;
    }
    const takes = (types: string[], type: string): boolean => types.includes(type) || (type === "integer" && types.includes("number"));
    const gone = were.filter((type) => !takes(are, type));
    const come = are.filter((type) => !takes(were, type));
    if (gone.length + come.length > 0) add(path, `it was ${were.join(" or ")} and is ${are.join(" or ")}`, gone.length > 0);
  }

  function compareConstants(old: Schema, fresh: Schema, path: string): void {
    const [were, are] = [constantsOf(old), constantsOf(fresh)];
    if (!were && !are) return;
    if (!were) {
      add(path, `it must be ${listValues(are ?? [])} now`, true);
      return;
    }
    if (!are) {
      add(path, "it may be any value now", false);
      return;
    }
    const has = (values: Json[], value: Json): boolean => values.some((each) => same(each, value));
    const gone = were.filter((value) => !has(are, value));
    const come = are.filter((value) => !has(were, value));
    if (come.length > 0) add(path, `may be ${listValues(come)} too`, false);
    if (gone.length > 0) add(path, `may not be ${listValues(gone)} any more`, true);
  }

  function compareFields(old: Schema, fresh: Schema, path: string, depth: number): void {
    const [were, are] = [fieldsOf(old), fieldsOf(fresh)];
    const [needed, needs] = [listOf(old["required"]).map(String), listOf(fresh["required"]).map(String)];
    const [wasClosed, isClosed] = [old["additionalProperties"] === false, fresh["additionalProperties"] === false];
    const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
    for (const name of new Set([...Object.keys(were), ...Object.keys(are), ...needed, ...needs])) {
      const [had, has] = [Object.hasOwn(were, name), Object.hasOwn(are, name)];
      const [must, mustHave] = [needed.includes(name), needs.includes(name)];
      if (!had && has) add(at(name), mustHave ? "is new, and required" : "is new, and may be left out", mustHave && !must);
      else if (had && !has)
        add(at(name), isClosed ? "is gone, and refused" : "is gone; nothing is asked of it any more", isClosed || (mustHave && !must));
      else if (must !== mustHave) add(at(name), mustHave ? "became required" : "may be left out now", mustHave);
      if (had && has) compare(were[name] ?? true, are[name] ?? true, at(name), depth + 1);
    }
    const [others, otherNow] = [old["additionalProperties"] ?? true, fresh["additionalProperties"] ?? true];
    if (wasClosed !== isClosed) add(path, isClosed ? "other fields are refused now" : "other fields may come now", isClosed);
    else if (!same(others, otherNow) && !isClosed) add(path, "other fields must be otherwise", true);
  }

  function compareBounds(old: Schema, fresh: Schema, path: string): void {
    for (const [key, way] of Object.entries(bounds)) {
      const [was, is] = [old[key], fresh[key]];
      if (was === is) continue;
      const isStricter =
        is !== undefined &&
        (was === undefined || (typeof was === "number" && typeof is === "number" && (way === "lower" ? is > was : is < was)));
      add(path, describeKeyword(key, was, is), isStricter);
    }
  }

  /** Alternatives are told apart by their `$status`, as the engine does. */
  function compareWays(were: Json[], are: Json[], path: string, depth: number): void {
    if (were.length + are.length === 0 || same(were, are)) return;
    const [old, fresh] = [byStatus(were), byStatus(are)];
    if (!old || !fresh) {
      add(path, "its alternatives are others", true);
      return;
    }
    for (const status of new Set([...old.keys(), ...fresh.keys()])) {
      const [was, is] = [old.get(status), fresh.get(status)];
      const at = path === "" ? `(${status})` : `${path} (${status})`;
      if (was === undefined) add(at, "is a new alternative", false);
      else if (is === undefined) add(at, "is no alternative any more", true);
      else compare(was, is, at, depth + 1);
    }
  }

  compare(before ?? true, after ?? true, "", 0);
  return found;
}

function describeKeyword(key: string, was: Json | undefined, is: Json | undefined): string {
  if (was === undefined) return `\`${key}\` is ${clip(is)} now`;
  return is === undefined ? `\`${key}\` (${clip(was)}) is gone` : `\`${key}\` was ${clip(was)} and is ${clip(is)}`;
}

function clip(value: Json | undefined): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function same(a: Json, b: Json): boolean {
  return a === b || writeCanonicalJson(a) === writeCanonicalJson(b);
}

function saysNothing(schema: Json): boolean {
  return schema === true || (isObject(schema) && Object.keys(schema).every((key) => annotations.has(key)));
}

function defsOf(root: Json | undefined): Json {
  return isObject(root) ? [root["$defs"] ?? null, root["definitions"] ?? null] : null;
}

/** What a local reference leads to; a few in a row at most. */
function resolve(schema: Json, root: Json | undefined): Json {
  let at = schema;
  for (let step = 0; step < 8 && isObject(at) && typeof at["$ref"] === "string" && at["$ref"].startsWith("#"); step++) {
    let target: Json | undefined = root;
    for (const part of at["$ref"].slice(1).split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      target = Array.isArray(target) ? target[Number(key)] : isObject(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    at = target ?? true;
  }
  return at;
}

function typesOf({ type }: Schema): string[] | undefined {
  return type === undefined ? undefined : [type].flat().map(String);
}

function constantsOf(schema: Schema): Json[] | undefined {
  if (schema["const"] !== undefined) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
}

function fieldsOf({ properties }: Schema): Schema {
  return isObject(properties) ? properties : {};
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function listValues(values: Json[]): string {
  return values
    .slice(0, 12)
    .map((value) => clip(value))
    .join(", ");
}

function byStatus(ways: Json[]): Map<string, Json> | undefined {
  const found = new Map<string, Json>();
  for (const way of ways) {
    const status = isObject(way) ? fieldsOf(way)["$status"] : undefined;
    const constants = isObject(status) ? constantsOf(status) : undefined;
    const name = constants?.map(String).join(" or ");
    if (name === undefined || found.has(name)) return undefined;
    found.set(name, way);
  }
  return found;
}
