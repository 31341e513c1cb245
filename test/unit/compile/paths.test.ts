/** What can not work although it is spelt right: endless work, numbers that do not hold, schemas against themselves, dead edges. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { graph, head, role } from "./small-workflow.ts";

/** `name at` of all findings, in order. */
function find(text: string): string[] {
  return parseWorkflow(text).diagnostics.map(({ name, span }) => `${name}: ${text.slice(span.start, span.end)}`);
}

/** A workflow of one role and one edge to the end; `edge` goes into it. */
const work = (edge: string, more = ""): string =>
  `name: fixture\ndescription: b\nbinding: cloud\n${more}${role("")}${graph.replace("prompt: Done. }", `prompt: Done.${edge} }`)}`;

describe("endless work", () => {
  test("[CHECK21] a workflow that spawns itself on every way to its end is an error; with a way round, or a list that may be empty, it is none", () => {
    expect(find(work(", spawn: [{ workflow: fixture }]"))).toEqual(["endless-spawn: fixture"]);
    expect(find(work(", spawn: [{ workflow: fixture, input: \"{ 'a': 1 }\", await: true }]"))).toEqual(["endless-spawn: fixture"]);
    expect(find(work(', spawn: [{ workflow: fixture, input: "steps[-1].output.note" }]'))).toEqual([]);
    expect(find(work(", spawn: [{ workflow: other }]"))).toEqual([]);
    const round = `${graph}    more: { role: $END, prompt: Done., spawn: [{ workflow: a }] }\n`;
    expect(find(`${head}${role("").replace("const: done", "enum: [done, more]")}${round}`)).toEqual([]);
  });

  test("[CHECK22] an event that a reflex of the same workflow answers with itself is a warning, whatever lies between; a `when` that may tell them apart is believed", () => {
    const reflexes = (text: string): string => `reflexes:\n${text}\n`;
    const emit = ', emit: [{ kind: a.done, data: "$event.data" }]';
    expect(find(work(emit, reflexes("  - { kind: workflow, on: [a.*] }")))).toEqual(["endless-chain: a.done"]);
    expect(find(work(emit, reflexes("  - { kind: workflow, on: [a.done], when: data.x }")))).toEqual(["endless-chain: a.done"]);
    expect(
      find(work(", emit: [{ kind: a.done, data: \"{ 'x': false }\" }]", reflexes("  - { kind: workflow, on: [a.done], when: data.x }"))),
    ).toEqual([]);
    expect(find(work(emit, reflexes("  - { kind: workflow, on: [b.*] }")))).toEqual([]);
    const relay = "  - { kind: emit, on: [a.done], emit: [{ kind: b.done }] }\n  - { kind: workflow, on: [b.done] }";
    expect(find(work(emit, reflexes(relay)))).toEqual(["endless-chain: b.done", "endless-chain: a.done"]);
    const mirror = "  - { kind: emit, on: [c.x], emit: [{ kind: c.x }] }";
    expect(find(work("", reflexes(mirror)))).toEqual(["endless-chain: c.x"]);
  });
});

describe("numbers", () => {
  const panel = (broadcast: string, more = ""): string =>
    `${head}roles:\n  w: { type: broadcast, goal: Vote., broadcast: ${broadcast}${more} }\n${graph.replace("done:", "$ACKED:")}`;

  test("[CHECK23] a broadcast that needs more answers than it asks agents is told, the last number that holds is not", () => {
    expect(find(panel("{ of: 3, ack: { need: 3 } }"))).toEqual([]);
    expect(find(panel("{ of: 3, ack: { need: 4 } }"))).toEqual(["need-too-great: 4"]);
    expect(find(panel("{ ack: { need: 3 } }", ", eligibility: { agents: [a, b, c], not: [agents/c] }"))).toEqual(["need-too-great: 3"]);
    expect(find(panel("{ ack: { need: 3 } }"))).toEqual([]);
  });

  test("[CHECK24] a role whose `agents` are all taken away is told", () => {
    expect(find(`${head}${role("eligibility: { agents: [a], not: [agents/a] }")}${graph}`)).toEqual(["nobody-eligible: agents"]);
    expect(find(`${head}${role("eligibility: { agents: [a, b], not: [agents/a] }")}${graph}`)).toEqual([]);
  });

  test("[CHECK25] `pick: best` without `score` is told where the role asks for no bid", () => {
    expect(find(`${head}${role("recruitment: { pick: best }")}${graph}`)).toEqual(["nothing-to-score: best"]);
    expect(find(`${head}${role("recruitment: { pick: best, score: stats.success }")}${graph}`)).toEqual([]);
    expect(find(`${head}${role("procedure: Bid the minutes that you need.\nrecruitment: { pick: best }")}${graph}`)).toEqual([]);
  });

  test("[CHECK26] `max_rounds` below the turns of the shortest way to the end is told; what goes wrong is no such way", () => {
    const chain = (rounds: number): string =>
      `${head}max_rounds: ${rounds}\nroles:\n  a: { goal: x }\n  b: { goal: x }\ngraph:\n  $START: [{ role: a }]\n  a: [{ role: b }]\n  b: [{ role: $END }]\n`;
    expect(find(chain(1))).toEqual(["rounds-too-few: 1"]);
    expect(find(chain(2))).toEqual([]);
  });
});

