import { describe, expect, it } from "vitest";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { decide, fire, lastSent, listEmitted, listSent, type Puppet, restore, send, start } from "./puppet.ts";
import { begin, fence, listWrites, seats, single, where } from "./task-puppet.ts";
import { codeReview, makeNode, makeRole, makeWorkflow } from "./workflows.ts";

describe("a change request", () => {
  it("[TASK1] goes to the reviewer, the author and back, and ends", () => {
    const task = begin();
    expect(lastSent(task, "turn.assigned")).toEqual({
      ...{ type: "turn.assigned", turn: 1, role: "reviewer", round: 1, agent: "rita", generation: 1 },
      ...{ attempt: 1, timeout: 2_700_000, decision: 1 },
    });
    send(task, { type: "turn.answered", turn: 1, agent: "rita", generation: 1 });
    expect(listSent(decide(task, "changes_requested"))).toEqual(["agent/abe turn.assigned"]);
    send(task, { type: "turn.answered", turn: 2, agent: "abe", generation: 1 });
    decide(task, "updated");
    send(task, { type: "turn.answered", turn: 3, agent: "rita", generation: 1 });
    expect(listEmitted(decide(task, "approved"))).toEqual(["edge.published"]);
    expect(restore(task).output).toEqual({ status: "completed", reason: null, role: "reviewer", round: 3 });
    expect(task.timers.size).toBe(0);
    expect(listWrites(task)).toEqual([
      ["decision.record", { node: "$START", edge: "new", to: "reviewer", round: 0, turn: 1 }],
      ["message.append", { turn: 1, role: "reviewer", agent: "rita", round: 1, status: null }],
      ["decision.record", { node: "reviewer", edge: "changes_requested", to: "author", round: 1, turn: 2 }],
      ["message.append", { turn: 2, role: "author", agent: "abe", round: 2, status: null }],
      ["decision.record", { node: "author", edge: "updated", to: "reviewer", round: 2, turn: 3 }],
      ["message.append", { turn: 3, role: "reviewer", agent: "rita", round: 3, status: null }],
      ["decision.record", { node: "reviewer", edge: "approved", to: "$END", round: 3, turn: null }],
    ]);
  });

  it("[TASK2] counts an answer only of the open turn, its agent and generation", () => {
    const { can } = { can: (event: object) => restore(begin()).can(event) };
    expect(can({ type: "turn.answered", ...fence(1, "rita") })).toBe(true);
    for (const wrong of [fence(2, "rita"), fence(1, "rob"), fence(1, "rita", 2), fence(0, "rita")])
      expect(can({ type: "turn.answered", ...wrong })).toBe(false);
  });

  it("[TASK5] notes progress and stays", () => {
    const task = begin();
    send(task, { type: "turn.progress", ...fence(1, "rita") });
    expect(listWrites(task).at(-1)).toEqual(["progress.note", { turn: 1, role: "reviewer", agent: "rita" }]);
    expect(task.timers.size).toBe(1);
  });
});

describe("a loss in mid-turn", () => {
  it("[TASK11] hands the same turn over to the next holder, who is told of the last; the old one counts no more", () => {
    const task = begin();
    const effects = send(task, { type: "role.lost", role: "reviewer", generation: 1, why: "lost" });
    expect(listSent(effects)).toEqual(["agent/rita turn.revoked", "parent role.needed"]);
    expect(lastSent(task, "role.needed")).toEqual({ type: "role.needed", role: "reviewer", generation: 1, why: "lost" });
    send(task, { type: "role.bound", role: "reviewer", agent: "rob", generation: 2 });
    expect(lastSent(task, "turn.assigned")).toMatchObject({
      turn: 1,
      agent: "rob",
      generation: 2,
      attempt: 2,
      handover: { agent: "rita", why: "lost" },
    });
    expect(restore(task).can({ type: "turn.answered", ...fence(1, "rita") })).toBe(false);
    send(task, { type: "turn.answered", ...fence(1, "rob", 2) });
    decide(task, "changes_requested");
    send(task, { type: "turn.answered", ...fence(2, "abe") });
    decide(task, "updated");
    expect(lastSent(task, "turn.assigned")).not.toHaveProperty("handover");
  });

  it("[TASK12] ignores a loss and a binding of older generations", () => {
    const task = begin({ seats: { ...seats, reviewer: { agent: "rita", generation: 3 } } });
    expect(send(task, { type: "role.lost", role: "reviewer", generation: 2, why: "lost" })).toEqual([]);
    expect(send(task, { type: "role.bound", role: "reviewer", agent: "old", generation: 2 })).toEqual([]);
  });

  it("[TASK13] hands a turn over when a person gives the role to another", () => {
    const task = begin();
    const effects = send(task, { type: "role.bound", role: "reviewer", agent: "rob", generation: 2 });
    expect(listSent(effects)).toEqual(["agent/rita turn.revoked", "agent/rob turn.assigned"]);
  });

  it("[TASK10] takes the graph's edge where it has one", () => {
    const task = single({}, { $OFFLINE: "$END" });
    send(task, { type: "role.lost", role: "worker", generation: 1, why: "lost" });
    expect(listWrites(task).at(-1)).toEqual(["message.append", { turn: 1, role: "worker", agent: "ann", round: 1, status: "$OFFLINE" }]);
    decide(task, "$OFFLINE");
    expect(where(task)).toBe("completed");
  });
});

