/**
 * Reads a schema once, when it is given: what is wrong with it, what its references lead to, its patterns, and whether judging by it
 * is bounded. A schema with faults is not judged by.
 */
import type { Json } from "../event.ts";
import { schemaLimits } from "../limits.ts";
import { findMisshapen } from "./inspect-shape.ts";
import { extendPointer, isObject, isSchema, type JsonSchema, type SchemaObject } from "./json-schema.ts";
import { inPlaceKeywords, schemaKeywords } from "./keywords.ts";
import { type Pattern, readPattern } from "./read-pattern.ts";

/** What is wrong with a schema, and where. */
export interface SchemaFault {
  /** JSON pointer into the schema. */
  path: string;
  message: string;
  /** A keyword's value is of the wrong sort, something is not found or does not parse, or judging by it has no bound. */
  kind: "shape" | "broken" | "unbounded";
  /** Whether the fault is the key's and not its value's. */
  ofKey?: boolean;
}

/** What judging needs to know of a schema. */
export interface SchemaIndex {
  faults: SchemaFault[];
  /** By the schema that holds the reference; `$ref` and `$dynamicRef`. */
  targets: Map<SchemaObject, JsonSchema[]>;
  patterns: Map<string, Pattern>;
  /** Whether it asks what other keywords looked at. */
  unevaluated: boolean;
  /** Whether a schema may come to the same value on several ways. */
  branching: boolean;
}

/** The base of what names none. */
const home = "schema://here/";

interface Indexing extends SchemaIndex {
  root: JsonSchema;
  /** Where each schema stands, and against what its references are resolved. */
  known: Map<SchemaObject, { path: string; base: string }>;
  /** Schemas by address: resources, and anchors with their `#`. */
  named: Map<string, SchemaObject>;
  references: { at: SchemaObject; keyword: string; reference: string }[];
  states: number;
  stopped: boolean;
}

/** Reads a schema; never throws. */
export function indexSchema(root: JsonSchema): SchemaIndex {
  const indexing: Indexing = {
    root,
    faults: [],
    targets: new Map(),
    patterns: new Map(),
    unevaluated: false,
    branching: false,
    known: new Map(),
    named: new Map(),
    references: [],
    states: 0,
    stopped: false,
  };
  if (isObject(root)) {
    if (root["$id"] === undefined) indexing.named.set(home, root);
    visit(root, "", home, 0, indexing);
    // A reference may lead to a schema that stands where none is looked for; it may hold references itself.
    for (const reference of indexing.references) resolve(reference, indexing);
    const weights: Weights = new Map();
    for (const schema of indexing.known.keys()) if (!indexing.stopped) weigh(schema, 0, weights, indexing);
  }
  const { faults, targets, patterns, unevaluated, branching } = indexing;
  return { faults: faults.slice(0, schemaLimits.misfits), targets, patterns, unevaluated, branching };
}

function add(indexing: Indexing, kind: SchemaFault["kind"], path: string, message: string, ofKey = false): void {
  if (indexing.faults.length < schemaLimits.misfits) indexing.faults.push({ path, message, kind, ...(ofKey && { ofKey }) });
}

function visit(schema: SchemaObject, path: string, outer: string, depth: number, indexing: Indexing): void {
  if (indexing.known.has(schema) || indexing.stopped) return;
  const tooMany = indexing.known.size >= schemaLimits.parts;
  if (tooMany || depth > schemaLimits.depth) {
    indexing.stopped = true;
    const limit = tooMany ? `has more than ${schemaLimits.parts} parts` : `is nested deeper than ${schemaLimits.depth} levels`;
    add(indexing, "unbounded", path, `the schema ${limit}`);
    return;
  }
  const base = readBase(schema, path, outer, indexing);
  indexing.known.set(schema, { path, base });
  for (const [keyword, value] of Object.entries(schema)) {
    const holding = Object.hasOwn(schemaKeywords, keyword) ? schemaKeywords[keyword] : undefined;
    if (holding === undefined) continue;
    const misshapen = findMisshapen(keyword, holding, value);
    if (misshapen) {
      add(indexing, "shape", `${path}${misshapen.path}`, misshapen.message);
      continue;
    }
    const at = extendPointer(path, keyword);
    if (keyword.startsWith("unevaluated")) indexing.unevaluated = true;
    if (inPlaceKeywords.has(keyword)) indexing.branching = true;
    if (holding === "pattern") readOne(String(value), at, false, indexing);
    else if (holding === "patternMap")
      for (const source of Object.keys(value ?? {})) readOne(source, extendPointer(at, source), true, indexing);
    else if (holding === "reference") indexing.references.push({ at: schema, keyword, reference: String(value) });
    if (/^(schema|patternMap)/.test(holding)) visitInner(value, at, holding.endsWith("Map"), base, depth, indexing);
  }
}

/** The schemas that a keyword's value is, or holds. */
function visitInner(value: Json, at: string, isMap: boolean, base: string, depth: number, indexing: Indexing): void {
  if (isObject(value) && !isMap) visit(value, at, base, depth + 1, indexing);
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) if (isObject(inner)) visit(inner, extendPointer(at, key), base, depth + 1, indexing);
}