describe("schemas", () => {
  const typed = (text: string): string => `${head}roles:\n  w:\n    goal: x\n    frontmatter: ${text}\n${graph}`;
  const status = "$status: { const: done }";

  test("[CHECK27] a required property that is none is told in a closed object, in an open one only beside a near name", () => {
    expect(find(typed(`{ properties: { ${status}, note: {} }, required: [note, other] }`))).toEqual([]);
    expect(find(typed(`{ properties: { ${status}, note: {} }, required: [nots] }`))).toEqual(["required-unknown: nots"]);
    expect(find(typed(`{ additionalProperties: false, properties: { ${status} }, required: [other] }`))).toEqual([
      "required-unknown: other",
    ]);
  });

  test("[CHECK28] a schema that nothing fits is told once, at what contradicts", () => {
    expect(find(typed(`{ properties: { ${status}, n: { type: string, minLength: 3, maxLength: 2 } } }`))).toEqual([
      "schema-contradiction: 2",
    ]);
    expect(find(typed(`{ properties: { ${status}, n: { type: string, minLength: 2, maxLength: 2 } } }`))).toEqual([]);
    expect(find(typed(`{ properties: { ${status}, n: { type: string, enum: [1, 2] } } }`))).toEqual(["schema-contradiction: ["]);
    expect(find(typed(`{ properties: { ${status}, n: { type: [string, "null"], enum: [1, null] } } }`))).toEqual([]);
    expect(find(typed(`{ properties: { ${status}, n: { type: integer, const: 1.5 } } }`))).toEqual(["schema-contradiction: 1.5"]);
  });

  test("[CHECK29] statuses that are no text are to be put in quotes; `$status` without constants is pointed at", () => {
    const text = typed("{ properties: { $status: { enum: [true, false] } } }").replace("done:", "true:");
    const [found] = parseWorkflow(text).diagnostics;
    expect(found).toMatchObject({ name: "status-missing-in-schema", fix: { text: '["true", "false"]' } });
    expect(find(typed("{ properties: { $status: { type: string } } }"))).toEqual(["status-missing-in-schema: $status"]);
  });
});

