import { afterEach, describe, expect, test } from "vitest";
import type { CompiledWorkflow } from "../../../src/compile/index.ts";
import type { Json } from "../../../src/contract/event.ts";
import { checkOutput } from "../../../src/contract/json-schema/check-output.ts";
import { describeMisfits } from "../../../src/contract/json-schema/check-schema.ts";
import { checkScript } from "../../../src/simulate/check-script.ts";
import { createSimulation } from "../../../src/simulate/create-simulation.ts";
import { createWalk } from "../../../src/simulate/create-walk.ts";
import { makeEvent } from "../../../src/simulate/make-event.ts";
import { readCommand } from "../../../src/simulate/read-command.ts";
import { parseScript } from "../../../src/simulate/script.ts";
import type { Simulation } from "../../../src/simulate/simulation.ts";
import { compileExample, compileText, fleet, writePair } from "../explore/compile-text.ts";

const review = compileExample("code-review");
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const thing of opened.splice(0)) thing.close();
});

function simulate(compiled: CompiledWorkflow, data?: { [key: string]: Json }): Simulation {
  const simulation = createSimulation(compiled, makeEvent(compiled, data, 1));
  opened.push(simulation);
  return simulation;
}

const ask = { $status: "changes_requested", changes: ["a", "b"] };

describe("a simulated thread", () => {
  test("[PLAY1] shows whose turn it is with its prompt and schema, and what was decided and why", async () => {
    const simulation = simulate(review, { repo: "r", pr: 3 });
    const begun = await simulation.begin();
    expect(begun.decisions).toMatchObject([{ node: "$START", label: "new", to: "reviewer" }]);
    expect(begun.view).toMatchObject({
      status: "running",
      turn: { role: "reviewer", round: 1, prompt: "Review r#3.", schema: { oneOf: expect.anything() } },
    });
    const asked = await simulation.apply({ do: "answer", output: ask });
    expect(asked.decisions).toMatchObject([
      { to: "author", prompt: "Please address: a; b", because: { form: "status", status: "changes_requested" } },
    ]);
    // The author is who sent the event.
    expect(asked.view.turn).toMatchObject({ role: "author", agent: "initiator", round: 2 });
    const ended = await simulation.apply({ do: "answer", output: { $status: "withdrawn", reason: "no" } });
    expect(ended.decisions).toMatchObject([{ to: "$END", emits: [{ kind: "review.withdrawn", data: { reason: "no" } }] }]);
    expect(ended.view).toMatchObject({ status: "completed" });
    expect(ended.view.turn).toBeUndefined();
    expect(ended.view.steps.map(({ role }) => role)).toEqual(["reviewer", "author"]);
  });

  test("[BUDGET8] counts what an answer says that it took, and stands still where a budget is spent", async () => {
    const simulation = simulate(
      compileText(writePair("budget: { tokens: 100 }").replace("description: Two roles.", "description: Two roles.\nbudget: { cost: 5 }")),
    );
    await simulation.begin();
    const first = await simulation.apply({ do: "answer", output: { $status: "more" }, usage: { tokens: { input: 90, output: 20 } } });
    // The role's budget is spent; the other's turn is given.
    expect(first.view.turn).toMatchObject({ role: "other" });
    const held = await simulation.apply({ do: "answer", output: { $status: "again" }, usage: { cost: 1 } });
    expect(held.view).toMatchObject({ status: "suspended" });
    expect((await simulation.apply({ do: "answer", output: { $status: "more" }, usage: { tokens: -1 } })).refused).toContain(
      "whole numbers",
    );
    expect((await simulation.apply({ do: "resume" })).view).toMatchObject({ status: "running", turn: { role: "worker" } });
  });

  test("[BUDGET8] a script says what its answers took", async () => {
    const script = parseScript({ steps: [{ answer: { $status: "more" }, usage: { tokens: 500 } }] }, "walk.yaml");
    expect(script.steps[0]).toMatchObject({ usage: { tokens: 500 } });
    expect(() => parseScript({ steps: [{ answer: {}, usage: { tokens: "many" } }] }, "walk.yaml")).toThrow("usage.tokens");
  });

  test("[PLAY1] says what every condition saw", async () => {
    const simulation = simulate(compileExample("debate"));
    await simulation.begin();
    const { decisions } = await simulation.apply({ do: "answer", output: { argument: "x", conceded: true } });
    expect(decisions).toMatchObject([
      { label: "conceded", to: "host", because: { form: "list", tried: [{ condition: "conceded", saw: true }] } },
    ]);
  });

  test("[PLAY2] refuses an output that does not fit, and gives the third one up", async () => {
    const simulation = simulate(review);
    await simulation.begin();
    for (let attempt = 0; attempt < 2; attempt++) {
      const { refused, view } = await simulation.apply({ do: "answer", output: { $status: "approved" } });
      expect(refused).toContain("does not fit reviewer's schema");
      expect(view.turn?.role).toBe("reviewer");
    }
    expect((await simulation.apply({ do: "answer", output: {} })).view).toMatchObject({ status: "suspended", reason: "invalid_output" });
  });

  test("[JUDGE21] says of an output that does not fit what the server says, word for word", async () => {
    const simulation = simulate(review);
    const begun = await simulation.begin();
    const schema = begun.view.turn?.schema;
    for (const output of [{ $status: "changes_requested" }, { $status: "aproved" }]) {
      const { refused } = await simulation.apply({ do: "answer", output });
      expect(refused).toBe(`the output does not fit reviewer's schema: ${describeMisfits(checkOutput(schema, output), "output")}`);
    }
    expect(checkOutput(schema, { $status: "changes_requested" })).toEqual([{ path: "", message: "`changes` is missing" }]);
    const { refused } = await simulation.apply({ do: "answer", output: { $status: "$TIMEOUT" } });
    expect(refused).toContain("$TIMEOUT is the engine's to say");
  });

  test("[PLAY3] follows the role's policy at a timeout: recruited again, or suspended and resumed", async () => {
    const simulation = simulate(review);
    await simulation.begin();
    const again = await simulation.apply({ do: "timeout" });
    expect(again.view.turn).toMatchObject({ role: "reviewer", round: 1 });
    await simulation.apply({ do: "answer", output: ask });
    expect((await simulation.apply({ do: "timeout" })).view).toMatchObject({ status: "suspended", reason: "turn_timeout" });
    expect((await simulation.apply({ do: "resume" })).view.turn).toMatchObject({ role: "author", round: 2 });
  });

  test("[PLAY3] hands a forfeited turn to the graph", async () => {
    const simulation = simulate(compileExample("debate"));
    await simulation.begin();
    expect((await simulation.apply({ do: "timeout" })).decisions).toMatchObject([{ label: "forfeited", to: "host" }]);
  });

  test("[PLAY3] fails by the role's policy, suspends, cancels, and refuses what the thread does not take", async () => {
    const simulation = simulate(compileText(writePair("turn: { on_fail: end }")));
    await simulation.begin();
    expect((await simulation.apply({ do: "resume" })).refused).toContain("not_taken");
    expect((await simulation.apply({ do: "suspend" })).view.status).toBe("suspended");
    expect((await simulation.apply({ do: "resume" })).view.status).toBe("running");
    expect((await simulation.apply({ do: "fail", error: "broken" })).view).toMatchObject({ status: "failed", reason: "turn_failed" });
    expect((await simulation.apply({ do: "cancel" })).refused).toContain("not_active");
    expect((await simulation.apply({ do: "answer", output: {} })).refused).toContain("nobody has a turn");
  });

  test("[PLAY3] lets any role ask for a person", async () => {
    const simulation = simulate(review);
    await simulation.begin();
    const { view } = await simulation.apply({ do: "answer", output: { $status: "$SUSPEND", reason: "which branch?" } });
    expect(view).toMatchObject({ status: "suspended", reason: "which branch?" });
    expect((await simulation.apply({ do: "resume" })).view.turn?.role).toBe("reviewer");
  });

  test("[PLAY4] asks everybody of a broadcast, one by one", async () => {
    const simulation = simulate(compileText(fleet));
    expect((await simulation.begin()).view.turn).toMatchObject({ role: "fleet", agent: "fleet-1" });
    expect((await simulation.apply({ do: "answer", output: { done: true } })).view.turn?.agent).toBe("fleet-2");
    const { decisions, view } = await simulation.apply({ do: "answer", output: { done: true } });
    expect(decisions).toMatchObject([{ label: "$ACKED", to: "$END" }]);
    expect(view.steps.at(-1)?.output).toMatchObject({
      acked: ["fleet-1", "fleet-2"],
      missing: [],
      answers: [{ agent: "fleet-1" }, { agent: "fleet-2" }],
    });
  });
});

