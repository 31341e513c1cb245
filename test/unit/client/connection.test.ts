import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ClientError } from "../../../src/client/index.ts";
import { clientLimits } from "../../../src/client/limits.ts";
import { createFixture, makeTurn } from "./fixture.ts";
import { createManualClock } from "./manual-clock.ts";
import { createSignal } from "./signal.ts";

describe("a connection", () => {
  test("[CLIENT1] is a socket first, and what is given over it is acknowledged in one frame", async () => {
    const { server, connect } = await createFixture();
    const seen: string[] = [];
    const agent = connect({ onEvent: ({ type }) => void seen.push(type) });
    for (const number of [1, 2, 3]) server.give(`team.event${number}`, {});
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual(["team.event1", "team.event2", "team.event3"]);
    expect(agent.transport()).toBe("socket");
    expect(server.polls).toBe(0);
  });

  test("[CLIENT2] that drops comes back by itself, is given what it had not acknowledged, and hands on nothing twice", async () => {
    const { server, connect } = await createFixture();
    const seen: string[] = [];
    const { notify, until } = createSignal();
    let release = () => {};
    connect({
      onEvent: async ({ type }) => {
        seen.push(type);
        notify();
        if (type === "team.slow") await new Promise<void>((resolve) => (release = resolve));
      },
    });
    server.give("team.slow", {});
    server.give("team.next", {});
    await until(() => seen.length === 1);
    server.dropSockets();
    await server.until(() => server.connects === 2);
    server.give("team.last", {});
    release();
    await server.until(() => server.unacknowledged().length === 0);
    expect(seen).toEqual(["team.slow", "team.next", "team.last"]);
  });

  test("[CLIENT3] is a stream where sockets cannot be opened: events come down it, answers and acknowledgements go by POST", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = false;
    const agent = connect({ onTurn: () => ({ $status: "approved" }) });
    await agent.ready;
    expect(agent.transport()).toBe("sse");
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "nerve.turn.respond"]);
    expect(server.polls).toBe(0);
  });

  test("[CLIENT4] takes only the ways that it is told to, and refuses to be told none", async () => {
    const { server, connect } = await createFixture();
    await connect({ transports: ["sse"] }).ready;
    expect([server.connects, server.opens, server.polls]).toEqual([0, 1, 0]);
    expect(() => connect({ transports: [] })).toThrow("transports");
  });

  test("[CLIENT3] goes from socket to stream to poll and back in mid-turn, and the handler notices nothing", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const { notify, until } = createSignal();
    let performed = 0;
    let heard = 0;
    let release = () => {};
    const agent = connect({
      clock,
      onEvent: () => {
        heard++;
        notify();
      },
      onTurn: async (_, { progress, signal }) => {
        performed++;
        notify();
        await new Promise<void>((resolve) => (release = resolve));
        progress("on the way");
        return { $status: signal.aborted ? "aborted" : "approved" };
      },
    });
    const carriers: (string | undefined)[] = [];
    const connected = async (times: number) => {
      await agent.noted("connected", times);
      carriers.push(agent.transport());
    };
    server.give("nerve.turn.assigned", makeTurn());
    await until(() => performed === 1);
    await connected(1);

    server.allowSockets = false;
    server.dropSockets();
    await agent.noted("disconnected");
    clock.advance(clientLimits.backoffBaseMs);
    await connected(2);
    server.give("team.by_stream", {});
    await until(() => heard === 1);
    // The event is dealt with once the handler has returned.
    await setImmediate();
    clock.advance(clientLimits.ackMs);
    await server.until(() => server.unacknowledged().length === 1);

    server.dropStreams(4413);
    await connected(3);
    release();
    await agent.noted("turn.answered");
    clock.advance(clientLimits.ackMs);

    clock.advance(clientLimits.upgradeMs);
    await connected(4);
    server.allowSockets = true;
    // Once tried in vain: the wait is twice as long, and a stream that says something is not left.
    clock.advance(clientLimits.upgradeMs);
    server.give("team.by_stream", {});
    await until(() => heard === 2);
    clock.advance(clientLimits.upgradeMs);
    await connected(5);
    expect(carriers).toEqual(["socket", "sse", "poll", "sse", "socket"]);
    await server.until(() => server.streams() === 0);
    expect(performed).toBe(1);
    expect(server.accepted.map(({ type, data }) => data["output"] ?? type)).toEqual([
      "nerve.agent.report",
      "nerve.turn.progress",
      { $status: "approved" },
    ]);
  });

  test("[CLIENT5] leaves a stream that falls silent, and one that the server ends comes back", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const agent = connect({ clock, transports: ["sse"] });
    await agent.ready;
    clock.advance(clientLimits.streamSilenceMs);
    await agent.noted("disconnected");
    expect(agent.notes.at(-1)?.message).toContain("fell silent");
    clock.advance(clientLimits.backoffMaxMs);
    await server.until(() => server.opens === 2);
    await agent.noted("connected", 2);
    server.dropStreams(4401);
    await expect(agent.closed).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test.each(["socket", "sse", "poll"] as const)("[NET10] by %s the sender is told all that the server says of an event", async (way) => {
    const { server, connect } = await createFixture();
    server.notes = ["build: its `when` is not met"];
    server.told = {
      threads: ["t1"],
      reflexes: [{ workflow: "build", place: 0, kind: "workflow", verdict: "when", detail: "its `when` is not met" }],
      unheard: { nearest: "team.news" },
      recipients: 3,
    };
    const agent = connect({ transports: [way] });
    const told = await agent.send({ type: "team.new", id: "n1" });
    expect(told).toEqual({ id: "n1", status: "accepted", notes: server.notes, ...server.told });
  });

  test("[CLIENT3] polls where neither sockets nor streams can be opened", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = server.allowStreams = false;
    const agent = connect({ onTurn: () => ({ $status: "approved" }) });
    await agent.ready;
    expect(agent.transport()).toBe("poll");
    server.give("nerve.turn.assigned", makeTurn());
    await server.until(() => server.unacknowledged().length === 0);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "nerve.turn.respond"]);
  });

  test("[CLIENT3] changes to polling in mid-turn without losing or repeating anything, and back to a socket when that works again", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const { notify, until } = createSignal();
    let performed = 0;
    let release = () => {};
    const agent = connect({
      clock,
      onTurn: async (_, { progress }) => {
        performed++;
        notify();
        await new Promise<void>((resolve) => (release = resolve));
        progress("by poll");
        return { $status: "approved" };
      },
    });
    server.give("nerve.turn.assigned", makeTurn());
    await until(() => performed === 1);
    server.allowSockets = server.allowStreams = false;
    server.dropSockets();
    await agent.noted("disconnected");
    clock.advance(clientLimits.backoffBaseMs);
    await agent.noted("connected", 2);
    expect(agent.transport()).toBe("poll");
    release();
    await agent.noted("turn.answered");
    expect(performed).toBe(1);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "nerve.turn.progress", "nerve.turn.respond"]);
    await clock.runUntil(() => server.unacknowledged().length === 0);

    server.allowSockets = true;
    clock.advance(clientLimits.upgradeMs);
    await agent.noted("connected", 3);
    expect(agent.transport()).toBe("socket");
    server.give("nerve.turn.assigned", makeTurn("t1.1:2"));
    await until(() => performed === 2);
    release();
    await agent.noted("turn.answered", 2);
  });

  test.each([
    ["gives events", true, 4_000],
    ["gives none", false, clientLimits.backoffMaxMs],
  ])("[NET11] a socket that always dies young and %s is awaited up to a bound", async (_, gives, bound) => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const waits: number[] = [];
    let heard = 0;
    const { notify, until } = createSignal();
    const agent = connect({
      clock,
      transports: ["socket"],
      random: () => 1,
      onEvent: () => {
        heard++;
        notify();
      },
    });
    for (let number = 1; number <= 10; number++) {
      await agent.noted("connected", number);
      await server.until(() => server.sockets() === 1);
      if (gives) {
        server.give("team.news", { number });
        await until(() => heard === number);
      }
      server.dropSockets(1011);
      await agent.noted("disconnected", number);
      waits.push(Number(/in (\d+) ms/.exec(agent.notes.at(-1)?.message ?? "")?.[1]));
      clock.advance(waits.at(-1) as number);
    }
    expect(Math.max(...waits)).toBe(bound);
    expect(waits.slice(0, 3)).toEqual([250, 500, 1_000]);
  });

  test("[CLIENT3] polls after three sockets in a row that died young, where there is no stream", async () => {
    const { server, connect } = await createFixture();
    // Stands still, so that each life is short on however busy a machine.
    const clock = createManualClock();
    server.allowStreams = false;
    const agent = connect({ clock });
    for (let number = 1; number <= clientLimits.shortLives; number++) {
      await agent.noted("connected", number);
      await server.until(() => server.sockets() === 1);
      server.dropSockets(1011);
      if (number === clientLimits.shortLives) break;
      await agent.noted("disconnected", number);
      clock.advance(Number(/in (\d+) ms/.exec(agent.notes.at(-1)?.message ?? "")?.[1]));
    }
    await agent.noted("polling");
    await server.until(() => server.polls > 0);
  });

  test("[CLIENT6] polls when the server finds it too slow for a socket", async () => {
    const { server, connect } = await createFixture();
    const agent = connect();
    await server.until(() => server.sockets() === 1);
    server.dropSockets(4413);
    await agent.noted("connected", 2);
    expect(agent.transport()).toBe("poll");
  });

  test("[CLIENT7] that was replaced stays away for a while: two processes with one identity must not throw each other out in a loop", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    const agent = connect({ clock });
    await server.until(() => server.sockets() === 1);
    server.dropSockets(4409);
    await agent.noted("disconnected");
    expect(clock.due()).toContain(clientLimits.replacedMs);
    clock.advance(clientLimits.replacedMs - 1);
    expect(server.connects).toBe(1);
    clock.advance(1);
    await server.until(() => server.connects === 2);
  });

  test("[CLIENT9] backs off exponentially, by chance up to the bound, while nothing answers", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    server.allowSockets = server.allowStreams = server.allowPolls = false;
    const agent = connect({ clock, random: () => 1 });
    const waits: number[] = [];
    for (let times = 1; times <= 9; times++) {
      await agent.noted("disconnected", times);
      waits.push(Math.max(...clock.due()));
      clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("[CLIENT10] with a token that is not valid ends, and says so to who waits", async () => {
    const { server, connect } = await createFixture();
    const agent = connect({ token: "mallory.x" });
    const sent = agent.send({ type: "team.hello" });
    await expect(sent).rejects.toThrow(ClientError);
    await expect(agent.ready).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(agent.closed).rejects.toMatchObject({ code: "unauthenticated" });
    expect(server.connects).toBe(0);
    expect(agent.notes).toContainEqual(expect.objectContaining({ level: "error", what: "refused" }));
  });

  test("[CLIENT10] that is closed by 4401 does not come back", async () => {
    const { server, connect } = await createFixture();
    const agent = connect();
    await server.until(() => server.sockets() === 1);
    server.dropSockets(4401);
    await expect(agent.closed).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(agent.send({ type: "team.hello" })).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
