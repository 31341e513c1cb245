/**
 * Makes a value that fits a JSON Schema, the same for the same random numbers. Takes the common part of the language
 * (types, const, enum, oneOf, anyOf, allOf, properties, items, bounds, local references) and says what it left out.
 */

import type { Json } from "../contract/event.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import { createRandom, type Random } from "./create-random.ts";

/** A value, and what of the schema was not looked at: it may not fit there. */
export interface Sample {
  value: Json;
  notes: string[];
}

type SchemaObject = { [key: string]: Json };

interface Sampler {
  root: JsonSchema;
  random: Random;
  notes: Set<string>;
}

/** Levels that a schema which refers to itself is followed down. */
const deepest = 8;

/** Keywords that are not looked at. */
const unread = ["pattern", "if", "not", "patternProperties", "dependentRequired", "dependentSchemas", "propertyNames", "contains"];

const words = ["alpha", "bravo", "carol", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"];

/** Texts of the formats that people use. */
const formats: Record<string, string> = {
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  time: "00:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  "uri-reference": "/example",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function isObject(value: Json | undefined): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

function readCount(schema: SchemaObject, key: string, otherwise: number): number {
  const value = schema[key];
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

function resolve(sampler: Sampler, reference: string): JsonSchema {
  if (!reference.startsWith("#")) {
    sampler.notes.add(`$ref ${reference} is not followed`);
    return true;
  }
  let at: Json = sampler.root;
  for (const part of reference.slice(1).split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    const next: Json | undefined = (isObject(at) && Object.hasOwn(at, name)) || Array.isArray(at) ? (at as SchemaObject)[name] : undefined;
    if (next === undefined) {
      sampler.notes.add(`$ref ${reference} leads nowhere`);
      return true;
    }
    at = next;
  }
  return isObject(at) || typeof at === "boolean" ? at : true;
}

/** Joins two schemas that must both hold, where it is simple: properties, required names, and what else either says. */
function merge(first: SchemaObject, second: SchemaObject): SchemaObject {
  const merged: SchemaObject = { ...first, ...second };
  if (isObject(first["properties"]) && isObject(second["properties"])) {
    const properties: SchemaObject = { ...first["properties"] };
    for (const [name, schema] of Object.entries(second["properties"])) {
      const former = properties[name];
      properties[name] = isObject(former) && isObject(schema) ? merge(former, schema) : schema;
    }
    merged["properties"] = properties;
  }
  const required = [first["required"], second["required"]].flatMap((names) => (Array.isArray(names) ? names : []));
  if (required.length > 0) merged["required"] = [...new Set(required)];
  return merged;
}

/** The schema with one way of its oneOf, anyOf, allOf and references taken. */
function flatten(sampler: Sampler, schema: SchemaObject, depth: number): SchemaObject {
  let flat = schema;
  const { $ref, ...rest } = schema;
  if (typeof $ref === "string" && depth < 2 * deepest) {
    const target = resolve(sampler, $ref);
    flat = isObject(target) ? merge(flatten(sampler, target, depth + 1), rest) : rest;
  }
  for (const key of ["oneOf", "anyOf"]) {
    const ways = flat[key];
    if (!Array.isArray(ways) || ways.length === 0) continue;
    const way = pick(sampler.random, ways);
    const { [key]: _, ...base } = flat;
    flat = isObject(way) ? merge(base, flatten(sampler, way, depth + 1)) : base;
  }
  const { allOf, ...base } = flat;
  if (Array.isArray(allOf)) {
    flat = base;
    for (const part of allOf) if (isObject(part)) flat = merge(flat, flatten(sampler, part, depth + 1));
  }
  return flat;
}

function readType(schema: SchemaObject, random: Random): string {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(pick(random, type) ?? "object");
  if (schema["properties"] !== undefined || schema["required"] !== undefined) return "object";
  if (schema["items"] !== undefined || schema["prefixItems"] !== undefined) return "array";
  if (schema["minimum"] !== undefined || schema["maximum"] !== undefined) return "number";
  return "string";
}

function sampleText(schema: SchemaObject, random: Random): string {
  const format = schema["format"];
  if (typeof format === "string" && Object.hasOwn(formats, format)) return formats[format] ?? "";
  const least = readCount(schema, "minLength", 0);
  const most = Math.max(least, readCount(schema, "maxLength", Math.max(least, 200)));
  let text = `${pick(random, words)}`;
  while (text.length < least) text += ` ${pick(random, words)}`;
  return text.slice(0, most);
}

function sampleNumber(schema: SchemaObject, random: Random, whole: boolean): number {
  const step = readCount(schema, "multipleOf", 0);
  const open = whole ? 1 : 1e-6;
  const low = Math.max(
    readCount(schema, "minimum", Number.NEGATIVE_INFINITY),
    readCount(schema, "exclusiveMinimum", Number.NEGATIVE_INFINITY) + open,
  );
  const high = Math.min(
    readCount(schema, "maximum", Number.POSITIVE_INFINITY),
    readCount(schema, "exclusiveMaximum", Number.POSITIVE_INFINITY) - open,
  );
  const from = Number.isFinite(low) ? low : Number.isFinite(high) ? high - 10 : 0;
  const to = Number.isFinite(high) ? high : from + 10;
  const value = from + random() * (to - from);
  if (step > 0) return Math.ceil(from / step) * step + Math.floor((random() * (to - Math.ceil(from / step) * step)) / step) * step;
  return whole ? Math.min(Math.floor(to), Math.ceil(value)) : Math.round(value * 100) / 100;
}

function sampleArray(sampler: Sampler, schema: SchemaObject, depth: number): Json[] {
  const first = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
  const least = Math.max(readCount(schema, "minItems", 0), 0);
  const most = Math.min(Math.max(least, readCount(schema, "maxItems", least + 2)), 100);
  const few = depth >= deepest ? least : Math.max(least, Math.min(most, least + Math.floor(sampler.random() * 3)));
  const items = schema["items"];
  return Array.from({ length: Math.max(few, Math.min(first.length, most)) }, (_, index) => {
    const part = first[index] ?? items ?? { type: "string" };
    return sampleValue(sampler, isObject(part) || typeof part === "boolean" ? part : true, depth + 1);
  });
}

function sampleObject(sampler: Sampler, schema: SchemaObject, depth: number): SchemaObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const value: SchemaObject = {};
  for (const name of new Set([...Object.keys(properties), ...required])) {
    const part = Object.hasOwn(properties, name) ? properties[name] : undefined;
    // `$status` picks the edge: an answer without it is none.
    const wanted = required.includes(name) || name === "$status" || name === "status" || (depth < deepest && sampler.random() < 0.7);
    if (wanted && part !== false) value[name] = sampleValue(sampler, isObject(part) || typeof part === "boolean" ? part : true, depth + 1);
  }
  return value;
}

function sampleValue(sampler: Sampler, schema: JsonSchema, depth: number): Json {
  if (typeof schema === "boolean") return sampleText({}, sampler.random);
  if (depth > 2 * deepest) return null;
  const flat = flatten(sampler, schema, depth);
  for (const key of unread) if (flat[key] !== undefined) sampler.notes.add(`"${key}" is not looked at`);
  if (flat["const"] !== undefined) return flat["const"];
  if (Array.isArray(flat["enum"]) && flat["enum"].length > 0) return pick(sampler.random, flat["enum"]) ?? null;
  switch (readType(flat, sampler.random)) {
    case "object":
      return sampleObject(sampler, flat, depth);
    case "array":
      return sampleArray(sampler, flat, depth);
    case "integer":
      return sampleNumber(flat, sampler.random, true);
    case "number":
      return sampleNumber(flat, sampler.random, false);
    case "boolean":
      return sampler.random() < 0.5;
    case "null":
      return null;
    default:
      return sampleText(flat, sampler.random);
  }
}

/**
 * Makes a value that fits the schema.
 * @param random numbers from 0 to 1, or a seed
 */
export function sampleSchema(schema: JsonSchema, random: Random | number): Sample {
  const sampler: Sampler = { root: schema, random: typeof random === "number" ? createRandom(random) : random, notes: new Set() };
  const value = sampleValue(sampler, schema, 0);
  return { value, notes: [...sampler.notes].sort() };
}
