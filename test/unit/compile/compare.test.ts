/** The difference of two revisions: each kind of change, and whom it breaks. */
import { describe, expect, test } from "vitest";
import { compareSchemas } from "../../../src/compile/compare/compare-schemas.ts";
import { compareWorkflows } from "../../../src/compile/compare/compare-workflows.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";

const base = `name: review
description: A change is reviewed.
binding: cloud
max_rounds: 20
concurrency: 4
input: { properties: { repo: { type: string }, urgent: { type: boolean } }, required: [repo] }
reflexes:
  - { kind: workflow, on: [pr.opened], key: data.repo }
  - { kind: signal, on: [pr.closed], key: data.repo, signal: cancel }
roles:
  author:
    goal: Write it.
    capabilities: [code]
    turn: { timeout: 30m }
    frontmatter: { properties: { $status: { const: done }, notes: { type: string } }, required: [$status] }
  reviewer:
    goal: Read it.
    capabilities: [read]
    frontmatter: { properties: { $status: { enum: [approved, changes] }, summary: { type: string } }, required: [$status] }
graph:
  $START: { new: { role: author, prompt: Write. } }
  author: { done: { role: reviewer, prompt: "Review {{ notes }}." } }
  reviewer:
    approved: { role: $END, prompt: "Approved." }
    changes: { role: author, prompt: "Change it." }
`;

/** Compares the file with one in which something stands otherwise. */
function compare(...edits: [from: string, to: string][]) {
  const text = edits.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`${from} is not there`);
    return result.replace(from, to);
  }, base);
  const [before, after] = [parseWorkflow(base), parseWorkflow(text)].map(({ ir, diagnostics }) => {
    if (!ir) throw new Error(JSON.stringify(diagnostics.map(({ message }) => message)));
    return ir;
  });
  if (!before || !after) throw new Error("nothing");
  return compareWorkflows(before, after);
}

test.each<[string, [string, string][]]>([
  ["nothing", []],
  [
    "comments and layout",
    [
      ["name: review", "# mine\nname:   'review'"],
      ["[code]", "\n      - code"],
    ],
  ],
  [
    "a default that is spelt out",
    [["goal: Read it.", "goal: Read it.\n    type: open\n    bind: thread\n    turn: { timeout: 30m, retries: 0 }"]],
  ],
  ["what is not exposed", [["name: review", "name: review\nexpose: false"]]],
  ["another unit", [["timeout: 30m", "timeout: 1800s"]]],
  ["an older name", [["frontmatter: { properties: { $status: { const", "meta: { properties: { $status: { const"]]],
])("[DIFF1] %s is no difference in meaning", (_, edits) => expect(compare(...edits)).toEqual([]));

test.each<[string, [string, string][], object]>([
  ["a timeout", [["30m", "1h"]], { part: "role", what: "changed", at: "author.turn.timeout", before: "30m", after: "1h" }],
  [
    "a policy",
    [["{ timeout: 30m }", "{ timeout: 30m, on_timeout: rerecruit }"]],
    { at: "author.turn.on_timeout", before: "suspend", after: "rerecruit" },
  ],
  ["what a role owes", [["goal: Read it.", "goal: Read all."]], { at: "reviewer.goal", before: "Read it.", after: "Read all." }],
  ["a number", [["concurrency: 4", "concurrency: 8"]], { part: "workflow", at: "concurrency", before: 4, after: 8 }],
  [
    "a prompt",
    [["Change it.", "Change it well."]],
    { part: "prompt", at: "reviewer: changes, prompt", before: "Change it.", after: "Change it well." },
  ],
  [
    "an edge's target",
    [
      ["approved: { role: $END", "approved: { role: author"],
      ["changes: { role: author", "changes: { role: $END"],
    ],
    { part: "edge", at: "reviewer: approved", before: "$END", after: "author" },
  ],
  [
    "an event of an edge",
    [['prompt: "Approved." }', 'prompt: "Approved.", emit: [{ kind: a.b }] }']],
    { part: "edge", what: "added", at: "reviewer: approved, emit" },
  ],
  ["that clients may start it", [["name: review", "name: review\nexpose: true"]], { what: "added", at: "expose", after: true }],
  [
    "a reflex that is new",
    [["reflexes:", "reflexes:\n  - { kind: workflow, on: [pr.again] }"]],
    { part: "reflex", what: "added", at: "workflow on pr.again" },
  ],
])("[DIFF2] %s is told, and breaks nobody", (_, edits, wanted) => {
  const [change] = compare(...edits);
  expect(change).toMatchObject(wanted);
  expect(change?.breaks).toBeUndefined();
});

