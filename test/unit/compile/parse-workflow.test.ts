/** The language: what a file means, in each of the words that authors have for it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { WorkflowIr } from "../../../src/compile/index.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { createEditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { graph, head, role, schema } from "./small-workflow.ts";

/** The intermediate form of a file without errors. */
function parse(text: string, includes?: (path: string) => string | undefined): WorkflowIr {
  const { ir, diagnostics } = parseWorkflow(text, includes ? { includes } : {});
  expect(diagnostics.filter((diagnostic) => diagnostic.severity === "error")).toEqual([]);
  if (ir === undefined) throw new Error("no intermediate form");
  return ir;
}

/** Names of all findings, in order. */
function find(text: string): string[] {
  return parseWorkflow(text).diagnostics.map((diagnostic) => diagnostic.name);
}

describe("defaults", () => {
  test("[LANG1] of a file that says only what it must", () => {
    const ir = parse(head + role("") + graph);
    expect(ir).toMatchObject({ ir: 1, binding: "local", form: "status", overflow: "queue", maxRounds: 100, reflexes: [] });
    expect(ir).not.toHaveProperty("concurrency");
    expect(ir).not.toHaveProperty("maxQueue");
    expect(ir.roles[0]).toMatchObject({
      type: "open",
      eligibility: { all: [], notRoles: [], notAgents: [] },
      recruitment: { timeout: 600_000, retries: 0, backoff: 0, group: "default", pick: "first", onUnfilled: "suspend" },
      bind: "thread",
      heartbeat: { every: 30_000, miss: 3 },
      turn: { timeout: 1_800_000, retries: 0, onTimeout: "suspend", onFail: "suspend" },
      offline: { grace: 60_000, then: "rerecruit" },
    });
  });

  test("[LANG1] of a named role and of a broadcast", () => {
    const named = parse(head + role("agent: alice") + graph).roles[0];
    expect(named).toMatchObject({ type: "named", agent: { id: "alice" }, offline: { grace: 600_000, then: "wait" } });
    const broadcast = parse(`${head}roles:\n  w: { type: broadcast, goal: x }\n${graph.replace("done", "$ACKED")}`).roles[0];
    expect(broadcast?.broadcast).toEqual({ need: "all", timeout: 3_600_000, ttl: 604_800_000 });
  });

  test("[LANG2] capabilities are who may claim, unless eligibility says otherwise", () => {
    const all = (fields: string): string[] | undefined => parse(head + role(fields) + graph).roles[0]?.eligibility.all;
    expect(all("capabilities: [x, y]")).toEqual(["x", "y"]);
    expect(all("capabilities: [x, y]\neligibility: { all: [z] }")).toEqual(["z"]);
    expect(all("capabilities: [x, y]\neligibility: { any: true }")).toEqual([]);
  });
});

describe("the whole of a role", () => {
  test("[LANG3] is read", () => {
    const text = role(`type: open
eligibility: { agents: [bob, eve], not: [w, eve, agents/mallory], where: "load < 3" }
bind: turn
recruitment: { timeout: 5m, retries: 2, backoff: 90s, group: g, pick: best, score: "bid", on_unfilled: retry }
heartbeat: { every: 500ms, miss: 9 }
turn: { timeout: 2h, retries: 1, on_timeout: rerecruit, on_fail: end }
offline: { grace: 7d, then: end }`);
    expect(parse(head + text + graph).roles[0]).toMatchObject({
      eligibility: { agents: ["bob", "eve"], notRoles: ["w"], notAgents: ["eve", "mallory"], where: "load < 3" },
      bind: "turn",
      recruitment: { timeout: 300_000, retries: 2, backoff: 90_000, group: "g", pick: "best", score: "bid", onUnfilled: "retry" },
      heartbeat: { every: 500, miss: 9 },
      turn: { timeout: 7_200_000, retries: 1, onTimeout: "rerecruit", onFail: "end" },
      offline: { grace: 604_800_000, then: "end" },
    });
  });

  test.each(["frontmatter", "meta", "outputSchema"])("[LANG3] its schema may be called %s", (name) => {
    const text = head + role("").replace("frontmatter", name) + graph;
    expect(parse(text).roles[0]?.schema).toEqual({ properties: { $status: { const: "done" }, note: { type: "string" } } });
  });

  test("[LANG3] every field that the author wrote travels, the engine's own do not", () => {
    const text = role(
      "systemPrompt: s\nidentity: i\nprepare: p\nexecute: e\nreport: r\nprompt: q\nprocedure: d\noutput: o\ncapabilities: [c]\nturn: { timeout: 1m }",
    );
    expect(parse(head + text + graph).roles[0]?.fields).toEqual({
      goal: "Work.",
      systemPrompt: "s",
      identity: "i",
      prepare: "p",
      execute: "e",
      report: "r",
      prompt: "q",
      procedure: "d",
      output: "o",
      capabilities: ["c"],
    });
  });
});