describe("edges", () => {
  test("[CHECK30] an edge for a status that the engine never gives its role is told, with the reason", () => {
    const edge = (fields: string, status: string): string => `${head}${role(fields)}${graph}    ${status}: { role: $END, prompt: Gone. }\n`;
    expect(find(edge("recruitment: { on_unfilled: retry }", "$UNFILLED"))).toEqual(["edge-never-taken: $UNFILLED"]);
    expect(find(edge("agent: bob", "$UNFILLED"))).toEqual(["edge-never-taken: $UNFILLED"]);
    expect(find(edge("", "$UNFILLED"))).toEqual([]);
    for (const status of ["$TIMEOUT", "$FAILED", "$OFFLINE", "$MAX_ROUNDS"])
      expect(find(edge("offline: { then: wait }", status))).toEqual([]);
    const poll = (status: string, more = ""): string =>
      `${head}roles:\n  w: { type: broadcast, goal: Vote. }\n${graph.replace("done:", "$ACKED:").replace("Done. }", `Done.${more} }`)}    ${status}: { role: $END, prompt: Gone. }\n`;
    for (const status of ["$TIMEOUT", "$OFFLINE", "$FAILED"]) expect(find(poll(status))).toEqual([`edge-never-taken: ${status}`]);
    for (const status of ["$PARTIAL", "$UNFILLED"]) expect(find(poll(status))).toEqual([]);
    expect(find(poll("$FAILED", ", spawn: [{ workflow: b, await: true }]"))).toEqual([]);
  });

  test("[CHECK31] in a graph of conditions an edge for what the policy keeps from the graph is told", () => {
    const listed = (fields: string, expression: string): string =>
      `${head}roles:\n  w: { goal: x, ${fields} }\nconditions: { c: { expression: ${JSON.stringify(expression)} } }\ngraph:\n  $START: [{ role: w }]\n  w: [{ role: $END, condition: c }, { role: $END }]\n`;
    const partial = "steps[-1].output.`$status` = '$PARTIAL'";
    expect(find(listed("type: broadcast", partial))).toEqual(["edge-never-taken: c"]);
    expect(find(listed("type: broadcast", `$last('w').\`$status\` = '$PARTIAL'`))).toEqual(["edge-never-taken: c"]);
    expect(find(listed("type: broadcast, turn: { on_timeout: forfeit }", partial))).toEqual([]);
    expect(find(listed("type: broadcast", `${partial} or steps[-1].output.acked`))).toEqual([]);
    expect(find(listed("type: open", "steps[-1].output.`$status` in ['$TIMEOUT', '$FAILED']"))).toEqual(["edge-never-taken: c"]);
    expect(find(listed("turn: { on_fail: forfeit }", "steps[-1].output.`$status` in ['$TIMEOUT', '$FAILED']"))).toEqual([]);
    expect(find(listed("turn: { on_timeout: forfeit }", "$last('w').`$status` = '$TIMEOUT'"))).toEqual(["edge-never-taken: c"]);
    const twice = listed("", "steps[-1].output.x").replace("condition: c }, ", "condition: c }, { role: w, condition: c }, ");
    expect(find(`${twice}max_rounds: 3\n`)).toEqual(["edge-never-taken: c"]);
  });
});

describe("reflexes", () => {
  test("[CHECK32] a signal whose key can be that of no thread is told", () => {
    const reflexes = (start: string, signal: string): string =>
      work("", `reflexes:\n  - { kind: workflow, on: [a.b]${start} }\n  - { kind: signal, on: [a.c], signal: cancel, key: ${signal} }\n`);
    expect(find(reflexes(", key: data.id", "data.other"))).toEqual([]);
    expect(find(reflexes("", "data.id"))).toEqual(["key-never-matches: data.id"]);
    expect(find(reflexes(", key: data.id", "[data.a, data.b]"))).toEqual(["key-never-matches: key"]);
    expect(find(reflexes(", key: [data.a, data.b]", "[data.c, data.d]"))).toEqual([]);
    expect(find(reflexes(", key: \"data.a & '#' & data.b\"", "\"data.x & '#' & data.y\""))).toEqual([]);
    expect(find(reflexes(", key: \"data.a & '#' & data.b\"", "data.key"))).toEqual([]);
  });

  test("[CHECK33] a reflex on what only agents and the engine say to one another is told", () => {
    const on = (kind: string): string => work("", `reflexes:\n  - { kind: workflow, on: [${kind}] }\n`);
    expect(find(on("nerve.turn.respond"))).toEqual(["unheard-nerve-kind: nerve.turn.respond"]);
    expect(find(on("nerve.delivery.refused"))).toEqual(["unheard-nerve-kind: nerve.delivery.refused"]);
    for (const kind of ["queued", "started", "suspended", "resumed", "completed", "failed", "cancelled", "dropped"])
      expect(find(on(`nerve.thread.${kind}`))).toEqual([]);
  });
});

