import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileWorkflow } from "../../../../src/compile/compile-workflow.ts";
import { createModerator, type Moderator, summariseDecision } from "../../../../src/compile/decide/create-moderator.ts";
import type { Decision, DecisionView, Step } from "../../../../src/compile/decide/view.ts";
import type { WorkflowIr } from "../../../../src/compile/ir.ts";
import { makeNode, makeRole, makeWorkflow } from "../../machines/workflows.ts";
import { condition } from "../judged-workflow.ts";

const event = {
  ...{ specversion: "1.0", id: "e1", source: "/agents/abe", type: "pr.ready", time: "2026-01-01T00:00:00Z", agent: "abe" },
  data: { repo: "nerve", pr: 115, prompt: "Do it." },
} as const;

function view(steps: Step[], more: Partial<DecisionView> = {}): DecisionView & { loads: number } {
  const last = steps.at(-1);
  return {
    loads: 0,
    start: { workflow: "test", event: event as never, which: "new" },
    ...(last ? { last } : {}),
    steps() {
      this.loads += 1;
      return steps;
    },
    first: (role) => steps.find((step) => step.role === role),
    latest: (role) => steps.findLast((step) => step.role === role),
    ...more,
  };
}

async function decide(moderator: Moderator, node: string, over: DecisionView, status?: string): Promise<Decision> {
  const result = await moderator.decide(node, over, status);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.decision;
}

async function fail(moderator: Moderator, node: string, over: DecisionView): Promise<string> {
  const result = await moderator.decide(node, over);
  return result.ok ? `decided ${result.decision.edge}` : result.error.code;
}

function load(file: string): Moderator {
  const { compiled } = compileWorkflow(readFileSync(join(import.meta.dirname, "../../../../workflows", file), "utf8"));
  if (!compiled) throw new Error(`${file} does not compile`);
  return createModerator(compiled.ir);
}

const answer = (role: string, output: Step["output"], more: Partial<Step> = {}): Step => ({ role, output, agent: "x", ...more });

it("[MEAN24] a condition reads an artifact's size, type and name", async () => {
  const both = "$last('judge').file.size > 1000 and $last('judge').file.type = 'text/plain' and $last('judge').file.name = 'a.txt'";
  const { compiled } = compileWorkflow(
    condition(both, "type: object, required: [vote, file], properties: { vote: {}, file: { format: artifact } }"),
  );
  if (!compiled) throw new Error("it does not compile");
  const judge = createModerator(compiled.ir);
  const facts = { $artifact: `sha256:${"a".repeat(64)}`, size: 2000, type: "text/plain", name: "a.txt" };
  const targetOf = async (file: typeof facts) => (await decide(judge, "judge", view([answer("judge", { vote: "hire", file })]))).target;
  expect(await targetOf(facts)).toBe("crowd");
  for (const other of [{ size: 5 }, { type: "image/png" }, { name: "b.txt" }]) expect(await targetOf({ ...facts, ...other })).toBe("$END");
});