describe("no answer in time", () => {
  it("[TASK8] retry: again and again, and after a hundred times a person is asked", () => {
    const task = single({ turn: { onTimeout: "retry" } });
    expect(listSent(fire(task, "waiting"))).toEqual(["agent/ann turn.revoked", "agent/ann turn.assigned"]);
    for (let count = 1; count < 100; count++) fire(task, "waiting");
    expect(where(task)).toEqual({ active: { worker: "waiting" } });
    fire(task, "waiting");
    expect(where(task)).toBe("suspended");
  });

  it("[TASK8] retries are used up before the policy acts", () => {
    const task = single({ turn: { onTimeout: "end", retries: 2 } });
    fire(task, "waiting");
    fire(task, "waiting");
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 1, attempt: 3 });
    fire(task, "waiting");
    expect(restore(task).output).toMatchObject({ status: "failed", reason: "turn_timeout" });
  });

  it("[TASK8] rerecruit: another holder is asked for", () => {
    const task = single({ turn: { onTimeout: "rerecruit" } });
    expect(listSent(fire(task, "waiting"))).toEqual(["agent/ann turn.revoked", "parent role.needed"]);
  });

  it("[TASK8] suspend: the same role gets the same turn again at resume", () => {
    const task = single({ turn: { onTimeout: "suspend" } });
    expect(listSent(fire(task, "waiting"))).toEqual(["agent/ann turn.revoked", "parent thread.suspended"]);
    expect(lastSent(task, "thread.suspended")).toMatchObject({ reason: "turn_timeout" });
    send(task, { type: "thread.resume" });
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 1, attempt: 2, resumed: { reason: "turn_timeout" } });
  });

  it("[TASK8] forfeit: the status goes to the graph as a step", () => {
    const task = single({ turn: { onTimeout: "forfeit" } });
    fire(task, "waiting");
    expect(listWrites(task).at(-1)).toEqual(["message.append", { turn: 1, role: "worker", agent: "ann", round: 1, status: "$TIMEOUT" }]);
    decide(task, "done");
    expect(where(task)).toBe("completed");
  });

  it("[TASK10] the node's own edge goes before any policy", () => {
    const task = single({ turn: { onTimeout: "end" } }, { $TIMEOUT: "worker" });
    fire(task, "waiting");
    decide(task, "$TIMEOUT");
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 2 });
  });
});

describe("failures and refused outputs", () => {
  it("[TASK4] tries a retryable failure again, and not a final one", () => {
    const task = single({ turn: { retries: 1, onFail: "end" } });
    send(task, { type: "turn.failed", ...fence(1), retryable: true });
    expect(lastSent(task, "turn.assigned")).toMatchObject({ attempt: 2 });
    send(task, { type: "turn.failed", ...fence(1), retryable: true });
    expect(where(task)).toBe("failed");
    const final = single({ turn: { retries: 1, onFail: "end" } });
    send(final, { type: "turn.failed", ...fence(1), retryable: false });
    expect(where(final)).toBe("failed");
  });

  it("[TASK3] refuses two outputs in place; the third is a failure", () => {
    const task = single({});
    expect(send(task, { type: "turn.invalid", ...fence(1) })).toEqual([]);
    send(task, { type: "turn.invalid", ...fence(1) });
    expect(restore(task).context.invalid).toBe(2);
    expect(task.timers.size).toBe(1);
    send(task, { type: "turn.invalid", ...fence(1) });
    expect(where(task)).toBe("suspended");
    expect(restore(task).context.reason).toBe("invalid_output");
  });

  it("[TASK6] counts a turn that cannot be delivered as a failure", () => {
    const task = single({}, { $FAILED: "$END" });
    send(task, { type: "delivery.refused", about: "turn.assigned", reason: "deleted", ...fence(1) });
    decide(task, "$FAILED");
    expect(where(task)).toBe("completed");
  });
});

