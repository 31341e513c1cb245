import { describe, expect, test } from "vitest";
import { z } from "zod";
import { clientLimits } from "../../../src/client/limits.ts";
import { createFixture } from "./fixture.ts";

describe("an event", () => {
  test("[CLIENT18] is handed over one at a time in order, and a handler that throws does not stop the next", async () => {
    const { server, connect } = await createFixture();
    const seen: string[] = [];
    let running = 0;
    const agent = connect({
      onEvent: async ({ type }) => {
        expect(++running).toBe(1);
        await Promise.resolve();
        running--;
        seen.push(type);
        if (type === "team.bad") throw new Error("cannot take this");
      },
    });
    for (const type of ["team.bad", "team.good", "nerve.thread.completed"]) server.give(type, { thread: "t1" });
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual(["team.bad", "team.good", "nerve.thread.completed"]);
    expect(agent.notes).toContainEqual(expect.objectContaining({ level: "error", what: "event.failed" }));
  });

  test("[CLIENT19] that is not of an accepted kind, or does not fit its schema, is dropped with a warning", async () => {
    const { server, connect } = await createFixture();
    const seen: unknown[] = [];
    const agent = connect({
      accepts: {
        "pr.opened": z.object({ pr: z.number() }),
        "pr.closed": (data) => {
          if (data === null) throw new Error("data is missing");
        },
      },
      onEvent: ({ type, data }) => void seen.push({ type, data }),
    });
    server.give("pr.opened", { pr: 1 });
    server.give("pr.opened", { pr: "one" });
    server.give("pr.closed", null);
    server.give("pr.merged", {});
    server.give("nerve.thread.started", { thread: "t1" });
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual([
      { type: "pr.opened", data: { pr: 1 } },
      { type: "nerve.thread.started", data: { thread: "t1" } },
    ]);
    expect(agent.notes.filter(({ what }) => what === "event.dropped").map(({ message }) => message)).toEqual([
      expect.stringContaining("data.pr: "),
      expect.stringContaining("data is missing"),
      expect.stringContaining("not among those accepted"),
    ]);
    expect(server.accepted[0]?.data).toEqual({ slots: 1, accepts: { "pr.opened": true, "pr.closed": true } });
    expect(agent.dropped()).toEqual({ "pr.opened": 1, "pr.closed": 1, "*": 1 });
  });

  test("[CLIENT20] of more than may be in hand stays in the mailbox and is given again, none lost and none twice", async () => {
    const { server, connect } = await createFixture();
    const seen: string[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const many = clientLimits.inHand * 2;
    for (let number = 0; number < many; number++) server.give(`team.event${number}`, {});
    const agent = connect({
      onEvent: async ({ type }) => {
        seen.push(type);
        await held;
      },
    });
    await agent.ready;
    server.give("team.last", {});
    release();
    await server.until(() => server.unacknowledged().length === 0);
    expect(new Set(seen).size).toBe(many + 1);
    expect(seen).toHaveLength(many + 1);
  });

  test("[CLIENT19] of the orchestrator's own whose data make no sense is dropped with a warning, never a crash", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onTurn: () => ({}) });
    for (const type of ["turn.assigned", "turn.revoked", "offer.opened", "offer.closed", "claim.accepted", "thread.completed"]) {
      server.give(`nerve.${type}`, null);
      server.give(`nerve.${type}`, {});
    }
    await server.until(() => server.unacknowledged().length === 0);
    await agent.send({ type: "team.alive" });
  });

  test("[CLIENT19] that is no JSON, or a frame from a newer server, disturbs nothing", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ onEvent: () => {} });
    await agent.ready;
    server.pushRaw("{");
    server.pushRaw('"hello"');
    server.pushRaw('{"type":"weather","sun":true}');
    server.pushRaw('{"type":"event","seq":1}');
    server.pushRaw('{"type":"rejected","id":"x"}');
    server.give("team.hello", {});
    await server.until(() => server.unacknowledged().length === 0);
    expect(agent.notes.filter(({ level }) => level !== "info")).toEqual([]);
  });
});
