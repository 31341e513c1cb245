import { expect, test } from "vitest";
import type { Json } from "../../../src/contract/event.ts";
import { checkSchema, inspectSchema } from "../../../src/contract/json-schema/check-schema.ts";
import { mcpLimits } from "../../../src/mcp/limits.ts";
import { type AskedTurn, makeRespondSchema } from "../../../src/mcp/respond-schema.ts";

const asked = (turn: string, schema: Json, name = "reviewer"): AskedTurn => ({ turn, workflow: "review", role: { name, schema } });
const fits = (schema: { [keyword: string]: Json }, value: Json) => checkSchema(schema, value).length === 0;

const verdict: Json = {
  oneOf: [
    { properties: { $status: { const: "approved" }, summary: { type: "string" } }, required: ["$status", "summary"] },
    { properties: { $status: { const: "rejected" } }, required: ["$status"] },
  ],
};
/** It refers to itself, by a pointer and by its whole; what looks like a reference in data is none. */
const tree: Json = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    $ref: { type: "string" },
    node: { $ref: "#/$defs/node" },
    self: { $ref: "#" },
    fixed: { const: { $ref: "#/$defs/node" } },
  },
  $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, n: { type: "integer" } } } },
};
const huge: Json = { type: "object", properties: { kind: { enum: Array.from({ length: 3_000 }, (_, n) => `value ${n}`) } } };

test.each([
  ["no turn", [], { $status: "approved" }, "text"],
  ["one turn", [asked("t1", verdict)], { $status: "approved", summary: "fine" }, { $status: "approved" }],
  ["a role without a schema", [asked("t1", true)], { anything: 1 }, ["a list"]],
  ["a role whose schema is null", [asked("t1", null)], { anything: 1 }, 3],
  ["a schema of another sort", [asked("t1", { type: "array" })], ["what it asks for"], { a: 1 }],
  ["references", [asked("t1", tree)], { $ref: "x", node: { next: { n: 1 } }, self: { node: { n: 2 } } }, { self: { node: { n: "two" } } }],
  ["a schema that is huge", [asked("t1", huge)], { kind: "value 7" }, "text"],
  [
    "several turns",
    [asked("t1", verdict), asked("t2", tree)],
    { $status: "approved", summary: "fine" },
    { $status: "approved", node: { n: "one" } },
  ],
  ["several turns, the other one", [asked("t1", verdict), asked("t2", tree)], { node: { next: { n: 1 } } }, "text"],
])("[STDIO2] what `respond` takes is the role's schema, in a form that models' providers take: %s", (_, turns, right, wrong) => {
  const schema = makeRespondSchema(turns as AskedTurn[]);
  expect(inspectSchema(schema)).toEqual([]);
  expect(schema["type"]).toBe("object");
  for (const keyword of ["oneOf", "anyOf", "allOf", "not", "if", "enum", "$ref"]) expect(schema).not.toHaveProperty(keyword);
  const { properties } = schema as { properties: { [name: string]: Json } };
  for (const name of Object.keys(properties)) expect(name).toMatch(/^[a-zA-Z0-9_.-]{1,64}$/);
  const turn = (turns as AskedTurn[]).at(-1)?.turn ?? "t1";
  expect(fits(schema, { turn, output: right, body: "more" })).toBe(true);
  expect(fits(schema, { turn, output: wrong })).toBe(false);
  expect(fits(schema, { output: right })).toBe(false);
  if (turns.length > 0) expect(fits(schema, { turn: "another", output: right })).toBe(false);
});

test("[STDIO2] however many turns are open, and however large their schemas, the list of tools stays small, and says where a schema is read", () => {
  const schema = makeRespondSchema(Array.from({ length: 40 }, (_, n) => asked(`t${n}`, huge)));
  expect(JSON.stringify(schema).length).toBeLessThan(2 * mcpLimits.listedSchemasBytes);
  expect(JSON.stringify(schema)).toContain('call `get_turn` with part \\"schema\\"');
});

test("[STDIO2] a schema with an id of its own keeps its references, and data that looks like one", () => {
  const own = { $id: "https://example.com/node", type: "object", properties: { next: { $ref: "#" } } };
  expect(makeRespondSchema([asked("t1", own)])).toMatchObject({ properties: { output: own } });
  expect(makeRespondSchema([asked("t1", tree)])).toMatchObject({
    properties: { output: { properties: { $ref: { type: "string" }, fixed: { const: { $ref: "#/$defs/node" } } } } },
  });
});