describe("suspend and resume", () => {
  it("[THREAD6] accepts an answer to the open turn and decides at resume", () => {
    const task = begin();
    send(task, { type: "thread.suspend", reason: "holiday" });
    expect(lastSent(task, "thread.suspended")).toEqual({ type: "thread.suspended", reason: "holiday" });
    expect(task.timers.size).toBe(0);
    send(task, { type: "turn.answered", ...fence(1, "rita") });
    expect(where(task)).toBe("suspended");
    expect(restore(task).can({ type: "turn.answered", ...fence(1, "rita") })).toBe(false);
    send(task, { type: "thread.resume" });
    expect(where(task)).toEqual({ active: { reviewer: "deciding" } });
    decide(task, "approved");
    expect(where(task)).toBe("completed");
  });

  it("[TASK14] asks for a holder at resume when the role lost its holder meanwhile", () => {
    const task = begin();
    send(task, { type: "thread.suspend", reason: "holiday" });
    expect(listSent(send(task, { type: "role.lost", role: "reviewer", generation: 1, why: "lost" }))).toEqual(["agent/rita turn.revoked"]);
    expect(listSent(send(task, { type: "thread.resume" }))).toEqual(["parent role.needed"]);
    send(task, { type: "role.bound", role: "reviewer", agent: "rob", generation: 2 });
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 1, resumed: { reason: "holiday" }, handover: { agent: "rita" } });
  });

  it("[THREAD7] $SUSPEND gives the same role the next turn at resume, with the reason", () => {
    const task = begin();
    send(task, { type: "turn.answered", ...fence(1, "rita") });
    decide(task, "$SUSPEND", { suspend: { reason: "which branch?" } });
    expect(listWrites(task).at(-1)).toEqual(["decision.record", { node: "reviewer", edge: "$SUSPEND", to: "$SUSPEND", round: 1, turn: 2 }]);
    expect(restore(task).context.reason).toBe("which branch?");
    send(task, { type: "thread.resume" });
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 2, role: "reviewer", decision: 2, resumed: { reason: "which branch?" } });
  });

  it("[THREAD16] ignores a second order to suspend, and one to resume what runs", () => {
    const task = begin();
    expect(send(task, { type: "thread.resume" })).toEqual([]);
    send(task, { type: "thread.suspend" });
    expect(send(task, { type: "thread.suspend" })).toEqual([]);
  });
});

describe("cancel", () => {
  const states: [string, () => Puppet][] = [
    ["waiting", begin],
    ["deciding", () => start(lowerTask(codeReview), { start: "new", seats, round: 0, unfilled: [] })],
    ["vacant", () => begin({ seats: { author: seats.author } })],
    [
      "suspended",
      () => {
        const task = begin();
        send(task, { type: "thread.suspend" });
        return task;
      },
    ],
  ];
  it.each(states)("[THREAD13] in %s ends the task, and whoever has the turn is told", (_state, make) => {
    const task = make();
    const given = (restore(task).context as { open: { state: string } | null }).open?.state === "given";
    const effects = send(task, { type: "thread.cancel", reason: "closed" });
    expect(listSent(effects)).toEqual(given ? ["agent/rita turn.revoked"] : []);
    expect(restore(task).output).toMatchObject({ status: "cancelled", reason: "closed" });
    expect(task.timers.size).toBe(0);
  });
});