describe("the status form", () => {
  const review = load("code-review.yaml");

  it("[DECIDE1] takes the edge of the status and renders its prompt, plain", async () => {
    const start = await decide(review, "$START", view([]));
    expect(start).toMatchObject({ edge: "new", target: "reviewer", prompt: "Review nerve#115." });
    const changes = await decide(
      review,
      "reviewer",
      view([answer("reviewer", { $status: "changes_requested", changes: ["a < b", "c & d"] })]),
    );
    expect(changes).toMatchObject({
      target: "author",
      prompt: "Please address: a < b; c & d",
      because: { form: "status", status: "changes_requested" },
    });
  });

  it("[DECIDE2] evaluates the edge's events over what the prompt sees", async () => {
    const { emits } = await decide(review, "reviewer", view([answer("reviewer", { $status: "approved", summary: "fine" })]));
    expect(emits).toEqual([{ kind: "review.approved", data: { summary: "fine" } }]);
  });

  it("[DECIDE3] reopens by $START.resume", async () => {
    const reopened = { start: { workflow: "code-review", event: event as never, which: "resume" as const } };
    expect(await decide(review, "$START", view([answer("reviewer", { $status: "approved" })], reopened))).toMatchObject({ edge: "resume" });
  });

  it("[DECIDE4] is an error where there is no edge, no status, no node, or a blank prompt", async () => {
    expect(await fail(review, "reviewer", view([answer("reviewer", { $status: "nonsense" })]))).toBe("no_edge");
    expect(await fail(review, "reviewer", view([answer("reviewer", { $status: "toString" })]))).toBe("no_edge");
    expect(await fail(review, "reviewer", view([answer("reviewer", { verdict: "approved" })]))).toBe("no_status");
    expect(await fail(review, "nobody", view([]))).toBe("no_node");
    const blank = createModerator(
      makeWorkflow({
        roles: [makeRole({ name: "a" })],
        nodes: [makeNode("a", { done: { target: "$END", prompt: { kind: "liquid", source: " {{ missing }} " } } })],
      }),
    );
    expect(await fail(blank, "a", view([answer("a", { $status: "done" })]))).toBe("blank_prompt");
  });

  it("[DECIDE5] suspends from any role, whatever its schema says", async () => {
    const suspended = await decide(review, "author", view([answer("author", { $status: "$SUSPEND", reason: "ask Ann" })]));
    expect(suspended).toMatchObject({ edge: "$SUSPEND", target: "$SUSPEND", suspend: { reason: "ask Ann" } });
    expect(summariseDecision(suspended)).toEqual({ edge: "$SUSPEND", suspend: { reason: "ask Ann" } });
  });

  it("[DECIDE6] shows prompts the engine's own names", async () => {
    const source =
      "{{ _status }}|{{ _body }}|{{ _event.data.repo }}|{{ _last.b.said }}|{{ _supplement.note }}|{{ _children[0].status }}|{{ missing }}";
    const moderator = createModerator(
      makeWorkflow({
        roles: [makeRole({ name: "a" }), makeRole({ name: "b" })],
        nodes: [makeNode("a", { done: { target: "b", prompt: { kind: "liquid", source } } })],
      }),
    );
    const steps = [answer("b", { said: "hi" }), answer("a", { $status: "done" }, { body: "free text" })];
    const more = { supplement: { note: "more" }, children: [{ status: "completed" }] };
    expect(await decide(moderator, "a", view(steps, more))).toMatchObject({ prompt: "done|free text|nerve|hi|more|completed|" });
  });

  it("[DECIDE7] joins a list with commas where the author wrote mustache, and with nothing in Liquid", async () => {
    const prompt = (mustache: boolean) => ({
      kind: "liquid" as const,
      source: "{{ list }}",
      ...(mustache ? { mustache: true as const } : {}),
    });
    const moderator = createModerator(
      makeWorkflow({
        roles: [makeRole({ name: "a" })],
        nodes: [makeNode("a", { old: { prompt: prompt(true) }, new: { prompt: prompt(false) } })],
      }),
    );
    expect(await decide(moderator, "a", view([answer("a", { $status: "old", list: ["x", "y"] })]))).toMatchObject({ prompt: "x,y" });
    expect(await decide(moderator, "a", view([answer("a", { $status: "new", list: ["x", "y"] })]))).toMatchObject({ prompt: "xy" });
  });

  it("[DECIDE1] takes the engine's own status in place of the output's", async () => {
    const moderator = createModerator(
      makeWorkflow({ roles: [makeRole({ name: "a" })], nodes: [makeNode("a", { more: "a", $MAX_ROUNDS: "$END" })] }),
    );
    expect(await decide(moderator, "a", view([answer("a", { $status: "more" })]), "$MAX_ROUNDS")).toMatchObject({
      edge: "$MAX_ROUNDS",
      target: "$END",
    });
  });

  it("[DECIDE7] takes the older spellings of a status", async () => {
    const moderator = createModerator(
      makeWorkflow({
        roles: [makeRole({ name: "a" }), makeRole({ name: "b" })],
        nodes: [makeNode("$START", { _: "a" }), makeNode("a", { ok: "b" }), makeNode("b", { _: "$END" })],
      }),
    );
    expect(await decide(moderator, "$START", view([]))).toMatchObject({ edge: "_" });
    expect(await decide(moderator, "a", view([answer("a", { status: "ok" })]))).toMatchObject({ edge: "ok" });
    expect(await decide(moderator, "b", view([answer("b", { anything: 1 })]))).toMatchObject({ edge: "_" });
  });
});