test.each<[string, [string, string][], object]>([
  [
    "a field that became required",
    [["notes: { type: string } }, required: [$status]", "notes: { type: string } }, required: [$status, notes]"]],
    { at: "author.frontmatter: notes", message: "became required", breaks: ["agents"] },
  ],
  ["a capability more", [["[code]", "[code, test]"]], { at: "author.eligibility.all", breaks: ["agents"] }],
  [
    "an input that became required",
    [["required: [repo]", "required: [repo, urgent]"]],
    { part: "input", at: "input: urgent", breaks: ["senders"] },
  ],
  [
    "a reflex that is gone",
    [["  - { kind: workflow, on: [pr.opened], key: data.repo }\n", ""]],
    { part: "reflex", what: "removed", breaks: ["senders"] },
  ],
  [
    "a key",
    [["on: [pr.opened], key: data.repo", "on: [pr.opened], key: data.pr"]],
    { part: "reflex", at: "workflow on pr.opened, key", breaks: ["threads"] },
  ],
  [
    "a smaller budget of a role",
    [["[code]", "[code]\n    budget: { tokens: 5 }"]],
    { at: "author.budget.tokens", what: "added", after: 5 },
  ],
  ["a budget of all turns", [["max_rounds: 20", "max_rounds: 20\nbudget: { cost: 2 }"]], { at: "budget.cost", what: "added", after: 2 }],
  ["fewer rounds", [["max_rounds: 20", "max_rounds: 5"]], { at: "max_rounds", breaks: ["threads"] }],
  ["another name", [["name: review", "name: reviews"]], { at: "name", breaks: ["agents", "senders", "threads"] }],
])("[DIFF3] %s is told with whom it breaks", (_, edits, wanted) => expect(compare(...edits)[0]).toMatchObject(wanted));

test("[DIFF3] what clients may start no more breaks those who send", () => {
  const [open, closed] = ["name: review\nexpose: true", "name: review"].map((name) => parseWorkflow(base.replace("name: review", name)).ir);
  if (!open || !closed) throw new Error("nothing");
  expect(compareWorkflows(open, closed)).toMatchObject([{ what: "removed", at: "expose", before: true, breaks: ["senders"] }]);
});

test("[DIFF3] a status that is gone breaks agents, and threads at its edge", () => {
  const changes = compare(["[approved, changes]", "[approved]"], ['    changes: { role: author, prompt: "Change it." }\n', ""]);
  expect(changes).toMatchObject([
    { at: "reviewer.frontmatter: $status", message: 'may not be "changes" any more', breaks: ["agents"] },
    { part: "edge", what: "removed", at: "reviewer: changes", breaks: ["threads"], why: expect.stringContaining("`changes` cannot go on") },
  ]);
});

describe("roles", () => {
  test("[DIFF4] one that is alike but for its name was renamed; its edges are no changes", () => {
    const text = base.replaceAll("author", "writer");
    const [before, after] = [parseWorkflow(base).ir, parseWorkflow(text).ir];
    if (!before || !after) throw new Error("nothing");
    expect(compareWorkflows(before, after)).toMatchObject([
      { part: "role", what: "changed", at: "writer", message: "was called author", breaks: ["agents", "threads"] },
    ]);
  });

  test("[DIFF4] one that is gone breaks its agents and threads; one that is new breaks nobody", () => {
    const changes = compare(
      ["graph:", "  tester: { goal: Test., frontmatter: { properties: { $status: { const: fine } } } }\ngraph:"],
      ["approved: { role: $END", "approved: { role: tester"],
      ["    changes:", "    changes: { role: author, prompt: x }\n  tester:\n    fine: { role: $END, prompt: x }\nx-rest:\n    changes:"],
    );
    expect(changes.find(({ part }) => part === "role")).toEqual({ part: "role", what: "added", at: "tester", message: "a new open role" });
  });
});