describe("a walk", () => {
  test("[PLAY5] steps back to the very same thread", async () => {
    const walk = await createWalk(review, makeEvent(review, undefined, 1).event);
    opened.push(walk);
    const first = walk.current();
    const second = await walk.apply({ do: "answer", output: ask });
    await walk.apply({ do: "timeout" });
    expect(await walk.back()).toEqual(second);
    expect(await walk.back()).toEqual(first);
    expect(await walk.back()).toBeUndefined();
  });

  test("[PLAY5] is a script that passes, and fails where something else is expected", async () => {
    const walk = await createWalk(review, makeEvent(review, undefined, 1).event);
    opened.push(walk);
    await walk.apply({ do: "answer", output: { $status: "nonsense" } });
    await walk.apply({ do: "answer", output: ask });
    await walk.apply({ do: "fail", error: "broken" });
    await walk.apply({ do: "resume" });
    const script = walk.toScript();
    expect(await checkScript(review, script)).toEqual({ steps: 4, differences: [] });
    const wrong = {
      ...script,
      steps: script.steps.map((step, index) => (index === 1 ? { ...step, role: "author", expect: { turn: "reviewer" } } : step)),
    };
    expect((await checkScript(review, wrong)).differences).toEqual([
      "step 2: it is the turn of reviewer, not of author",
      'step 2: turn is "author", not "reviewer"',
    ]);
  });
});