describe("rounds", () => {
  it("[THREAD8] end the thread at max_rounds, but an edge to $END may still be taken", () => {
    const again = single({}, {}, { maxRounds: 1 });
    send(again, { type: "turn.answered", ...fence(1) });
    decide(again, "again");
    expect(restore(again).output).toMatchObject({ status: "failed", reason: "max_rounds" });
    const done = single({}, {}, { maxRounds: 1 });
    send(done, { type: "turn.answered", ...fence(1) });
    decide(done, "done");
    expect(where(done)).toBe("completed");
  });

  it("[THREAD8] take the graph's edge where it has one", () => {
    const task = single({}, { $MAX_ROUNDS: "$END" }, { maxRounds: 1 });
    send(task, { type: "turn.answered", ...fence(1) });
    const effects = decide(task, "again");
    expect(effects.find((effect) => effect.kind === "spawn")).toMatchObject({
      src: "moderate",
      input: { node: "worker", status: "$MAX_ROUNDS" },
    });
    decide(task, "$MAX_ROUNDS");
    expect(restore(task).output).toMatchObject({ status: "completed" });
  });

  it("[THREAD9] count from where an earlier epoch ended, and turns only grow", () => {
    const task = start(lowerTask({ ...codeReview, maxRounds: 1 }), { start: "resume", seats, round: 20, unfilled: [] });
    decide(task, "resume");
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 21 });
    send(task, { type: "turn.answered", ...fence(21, "rita") });
    decide(task, "changes_requested");
    expect(restore(task).output).toMatchObject({ status: "failed", reason: "max_rounds" });
  });
});

describe("nobody takes the role", () => {
  it("[RECR16] suspends, ends or takes the edge", () => {
    const vacate = (task: Puppet) => {
      send(task, { type: "role.lost", role: "worker", generation: 1, why: "released" });
      send(task, { type: "role.unfilled", role: "worker" });
      return task;
    };
    expect(where(vacate(single({})))).toBe("suspended");
    expect(where(vacate(single({ recruitment: { onUnfilled: "end" } })))).toBe("failed");
    expect(where(vacate(single({}, { $UNFILLED: "$END" })))).toEqual({ active: { worker: "deciding" } });
  });

  it("[RECR16] takes the edge at once for what was tried while the thread was assembled", () => {
    const ir = makeWorkflow({
      roles: [makeRole({ name: "worker" })],
      nodes: [makeNode("$START", { new: "worker" }), makeNode("worker", { done: "$END", $UNFILLED: "$END" })],
    });
    const task = start(lowerTask(ir), { start: "new", seats: {}, round: 0, unfilled: ["worker"] });
    decide(task, "new");
    expect(where(task)).toEqual({ active: { worker: "deciding" } });
    expect(listWrites(task).at(-1)).toEqual(["message.append", { turn: 1, role: "worker", agent: null, round: 1, status: "$UNFILLED" }]);
  });
});

describe("the moderator", () => {
  it("[TASK15] fails the thread when it throws, and when it picks an edge that is not there", () => {
    const broken = begin();
    send(broken, { type: "turn.answered", ...fence(1, "rita") });
    send(broken, { type: "xstate.error.actor.moderate", error: { message: "no such status" }, actorId: "moderate" });
    expect(restore(broken).output).toMatchObject({ status: "failed", reason: "no such status" });
    for (const output of [{ edge: "nonsense" }, {}, null, "x", { edge: 3 }]) {
      const task = begin();
      send(task, { type: "turn.answered", ...fence(1, "rita") });
      send(task, { type: "xstate.done.actor.moderate", output, actorId: "moderate" });
      expect(restore(task).output).toMatchObject({ status: "failed", reason: "no_edge" });
    }
  });
});

describe("a pool", () => {
  it("[RECR10] frees the holder with the answer and asks for the next", () => {
    const task = single({ bind: "turn" });
    expect(listSent(send(task, { type: "turn.answered", ...fence(1) }))).toEqual(["parent role.freed"]);
    expect(listSent(decide(task, "again"))).toEqual(["parent role.needed"]);
    expect(lastSent(task, "role.needed")).toEqual({ type: "role.needed", role: "worker", generation: 1, why: "picked" });
  });

  it("[RECR13] frees the holder who forfeits, too", () => {
    const task = single({ bind: "turn", turn: { onTimeout: "forfeit" } });
    expect(listSent(fire(task, "waiting"))).toEqual(["agent/ann turn.revoked", "parent role.freed"]);
  });
});
