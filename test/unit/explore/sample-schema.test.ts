import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/contract/event.ts";
import { checkSchema } from "../../../src/contract/json-schema/check-schema.ts";
import { createRandom, sampleSchema } from "../../../src/explore/index.ts";
import { compileExample } from "./compile-text.ts";

type Schema = { [key: string]: Json };

const schemas: [string, Schema][] = [
  ["a const", { const: { a: [1] } }],
  ["an enum", { enum: ["x", 2, null] }],
  [
    "every type",
    {
      type: "object",
      properties: { s: { type: "string" }, i: { type: "integer" }, n: { type: "number" }, b: { type: "boolean" }, z: { type: "null" } },
      required: ["s", "i", "n", "b", "z"],
    },
  ],
  ["bounds of numbers", { type: "integer", minimum: 3, exclusiveMaximum: 5 }],
  ["a multiple", { type: "number", multipleOf: 5, minimum: 12, maximum: 30 }],
  ["an upper bound only", { type: "number", maximum: -3 }],
  ["bounds of texts", { type: "string", minLength: 30, maxLength: 31 }],
  ["bounds of lists", { type: "array", minItems: 2, maxItems: 3, items: { type: "boolean" } }],
  ["a tuple", { type: "array", prefixItems: [{ const: 1 }, { const: "b" }], minItems: 2 }],
  [
    "one of several",
    {
      oneOf: [
        { properties: { $status: { const: "a" }, x: { type: "integer" } }, required: ["$status", "x"] },
        { properties: { $status: { const: "b" } }, required: ["$status"] },
      ],
    },
  ],
  [
    "any of several",
    { type: "object", anyOf: [{ required: ["a"] }, { required: ["b"] }], properties: { a: { type: "string" }, b: { type: "integer" } } },
  ],
  ["all of several", { allOf: [{ type: "object", properties: { a: { type: "integer" } } }, { required: ["a"] }] }],
  [
    "references",
    { $defs: { id: { type: "string", minLength: 4 } }, type: "object", properties: { id: { $ref: "#/$defs/id" } }, required: ["id"] },
  ],
  ["a tree of itself", { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } }, required: ["children"] }],
  ["several types", { type: ["integer", "null"] }],
  ["formats", { type: "string", format: "date-time" }],
  ["the rest of an object", { type: "object", properties: { a: false, b: true }, required: ["b"] }],
];

describe("a sampled value", () => {
  test.each(schemas)("[PATH4] fits %s", (_title, schema) => {
    for (let seed = 0; seed < 60; seed++) {
      const { value } = sampleSchema(schema, seed);
      expect(checkSchema(schema, value), JSON.stringify(value)).toEqual([]);
    }
  });

  test("[PATH4] fits the schemas of the repository's own roles, and takes every status in turn", () => {
    const random = createRandom(7);
    const seen = new Set<string>();
    for (const role of compileExample("code-review").ir.roles)
      for (let count = 0; count < 40; count++) {
        const { value } = sampleSchema(role.schema ?? true, random);
        expect(checkSchema(role.schema ?? true, value)).toEqual([]);
        seen.add(String((value as { $status?: Json }).$status));
      }
    expect([...seen].sort()).toEqual(["approved", "changes_requested", "updated", "withdrawn"]);
  });

  test("[PATH4] is the same for the same seed, and another for another", () => {
    const schema = { type: "array", minItems: 20, maxItems: 20, items: { type: "number" } };
    expect(sampleSchema(schema, 3)).toEqual(sampleSchema(schema, 3));
    expect(sampleSchema(schema, 3)).not.toEqual(sampleSchema(schema, 4));
  });

  test("[PATH4] comes with notes on what was not looked at", () => {
    expect(sampleSchema({ type: "string", pattern: "^x" }, 1).notes).toEqual(['"pattern" is not looked at']);
    expect(sampleSchema({ $ref: "other.json" }, 1).notes).toEqual(["$ref other.json is not followed"]);
    expect(sampleSchema({ $ref: "#/$defs/none" }, 1).notes).toEqual(["$ref #/$defs/none leads nowhere"]);
  });
});