describe("graphs", () => {
  test("[LANG4] list form keeps the order, names conditions and sends prompts as written", () => {
    const ir = parse(`${head}roles: { w: { goal: x } }
conditions: { bad: { description: It is bad, expression: "$last('w').ok = false" } }
graph:
  $START: [ { role: w, prompt: "Say {{ this }}." } ]
  w:
    - { role: w, condition: bad, prompt: Again. }
    - { role: $END, condition: null }
`);
    expect(ir.form).toBe("list");
    expect(ir.nodes[0]?.edges[0]?.prompt).toEqual({ kind: "literal", text: "Say {{ this }}." });
    expect(ir.nodes[1]?.edges).toMatchObject([
      {
        id: "0",
        guard: { type: "condition", name: "bad", expression: "$last('w').ok = false" },
        label: "bad",
        description: "It is bad",
        target: "w",
      },
      { id: "1", guard: { type: "always" }, label: "otherwise", target: "$END" },
    ]);
    expect(ir.nodes[1]?.edges[1]).not.toHaveProperty("prompt");
  });

  test("[LANG4] $START comes first wherever it stands", () => {
    const ir = parse(`${head}roles: { w: { goal: x } }\ngraph:\n  w: [{ role: $END }]\n  $START: [{ role: w }]\n`);
    expect(ir.nodes.map((node) => node.name)).toEqual(["$START", "w"]);
  });

  test("[LANG5] mustache is Liquid, and is marked", () => {
    const prompt = (text: string) => parse(head + role("") + graph.replace("Done.", `"${text}"`)).nodes[1]?.edges[0]?.prompt;
    expect(prompt("It is {{ note }}.")).toEqual({ kind: "liquid", source: "It is {{ note }}." });
    expect(prompt("It is {{{note}}}.")).toEqual({ kind: "liquid", source: "It is {{ note }}.", mustache: true });
    expect(prompt("It is {{ $body }}.")).toEqual({ kind: "liquid", source: "It is {{ _body }}." });
  });

  test.each([
    ["`_` for the only way on", "", "_"],
    ["`status` instead of `$status`", "frontmatter: { properties: { status: { enum: [approved] } } }", "approved"],
    ["`_` as a constant", 'frontmatter: { properties: { status: { enum: ["_"] } } }', "_"],
  ])("[LANG5] older spellings still compile: %s", (_, output, status) => {
    const ir = parse(
      `${head}roles:\n  w:\n    goal: x\n    ${output}\ngraph:\n  $START:\n    _: { role: w, prompt: Work. }\n  w:\n    ${status}: { role: $END, prompt: Done. }\n`,
    );
    expect(ir.nodes.map((node) => node.edges[0]?.guard)).toEqual([
      { type: "status", status: "_" },
      { type: "status", status },
    ]);
  });

  test("[LANG6] $SUSPEND may be an edge's target, and a status that needs no edge", () => {
    const text = `${head}roles:\n  w: { goal: x, frontmatter: { properties: { $status: { enum: [done, stuck, $SUSPEND] } } } }\n${graph}    stuck: { role: $SUSPEND, prompt: "{{ reason }}" }\n`;
    expect(parse(text.replace("$SUSPEND]", "$SUSPEND] }, reason: { type: string")).nodes[1]?.edges[1]?.target).toBe("$SUSPEND");
  });

  test("[LANG7] statuses are found in oneOf, anyOf, allOf and by reference", () => {
    const branches = "{ properties: { $status: { const: done } } }, { properties: { $status: { const: stuck } } }";
    for (const output of [
      `oneOf: [${branches}]`,
      `anyOf: [${branches}]`,
      `allOf: [{ type: object }, { oneOf: [${branches}] }]`,
      `$ref: "#/$defs/x", $defs: { x: { oneOf: [${branches}] } }`,
    ]) {
      const text = `${head}roles:\n  w: { goal: x, frontmatter: { ${output} } }\n${graph}`;
      expect(find(text)).toEqual(["status-without-edge"]);
      expect(find(`${text}    stuck: { role: $END, prompt: Stuck. }\n`)).toEqual([]);
    }
  });

  test("[LANG8] a moderator stands for a graph", () => {
    const ir = parse(
      `${head}roles: { w: { goal: x }, v: { goal: y } }\nmoderator: "$count(steps) > 3 ? { 'role': '__end__' } : { 'role': 'w', 'prompt': 'Go on.' }"\n`,
    );
    expect(ir).toMatchObject({ form: "moderator", moderator: expect.stringContaining("$count") });
    expect(ir.nodes.map((node) => [node.name, node.edges.map((edge) => edge.target)])).toEqual(
      ["$START", "w", "v"].map((name) => [name, ["w", "v", "$END"]]),
    );
    expect(find(`${head}roles: { worker: { goal: x } }\nmoderator: "{ 'role': 'wroker' }"\n`)).toEqual(["unknown-role"]);
  });
});

