/** Whether the keywords of a schema hold what they must; what they lead to is not looked at here. */
import type { Json } from "../event.ts";
import { extendPointer, isObject, isSchema } from "./json-schema.ts";
import { type Holding, schemaTypes } from "./keywords.ts";

/** A place below the keyword's, and what is wrong there. */
export interface Misshapen {
  path: string;
  message: string;
}

const describe = (value: Json): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? value.length === 0
        ? "an empty list"
        : "a list"
      : typeof value === "object"
        ? "a mapping"
        : `a ${typeof value}`.replace("a string", "text");

function isNames(value: Json): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function areTypes(value: Json): boolean {
  const items = Array.isArray(value) ? value : [value];
  return items.length > 0 && items.every((item) => (schemaTypes as readonly Json[]).includes(item));
}

/** What each holding is called, and whether a value is one. */
const holdings: Record<Holding, { takes: string; is: (value: Json) => boolean }> = {
  schema: { takes: "a schema", is: isSchema },
  schemas: {
    takes: "a list of schemas that is not empty",
    is: (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema),
  },
  schemaMap: { takes: "a mapping of names to schemas", is: (value) => isObject(value) && Object.values(value).every(isSchema) },
  schemaOrSchemas: { takes: "a schema", is: (value) => isSchema(value) || (Array.isArray(value) && value.every(isSchema)) },
  schemaOrNamesMap: {
    takes: "a mapping of names to schemas or lists of names",
    is: (value) => isObject(value) && Object.values(value).every((each) => isSchema(each) || isNames(each)),
  },
  names: { takes: "a list of names", is: isNames },
  namesMap: { takes: "a mapping of names to lists of names", is: (value) => isObject(value) && Object.values(value).every(isNames) },
  text: { takes: "text", is: (value) => typeof value === "string" },
  number: { takes: "a number", is: (value) => typeof value === "number" },
  positive: { takes: "a number above 0", is: (value) => typeof value === "number" && value > 0 },
  count: { takes: "a whole number from 0", is: (value) => Number.isSafeInteger(value) && Number(value) >= 0 },
  boolean: { takes: "`true` or `false`", is: (value) => typeof value === "boolean" },
  list: { takes: "a list", is: Array.isArray },
  options: { takes: "a list that is not empty", is: (value) => Array.isArray(value) && value.length > 0 },
  any: { takes: "anything", is: () => true },
  type: { takes: `one of ${schemaTypes.join(", ")}, or a list of them`, is: areTypes },
  pattern: { takes: "a regular expression", is: (value) => typeof value === "string" },
  patternMap: {
    takes: "a mapping of regular expressions to schemas",
    is: (value) => isObject(value) && Object.values(value).every(isSchema),
  },
  reference: { takes: "text", is: (value) => typeof value === "string" },
};

interface Part {
  in: "list" | "mapping";
  is(value: Json): boolean;
  must: string;
}

const schemaPart = { is: isSchema, must: "a schema is a mapping, `true` or `false`" };
const isText = (value: Json): boolean => typeof value === "string";

/** What the parts of those are that hold several. */
const partOf: Partial<Record<Holding, Part>> = {
  schemas: { in: "list", ...schemaPart },
  schemaMap: { in: "mapping", ...schemaPart },
  patternMap: { in: "mapping", ...schemaPart },
  names: { in: "list", is: isText, must: "a name is text" },
  namesMap: { in: "mapping", is: isNames, must: "this takes a list of names" },
  schemaOrNamesMap: { in: "mapping", is: (value) => isSchema(value) || isNames(value), must: "this takes a schema or a list of names" },
};

/** What is wrong with a keyword's value; undefined where it holds what it must. */
export function findMisshapen(keyword: string, holding: Holding, value: Json): Misshapen | undefined {
  const { takes, is } = holdings[holding];
  if (is(value)) return undefined;
  const path = extendPointer("", keyword);
  // Of a map or list it is one part that is wrong, if the whole is of the right sort.
  const part = partOf[holding];
  const isWhole = part?.in === "list" ? Array.isArray(value) : isObject(value);
  const [at, wrong] = (part && isWhole ? Object.entries(value ?? {}) : []).find(([, each]) => !part?.is(each)) ?? [];
  if (part && at !== undefined && wrong !== undefined)
    return { path: extendPointer(path, at), message: `${part.must}, not ${describe(wrong)}` };
  const given = typeof value === "string" || typeof value === "number" ? ` \`${String(value).slice(0, 50)}\`` : ` ${describe(value)}`;
  return { path, message: `\`${keyword}\` takes ${takes}, not${given}` };
}
