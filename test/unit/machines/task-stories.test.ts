import { describe, expect, it } from "vitest";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { decide, fire, lastSent, listSent, restore, send, start } from "./puppet.ts";
import { codeReview } from "./workflows.ts";

const seats = { reviewer: { agent: "rita", generation: 1 }, author: { agent: "abe", generation: 1 } };

function begin(input: object = {}) {
  const task = start(lowerTask(codeReview), { start: "new", seats, round: 0, unfilled: [], ...input });
  decide(task, "new");
  return task;
}

describe("a change request", () => {
  it("goes to the reviewer, the author and back, and ends", () => {
    const task = begin();
    expect(restore(task).value).toEqual({ active: { reviewer: "waiting" } });
    expect(lastSent(task, "turn.assigned")).toEqual({
      type: "turn.assigned",
      turn: 1,
      role: "reviewer",
      round: 1,
      agent: "rita",
      generation: 1,
      attempt: 1,
      timeout: 2_700_000,
      decision: 1,
    });
    send(task, { type: "turn.answered", turn: 1, agent: "rita", generation: 1 });
    const effects = decide(task, "changes_requested");
    expect(listSent(effects)).toEqual(["agent/abe turn.assigned"]);
    send(task, { type: "turn.answered", turn: 2, agent: "abe", generation: 1 });
    decide(task, "updated");
    send(task, { type: "turn.answered", turn: 3, agent: "rita", generation: 1 });
    decide(task, "approved");
    expect(restore(task).status).toBe("done");
    expect(restore(task).output).toEqual({ status: "completed", reason: null, role: "reviewer", round: 3 });
    expect(task.timers.size).toBe(0);
  });
});

describe("timeouts", () => {
  it("rerecruits", () => {
    const task = begin();
    const effects = fire(task, "waiting");
    expect(listSent(effects)).toEqual(["agent/rita turn.revoked", "parent role.needed"]);
    send(task, { type: "role.bound", role: "reviewer", agent: "rob", generation: 2 });
    expect(lastSent(task, "turn.assigned")).toMatchObject({
      turn: 1,
      agent: "rob",
      attempt: 2,
      handover: { agent: "rita", why: "turn_timeout" },
    });
    expect(restore(task).can({ type: "turn.answered", turn: 1, agent: "rita", generation: 1 })).toBe(false);
  });
});
