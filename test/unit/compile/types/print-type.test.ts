// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is written holds template literals
/** How schemas are written as types. Whether such types compile, and refuse what is wrong, is asked of the compiler in test/integration/types. */
import { expect, test } from "vitest";
import { createNames } from "../../../../src/compile/types/names.ts";
import { createTypePrinter } from "../../../../src/compile/types/print-type.ts";
import { indexSchema } from "../../../../src/contract/json-schema/index-schema.ts";
import type { JsonSchema } from "../../../../src/contract/json-schema/json-schema.ts";

/** The type, on one line; with what it refers to before it. */
function write(schema: JsonSchema): string {
  const index = indexSchema(schema);
  expect(index.faults).toEqual([]);
  const { print, declarations } = createTypePrinter({ index, prefix: "X", nameOnce: createNames([]) });
  const type = print([schema], "");
  return [...declarations, type].join(" ").replaceAll(/\s+/g, " ").trim();
}

const text = { type: "string" };
const reference = "{ $artifact: string; size?: number | undefined; type?: string | undefined; name?: string | undefined; }";

test.each<[what: string, schema: JsonSchema, type: string]>([
  ["a place", { format: "artifact", contentMediaType: "text/*" }, reference],
  ["a place that says it is an object", { type: "object", format: "artifact" }, reference],
  ["a place that a text may take too", { type: ["string", "object"], format: "artifact", maxLength: 9 }, `| string | ${reference}`],
  ["a member", { properties: { a: { format: "artifact" } }, required: ["a"], additionalProperties: false }, `{ a: ${reference}; }`],
  ["another format", { format: "date" }, "string"],
])("[TYPES18] a reference stands where `format: artifact` does: %s", (_what, schema, type) => {
  expect(write(schema)).toBe(type);
});

