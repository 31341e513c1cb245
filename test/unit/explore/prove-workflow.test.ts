/** What authors are told of their own graphs, and how honest a proof is about its bounds. */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { proofCatalogue, proveWorkflow, renderProofCatalogue } from "../../../src/explore/index.ts";
import { compileExample, compileText, fleet, writeList, writePair, writePanel } from "./compile-text.ts";

const page = new URL("../../../docs/proofs.md", import.meta.url).pathname;

describe("a proof", () => {
  test.each([
    ["code-review", () => compileExample("code-review")],
    ["debate", () => compileExample("debate")],
    ["a pair", () => compileText(writePair())],
    ["a pool", () => compileText(writePair("bind: turn"))],
    ["the best claim", () => compileText(writePair("recruitment: { pick: best, score: load }"))],
    ["a broadcast", () => compileText(fleet)],
    ["a broadcast after a role and after itself, list form", () => compileText(writePanel())],
    ["a broadcast after a role and after itself, status form", () => compileText(writePanel(undefined, "status"))],
    ["a broadcast that needs three", () => compileText(writePanel("{ ack: { need: 3 } }"))],
    ["a panel of five that needs four", () => compileText(writePanel("{ ack: { need: 4 }, of: 5 }", "status"))],
    ["a panel of one", () => compileText(writePanel("{ ack: { need: 1 }, of: 1 }"))],
    ["a broadcast that nobody need answer", () => compileText(writePanel("{ ack: { need: none } }"))],
    ["every policy to end", () => compileText(writePair("turn: { on_timeout: end, on_fail: end }"))],
    ["retries without end", () => compileText(writePair("recruitment: { on_unfilled: retry, backoff: 1m }"))],
    ["budgets", () => compileText(writePair("budget: { tokens: 100 }").replace("max_rounds", "budget: { cost: 2 }\nmax_rounds"))],
    ["a broadcast with a budget", () => compileText(fleet.replace("max_rounds", "budget: { tokens: 100 }\nmax_rounds"))],
  ])("[PROVE3] finds nothing wrong with %s, and has seen every state", async (_title, make) => {
    const proof = await proveWorkflow(make());
    expect(proof.diagnostics).toEqual([]);
    expect(proof).toMatchObject({ complete: true, note: expect.stringContaining(`explored ${proof.states} states`) });
    expect(proof.states).toBeGreaterThan(50);
  });

  test("[PROVE5] shows an answer for which no condition holds", async () => {
    const schema = "{ type: object, properties: { score: { type: integer, minimum: 0, maximum: 9 } }, required: [score] }";
    const { diagnostics } = await proveWorkflow(
      compileText(
        writeList(schema, [
          ["worker", "steps[-1].output.score < 3"],
          ["$END", "steps[-1].output.score > 3"],
        ]),
      ),
    );
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({
      code: "NRV3105",
      severity: "warning",
      node: "worker",
      hint: expect.stringContaining("condition"),
    });
    expect(diagnostics[0]?.story).toContain('3. worker answers {"score":3}');
  });

  test("[PROVE6] finds a thread that can only fail: fewer rounds than the way to $END takes", async () => {
    const { diagnostics } = await proveWorkflow(
      compileText(writePair().replace("max_rounds: 6", "max_rounds: 1").replace("done: { role: $END", "done: { role: other")),
    );
    expect(diagnostics.map(({ code, hint }) => [code, hint])).toContainEqual(["NRV3104", "Set max_rounds to 2 or more."]);
  });

  test("[PROVE1] finds a panel that needs more than it asks: in list form it is suspended each time, and nothing leads out", async () => {
    const { diagnostics } = await proveWorkflow(compileText(writePanel("{ ack: { need: 3 }, of: 2 }")));
    expect(diagnostics.find(({ name }) => name === "proof-deadlock")).toMatchObject({ node: "readers", severity: "error" });
  });

  test("[PROVE6] finds a role that nobody may hold", async () => {
    const { diagnostics } = await proveWorkflow(compileText(writePair("eligibility: { agents: [other-1], not: [other] }")));
    expect(diagnostics.find(({ name }) => name === "proof-role-never-played")).toMatchObject({ node: "worker", severity: "error" });
  });

  test("[PROVE7] tells a story of what happens, in order", async () => {
    const compiled = compileExample("code-review");
    const waiting = compiled.task.states["active"]?.states?.["author"]?.states?.["waiting"];
    if (!waiting) throw new Error("the machine has changed");
    waiting.after = {};
    const { diagnostics } = await proveWorkflow(compiled);
    expect(diagnostics[0]?.story).toEqual([
      "1. an event arrives",
      "2. reviewer is offered",
      expect.stringMatching(/^3\. reviewer-1 claims reviewer; .*reviewer has the turn$/),
      expect.stringMatching(/^4\. reviewer answers; reviewer decides "changes_requested" → author; author has the turn$/),
      "5. it is the turn of author: the thread waits and nothing ends it.",
    ]);
  });

  test("[PROVE8] says that it was bounded, and then claims nothing of roles that it did not see played", async () => {
    const proof = await proveWorkflow(compileExample("code-review"), { states: 30 });
    expect(proof).toMatchObject({ complete: false, note: expect.stringMatching(/^not finished: explored 30 states/), diagnostics: [] });
    const { note } = await proveWorkflow(compileExample("code-review"), { states: 2000 });
    expect(note).toMatch(/all of them where agents do their work, .*was cut where .*agents come and go/);
  });

  test("[PROVE8] stops when its time is up", async () => {
    let time = 0;
    const proof = await proveWorkflow(compileExample("code-review"), { seconds: 1, now: () => (time += 400) });
    expect(proof.complete).toBe(false);
  });

  test("[PROVE7] points at the author's text where it is told where things are", async () => {
    const { diagnostics } = await proveWorkflow(compileText(writePair("eligibility: { agents: [other-1], not: [other] }")), {
      locate: (node) => (node === "worker" ? { start: 7, end: 13 } : undefined),
    });
    expect(diagnostics.find(({ node }) => node === "worker")?.span).toEqual({ start: 7, end: 13 });
  });
});

describe("the catalogue of proofs", () => {
  test("[PROVE9] gives every code once, apart from the compiler's own", () => {
    const codes = Object.values(proofCatalogue).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^NRV31\d\d$/);
  });

  test("[PROVE9] is what docs/proofs.md shows (UPDATE_DOCS=1 writes it)", () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, renderProofCatalogue());
    expect(readFileSync(page, "utf8")).toBe(renderProofCatalogue());
  });
});