describe("schemas", () => {
  const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more }) as never;

  test.each<[string, never, never, [path: string, narrows: boolean][]]>([
    ["the same in another order", object({ a: true, b: true }), object({ b: true, a: true }), []],
    ["an enum that takes more", object({ a: { enum: ["x"] } }), object({ a: { enum: ["x", "y"] } }), [["a", false]]],
    ["an enum that takes less", object({ a: { enum: ["x", "y"] } }), object({ a: { enum: ["x"] } }), [["a", true]]],
    ["whole numbers become numbers", object({ a: { type: "integer" } }), object({ a: { type: "number" } }), [["a", false]]],
    ["numbers become whole", object({ a: { type: "number" } }), object({ a: { type: "integer" } }), [["a", true]]],
    ["a field more that may be left out", object({}), object({ a: true }), [["a", false]]],
    ["a field more that is required", object({}), object({ a: true }, { required: ["a"] }), [["a", true]]],
    ["a field less", object({ a: true }), object({}), [["a", false]]],
    [
      "a field less of a closed object",
      object({ a: true }, { additionalProperties: false }),
      object({}, { additionalProperties: false }),
      [["a", true]],
    ],
    ["an object that is closed", object({}), object({}, { additionalProperties: false }), [["", true]]],
    ["a tighter bound", object({ a: { maxLength: 9 } }), object({ a: { maxLength: 5 } }), [["a", true]]],
    ["a wider bound", object({ a: { minimum: 9 } }), object({ a: { minimum: 5 } }), [["a", false]]],
    ["items", object({ a: { items: { type: "string" } } }), object({ a: { items: { type: "number" } } }), [["a[]", true]]],
    ["words", object({ a: { description: "x" } }), object({ a: { description: "y" } }), [["a", false]]],
    ["a pattern", object({ a: { type: "string" } }), object({ a: { type: "string", pattern: "^x" } }), [["a", true]]],
  ])("[DIFF5] %s", (_, before, after, wanted) =>
    expect(compareSchemas(before, after).map(({ path, narrows }) => [path, narrows])).toEqual(wanted),
  );

  test("[DIFF5] alternatives are paired by their $status", () => {
    const way = (status: string, required: string[]) => ({ properties: { $status: { const: status }, why: true }, required });
    const changes = compareSchemas({ oneOf: [way("a", []), way("b", [])] } as never, { oneOf: [way("c", []), way("a", ["why"])] } as never);
    expect(changes).toEqual([
      { path: "(a).why", message: "became required", narrows: true },
      { path: "(b)", message: "is no alternative any more", narrows: true },
      { path: "(c)", message: "is a new alternative", narrows: false },
    ]);
  });

  test("[DIFF5] a schema that refers to itself ends", () => {
    const tree = (type: string) =>
      ({ $defs: { n: { properties: { v: { type }, next: { $ref: "#/$defs/n" } } } }, $ref: "#/$defs/n" }) as never;
    expect(compareSchemas(tree("string"), tree("number")).length).toBeGreaterThan(0);
    expect(compareSchemas(tree("string"), tree("string"))).toEqual([]);
  });
});

test("[DIFF6] edges of a list are paired by condition and target; another order is told", () => {
  const list = (edges: string) =>
    parseWorkflow(`name: l
description: d
roles: { a: { goal: x }, b: { goal: y } }
conditions: { yes: { description: d, expression: "$last('a').x = 1" }, no: { description: d, expression: "$last('a').x = 2" } }
graph:
  $START: [{ role: a, prompt: p }]
  a: [${edges}]
  b: [{ role: $END, prompt: p }]
`).ir;
  const one = list("{ role: b, condition: yes, prompt: p }, { role: a, condition: no, prompt: p }, { role: $END, prompt: p }");
  const two = list("{ role: a, condition: no, prompt: p }, { role: b, condition: yes, prompt: p }, { role: $END, prompt: q }");
  if (!one || !two) throw new Error("nothing");
  expect(compareWorkflows(one, two)).toMatchObject([
    { part: "prompt", at: "a: otherwise, prompt", before: "p", after: "q" },
    { part: "edge", at: "a", message: "its edges are tried in another order" },
  ]);
  expect(compareWorkflows(one, one)).toEqual([]);
});