/** What the schema's references are resolved against; names it and its anchors. */
function readBase(schema: SchemaObject, path: string, outer: string, indexing: Indexing): string {
  let base = outer;
  const { $id, $anchor, $dynamicAnchor } = schema;
  if (typeof $id === "string") {
    const url = parseAddress($id, outer);
    if (!url) add(indexing, "broken", `${path}/$id`, `\`${$id}\` is no address`);
    else if (url.hash.length > 1) name(url.href, schema, `${path}/$id`, $id, indexing);
    else {
      url.hash = "";
      base = url.href;
      name(base, schema, `${path}/$id`, $id, indexing);
    }
  }
  for (const [keyword, anchor] of Object.entries({ $anchor, $dynamicAnchor }))
    if (typeof anchor === "string") name(`${base}#${anchor}`, schema, `${path}/${keyword}`, anchor, indexing);
  return base;
}

function name(address: string, schema: SchemaObject, path: string, written: string, indexing: Indexing): void {
  const known = indexing.named.get(address);
  if (known !== undefined && known !== schema) add(indexing, "broken", path, `\`${written}\` is given to two schemas`);
  else indexing.named.set(address, schema);
}

function readOne(source: string, path: string, ofKey: boolean, indexing: Indexing): void {
  if (indexing.patterns.has(source)) return;
  const read = readPattern(source);
  if (!read.ok) {
    add(indexing, read.linear ? "broken" : "unbounded", path, read.message, ofKey);
    return;
  }
  indexing.states += read.pattern.states;
  if (indexing.states <= schemaLimits.patternStatesTogether) indexing.patterns.set(source, read.pattern);
  else add(indexing, "unbounded", path, "the schema's patterns are too large together; use smaller counts in `{n,m}`", ofKey);
}

function resolve({ at, keyword, reference }: Indexing["references"][number], indexing: Indexing): void {
  const { path, base } = indexing.known.get(at) ?? { path: "", base: home };
  const place = extendPointer(path, keyword);
  const url = parseAddress(reference, base);
  const fragment = decode(url?.hash.slice(1) ?? "");
  if (url) url.hash = "";
  const resource = indexing.named.get(url?.href ?? "");
  if (!resource) {
    add(indexing, "broken", place, `\`${reference}\` lies outside of the schema; references stay within it, as \`#/$defs/name\``);
    return;
  }
  if (keyword === "$dynamicRef" && [...indexing.named.keys()].filter((address) => !address.includes("#")).length > 1) {
    add(indexing, "broken", place, "`$dynamicRef` is judged only in schemas without a further `$id` inside; use `$ref`");
    return;
  }
  const target =
    fragment === "" || fragment.startsWith("/") ? walk(resource, fragment) : indexing.named.get(`${url?.href ?? ""}#${fragment}`);
  if (!isSchema(target)) {
    add(indexing, "broken", place, `\`${reference}\` leads nowhere`);
    return;
  }
  indexing.targets.set(at, [...(indexing.targets.get(at) ?? []), target]);
  if (isObject(target)) visit(target, `${indexing.known.get(resource)?.path ?? ""}${fragment}`, base, 1, indexing);
}

function parseAddress(text: string, base: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a JSON pointer leads to. */
function walk(from: Json, pointer: string): Json | undefined {
  let at: Json | undefined = from;
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as { [key: string]: Json })[key];
  }
  return at;
}

/** How many schemas apply to the value that a schema is judged against; `open` while that is counted. */
type Weights = Map<SchemaObject, number | "open">;

/** Counts the schemas that apply to one value; reports a loop, or what is too much, once. */
function weigh(schema: SchemaObject, height: number, weights: Weights, indexing: Indexing): number {
  const known = weights.get(schema);
  if (typeof known === "number") return known;
  if (indexing.stopped) return 1;
  const path = indexing.known.get(schema)?.path ?? "";
  const stop = (message: string): void => {
    indexing.stopped = true;
    add(indexing, "unbounded", path, message);
  };
  if (known === "open") {
    stop("the schema leads back to itself for one and the same value, without end; refer to it from `properties` or `items`");
    return 1;
  }
  if (height > schemaLimits.depth) {
    stop(`more than ${schemaLimits.depth} references and alternatives follow one another for one value`);
    return 1;
  }
  weights.set(schema, "open");
  let weight = 1;
  for (const inner of listInPlace(schema, indexing)) if (isObject(inner)) weight += weigh(inner, height + 1, weights, indexing);
  weights.set(schema, weight);
  if (weight > schemaLimits.branches && !indexing.stopped)
    stop(`more than ${schemaLimits.branches} schemas would be tried on one value; use fewer alternatives`);
  return weight;
}

function listInPlace(schema: SchemaObject, indexing: Indexing): Json[] {
  const found: Json[] = [...(indexing.targets.get(schema) ?? [])];
  for (const keyword of inPlaceKeywords) {
    const value = schema[keyword];
    if (Array.isArray(value)) found.push(...value);
    else if (isObject(value)) found.push(...(keyword.startsWith("depend") ? Object.values(value) : [value]));
  }
  return found;
}
