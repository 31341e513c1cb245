/** What a task waits for that is no answer of one agent: a broadcast's acknowledgements, and children. */
import { describe, expect, it } from "vitest";
import { lowerTask } from "../../../src/compile/lower/task.ts";
import { decide, fire, lastSent, listSent, type Puppet, restore, send, start } from "./puppet.ts";
import { fence, listWrites, where } from "./task-puppet.ts";
import { makeNode, makeRole, makeWorkflow, type RoleWish } from "./workflows.ts";

describe("a broadcast", () => {
  const broadcast = (wish: RoleWish["broadcast"], edges: Record<string, string> = { $ACKED: "$END", $PARTIAL: "$END" }) => {
    const ir = makeWorkflow({
      roles: [makeRole({ name: "fleet", type: "broadcast", broadcast: { ...wish } })],
      nodes: [makeNode("$START", { new: "fleet" }), makeNode("fleet", edges)],
    });
    const task = start(lowerTask(ir), { start: "new", seats: {}, round: 0, unfilled: [] });
    decide(task, "new");
    return task;
  };
  const ack = (task: Puppet, agent: string, ok = true) => send(task, { type: "turn.answered", turn: 1, agent, generation: 1, ok });

  it("[AUD8] asks the audience and is acked when all have answered", () => {
    const task = broadcast({});
    expect(lastSent(task, "audience.ask")).toMatchObject({ role: "fleet", turn: 1, of: null, decision: 1 });
    send(task, { type: "audience.asked", turn: 1, asked: 2 });
    ack(task, "a");
    expect(where(task)).toEqual({ active: { fleet: "collecting" } });
    ack(task, "b");
    expect(lastSent(task, "audience.close")).toMatchObject({ status: "$ACKED" });
    decide(task, "$ACKED");
    expect(where(task)).toBe("completed");
  });

  it("[AUD8] is partial once the need cannot be met, or time is up", () => {
    const lost = broadcast({ need: 2 });
    send(lost, { type: "audience.asked", turn: 1, asked: 3 });
    ack(lost, "a", false);
    expect(where(lost)).toEqual({ active: { fleet: "collecting" } });
    ack(lost, "b", false);
    expect(listWrites(lost).at(-1)).toEqual(["message.append", { turn: 1, role: "fleet", agent: null, round: 1, status: "$PARTIAL" }]);
    const late = broadcast({});
    send(late, { type: "audience.asked", turn: 1, asked: 1 });
    fire(late, "collecting");
    expect(where(late)).toEqual({ active: { fleet: "deciding" } });
  });

  it("[AUD3] suspends where the graph has no edge for it; the next turn is for those who have not answered", () => {
    const task = broadcast({}, { $ACKED: "$END" });
    send(task, { type: "audience.asked", turn: 1, asked: 2 });
    ack(task, "a");
    fire(task, "collecting");
    expect(where(task)).toBe("suspended");
    send(task, { type: "thread.resume" });
    expect(lastSent(task, "audience.ask")).toMatchObject({ turn: 2, decision: 1 });
  });

  it("[AUD6] tells the audience of a resume while it is asked, and of none once it is closed", () => {
    const task = broadcast({ need: 1 });
    send(task, { type: "audience.asked", turn: 1, asked: 2 });
    send(task, { type: "thread.suspend", reason: "holiday" });
    send(task, { type: "thread.resume" });
    expect(lastSent(task, "audience.resume")).toEqual({ type: "audience.resume", role: "fleet", turn: 1, decision: 1, reason: "holiday" });
    expect(where(task)).toEqual({ active: { fleet: "collecting" } });
    ack(task, "a");
    send(task, { type: "thread.suspend" });
    expect(listSent(send(task, { type: "thread.resume" }))).not.toContain("audience audience.resume");
  });

  it("[AUD9] is $UNFILLED when nobody is eligible", () => {
    const task = broadcast({}, { $ACKED: "$END", $UNFILLED: "$END" });
    send(task, { type: "audience.asked", turn: 1, asked: 0 });
    decide(task, "$UNFILLED");
    expect(where(task)).toBe("completed");
  });
});

describe("children that are waited for", () => {
  const split = (onFail: "suspend" | "end" = "suspend", edges: Record<string, string> = {}) => {
    const ir = makeWorkflow({
      roles: [makeRole({ name: "worker", turn: { onFail } })],
      nodes: [
        makeNode("$START", { new: "worker" }),
        makeNode("worker", { split: { target: "worker", spawn: [{ workflow: "part", await: 5000 }] }, done: "$END", ...edges }),
      ],
    });
    const task = start(lowerTask(ir), { start: "new", seats: { worker: { agent: "ann", generation: 1 } }, round: 0, unfilled: [] });
    decide(task, "new");
    send(task, { type: "turn.answered", ...fence(1) });
    decide(task, "split", { children: 2 });
    return task;
  };

  it("[CHILD1] open the next turn when all have completed", () => {
    const task = split();
    send(task, { type: "child.ended", round: 1, status: "completed" });
    expect(where(task)).toEqual({ active: { worker: "awaiting0" } });
    send(task, { type: "child.ended", round: 1, status: "completed" });
    expect(lastSent(task, "turn.assigned")).toMatchObject({ turn: 2, decision: 2 });
  });

  it("[CHILD3] are the source's failure when one fails or is late", () => {
    const failed = split("end");
    send(failed, { type: "child.ended", round: 1, status: "failed" });
    expect(restore(failed).output).toMatchObject({ status: "failed", reason: "child_failed" });
    const late = split("suspend", { $FAILED: "$END" });
    fire(late, "awaiting0");
    expect(listWrites(late).at(-1)).toEqual(["message.append", { turn: 2, role: "worker", agent: null, round: 2, status: "$FAILED" }]);
    decide(late, "$FAILED");
    expect(where(late)).toBe("completed");
  });

  it("[CHILD8] are still waited for after a suspension, and no child of an earlier edge counts", () => {
    const task = split();
    send(task, { type: "thread.suspend" });
    send(task, { type: "child.ended", round: 1, status: "completed" });
    send(task, { type: "thread.resume" });
    expect(where(task)).toEqual({ active: { worker: "awaiting0" } });
    expect(send(task, { type: "child.ended", round: 0, status: "failed" })).toEqual([]);
    send(task, { type: "child.ended", round: 1, status: "completed" });
    expect(where(task)).toEqual({ active: { worker: "waiting" } });
  });
});
