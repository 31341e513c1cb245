/** Budgets as the task's machine keeps them: what counts, where a turn is held back, and what a resume grants. */
import { describe, expect, it } from "vitest";
import type { TaskContext } from "../../../machines/task/context.ts";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { decide, listSent, type Puppet, restore, send, start } from "./puppet.ts";
import { fence, single, where } from "./task-puppet.ts";
import { makeNode, makeRole, makeWorkflow } from "./workflows.ts";

const context = (task: Puppet): TaskContext => restore(task).context as TaskContext;
const took = (tokens: number, cost = 0) => ({ usage: { tokens, cost } });
const answer = (task: Puppet, turn: number, usage: object = {}): void => {
  send(task, { type: "turn.answered", ...fence(turn), ...usage });
  decide(task, "again");
};
const open = (task: Puppet): boolean => context(task).open?.state === "given";

describe("a budget", () => {
  it("[BUDGET1] lets turns be given until as much was spent; then the thread is suspended and says which, how much and by whom", () => {
    const task = single({}, {}, { budget: { tokens: 100, cost: 2 } });
    answer(task, 1, took(60, 0.5));
    expect(open(task)).toBe(true);
    answer(task, 2, took(39, 0.5));
    expect(open(task)).toBe(true);
    answer(task, 3, took(1));
    expect(where(task)).toBe("suspended");
    expect(context(task)).toMatchObject({
      reason: "budget spent: that of the workflow, 100 of 100 tokens, a cost of 1 of 2 (worker 100); a resume grants it once more",
      open: { turn: 4, state: "waiting" },
    });
  });

  it("[BUDGET1] counts cost exactly: ten tenths are one", () => {
    const task = single({}, {}, { budget: { cost: 1 } });
    for (let turn = 1; turn <= 9; turn++) answer(task, turn, took(0, 0.1));
    expect(open(task)).toBe(true);
    answer(task, 10, took(0, 0.1));
    expect(where(task)).toBe("suspended");
  });

  it("[BUDGET2] of a role holds that role's turns back, and no other's", () => {
    const ir = makeWorkflow({
      roles: [{ ...makeRole({ name: "writer" }), budget: { tokens: 10 } }, makeRole({ name: "reader" })],
      nodes: [
        makeNode("$START", { new: "writer" }),
        makeNode("writer", { on: "reader" }),
        makeNode("reader", { back: "writer", done: "$END" }),
      ],
    });
    const seats = { writer: { agent: "ann", generation: 1 }, reader: { agent: "ann", generation: 1 } };
    const task = start(lowerTask(ir), { start: "new", seats, round: 0, unfilled: [] });
    decide(task, "new");
    send(task, { type: "turn.answered", ...fence(1), ...took(500) });
    decide(task, "on");
    expect(where(task)).toEqual({ active: { reader: "waiting" } });
    send(task, { type: "turn.answered", ...fence(2), ...took(900) });
    decide(task, "back");
    expect(where(task)).toBe("suspended");
    expect(context(task).reason).toBe("budget spent: that of writer, 500 of 10 tokens; a resume grants it once more");
  });

  it("[BUDGET3] a resume grants it once more, in full and only it; what else suspends a thread grants nothing", () => {
    const task = single({}, {}, { budget: { tokens: 10 } });
    answer(task, 1, took(25));
    expect(where(task)).toBe("suspended");
    send(task, { type: "thread.resume" });
    expect(open(task)).toBe(true);
    answer(task, 2, took(9));
    expect(open(task)).toBe(true);
    send(task, { type: "thread.suspend", reason: "lunch" });
    send(task, { type: "thread.resume" });
    expect(context(task).spending).toMatchObject({ thread: { worker: { tokens: 9 } } });
    answer(task, 3, took(1));
    expect(where(task)).toBe("suspended");
  });

  it("[BUDGET3] one that is spent by an answer which suspends the thread itself is told of at the resume, and not passed over", () => {
    const task = single({}, {}, { budget: { tokens: 10 } });
    send(task, { type: "turn.answered", ...fence(1), ...took(25) });
    decide(task, "$SUSPEND", { suspend: { reason: "a question" } });
    expect(context(task).reason).toBe("a question");
    send(task, { type: "thread.resume" });
    expect(where(task)).toBe("suspended");
    expect(context(task).reason).toContain("budget spent");
    send(task, { type: "thread.resume" });
    expect(open(task)).toBe(true);
  });

  it("[BUDGET4] counts failures and refused answers, and is looked at before a turn is given once more", () => {
    const retrying = single({ turn: { retries: 5, onFail: "retry" } }, {}, { budget: { tokens: 10 } });
    send(retrying, { type: "turn.failed", ...fence(1), retryable: true, ...took(4) });
    expect(open(retrying)).toBe(true);
    send(retrying, { type: "turn.invalid", ...fence(1), ...took(4) });
    expect(open(retrying)).toBe(true);
    send(retrying, { type: "turn.failed", ...fence(1), retryable: true, ...took(4) });
    expect(where(retrying)).toBe("suspended");
    expect(context(retrying).reason).toContain("12 of 10 tokens");
  });

  it("[BUDGET4] is looked at before somebody else is sought for a turn that failed", () => {
    const task = single({ turn: { onFail: "rerecruit" } }, {}, { budget: { tokens: 10 } });
    const effects = send(task, { type: "turn.failed", ...fence(1), ...took(10) });
    expect(where(task)).toBe("suspended");
    expect(listSent(effects)).not.toContain("parent role.needed");
    send(task, { type: "thread.resume" });
    expect(where(task)).toEqual({ active: { worker: "vacant" } });
  });

  it("[BUDGET5] an answer that ends the thread ends it, whatever it took, and one that was given while it was suspended counts", () => {
    const ended = single({}, {}, { budget: { tokens: 10 } });
    send(ended, { type: "turn.answered", ...fence(1), ...took(99) });
    decide(ended, "done");
    expect(restore(ended).output).toMatchObject({ status: "completed" });
    const held = single({}, {}, { budget: { tokens: 10 } });
    send(held, { type: "thread.suspend" });
    send(held, { type: "turn.answered", ...fence(1), ...took(99) });
    send(held, { type: "thread.resume" });
    decide(held, "again");
    expect(where(held)).toBe("suspended");
    expect(context(held).reason).toContain("99 of 10 tokens");
  });

  it("[BUDGET5] holds the next turn of a broadcast back; answers to the open one are taken", () => {
    const task = single({ type: "broadcast" }, { $ACKED: "worker" }, { budget: { tokens: 10 } });
    send(task, { type: "audience.asked", turn: 1, asked: 2 });
    send(task, { type: "turn.answered", turn: 1, agent: "a", generation: 1, ok: true, ...took(50) });
    expect(where(task)).toEqual({ active: { worker: "collecting" } });
    send(task, { type: "turn.answered", turn: 1, agent: "b", generation: 1, ok: true, ...took(50) });
    decide(task, "$ACKED");
    expect(where(task)).toBe("suspended");
    expect(context(task).reason).toContain("100 of 10 tokens");
  });

  it("[BUDGET6] a workflow without one has the machine that it had, and what agents spend is no matter to it", () => {
    const config = JSON.stringify(
      lowerTask(
        makeWorkflow({
          roles: [makeRole({ name: "worker" })],
          nodes: [makeNode("$START", { new: "worker" }), makeNode("worker", { done: "$END" })],
        }),
      ),
    );
    for (const word of ["countUsage", "overBudget", "grantBudget"]) expect(config).not.toContain(word);
    const task = single({});
    answer(task, 1, took(1e9));
    expect(open(task)).toBe(true);
    expect(context(task)).not.toHaveProperty("spending");
  });
});
