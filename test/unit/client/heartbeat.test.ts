import { describe, expect, test, vi } from "vitest";
import { clientLimits } from "../../../src/client/limits.ts";
import { createFixture, makeOffer, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";

describe("a connection", () => {
  test("[CLIENT5] pings, and leaves a server that no longer answers", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const heard = Promise.withResolvers<void>();
    const agent = connect({ clock, onEvent: () => heard.resolve() });
    await agent.ready;
    clock.advance(clientLimits.pingMs);
    await server.until(() => server.pings === 1);
    // The pong is on its way, and what is given after it is heard after it.
    server.give("team.hello", {});
    await heard.promise;
    clock.advance(clientLimits.pingMs - 1);
    server.answersPing = false;
    clock.advance(1);
    await server.until(() => server.pings === 2);
    clock.advance(clientLimits.pongMs);
    await agent.noted("disconnected");
    expect(agent.notes.at(-1)?.message).toContain("fell silent");
  });

  test("[CLIENT8] pings at half of the heartbeat that a turn asks for, whatever comes in meanwhile", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const agent = connect({ clock, onTurn: () => new Promise(() => {}) });
    await agent.ready;
    server.give("nerve.turn.assigned", makeTurn("t1.1:1", { heartbeat: { every: "4s", miss: 3 } }));
    await agent.noted("turn.assigned");
    for (const pings of [1, 2, 3]) {
      clock.advance(2_000);
      await server.until(() => server.pings === pings);
    }
  });

  test("[CLIENT8] pings at half of the heartbeat of a role that it holds, before there is a turn", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const agent = connect({ clock, onTurn: () => ({}) });
    await agent.ready;
    server.give("nerve.offer.opened", makeOffer("t1:0:1", { heartbeat: { every: "6s", miss: 3 } }), { channel: "open" });
    await agent.noted("offer.claim");
    server.give("nerve.claim.accepted", { offer: "t1:0:1", thread: "t1", role: "reviewer", lease: { generation: 1, expires: null } });
    await agent.noted("claim.accepted");
    clock.advance(3_000);
    await server.until(() => server.pings === 1);
  });

  test("[CLIENT8] pings for a role that was given without an offer, until that ends", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const seen: string[] = [];
    const agent = connect({ clock, onEvent: ({ type }) => void seen.push(type) });
    await agent.ready;
    const role = { thread: "t1", workflow: "w", role: "author" };
    server.give("nerve.role.assigned", { ...role, lease: { generation: 1, expires: null }, heartbeat: { every: "2s", miss: 2 } });
    await vi.waitFor(() => expect(seen).toEqual(["nerve.role.assigned"]));
    clock.advance(1_000);
    await server.until(() => server.pings === 1);
    server.give("nerve.role.ended", { ...role, reason: "lost" });
    await vi.waitFor(() => expect(seen).toContain("nerve.role.ended"));
    clock.advance(clientLimits.pingMs - 1);
    expect(server.pings).toBe(1);
    clock.advance(1);
    await server.until(() => server.pings === 2);
  });
});