describe("edges and reflexes", () => {
  test("[LANG19] a reflex's strings see the event alone, whatever kind it is", () => {
    const publish = (text: string): string[] =>
      find(
        `${head}binding: cloud\n${role("")}${graph}input: { properties: { repo: { type: string } } }\nreflexes: [{ kind: emit, on: [a.b], emit: [{ kind: c.d, data: { x: "${text}" } }] }]\n`,
      );
    expect(publish("{{ agent }} {{ data.other }} {{ _event.data.other }}")).toEqual([]);
    for (const variable of ["_status", "_body", "_last.w", "_supplement", "_children"])
      expect(publish(`{{ ${variable} }}`), variable).toEqual(["unknown-template-variable"]);
  });

  test("[LANG20] what follows a broadcast sees all that its output has", () => {
    const follow = (text: string): string[] =>
      find(
        `${head}roles: { fleet: { type: broadcast, goal: x } }\ngraph:\n  $START:\n    new: { role: fleet, prompt: Go. }\n  fleet:\n    $ACKED: { role: $END, prompt: "x ${text}" }\n`,
      );
    for (const field of ["acked", "failed", "missing", "answers", "answersLeftOut", "notAsked"])
      expect(follow(`{{ ${field} | json }}`), field).toEqual([]);
    expect(follow("{{ notAskd }}")).toEqual(["unknown-template-variable"]);
  });

  test("[LANG9] emit and spawn", () => {
    const effects = `      emit:
        - { kind: a.b, data: "{ 'x': 1 }", to: "role:w, cap:ops" }
        - { kind: a.c, data: { x: ["{{ note }}", 1] }, to: "agents/{{ note }}" }
      spawn:
        - { workflow: child, input: "steps", await: true }
        - { workflow: child, await: { timeout: 5m } }
        - { workflow: child, await: false, input: { a: 1 } }
`;
    const edge = parse(
      `${head + role("") + graph.replace("    done: { role: $END, prompt: Done. }\n", "    done:\n      role: $END\n      prompt: Done.\n      location: here\n")}${effects}`,
    ).nodes[1]?.edges[0];
    expect(edge?.location).toBe("here");
    expect(edge?.emit).toEqual([
      { kind: "a.b", data: { kind: "expression", source: "{ 'x': 1 }" }, to: { kind: "literal", text: "role:w, cap:ops" } },
      {
        kind: "a.c",
        data: { kind: "literal", value: { x: ["{{ note }}", 1] }, liquid: true },
        to: { kind: "liquid", source: "agents/{{ note }}" },
      },
    ]);
    expect(edge?.spawn).toEqual([
      { workflow: "child", input: { kind: "expression", source: "steps" }, await: 86_400_000 },
      { workflow: "child", await: 300_000 },
      { workflow: "child", input: { kind: "literal", value: { a: 1 }, liquid: true } },
    ]);
  });

  test("[LANG9] reflexes of each kind", () => {
    const reflexes = `reflexes:
  - { kind: workflow, on: [pr.opened, review.*], when: "data.x", key: ["data.a", "data.b"], priority: "data.p" }
  - { kind: signal, on: [pr.closed], key: "data.a", signal: resume }
  - { kind: emit, on: [nerve.thread.suspended], emit: [{ kind: page.ops, data: "data", to: "cap:ops" }] }
`;
    expect(parse(head + reflexes + role("") + graph).reflexes).toEqual([
      { kind: "workflow", on: ["pr.opened", "review.*"], when: "data.x", key: ["data.a", "data.b"], priority: "data.p" },
      { kind: "signal", on: ["pr.closed"], key: ["data.a"], signal: "resume" },
      {
        kind: "emit",
        on: ["nerve.thread.suspended"],
        emit: [{ kind: "page.ops", data: { kind: "expression", source: "data" }, to: { kind: "literal", text: "cap:ops" } }],
      },
    ]);
  });
});