describe("the list form", () => {
  const debate = load("debate.yaml");
  const speech = (role: string, conceded = false): Step => answer(role, { argument: "x", conceded });

  it("[DECIDE8] takes the first edge whose condition holds, and tells what each saw", async () => {
    const on = await decide(debate, "for", view([speech("against"), speech("for")]));
    expect(on).toMatchObject({
      target: "against",
      because: {
        form: "list",
        tried: [{ condition: "conceded", saw: false }, { condition: "forfeited" }, { condition: "threeExchanges", saw: false }],
      },
    });
    expect(await decide(debate, "against", view([speech("against", true)]))).toMatchObject({
      target: "host",
      prompt: "The side against gave in. Close the debate.",
    });
    const forfeited = [speech("against"), { role: "for", output: { $status: "$TIMEOUT" } }];
    expect(await decide(debate, "for", view(forfeited))).toMatchObject({ because: { tried: [{}, { condition: "forfeited", saw: true }] } });
  });

  it("[DECIDE2] evaluates $last in an edge's events", async () => {
    const { emits } = await decide(debate, "host", view([answer("host", { summary: "both were right" })]));
    expect(emits).toEqual([{ kind: "debate.closed", data: { summary: "both were right" } }]);
  });

  it("[DECIDE9] loads the history only for a condition that needs it", async () => {
    expect([debate.needsSteps("against"), debate.needsSteps("for"), debate.needsSteps("host")]).toEqual([false, true, false]);
    const over = view([speech("against")]);
    await decide(debate, "against", over);
    expect(over.loads).toBe(0);
  });

  const judge = (expression: string, steps: Step[] = [answer("a", { n: 0, s: "false", list: [], none: null, yes: true })]) => {
    const ir: WorkflowIr = makeWorkflow({
      form: "list",
      roles: [makeRole({ name: "a" })],
      nodes: [
        {
          name: "a",
          edges: [
            { id: "0", guard: { type: "condition", name: "c", expression }, label: "c", target: "a", emit: [], spawn: [] },
            { id: "1", guard: { type: "always" }, label: "otherwise", target: "$END", emit: [], spawn: [] },
          ],
        },
      ],
    });
    return createModerator(ir).decide("a", view(steps));
  };
  const holds = async (expression: string, steps?: Step[]) => {
    const result = await judge(expression, steps);
    return result.ok ? result.decision.edge === "0" : result.error.code;
  };

  it("[DECIDE10] has the language's own truth", async () => {
    for (const truth of ["steps[-1].output.list", "{}", "[]", "'false'", "steps[-1].output.s", "1", "true"])
      expect([truth, await holds(truth)]).toEqual([truth, true]);
    for (const lie of ["null", "missing", "false", "0", "''", "steps[-1].output.n", "steps[-1].output.none"])
      expect([lie, await holds(lie)]).toEqual([lie, false]);
  });

  it("[DECIDE10] never falls through where an expression fails", async () => {
    expect(await holds("$last(3)")).toBe("expression_failed");
    expect(await holds("$first()")).toBe("expression_failed");
    expect(await holds("$sum('x')")).toBe("expression_failed");
    expect(await holds("steps[-1].output.yes and $error('no')")).toBe("expression_failed");
  });

  it("[DECIDE11] skips the engine's own steps in $first and $last, and shows them in steps", async () => {
    const steps = [answer("a", { n: 1 }), answer("a", { n: 2 }), { role: "a", output: { $status: "$TIMEOUT" } }];
    const plain = { first: undefined, latest: undefined } as never;
    const run = async (expression: string) => {
      const ir = makeWorkflow({
        form: "list",
        roles: [makeRole({ name: "a" })],
        nodes: [
          {
            name: "a",
            edges: [{ id: "0", guard: { type: "condition", name: "c", expression }, label: "c", target: "a", emit: [], spawn: [] }],
          },
        ],
      });
      return (await createModerator(ir).decide("a", view(steps, plain))).ok;
    };
    expect(await run("$first('a').n = 1 and $last('a').n = 2 and steps[-1].output.`$status` = '$TIMEOUT' and $count(steps) = 3")).toBe(
      true,
    );
    expect(await run("$exists($last('b'))")).toBe(false);
  });

  it("[DECIDE11] sees the start, and the event as $event", async () => {
    expect(await holds("start.workflow = 'test' and start.prompt = 'Do it.' and start.event.data.pr = 115 and $event.agent = 'abe'")).toBe(
      true,
    );
  });
});

describe("a moderator expression", () => {
  const moderate = (moderator: string) =>
    createModerator(
      makeWorkflow({
        form: "moderator",
        moderator,
        roles: [makeRole({ name: "a" })],
        nodes: [
          {
            name: "$START",
            edges: ["a", "$END"].map((target) => ({
              id: target,
              guard: { type: "always" as const },
              label: target,
              target,
              emit: [],
              spawn: [],
            })),
          },
        ],
      }),
    );

  it("[DECIDE12] picks a role with its prompt, or the end", async () => {
    expect(await decide(moderate("{'role': 'a', 'prompt': 'Go.'}"), "$START", view([]))).toMatchObject({
      edge: "a",
      target: "a",
      prompt: "Go.",
    });
    expect(await decide(moderate("{'role': '__end__'}"), "$START", view([]))).toMatchObject({ target: "$END", prompt: null });
  });

  it("[DECIDE12] is an error where it picks nobody", async () => {
    for (const expression of ["{'role': 'b'}", "'a'", "null", "{}"])
      expect(await fail(moderate(expression), "$START", view([]))).toBe("bad_moderator");
  });
});

describe("spawn", () => {
  it("[CHILD1] starts a child per item, and counts those that are waited for", async () => {
    const moderator = createModerator(
      makeWorkflow({
        roles: [makeRole({ name: "a" })],
        nodes: [
          makeNode("a", {
            done: {
              target: "$END",
              spawn: [
                { workflow: "part", input: { kind: "expression", source: "steps[-1].output.parts.{ 'n': $ }" }, await: 1000 },
                { workflow: "log" },
              ],
            },
          }),
        ],
      }),
    );
    const decision = await decide(moderator, "a", view([answer("a", { $status: "done", parts: [1, 2] })]));
    expect(decision.spawns).toEqual([
      { workflow: "part", input: { n: 1 }, await: 1000 },
      { workflow: "part", input: { n: 2 }, await: 1000 },
      { workflow: "log" },
    ]);
    expect(summariseDecision(decision)).toEqual({ edge: "done", children: 2 });
  });
});
