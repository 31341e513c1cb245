/**
 * A short text that changes where a schema's types change: by it an agent notices that its generated types are of another revision. Small,
 * for it is part of the client. No proof of anything: whoever wants two schemas of one fingerprint can make them.
 */
import type { Json } from "../event.ts";
import type { JsonSchema } from "./json-schema.ts";

/**
 * The keywords on which types depend, by what they hold: schemas, schemas by name, a value as it is, or values whose order says nothing.
 * Words for people, and bounds that no type can say, are not among them.
 */
const typing = {
  schema: "additionalProperties unevaluatedProperties items prefixItems additionalItems allOf anyOf oneOf not if then else",
  map: "properties patternProperties $defs definitions dependentSchemas dependencies",
  value: "const minItems maxItems $ref $dynamicRef $id $anchor $dynamicAnchor dependentRequired",
  set: "type enum required",
};

function findHolding(keyword: string): string | undefined {
  return Object.entries(typing).find(([, keywords]) => keywords.split(" ").includes(keyword))?.[0];
}

/** 16 hex digits. @param schema undefined: there is none, as `true` */
export function fingerprintSchema(schema: JsonSchema | undefined): string {
  return hashText(reduce(schema ?? true));
}

/** 16 hex digits of a text, the same everywhere; not for what an enemy chooses. */
export function hashText(text: string): string {
  let [one, two] = [0x811c9dc5, 0x9e3779b9];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two + unit, 0x85ebca6b) ^ (two >>> 15);
  }
  return [mix(one ^ two), mix(two + Math.imul(one, 5))].map((half) => half.toString(16).padStart(8, "0")).join("");
}

function mix(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  const second = Math.imul(first ^ (first >>> 15), 0x846ca68b);
  return (second ^ (second >>> 16)) >>> 0;
}

/** What is kept, as text that does not depend on the order of members. */
function reduce(schema: Json): string {
  if (Array.isArray(schema)) return `[${schema.map(reduce).join()}]`;
  if (!isObject(schema)) return JSON.stringify(schema);
  return writeMembers(schema, (keyword, value) => {
    const holding = findHolding(keyword);
    if (holding === "map" && isObject(value)) return writeMembers(value, (_, inner) => reduce(inner));
    if (holding === "set" && Array.isArray(value)) return `[${value.map(write).sort().join()}]`;
    return holding === "schema" ? reduce(value) : holding && write(value);
  });
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function write(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  return isObject(value) ? writeMembers(value, (_, inner) => write(inner)) : JSON.stringify(value);
}

function writeMembers(object: { [name: string]: Json }, render: (name: string, value: Json) => string | undefined): string {
  const members = Object.keys(object)
    .sort()
    .map((name) => [name, render(name, object[name] ?? null)]);
  return `{${members.flatMap(([name, text]) => (text === undefined ? [] : `${JSON.stringify(name)}:${text}`)).join()}}`;
}