describe("slips", () => {
  const offer = (text: string) => parseWorkflow(text).diagnostics.map(({ name, fix }) => [name, fix?.text]);

  test.each([
    ["PT5M", "5m"],
    ["1h30m", "90m"],
    ["1.5h", "90m"],
    ["0.5s", "500ms"],
    ["P1DT12H", "36h"],
    ["2 weeks", "14d"],
    ["900 days", undefined],
    ["60", undefined],
    ["soon", undefined],
  ])("[CHECK34] the duration %s is offered as %s, and nothing is offered that would be wrong", (written, fix) => {
    expect(offer(`${head}${role(`turn: { timeout: ${written} }`)}${graph}`)).toEqual([["bad-duration", fix]]);
    expect(offer(work(`, spawn: [{ workflow: b, await: { timeout: ${written} } }]`))).toEqual([["bad-duration", fix]]);
  });

  test("[CHECK34] a value of the right type that would still be wrong is not offered", () => {
    expect(offer(`${head}max_rounds: "0"\n${role("")}${graph}`)).toEqual([["wrong-type", undefined]]);
    expect(offer(`${head}max_rounds: "7"\n${role("")}${graph}`)).toEqual([["wrong-type", "7"]]);
    expect(offer(`name: 1.5\ndescription: b\n${role("")}${graph}`)).toEqual([["wrong-type", undefined]]);
    expect(offer(`name: 15\ndescription: b\n${role("")}${graph}`)).toEqual([["wrong-type", '"15"']]);
  });

  test.each([
    ["turn: { timeout: 00:05:00 }", "300s"],
    ["turn: { timeout: +5m }", "5m"],
    ["turn: { timeout: 5_000ms }", "5000ms"],
    ["turn: { retries: 1_000 }", "1000"],
    ["turn: { retries: '1,000' }", "1000"],
    ["turn: { retries: '3,' }", "3"],
    ["capabilities: a, b", "[a, b]"],
    ["capabilities: a", "[a]"],
    ["eligibility: { any: y }", "true"],
    ["agent: 007", '"007"'],
    ["output: 1.10", '"1.10"'],
    ["eligibility: { not: [1] }", '"1"'],
  ])("[CHECK42] `%s` is offered as %s", (fields, fix) => {
    expect(offer(`${head}${role(fields)}${graph}`).map(([, text]) => text)).toContain(fix);
  });

  test("[CHECK42] a wait without a mapping, and a status that is no text among others", () => {
    expect(offer(work(", spawn: [{ workflow: b, await: 1h }]"))).toEqual([["wrong-type", "{ timeout: 1h }"]]);
    expect(parseWorkflow(work(", spawn: [{ workflow: b, await: 60 }]")).diagnostics).toMatchObject([
      { hint: expect.stringContaining("60s") },
    ]);
    const mixed = `${head}${role("").replace("const: done", "enum: [done, true]")}${graph}    true: { role: $END, prompt: Yes. }\n`;
    expect(offer(mixed)).toEqual([["status-missing-in-schema", '"true"']]);
  });

  test.each([
    ["goal: Work.", "goal: \u201cWork\u201d.: x", "typographic"],
    ["    goal: Work.", "\u00a0\u00a0\u00a0\u00a0goal: Work.", "no-break"],
    ["goal: Work.", "goal\uff1a Work.", "colon of YAML"],
    ["goal: Work.", "goal:Work.", "a blank is missing"],
    ["description: b", "description = b", "are joined by"],
    ["goal: Work.", "goal: *Work", "needs quotes"],
  ])("[CHECK42] %s written as %s is told with what looks right and is not", (from, to, hint) => {
    const { diagnostics } = parseWorkflow(`${head}${role("")}${graph}`.replace(from, to));
    expect(diagnostics.map((found) => found.hint).join()).toContain(hint);
  });

  test("[CHECK42] a number is told once, by the worse of its faults", () => {
    expect(offer(`${head}max_rounds: 12345678901234567890\n${role("")}${graph}`)).toEqual([["out-of-range", undefined]]);
    expect(offer(`${head}max_rounds: 1e999\n${role("")}${graph}`)).toEqual([["not-json", undefined]]);
  });

  test("[CHECK35] numbers that are read otherwise than written are told, and `$` before braces", () => {
    expect(offer(`${head}max_rounds: 010\n${role("")}${graph}`)).toEqual([["leading-zero", "10"]]);
    expect(offer(`${head}max_rounds: 10\n${role("")}${graph}`)).toEqual([]);
    const kept = (id: string) => offer(`${head}${role("").replace("note:", `id: { const: ${id} }, note:`)}${graph}`);
    expect(kept("9007199254740993")).toEqual([["inexact-number", undefined]]);
    expect(kept("9007199254740992")).toEqual([]);
    expect(kept('"9007199254740993"')).toEqual([]);
    expect(offer(`${head}${role("")}${graph.replace("Done.", '"It cost $' + '{{ note }}"')}`)).toEqual([["dollar-before-braces", ""]]);
    expect(offer(work("", 'reflexes:\n  - { kind: workflow, on: [a.b], when: "$' + '{{ data.x }}" }\n'))).toEqual([
      ["bad-expression", "data.x"],
    ]);
  });
});
