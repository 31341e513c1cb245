/** How a role's schema becomes a form, and what is written becomes an answer. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { JsonSchema } from "../../../src/contract/json-schema/check-schema.ts";
import {
  type FormPlan,
  growErrors,
  judgeAnswer,
  makeOutput,
  nameStatus,
  planForm,
  readRaw,
  sketchAnswer,
} from "../../../src/inspector/data/plan-form.ts";

const root = `${import.meta.dirname}/../../..`;
const text = { type: "string" };

function statusesOf(plan: FormPlan): (string | null)[] | string {
  return plan.kind === "form" ? plan.parts.map(({ status }) => status) : plan.why;
}

function roleSchemas(workflow: string): { [role: string]: JsonSchema } {
  const { roles } = parse(readFileSync(`${root}/workflows/${workflow}.yaml`, "utf8")) as {
    roles: { [role: string]: { frontmatter: JsonSchema } };
  };
  return Object.fromEntries(Object.entries(roles).map(([name, { frontmatter }]) => [name, frontmatter]));
}

test("[PERSON1] each status of a role is a choice, with the fields of its own branch, as all workflows here have them", () => {
  const { approver } = roleSchemas("release-approval");
  const plan = planForm(approver);
  expect(statusesOf(plan)).toEqual(["approved", "changes_requested", "stopped"]);
  expect(plan).toMatchObject({
    parts: [
      { title: "Approve", schema: { type: "object", properties: { note: text }, required: [] } },
      { title: "Send it back", schema: { required: ["changes"], properties: { changes: { type: "array" } } } },
      { title: "Stop the release", schema: { required: ["reason"] } },
    ],
  });
  for (const workflow of ["code-review", "debate", "triage-pool", "announce-setup", "release-approval"])
    for (const [role, schema] of Object.entries(roleSchemas(workflow))) expect(planForm(schema).kind, `${workflow}/${role}`).toBe("form");
});

test("[PERSON1] statuses of one enumeration share their fields; a schema without a status is one form", () => {
  expect(statusesOf(planForm({ properties: { $status: { enum: ["yes", "no"] }, why: text }, required: ["$status"] }))).toEqual([
    "yes",
    "no",
  ]);
  const plan = planForm({ type: "object", properties: { why: text, inner: { type: "object", properties: { n: { type: "integer" } } } } });
  expect(statusesOf(plan)).toEqual([null]);
});

test.each<[what: string, schema: JsonSchema | null]>([
  ["no schema", null],
  ["anything", true],
  ["nothing", false],
  ["alternatives that are no choice of a status", { oneOf: [{ properties: { a: text } }, { properties: { b: text } }] }],
  ["two branches of one status", { oneOf: [1, 2].map((n) => ({ properties: { $status: { const: "a" }, [`f${n}`]: text } })) }],
  ["alternatives inside", { properties: { a: { anyOf: [text, { type: "number" }] } } }],
  ["a condition", { properties: { a: text }, if: { required: ["a"] }, else: { required: ["b"] } }],
  ["a reference", { properties: { a: { $ref: "#/$defs/a" } }, $defs: { a: text } }],
  ["fields of any name", { properties: { a: { type: "object", additionalProperties: text } } }],
  ["several types", { properties: { a: { type: ["string", "null"] } } }],
  ["items one by one", { properties: { a: { type: "array", prefixItems: [text] } } }],
  ["no type", { properties: { a: {} } }],
  ["a list of anything", { properties: { a: { type: "array" } } }],
  ["too many fields", { properties: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, text])) }],
  ["too deep", Array.from({ length: 9 }).reduce<JsonSchema>((inner) => ({ type: "object", properties: { a: inner } }) as JsonSchema, text)],
])("[PERSON2] what a form can't show is written as JSON: %s", (_, schema) => {
  expect(planForm(schema).kind).toBe("raw");
  expect(JSON.parse(sketchAnswer(schema))).toEqual(expect.any(Object));
});

test("[PERSON2] what is typed as JSON is judged as the server does, and what is none is told", () => {
  expect(readRaw("{")).toMatchObject({ error: expect.stringContaining("no JSON yet") });
  expect(readRaw("[1]")).toMatchObject({ error: expect.stringContaining("an object") });
  expect(readRaw('{"a":1}')).toEqual({ output: { a: 1 } });
  expect(judgeAnswer({ required: ["a"], properties: { a: text } }, { a: 1 })).toMatchObject([{ path: "/a" }]);
  expect(judgeAnswer(null, { a: 1 })).toEqual([]);
  expect(judgeAnswer(null, { $status: "$TIMEOUT" })).toHaveLength(1);
});

test("[PERSON3] fields that are empty are not sent; items of a list stay at their places, so that errors are told there", () => {
  expect(makeOutput("approved", { note: "", extra: { a: "", b: 0 }, ok: false })).toEqual({
    $status: "approved",
    extra: { b: 0 },
    ok: false,
  });
  const output = makeOutput("changes_requested", { changes: [undefined as never, "tests"] });
  expect(output).toEqual({ $status: "changes_requested", changes: ["", "tests"] });
  const { approver } = roleSchemas("release-approval");
  expect(growErrors(judgeAnswer(approver, output))).toMatchObject({
    changes: { 0: { __errors: [expect.stringContaining("3 characters")] } },
  });
  expect(growErrors([{ path: "/a~1b/__proto__", message: "no" }])["a/b"]).toBeDefined();
  expect(nameStatus("changes_requested")).toBe("Changes requested");
});