describe("YAML's own means", () => {
  test("[LANG10] anchors, aliases, merge keys and x-* work", () => {
    const ir = parse(`${head}x-base: &base { goal: Work., turn: { timeout: 1m } }
x-more: [anything]
roles:
  w:
    <<: *base
    goal: Other.
    ${schema}
  v:
    <<: [*base, { procedure: p, goal: Hidden. }]
    ${schema}
graph:
  $START: { new: { role: w, prompt: Work. } }
  w: { done: { role: v, prompt: Work. } }
  v: { done: { role: $END, prompt: Done. } }
`);
    expect(ir.roles[0]).toMatchObject({ turn: { timeout: 60_000 }, fields: { goal: "Other." } });
    expect(ir.roles[1]).toMatchObject({ turn: { timeout: 60_000 }, fields: { goal: "Work.", procedure: "p" } });
  });

  test("[LANG11] !include brings in text and YAML", () => {
    const shared: Record<string, string> = {
      "steps.md": "1. Do it: *all*.\n",
      "role.yaml": `goal: From a file.\n${schema}\nprocedure: !include steps.md\n`,
    };
    const ir = parse(`${head}roles:\n  w: !include role.yaml\n${graph}`, (path) => shared[path]);
    expect(ir.roles[0]?.fields).toEqual({ goal: "From a file.", procedure: "1. Do it: *all*.\n" });
  });

  test.each([
    ["is not there", "roles: !include nowhere.yaml\n"],
    ["includes itself", "roles: !include self.yaml\n"],
    ["can not be read", "roles: !include broken.yaml\n"],
    ["makes its reader throw", "roles: !include throws.yaml\n"],
  ])("[LANG11] a file that %s is an error at its include", (_, text) => {
    const files: Record<string, string> = { "self.yaml": "a: !include self.yaml\n", "broken.yaml": "a: [\n" };
    const { ir, diagnostics } = parseWorkflow(head + text + graph, {
      includes: (path) => {
        if (path === "throws.yaml") throw new Error("no rights");
        return files[path];
      },
    });
    expect(ir).toBeUndefined();
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]?.span).toEqual({ start: head.length + 16, end: head.length + text.length - 1 });
  });
});

test("[LANG14] the example workflows have no findings", () => {
  for (const name of ["code-review", "debate"]) {
    const text = readFileSync(new URL(`../../../workflows/${name}.yaml`, import.meta.url).pathname, "utf8");
    expect(parseWorkflow(text).diagnostics).toEqual([]);
  }
});

test("[LSP1] the shape of a workflow can be given to editors as JSON Schema", () => {
  const editor = createEditorSchema();
  expect(editor).toMatchObject({ type: "object", required: ["name", "description", "roles"], additionalProperties: false });
  expect(Object.keys(editor.properties as object)).toContain("reflexes");
});
