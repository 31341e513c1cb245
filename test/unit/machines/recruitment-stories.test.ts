import { describe, expect, it } from "vitest";
import type { RoleIr } from "../../../src/compile/ir.ts";
import { lowerRecruitment } from "../../../src/compile/lower/recruitment.ts";
import { fire, lastSent, listEmitted, listSent, restore, send, start } from "./puppet.ts";
import { claim, named, pair, region, review, status } from "./recruitment-thread.ts";
import { codeReview, debate, makeNode, makeRole, makeWorkflow } from "./workflows.ts";

describe("beginning", () => {
  it("[RECR1] tells the named, offers the open role, and waits", () => {
    const thread = review();
    expect(listSent(thread.effects)).toEqual(["agent/abe role.assigned", "offers offer.open"]);
    expect(lastSent(thread, "offer.open")).toEqual({ type: "offer.open", role: "reviewer", offer: 1, timeout: 600_000, pick: "first" });
    expect(status(thread)).toBe("recruiting");
  });

  it("[RECR1] stays in created without input, as every call of the pure functions begins", () => {
    const thread = start(lowerRecruitment(codeReview), {});
    expect(restore(thread).value).toBe("created");
  });
});

describe("a claim race", () => {
  it("[RECR2] goes to the first, with the next generation, and the others are told why not", () => {
    const thread = review();
    const won = claim(thread, "rita");
    expect(listSent(won)).toEqual(["offers offer.close", "agent/rita claim.accepted"]);
    expect(lastSent(thread, "offer.close")).toMatchObject({ why: "filled" });
    expect(lastSent(thread, "claim.accepted")).toEqual({ type: "claim.accepted", role: "reviewer", offer: 1, generation: 1 });
    expect(listSent(claim(thread, "rob"))).toEqual(["agent/rob claim.rejected"]);
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "taken" });
    expect(status(thread)).toBe("running");
    expect(listEmitted(won)).toEqual(["thread.started"]);
    expect(won.find((effect) => effect.kind === "spawn")).toEqual({
      kind: "spawn",
      src: "task",
      id: "task",
      input: { start: "new", seats: { ...named, reviewer: { agent: "rita", generation: 1 } }, round: 0, unfilled: [] },
    });
  });

  it("[RECR4] refuses the author's own claim, an ineligible one and one for an older offer", () => {
    const thread = review();
    claim(thread, "abe");
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "holds:author" });
    claim(thread, "eve", { eligible: false, why: "capability code-review is missing" });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "capability code-review is missing" });
    claim(thread, "rob", { offer: 0 });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "offer_closed" });
    expect(region(thread, "reviewer")).toBe("offering");
  });

  it("[RECR4] does not take a claim for a role that the workflow does not have", () => {
    expect(restore(review()).can({ type: "role.claim", role: "nobody", agent: "rita", offer: 1, eligible: true })).toBe(false);
  });
});

describe("a group", () => {
  it("[RECR14] starts together, and `not` in it holds both ways", () => {
    const thread = start(lowerRecruitment(debate), { start: "new", seats: { host: { agent: "host-1", generation: 1 } } });
    claim(thread, "pro", { role: "for" });
    expect(status(thread)).toBe("recruiting");
    claim(thread, "pro", { role: "against" });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ role: "against", reason: "holds:for" });
    claim(thread, "con", { role: "against" });
    expect(status(thread)).toBe("running");
  });

  it("[RECR16] ends the thread by policy when nobody comes", () => {
    const thread = start(lowerRecruitment(debate), { start: "new", seats: { host: { agent: "host-1", generation: 1 } } });
    claim(thread, "pro", { role: "for" });
    const effects = fire(thread, "against.offering");
    expect(restore(thread).output).toEqual({ status: "failed", reason: "unfilled:against", role: null, round: 0 });
    expect(listSent(effects)).toContain("agent/pro role.ended");
    expect(listEmitted(effects)).toEqual(["thread.failed"]);
  });
});

