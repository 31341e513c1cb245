import { describe, expect, test } from "vitest";
import type { OfferOpened } from "../../../src/client/contract-types.ts";
import { clientLimits } from "../../../src/client/limits.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import type { FakeServer } from "./fake-server.ts";
import { createFixture, makeOffer, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";

const claims = (server: FakeServer) => server.accepted.filter(({ type }) => type === "nerve.offer.claim").map(({ data }) => data["offer"]);
const offer = (server: FakeServer, id: string, more = {}) => server.give("nerve.offer.opened", makeOffer(id, more), { channel: "open" });
const award = (server: FakeServer, id: string) => {
  const lease = { generation: 1, expires: null };
  return server.give("nerve.claim.accepted", { offer: id, thread: id.split(":")[0] ?? "", role: "reviewer", lease });
};

describe("an offer", () => {
  test("[OFFER1] with a handler is claimed, without one it is left open", async () => {
    const { server, connect } = await createFixture();
    connect({ onTurn: { "code-review/reviewer": () => ({}) }, slots: 5 });
    offer(server, "t1:0:1", { role: "author" });
    const event = offer(server, "t2:0:1");
    await server.until(() => claims(server).length === 1);
    expect(server.accepted.slice(1)).toMatchObject([
      { type: "nerve.offer.claim", data: { offer: "t2:0:1" }, correlationid: "t2", causationid: event.id },
    ]);
  });

  test("[OFFER2] is claimed once, however often it is seen: over the mailbox, in /v1/me, after a reconnect", async () => {
    const { server, connect } = await createFixture();
    server.me.offers = [makeOffer("t1:0:1")];
    connect({ onTurn: () => ({}) });
    const event = offer(server, "t1:0:1");
    await server.until(() => claims(server).length === 1);
    server.repeat(event);
    server.dropSockets();
    await server.until(() => server.connects === 2 && server.unacknowledged().length === 0);
    expect(claims(server)).toEqual(["t1:0:1"]);
    expect(new Set(server.posted.filter(({ type }) => type === "nerve.offer.claim").map(({ id }) => id)).size).toBe(1);
  });

  test("[OFFER1] may be bid on, refused with a reason, or passed over", async () => {
    const { server, connect } = await createFixture();
    connect({
      slots: 3,
      onOffer: ({ thread }) => (thread === "t1" ? { bid: { price: 3 } } : thread === "t2" ? { decline: "too busy" } : "ignore"),
    });
    for (const thread of ["t1", "t2", "t3"]) offer(server, `${thread}:0:1`);
    await server.until(() => server.accepted.length === 3);
    expect(server.accepted.slice(1).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: "nerve.offer.claim", data: { offer: "t1:0:1", bid: { price: 3 } } },
      { type: "nerve.offer.decline", data: { offer: "t2:0:1", reason: "too busy" } },
    ]);
  });

  test("[OFFER7] that was left open may be decided later, by whoever was shown it: once, and while a slot is free", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({}), onOffer: () => "ignore" });
    for (const thread of ["t1", "t2", "t3"]) offer(server, `${thread}:0:1`);
    await server.until(() => server.unacknowledged().length === 0);
    const decide = (id: string, ...[decision]: [Parameters<typeof agent.decide>[1]]) =>
      agent.decide(makeOffer(id) as unknown as OfferOpened, decision);
    expect(decide("t1:0:1", { bid: { price: 3 } })).toBe(true);
    expect([decide("t1:0:1", "claim"), decide("t2:0:1", "claim"), decide("t3:0:1", { decline: "not mine" })]).toEqual([false, false, true]);
    await agent.noted("offer.claim");
    await agent.noted("offer.decline");
    expect(claims(server)).toEqual(["t1:0:1"]);
    server.give("nerve.claim.rejected", { offer: "t1:0:1", reason: "another was first" });
    await agent.noted("claim.rejected");
    expect(decide("t2:0:1", "claim")).toBe(true);
    await server.until(() => claims(server).length === 2);
  });

  test("[OFFER3] waits while all slots are taken: by a claim until it is rejected, by a role until its thread ends", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({}) });
    for (const thread of ["t1", "t2", "t3"]) offer(server, `${thread}:0:1`);
    await agent.noted("offer.claim");
    expect(claims(server)).toEqual(["t1:0:1"]);
    server.give("nerve.claim.rejected", { offer: "t1:0:1", reason: "another was first" });
    await agent.noted("offer.claim", 2);
    expect(claims(server)).toEqual(["t1:0:1", "t2:0:1"]);
    server.me.rolesHeld = [{ thread: "t2", workflow: "code-review", role: "reviewer", lease: { generation: 1, expires: null } }];
    award(server, "t2:0:1");
    await agent.noted("claim.accepted");
    expect(claims(server)).toHaveLength(2);
    server.give("nerve.thread.completed", { thread: "t2", workflow: "code-review" });
    await agent.noted("offer.claim", 3);
    expect(claims(server)).toEqual(["t1:0:1", "t2:0:1", "t3:0:1"]);
  });

  test("[OFFER4] that closes while it waits is forgotten, and one that closes on a claim frees its slot", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({}) });
    for (const thread of ["t1", "t2", "t3"]) offer(server, `${thread}:0:1`);
    await agent.noted("offer.claim");
    server.give("nerve.offer.closed", { offer: "t2:0:1", why: "filled" }, { channel: "open" });
    server.give("nerve.offer.closed", { offer: "t1:0:1", why: "filled" }, { channel: "open" });
    await agent.noted("offer.claim", 2);
    expect(claims(server)).toEqual(["t1:0:1", "t3:0:1"]);
  });

  test("[OFFER4] refused as closed frees its slot", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ data }) => (data["offer"] === "t1:0:1" ? createProblem("offer_closed", "Filled.") : undefined);
    const agent = connect({ onTurn: () => ({}) });
    offer(server, "t1:0:1");
    offer(server, "t2:0:1");
    await agent.noted("offer.claim");
    expect(claims(server)).toEqual(["t2:0:1"]);
  });

  test("[OFFER5] for a role that is bound for a turn frees its slot with the turn's answer", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({ $status: "done" }) });
    offer(server, "t1:0:1", { bind: "turn" });
    offer(server, "t2:0:1", { bind: "turn" });
    await agent.noted("offer.claim");
    award(server, "t1:0:1");
    server.me.rolesHeld = [{ thread: "t1", workflow: "code-review", role: "reviewer", lease: { generation: 1, expires: null } }];
    await agent.noted("claim.accepted");
    expect(claims(server)).toHaveLength(1);
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("offer.claim", 2);
    expect(claims(server)).toEqual(["t1:0:1", "t2:0:1"]);
  });

  test("[OFFER3] is claimed once the role that took the slot has ended; a role by name takes none", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({}) });
    const lease = { generation: 1, expires: null };
    server.give("nerve.role.assigned", { thread: "t0", workflow: "code-review", role: "author", lease });
    server.me.rolesHeld = [{ thread: "t0", workflow: "code-review", role: "author", lease }];
    offer(server, "t1:0:1");
    offer(server, "t2:0:1");
    await agent.noted("offer.claim");
    server.me.rolesHeld.push({ thread: "t1", workflow: "code-review", role: "reviewer", lease });
    award(server, "t1:0:1");
    await agent.noted("claim.accepted");
    expect(claims(server)).toEqual(["t1:0:1"]);
    server.give("nerve.role.ended", { thread: "t1", role: "reviewer", reason: "released" });
    await agent.noted("offer.claim", 2);
    expect(claims(server)).toEqual(["t1:0:1", "t2:0:1"]);
  });

  test("[OFFER6] gets back a slot that was lost without notice: what the server says is held counts", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const agent = connect({ onTurn: () => ({}), clock });
    await agent.ready;
    offer(server, "t1:0:1");
    await agent.noted("offer.claim");
    award(server, "t1:0:1");
    await agent.noted("claim.accepted");
    clock.advance(clientLimits.resyncMs);
    offer(server, "t2:0:1");
    await agent.noted("offer.claim", 2);
    expect(claims(server)).toEqual(["t1:0:1", "t2:0:1"]);
  });
});
