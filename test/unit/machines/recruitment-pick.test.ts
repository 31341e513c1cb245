import { describe, expect, it } from "vitest";
import { lowerRecruitment } from "../../../src/compile/lower/recruitment.ts";
import { fire, lastSent, listSent, restore, send, start } from "./puppet.ts";
import { claim, pair, region } from "./recruitment-thread.ts";
import { makeNode, makeRole, makeWorkflow } from "./workflows.ts";

describe("pick", () => {
  it("[RECR17] best: waits for the time, or for everybody's answer, and the best bid wins", () => {
    const thread = pair({ name: "worker", recruitment: { pick: "best" } });
    expect(region(thread, "worker")).toBe("offering");
    claim(thread, "bob", { score: 5 });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "outscored" });
    claim(thread, "cat", { score: 5 });
    const effects = send(thread, { type: "offer.exhausted", role: "worker", offer: 1 });
    expect(listSent(effects)).toEqual(["offers offer.close", "agent/bob claim.accepted"]);
  });

  it.each(["away", "deleted"])("[LIVE7] best: whoever leads and is %s is not awarded, and another may still claim", (why) => {
    const thread = pair({ name: "worker", recruitment: { pick: "best" } });
    expect(listSent(send(thread, { type: `agent.${why}`, agent: "zoe" }))).toEqual([]);
    expect(listSent(send(thread, { type: `agent.${why}`, agent: "ann", role: "other" }))).toEqual([]);
    expect(listSent(send(thread, { type: `agent.${why}`, agent: "ann" }))).toEqual(["agent/ann claim.rejected"]);
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ role: "worker", reason: why });
    expect(send(thread, { type: "offer.exhausted", role: "worker", offer: 1 })).toEqual([]);
    claim(thread, "bob", { score: -1 });
    fire(thread, "worker.offering");
    expect(restore(thread).context.seats).toEqual({ worker: { agent: "bob", generation: 1 } });
  });

  it("[RECR17] best: the time is up", () => {
    const thread = pair({ name: "worker", recruitment: { pick: "best" } });
    fire(thread, "worker.offering");
    expect(lastSent(thread, "offer.close")).toMatchObject({ why: "filled" });
    expect(restore(thread).context.seats).toEqual({ worker: { agent: "ann", generation: 1 } });
  });

  it("[RECR18] best: at a draw whoever came earlier leads, and claiming once more changes nothing", () => {
    const thread = pair({ name: "worker", recruitment: { pick: "best" } });
    claim(thread, "ann", { role: "worker", score: 2 });
    expect(listSent(claim(thread, "ben", { role: "worker", score: 2 }))).toEqual(["agent/ben claim.rejected"]);
    expect(claim(thread, "ann", { role: "worker", score: -5 })).toEqual([]);
    expect(listSent(claim(thread, "ben", { role: "worker", score: 1 }))).toEqual(["agent/ben claim.rejected"]);
    send(thread, { type: "offer.exhausted", role: "worker", offer: 1 });
    expect(restore(thread).context.seats).toMatchObject({ worker: { agent: "ann" } });
  });

  it("[RECR19] best: who leads for two roles that exclude each other gets one of them", () => {
    const best = { pick: "best" as const };
    const ir = makeWorkflow({
      roles: [
        makeRole({ name: "for", recruitment: best, eligibility: { notRoles: ["against"] } }),
        makeRole({ name: "against", recruitment: best }),
      ],
      nodes: [makeNode("$START", { new: "for" }), makeNode("for", { said: "against" }), makeNode("against", { said: "$END" })],
    });
    for (const [first, second] of [
      ["for", "against"],
      ["against", "for"],
    ] as const) {
      const thread = start(lowerRecruitment(ir), { start: "new", seats: {} });
      claim(thread, "ann", { role: "for", score: 9 });
      claim(thread, "ann", { role: "against", score: 9 });
      const awarded = send(thread, { type: "offer.exhausted", role: first, offer: 1 });
      expect(listSent(awarded)).toEqual(["offers offer.close", "agent/ann claim.accepted", "agent/ann claim.rejected"]);
      expect(lastSent(thread, "claim.rejected")).toMatchObject({ role: second, reason: `holds:${first}` });
      expect(send(thread, { type: "offer.exhausted", role: second, offer: 1 })).toEqual([]);
      claim(thread, "ann", { role: second, score: 99 });
      expect(lastSent(thread, "claim.rejected")).toMatchObject({ role: second, reason: `holds:${first}` });
      claim(thread, "ben", { role: second, score: 1 });
      send(thread, { type: "offer.exhausted", role: second, offer: 1 });
      expect(restore(thread).context.seats).toMatchObject({ [first]: { agent: "ann" }, [second]: { agent: "ben" } });
    }
  });

  it("[RECR20] sticky: the last holder goes first, for half a minute", () => {
    const thread = pair({ name: "worker", bind: "turn", recruitment: { pick: "sticky" } });
    const need = (generation: number) => send(thread, { type: "role.needed", role: "worker", generation, why: "picked" });
    need(0);
    claim(thread, "ann");
    send(thread, { type: "role.freed", role: "worker", generation: 1 });
    need(1);
    claim(thread, "bob");
    expect(region(thread, "worker")).toEqual({ offering: "lastHolder" });
    claim(thread, "ann");
    expect(lastSent(thread, "claim.accepted")).toMatchObject({ generation: 2 });
    expect(lastSent(thread, "claim.rejected")).toMatchObject({ reason: "taken" });
    send(thread, { type: "role.freed", role: "worker", generation: 2 });
    need(2);
    fire(thread, "lastHolder");
    claim(thread, "bob");
    expect(lastSent(thread, "role.bound")).toMatchObject({ agent: "bob", generation: 3 });
  });
});