describe("nobody takes it", () => {
  it("[RECR16] offers again after the backoff, then waits for a person, who may resume", () => {
    const thread = review();
    for (const _ of [1, 2]) {
      fire(thread, "reviewer.offering");
      expect(region(thread, "reviewer")).toBe("backoff");
      fire(thread, "reviewer.backoff");
    }
    const effects = fire(thread, "reviewer.offering");
    expect(status(thread)).toBe("suspended");
    expect(listEmitted(effects)).toEqual(["thread.suspended"]);
    expect(restore(thread).context.reason).toBe("unfilled:reviewer");
    const resumed = send(thread, { type: "thread.resume" });
    expect(listSent(resumed)).toEqual(["offers offer.open"]);
    expect(lastSent(thread, "offer.open")).toMatchObject({ offer: 4 });
    expect(status(thread)).toBe("recruiting");
  });

  it("[RECR16] starts the task all the same where the graph knows what to do then", () => {
    const ir = makeWorkflow({
      roles: [makeRole({ name: "worker" })],
      nodes: [makeNode("$START", { new: "worker" }), makeNode("worker", { done: "$END", $UNFILLED: "$END" })],
    });
    const thread = start(lowerRecruitment(ir), { start: "new", seats: {} });
    const effects = fire(thread, "worker.offering");
    expect(effects.find((effect) => effect.kind === "spawn")).toMatchObject({ input: { unfilled: ["worker"] } });
  });
});

describe("presence", () => {
  it("[LIVE3] gives a lost agent's role away with the next generation; a heartbeat costs nothing", () => {
    const thread = pair({ name: "worker" });
    send(thread, { type: "agent.away", agent: "ann" });
    expect(listSent(send(thread, { type: "agent.back", agent: "ann" }))).toEqual([]);
    expect(thread.timers.size).toBe(0);
    send(thread, { type: "agent.away", agent: "ann" });
    const effects = fire(thread, "worker.held.away");
    expect(listSent(effects)).toEqual(["agent/ann role.ended", "task role.lost", "offers offer.open"]);
    claim(thread, "bob");
    expect(lastSent(thread, "role.bound")).toEqual({ type: "role.bound", role: "worker", agent: "bob", generation: 2 });
    expect(restore(thread).can({ type: "role.release", role: "worker", agent: "ann", generation: 1 })).toBe(false);
  });

  const policies: [RoleIr["offline"]["then"], string][] = [
    ["suspend", "task thread.suspend"],
    ["end", "task thread.fail"],
  ];
  it.each(policies)("[LIVE1] acts by the role's policy: %s", (policy, sent) => {
    const thread = pair({ name: "worker", offline: { then: policy } });
    send(thread, { type: "agent.away", agent: "ann" });
    expect(listSent(fire(thread, "worker.held.away"))).toEqual([sent]);
  });

  it("[LIVE1] waits for ever where the policy is to wait", () => {
    const thread = pair({ name: "worker", offline: { then: "wait" } });
    send(thread, { type: "agent.away", agent: "ann" });
    expect(thread.timers.size).toBe(0);
  });

  it("[THREAD12] suspends when a named agent is deleted, and lets a person hand the role over", () => {
    const thread = review();
    claim(thread, "rita");
    expect(listSent(send(thread, { type: "agent.deleted", agent: "abe" }))).toEqual(["task thread.suspend"]);
    const effects = send(thread, { type: "role.assign", role: "author", agent: "amy" });
    expect(listSent(effects)).toEqual(["agent/abe role.ended", "task role.lost", "agent/amy role.assigned", "task role.bound"]);
    expect(lastSent(thread, "role.bound")).toMatchObject({ agent: "amy", generation: 2 });
  });

  it("[RECR27] takes a release only from the present holder", () => {
    const thread = pair({ name: "worker" });
    expect(restore(thread).can({ type: "role.release", role: "worker", agent: "bob", generation: 1 })).toBe(false);
    send(thread, { type: "role.release", role: "worker", agent: "ann", generation: 1 });
    expect(lastSent(thread, "role.lost")).toMatchObject({ why: "released" });
  });

  it("[RECR27] gives a role to somebody else when its award could not be delivered", () => {
    const thread = pair({ name: "worker" });
    const refused = { type: "delivery.refused", about: "claim.accepted", agent: "ann", role: "worker", generation: 1, reason: "deleted" };
    expect(listSent(send(thread, refused))).toContain("offers offer.open");
  });
});

