/** Schemas, roles and times that contradict themselves across several places. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { graph, head, role } from "./small-workflow.ts";

/** `name: text` of all findings, in order. */
function find(text: string): string[] {
  return parseWorkflow(text).diagnostics.map(({ name, span }) => `${name}: ${text.slice(span.start, span.end)}`);
}

const typed = (text: string): string => `${head}roles:\n  w:\n    goal: x\n    frontmatter: ${text}\n${graph}`;
const status = "$status: { const: done }";

describe("schemas", () => {
  test.each([
    ["a part requires what another refuses", `{ additionalProperties: false, properties: { ${status} }, allOf: [{ required: [b] }] }`, "b"],
    ["a constant behind allOf", `{ properties: { ${status}, x: { enum: [a, b] } }, allOf: [{ properties: { x: { const: c } } }] }`, "c"],
    [
      "a bound behind $ref",
      `{ $defs: { n: { type: integer, minimum: 5 } }, properties: { ${status}, x: { $ref: "#/$defs/n", maximum: 3 } } }`,
      "3",
    ],
    ["an exclusive bound", `{ properties: { ${status}, x: { type: integer, exclusiveMinimum: 3, exclusiveMaximum: 4 } } }`, "4"],
    ["a pattern that no option has", `{ properties: { ${status}, x: { enum: [abc, def], pattern: "^x" } } }`, '"^x"'],
    ["options out of bounds", `{ properties: { ${status}, x: { enum: [1, 2], minimum: 3 } } }`, "3"],
    ["two types", `{ properties: { ${status}, x: { type: string, allOf: [{ type: integer }] } } }`, "integer"],
    ["required, and nothing may stand there", `{ properties: { ${status}, x: false }, required: [x] }`, "x"],
    ["more properties than there are", `{ additionalProperties: false, properties: { ${status} }, minProperties: 2 }`, "2"],
    ["more items than differ", `{ properties: { ${status}, x: { items: { enum: [a, b] }, uniqueItems: true, minItems: 3 } } }`, "3"],
    [
      "a then that the rest refuses",
      `{ additionalProperties: false, properties: { ${status}, x: {} }, if: { required: [x] }, then: { required: [why] } }`,
      "why",
    ],
    ["a not of everything", `{ properties: { ${status}, x: { not: {} } } }`, "{"],
  ])("[CHECK36] %s is told at what contradicts", (_title, schema, at) => {
    expect(find(typed(schema))).toEqual([`schema-contradiction: ${at}`]);
  });

  test.each([
    ["bounds that meet", `{ properties: { ${status}, x: { type: integer, exclusiveMinimum: 3, maximum: 4 } } }`],
    ["an integer that is a number", `{ properties: { ${status}, x: { type: number, allOf: [{ type: integer }] } } }`],
    ["one option that fits", `{ properties: { ${status}, x: { enum: [abc, xyz], pattern: "^x" } } }`],
    [
      "branches that exclude one another",
      `{ properties: { ${status} }, oneOf: [{ properties: { x: { const: a } } }, { properties: { x: { const: b } } }] }`,
    ],
    [
      "tests that exclude one another",
      `{ properties: { ${status}, x: {} }, allOf: [{ if: { properties: { x: { const: a } } }, then: { required: [y] } }, { if: { properties: { x: { const: b } } }, then: { required: [z] } }] }`,
    ],
    ["a schema that leads back to itself", `{ properties: { ${status}, x: { $ref: "#" } } }`],
  ])("[CHECK36] %s is no fault", (_title, schema) => {
    expect(find(typed(schema))).toEqual([]);
  });

  test("[CHECK36] a large schema of alternatives takes no longer than its size", () => {
    const ways = Array.from(
      { length: 60 },
      (_, at) => `{ properties: { ${status}, k: { const: k${at} } }, oneOf: [{ required: [a] }, { required: [b] }] }`,
    );
    const begun = performance.now();
    parseWorkflow(typed(`{ oneOf: [${ways.join(", ")}] }`));
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe("tests beside the graph", () => {
  const where = (text: string, more = ""): string => `${head}${role(`eligibility: { where: ${JSON.stringify(text)}${more} }`)}${graph}`;

  test("[CHECK37] a `where` that no card meets, an `ok` that no answer meets and a `when` that no event meets are told", () => {
    for (const text of ["false", "load < 0", "load < 1 and load > 3", "capacity.used < 0"])
      expect(find(where(text))).toEqual([`test-never-holds: ${JSON.stringify(text)}`]);
    expect(find(where("id = 'a' and id = 'b'"))).toHaveLength(1);
    expect(find(where("id = 'ann'", ", agents: [bob]"))).toEqual([`test-never-holds: "id = 'ann'"`]);
    for (const text of ["load < 1", "id = 'a' or id = 'b'", "'x' in capabilities", "labels.team = 'core'", "load <= 0"])
      expect(find(where(text))).toEqual([]);
    const poll = `${head}roles:\n  w: { type: broadcast, goal: x, frontmatter: { properties: { n: { enum: [1, 2] } }, required: [n] }, broadcast: { ack: { ok: n > 2 } } }\n${graph.replace("done:", "$ACKED:")}`;
    expect(find(poll)).toEqual(["impossible-comparison: 2"]);
    expect(find(poll.replace("n > 2", "n > 1"))).toEqual([]);
    const reflex = (when: string): string => `${head}reflexes: [{ kind: workflow, on: [a.b], when: "${when}" }]\n${role("")}${graph}`;
    expect(find(reflex("data.x = 'a' and data.x = 'b'"))).toHaveLength(1);
    expect(find(reflex("data.x = 'a' or data.x = 'b'"))).toEqual([]);
  });
});

describe("roles", () => {
  test("[CHECK38] roles that may not have one agent need one each", () => {
    const two = (first: string, second: string): string =>
      `${head}roles:\n  a: { goal: x, eligibility: { agents: [${first}] } }\n  b: { goal: x, eligibility: { agents: [${second}], not: [a] } }\ngraph:\n  $START: [{ role: a }]\n  a: [{ role: b }]\n  b: [{ role: $END }]\n`;
    expect(find(two("ann", "ann"))).toEqual(["nobody-eligible: agents"]);
    expect(find(two("ann, bob", "ann"))).toEqual([]);
    const pool = (agents: string): string =>
      `${head}max_rounds: 4\n${role(`bind: turn\neligibility: { agents: [${agents}], not: [w] }`)}${graph}    more: { role: w, prompt: More. }\n`.replace(
        "const: done",
        "enum: [done, more]",
      );
    expect(find(pool("ann"))).toEqual(["nobody-eligible: w"]);
    expect(find(pool("ann, bob"))).toEqual([]);
  });

  test("[CHECK39] a time that another one cuts short, a wait before no further offer, and a policy for what has an edge are told", () => {
    const poll = (fields: string): string =>
      `${head}roles:\n  w: { type: broadcast, goal: x, ${fields} }\n${graph.replace("done:", "$ACKED:")}`;
    expect(find(poll("broadcast: { ttl: 1m }"))).toEqual(["timer-never-counts: 1m"]);
    expect(find(poll("broadcast: { ttl: 1h, ack: { timeout: 1h } }"))).toEqual([]);
    expect(find(poll("turn: { timeout: 1m, retries: 1, on_timeout: suspend }"))).toEqual([
      "without-effect: timeout",
      "without-effect: retries",
    ]);
    expect(find(`${head}${role("recruitment: { backoff: 1m }")}${graph}`)).toEqual(["without-effect: backoff"]);
    expect(find(`${head}${role("recruitment: { backoff: 1m, retries: 1 }")}${graph}`)).toEqual([]);
    const late = (policy: string): string =>
      `${head}${role(`turn: { on_timeout: ${policy} }`)}${graph}    $TIMEOUT: { role: $END, prompt: Late. }\n`;
    expect(find(late("end"))).toEqual(["without-effect: on_timeout"]);
    expect(find(late("forfeit"))).toEqual([]);
  });

  test("[CHECK40] a role that the rounds do not reach is told, not where the end is too far as well", () => {
    const text = (rounds: number): string =>
      `${head}max_rounds: ${rounds}\nroles:\n  a: { goal: x }\n  b: { goal: x }\nconditions: { c: { expression: "steps[-1].output.x" } }\ngraph:\n  $START: [{ role: a }]\n  a: [{ role: b, condition: c }, { role: $END }]\n  b: [{ role: $END }]\n`;
    expect(find(text(1))).toEqual(["role-out-of-rounds: b"]);
    expect(find(text(2))).toEqual([]);
  });

  test("[CHECK21] a list of children that can't be empty, and an output as input, spawn without an end too", () => {
    const spawn = (input: string): string =>
      `${head}${role("")}${graph.replace("prompt: Done. }", `prompt: Done., spawn: [{ workflow: a, input: "${input}" }] }`)}`;
    for (const input of ["[{ 'a': 1 }]", "steps[-1].output", "$event"]) expect(find(spawn(input))).toEqual(["endless-spawn: a"]);
    for (const input of ["[]", "[steps.output.note]", "$event.data"]) expect(find(spawn(input))).toEqual([]);
  });

  test("[CHECK22] a thread that wakes itself by what it emits at its end is told", () => {
    const text = (data: string): string =>
      `${head}reflexes:\n  - { kind: workflow, on: [a.x], key: data.id }\n  - { kind: signal, on: [a.y], key: data.id, signal: resume }\n${role("")}${graph
        .replace("  w:\n", "    resume: { role: w, prompt: Again. }\n  w:\n")
        .replace("prompt: Done. }", `prompt: Done., emit: [{ kind: a.y, data: "${data}" }] }`)}`;
    expect(find(text("$event.data"))).toEqual(["endless-chain: a.y"]);
    expect(find(text("{ 'id': 7 }"))).toEqual([]);
  });
});

describe("moderators", () => {
  const roles = "roles:\n  pro: { goal: x }\n  contra: { goal: x }\n";
  const over = "$count(steps) > 3 ? { 'role': '__end__' }";
  test.each([
    ["a key a letter off", `${over} : { 'rol': 'pro' }`, "wrong-result: rol"],
    ["a prompt a letter off", `${over} : { 'role': 'pro', "promt": 'Go.' }`, "wrong-result: promt"],
    ["a role that is no text", "{ 'role': 5 }", "wrong-result: role"],
    ["a prompt that is no text", `${over} : { 'role': 'pro', 'prompt': $count(steps) }`, "wrong-result: prompt"],
    ["no role at all", `${over} : { 'prompt': 'Go.' }`, `wrong-result: ${over} : { 'prompt': 'Go.' }`],
    ["nothing otherwise", over, `wrong-result: ${over}`],
    [
      "no end",
      "{ 'role': steps[-1].role = 'pro' ? 'contra' : 'pro' }",
      "wrong-result: { 'role': steps[-1].role = 'pro' ? 'contra' : 'pro' }",
    ],
  ])("[MEAN25] %s is told at its place", (_title, moderator, found) => {
    const text = `${head}${roles}moderator: |\n  ${moderator}\n`;
    expect(find(text).map((each) => each.trimEnd())).toEqual([found]);
  });

  test.each([
    `${over} : { 'role': 'pro' }`,
    `${over} : { 'role': 'pro', 'prompt': 'Go.', 'why': 'x' }`,
    `${over} : $count(steps) = 3 ? { 'role': '$SUSPEND' } : { 'role': steps[-1].role }`,
    "{ 'role': $last('pro').next }",
    `$merge([{ 'role': 'pro' }, $event.data.who])`,
  ])("[MEAN25] of %s nothing is said", (moderator) => {
    expect(find(`${head}${roles}moderator: |\n  ${moderator}\n`)).toEqual([]);
  });
});

describe("one slip", () => {
  const listed = (edge: string, start = "[{ role: pro }]", more = ""): string =>
    `${head}binding: cloud\nroles:\n  pro: { goal: x }\n${more}graph:\n  $START: ${start}\n  pro: [{ role: $END${edge} }]\n`;
  const byStatus = (edges: string, statuses = "[a, b]"): string =>
    `${head}roles:\n  pro: { goal: x, frontmatter: { properties: { $status: { enum: ${statuses} } }, required: [$status] } }\ngraph:\n  $START: { new: { role: pro, prompt: Go. } }\n  pro: ${edges}\n`;
  test.each([
    ["an edge that is a word", byStatus("{ a: { role: $END, prompt: x }, b: pro }"), "wrong-type: pro"],
    ["an edge that is a list", byStatus("{ a: { role: $END, prompt: x }, b: [] }"), "wrong-type: ["],
    ["no statuses at all", byStatus("{ a: { role: $END, prompt: x } }", "[]"), "bad-schema: ["],
    ["a start without edges", listed("", "[]"), "missing-field: $START"],
    ["a start that is a word", listed("", "pro"), "wrong-type: pro"],
    ["edges out of the end", listed("").replace("graph:", "graph:\n  $END: []"), "edge-out-of-end: $END"],
    ["a role whose name no role may have", listed("").replaceAll("pro", "$pro"), "bad-role-name: $pro"],
    ["a merge of no anchor", listed("").replace("{ goal: x }", "\n    <<: *none\n    goal: x"), "bad-alias: *none"],
    ["an address that is blank", listed(', emit: [{ kind: a.b, to: "" }]'), 'blank-text: ""'],
    ["an address to fill in", listed(', emit: [{ kind: a.b, to: "agents/{{ x }}" }]'), "bad-recipient: agents/{{ x }}"],
    ["data to fill in", listed(', emit: [{ kind: a.b, data: { x: [1, "of {{ x }}"] } }]'), "without-effect: {{"],
    ["a place to fill in", listed(', location: "in {{ x }}"'), "without-effect: {{"],
    ["a child's input to fill in", listed(', spawn: [{ workflow: kid, input: { x: "{{ x }}" } }]'), "without-effect: {{"],
  ])("[CHECK3] %s is told once", (_title, text, found) => {
    expect(find(text)).toEqual([found]);
  });

  test.each([
    ["pr\u043e", "U+043E"],
    ["pr\u200bo", "U+200B"],
    ["pro\u00a0", "U+00A0"],
    ["pro\u0301", "U+0301"],
  ])("[CHECK42] which letter of %s only looks right is told", (name, code) => {
    const [{ hint, fix } = {}] = parseWorkflow(listed("", `[{ role: "${name}" }]`)).diagnostics;
    expect([hint, fix?.text]).toEqual([expect.stringMatching(`did you mean \`pro\`.*${code.replace("+", "\\+")}`), "pro"]);
  });

  test("[CHECK42] of names that are right nothing of their letters is told", () => {
    const hints = parseWorkflow(listed("", '[{ role: "wriet" }]').replaceAll("pro", "écrivain")).diagnostics.map(({ hint }) => hint);
    expect(hints.join("")).not.toContain("U+");
  });
});