test.each<[what: string, schema: JsonSchema, type: string]>([
  ["anything", true, "Json"],
  ["nothing", false, "never"],
  ["no word", { description: "Whatever.", "x-own": 1 }, "Json"],
  ["a type", text, "string"],
  ["an integer", { type: "integer", minimum: 1 }, "number"],
  ["several types", { type: ["string", "null", "integer"] }, "string | number | null"],
  ["a hint of a type", { minLength: 1 }, "string"],
  ["another hint", { multipleOf: 2 }, "number"],
  ["a constant", { const: "a" }, '"a"'],
  ["a constant null", { const: null }, "null"],
  ["an enumeration of everything", { enum: ["a", 1, -2.5, true, null] }, '"a" | 1 | -2.5 | true | null'],
  ["a constant object", { const: { a: [1] } }, "{ a: [1]; }"],
  ["a constant empty object", { const: {} }, "Record<string, never>"],
  ["an enumeration that its type narrows", { type: "string", enum: ["a", 1] }, '"a"'],
  ["members", { properties: { a: text, b: text }, required: ["a"] }, "{ a: string; b?: string | undefined; [field: string]: unknown; }"],
  ["no others", { properties: { a: text }, additionalProperties: false }, "{ a?: string | undefined; }"],
  ["others of a type", { type: "object", additionalProperties: text }, "{ [field: string]: string; }"],
  [
    "named ones beside others of a type",
    { properties: { n: { type: "number" } }, additionalProperties: text },
    "{ n?: number | undefined; [field: string]: string | number | undefined; }",
  ],
  ["one that must be there and has no schema", { required: ["a"], additionalProperties: text }, "{ a: string; [field: string]: string; }"],
  [
    "names that are no identifiers",
    { properties: { "a b": true, $c: true, "1": true }, required: ["a b", "$c", "1"], additionalProperties: false },
    '{ "1": Json; "a b": Json; $c: Json; }',
  ],
  ["patterns", { patternProperties: { "^x-": text }, additionalProperties: false }, "{ [field: `x-${string}`]: string; }"],
  [
    "a pattern that types can't say",
    { patternProperties: { "^[a-z]+$": text }, additionalProperties: false },
    "{ [field: string]: string; }",
  ],
  [
    "a member that a pattern is about too",
    { properties: { "x-a": { enum: ["a", 1] } }, patternProperties: { "^x-": text }, additionalProperties: false },
    '{ "x-a"?: "a" | undefined; [field: `x-${string}`]: string | undefined; }',
  ],
  [
    "a pattern among others of any type",
    { properties: { a: text }, patternProperties: { "^x-": { type: "number" } } },
    "{ a?: string | undefined; [field: `x-${string}`]: number | undefined; [field: string]: unknown; }",
  ],
  ["a list", { type: "array", items: text }, "string[]"],
  ["a list of anything", { type: "array" }, "Json[]"],
  ["a list of a union", { items: { type: ["string", "null"] } }, "(string | null)[]"],
  ["a list of at least one, which no type knows", { items: text, minItems: 1 }, "string[]"],
  ["a tuple", { prefixItems: [text, { type: "number" }], items: false, minItems: 2 }, "[string, number]"],
  [
    "a tuple that may be shorter, or longer",
    { prefixItems: [text, { type: ["number", "null"] }], minItems: 1 },
    "[string, (number | null)?, ...Json[]]",
  ],
  ["a tuple of the older kind", { items: [text], additionalItems: { type: "number" } }, "[string?, ...number[]]"],
  ["an empty list", { type: "array", items: false }, "[]"],
  ["a reference", { $ref: "#/$defs/a", $defs: { a: text } }, "export type XA = string; XA"],
  [
    "a reference into itself",
    { type: "object", properties: { next: { $ref: "#" } } },
    "export type XPart = { next?: XPart | undefined; [field: string]: unknown; }; XPart",
  ],
  [
    "an anchor, and a list of itself",
    { $ref: "#tree", $defs: { t: { $anchor: "tree", type: "array", items: { $ref: "#tree" } } } },
    "export type XTree = XTree[]; XTree",
  ],
  [
    "two that refer to one another",
    {
      $ref: "#/$defs/a",
      $defs: {
        a: { properties: { b: { $ref: "#/$defs/b" } }, additionalProperties: false },
        b: { properties: { a: { $ref: "#/$defs/a" } }, additionalProperties: false },
      },
    },
    "export type XA = { b?: XB | undefined; }; export type XB = { a?: XA | undefined; }; XA",
  ],
  [
    "a reference with more beside it",
    { $ref: "#/$defs/a", required: ["b"], $defs: { a: { properties: { b: text }, additionalProperties: false } } },
    "{ b: string; }",
  ],
  [
    "all of several",
    { allOf: [{ properties: { a: text }, required: ["a"] }, { properties: { a: { enum: ["x", 1] } } }] },
    '{ a: "x"; [field: string]: unknown; }',
  ],
  [
    "all of which one is closed",
    { allOf: [{ properties: { a: text }, additionalProperties: false }, { properties: { b: text } }] },
    "{ a?: string | undefined; }",
  ],
  [
    "all that cannot be",
    { type: "object", allOf: [{ properties: { a: text }, additionalProperties: false }, { required: ["b"] }] },
    "never",
  ],
  ["any of several", { anyOf: [text, { type: "number" }], minLength: 2 }, "string | number"],
  ["one of which anything is one", { anyOf: [text, true] }, "Json"],
  [
    "closed over its parts",
    { allOf: [{ properties: { a: text } }], properties: { b: text }, unevaluatedProperties: false },
    "{ b?: string | undefined; a?: string | undefined; }",
  ],
  [
    "nullable",
    { oneOf: [{ type: "null" }, { type: "object", properties: { a: text }, additionalProperties: false }] },
    "| null | { a?: string | undefined; }",
  ],
  ["not some of an enumeration", { enum: ["a", "b", true, false, null], not: { enum: ["a", true, null] } }, '"b" | false'],
  ["not true", { type: "boolean", not: { const: true } }, "false"],
  ["not a type", { type: ["string", "null"], not: { type: "null" } }, "string"],
  ["not with a member", { type: "object", not: { required: ["a"] } }, "{ a?: never; [field: string]: unknown; }"],
  [
    "branches that only say more",
    {
      properties: { $status: { enum: ["a", "b"] }, x: text },
      required: ["$status"],
      additionalProperties: false,
      oneOf: [{ properties: { $status: { const: "a" } }, required: ["x"] }, { properties: { $status: { const: "b" } } }],
    },
    '| { $status: "a"; x: string; } | { $status: "b"; x?: string | undefined; }',
  ],
  [
    "a condition",
    {
      properties: { $status: { enum: ["a", "b", "c"] }, x: text },
      required: ["$status"],
      additionalProperties: false,
      if: { properties: { $status: { const: "a" } } },
      then: { required: ["x"] },
      else: { properties: { x: false } },
    },
    '| { $status: "a"; x: string; } | { $status: "b" | "c"; }',
  ],
  [
    "what must be there with another",
    { properties: { a: text, b: text }, additionalProperties: false, dependentRequired: { a: ["b"] } },
    "| { a: string; b: string; } | { b?: string | undefined; }",
  ],
])("[TYPES2] %s", (_, schema, type) => {
  expect(write(schema)).toBe(type);
});

test("[TYPES2] five thousand words are a type of five thousand, and what doubles at each step comes to an end", () => {
  const words = Array.from({ length: 5_000 }, (_, at) => `word-${at}`);
  expect(write({ enum: words }).split(" | ")).toHaveLength(5_000);
  const either = (name: string) => ({ anyOf: [{ required: [`${name}1`] }, { required: [`${name}2`] }] });
  const doubling: JsonSchema = { type: "object", allOf: Array.from({ length: 40 }, (_, at) => either(`m${at}`)) };
  expect(write(doubling).length).toBeLessThan(1_000_000);
});