describe("a pool", () => {
  it("[RECR10] is claimed again for each turn", () => {
    const thread = pair({ name: "worker", bind: "turn" });
    expect(region(thread, "worker")).toBe("dormant");
    expect(status(thread)).toBe("running");
    send(thread, { type: "role.needed", role: "worker", generation: 0, why: "picked" });
    claim(thread, "ann");
    const freed = send(thread, { type: "role.freed", role: "worker", generation: 1 });
    expect(listSent(freed)).toEqual(["agent/ann role.ended"]);
    expect(region(thread, "worker")).toBe("dormant");
    send(thread, { type: "role.needed", role: "worker", generation: 1, why: "picked" });
    claim(thread, "bob");
    expect(lastSent(thread, "role.bound")).toMatchObject({ generation: 2 });
  });
});

describe("a pool that names itself", () => {
  it("[RECR11] is not taken twice running by the same agent", () => {
    const thread = pair({ name: "worker", bind: "turn", eligibility: { notRoles: ["worker"] } });
    const need = () => send(thread, { type: "role.needed", role: "worker", generation: 0, why: "picked" });
    need();
    claim(thread, "ann", { role: "worker" });
    send(thread, { type: "role.freed", role: "worker", generation: 1 });
    need();
    claim(thread, "ann", { role: "worker" });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "holds:worker" });
    claim(thread, "ben", { role: "worker" });
    expect(restore(thread).context.seats).toMatchObject({ worker: { agent: "ben", generation: 2 } });
  });
});

describe("a pool whose holder is lost in mid-turn", () => {
  it("[RECR12] is recruited again when the task says that the turn still needs somebody", () => {
    const thread = pair({ name: "worker", bind: "turn" });
    send(thread, { type: "role.needed", role: "worker", generation: 0, why: "picked" });
    claim(thread, "ann");
    expect(listSent(send(thread, { type: "role.release", role: "worker", agent: "ann", generation: 1 }))).toEqual([
      "agent/ann role.ended",
      "task role.lost",
    ]);
    expect(listSent(send(thread, { type: "role.needed", role: "worker", generation: 1, why: "released" }))).toEqual(["offers offer.open"]);
  });
});