describe("a script", () => {
  test("[PLAY6] may be a list of answers", () => {
    expect(parseScript([{ $status: "approved" }, "timeout", { fail: "x" }], "s").steps).toEqual([
      { answer: { $status: "approved" } },
      { do: "timeout" },
      { fail: "x" },
    ]);
  });

  test("[PLAY6] with a misspelt word is refused with its place", () => {
    expect(() => parseScript({ steps: [{ anwser: {} }] }, "s.yaml")).toThrow(/s\.yaml is no script: steps\.0/);
  });
});

describe("a typed line", () => {
  test.each([
    ['{"a": 1}', { type: "move", move: { do: "answer", output: { a: 1 } } }],
    [
      "$status: approved, summary: all is well",
      { type: "move", move: { do: "answer", output: { $status: "approved", summary: "all is well" } } },
    ],
    ["timeout", { type: "move", move: { do: "timeout" } }],
    ["fail no network", { type: "move", move: { do: "fail", error: "no network" } }],
    ["child failed", { type: "move", move: { do: "child", status: "failed" } }],
    ["save walk.yaml", { type: "save", file: "walk.yaml" }],
    ["  ", { type: "nothing" }],
    ["{ broken", { type: "wrong", message: expect.stringContaining("no answer") }],
    ["bakc", { type: "wrong", message: expect.stringContaining("help") }],
  ])("[PLAY7] %j is read", (line, command) => {
    expect(readCommand(line)).toEqual(command);
  });
});