describe("suspend, resume, cancel", () => {
  it("[THREAD15] is suspended when the task says so, not when it is asked", () => {
    const thread = review();
    claim(thread, "rita");
    expect(listSent(send(thread, { type: "thread.suspend", reason: "holiday" }))).toEqual(["task thread.suspend"]);
    expect(status(thread)).toBe("running");
    expect(listEmitted(send(thread, { type: "thread.suspended", reason: "holiday" }))).toEqual(["thread.suspended"]);
    expect(status(thread)).toBe("suspended");
    const resumed = send(thread, { type: "thread.resume" });
    expect(listSent(resumed)).toEqual(["task thread.resume"]);
    expect(listEmitted(resumed)).toEqual(["thread.resumed"]);
    expect(status(thread)).toBe("running");
  });

  it("[THREAD15] closes offers while suspended", () => {
    const thread = review();
    const effects = send(thread, { type: "thread.suspend" });
    expect(listSent(effects)).toEqual(["offers offer.close"]);
    expect(lastSent(thread, "offer.close")).toMatchObject({ why: "suspended" });
    claim(thread, "rita");
    expect(region(thread, "reviewer")).toBe("paused");
  });

  it("[THREAD13] cancels at once before the task runs, and by the task after; only recruitment announces the end", () => {
    const early = review();
    expect(listEmitted(send(early, { type: "thread.cancel", reason: "closed" }))).toEqual(["thread.cancelled"]);
    expect(restore(early).output).toMatchObject({ status: "cancelled", reason: "closed" });
    const late = review();
    claim(late, "rita");
    expect(listEmitted(send(late, { type: "thread.cancel", reason: "closed" }))).toEqual([]);
    const output = { status: "cancelled", reason: "closed", role: "reviewer", round: 1 };
    const effects = send(late, { type: "xstate.done.actor.task", output, actorId: "task" });
    expect(listEmitted(effects)).toEqual(["thread.cancelled"]);
    expect(listSent(effects)).toEqual(["agent/abe role.ended", "agent/rita role.ended"]);
    expect(restore(late).output).toEqual(output);
  });

  it("[THREAD14] lets an end that the task committed first win over a cancel", () => {
    const thread = review();
    claim(thread, "rita");
    send(thread, { type: "thread.cancel" });
    send(thread, {
      type: "xstate.done.actor.task",
      output: { status: "completed", reason: null, role: "reviewer", round: 3 },
      actorId: "task",
    });
    expect(restore(thread).output).toEqual({ status: "completed", reason: null, role: "reviewer", round: 3 });
  });

  it("[THREAD14] does not wait for a task that says nothing: a minute", () => {
    for (const [type, ended] of [
      ["thread.cancel", "cancelled"],
      ["thread.fail", "failed"],
    ] as const) {
      const thread = review();
      claim(thread, "rita");
      send(thread, { type, reason: "now" });
      fire(thread, "stopping");
      expect(restore(thread).output).toMatchObject({ status: ended, reason: "now" });
    }
  });

  it("[THREAD17] fails with the task's error", () => {
    const thread = review();
    claim(thread, "rita");
    send(thread, { type: "xstate.error.actor.task", error: { message: "broke" }, actorId: "task" });
    expect(restore(thread).output).toMatchObject({ status: "failed", reason: "broke" });
  });
});

describe("reopening", () => {
  it("[THREAD18] keeps who holds the roles, and generations only grow", () => {
    const seats = { author: { agent: "abe", generation: 1 }, reviewer: { agent: "rita", generation: 4 } };
    const thread = start(lowerRecruitment(codeReview), { start: "resume", seats, round: 7 });
    expect(status(thread)).toBe("running");
    expect(thread.effects.find((effect) => effect.kind === "spawn")).toMatchObject({ input: { start: "resume", round: 7 } });
    send(thread, { type: "role.release", role: "reviewer", agent: "rita", generation: 4 });
    claim(thread, "rob", { role: "reviewer" });
    expect(lastSent(thread, "role.bound")).toMatchObject({ generation: 5 });
  });
});

describe("another group", () => {
  it("[RECR15] is recruited when its role is first needed", () => {
    const ir = makeWorkflow({
      roles: [makeRole({ name: "worker" }), makeRole({ name: "expert", recruitment: { group: "later" } })],
      nodes: [makeNode("$START", { new: "worker" }), makeNode("worker", { ask: "expert" }), makeNode("expert", { said: "$END" })],
    });
    const thread = start(lowerRecruitment(ir), { start: "new", seats: {} });
    expect(region(thread, "expert")).toBe("dormant");
    claim(thread, "ann", { role: "worker" });
    expect(status(thread)).toBe("running");
    expect(listSent(send(thread, { type: "role.needed", role: "expert", generation: 0, why: "picked" }))).toEqual(["offers offer.open"]);
  });
});

describe("context", () => {
  it("[THREAD26] clips what people write, and holds facts only", () => {
    const thread = review();
    send(thread, { type: "thread.suspend", reason: "é".repeat(10_000) });
    const { reason } = restore(thread).context as { reason: string };
    expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(500);
  });
});
