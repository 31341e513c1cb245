import { setImmediate } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { ClientError, clientLimits } from "../../../src/client/index.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import { createFixture, makeOffer, makeTurn } from "./fixture.ts";
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
    server.allowStreams = false;
    const agent = connect();
    for (let number = 1; number <= clientLimits.shortLives; number++) {
      await agent.noted("connected", number);
      await server.until(() => server.sockets() === 1);
      server.dropSockets(1011);
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

describe("sending", () => {
  test("[CLIENT11] waits for a connection, however long that takes, and gives the server's answer", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = server.allowStreams = server.allowPolls = false;
    const agent = connect();
    const sent = agent.send({ id: "hello-1", type: "team.hello", data: { to: "all" } });
    await agent.noted("disconnected");
    server.allowSockets = true;
    expect(await sent).toEqual({ id: "hello-1", status: "accepted", threads: [], notes: [] });
  });

  test("[CLIENT12] the same id with the same body is one event; with another body it is refused", async () => {
    const { server, connect } = await createFixture();
    const agent = connect();
    await Promise.all([agent.send({ id: "a", type: "team.hello" }), agent.send({ id: "a", type: "team.hello" })]);
    await agent.send({ id: "a", type: "team.hello" });
    expect(server.accepted.filter(({ id }) => id === "a")).toHaveLength(1);
    await expect(agent.send({ id: "a", type: "team.bye" })).rejects.toMatchObject({ code: "id_conflict" });
  });

  test("[CLIENT13] a refusal is thrown with the server's problem", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ type }) => (type === "team.hello" ? createProblem("forbidden", "Not your kind.") : undefined);
    const refusal = await connect()
      .send({ type: "team.hello" })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "forbidden", retryable: false, problem: { detail: "Not your kind." } });
  });

  test("[CLIENT11] events stay in order when they are polled in one batch, and each is judged alone", async () => {
    const { server, connect } = await createFixture();
    server.judge = ({ type }) => (type === "team.b" ? createProblem("forbidden", "No.") : undefined);
    const agent = connect({ transports: ["poll"] });
    await server.until(() => server.accepted.length === 1);
    const answers = await Promise.allSettled(["a", "b", "c"].map((name) => agent.send({ type: `team.${name}` })));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(server.accepted.map(({ type }) => type)).toEqual(["nerve.agent.report", "team.a", "team.c"]);
  });

  test("[CLIENT13] more than the outbox holds is refused at once", async () => {
    const { server, connect } = await createFixture();
    server.allowSockets = server.allowStreams = server.allowPolls = false;
    const agent = connect();
    // The report of the agent itself takes one place.
    await agent.noted("disconnected");
    const waiting = Array.from({ length: clientLimits.outboxEvents - 1 }, (_, number) =>
      agent.send({ id: `n${number}`, type: "team.hello" }),
    );
    await expect(agent.send({ id: "last", type: "team.hello" })).rejects.toMatchObject({ code: "outbox_full" });
    server.allowSockets = true;
    await Promise.all(waiting);
    expect(server.accepted).toHaveLength(clientLimits.outboxEvents);
  });
});

describe("closing", () => {
  test("[CLIENT14] lets running turns finish where it is told to, then disconnects", async () => {
    const { server, connect } = await createFixture();
    let release = () => {};
    const agent = connect({ onTurn: () => new Promise((resolve) => (release = () => resolve({ $status: "approved" }))) });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    await server.until(() => server.accepted.length === 1);
    const closed = agent.close({ finish: 60_000 });
    release();
    await closed;
    expect(server.accepted.at(-1)).toMatchObject({ type: "nerve.turn.respond" });
    await server.until(() => server.unacknowledged().length === 0 && server.sockets() === 0);
    await expect(agent.send({ type: "team.hello" })).rejects.toMatchObject({ code: "closed" });
  });

  test("[CLIENT14] aborts what may not finish and leaves no timer behind", async () => {
    const { server, connect } = await createFixture();
    const clock = createManualClock();
    let reason: unknown;
    const agent = connect({
      clock,
      onTurn: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    server.give("nerve.turn.assigned", makeTurn());
    await agent.noted("turn.assigned");
    await server.until(() => server.accepted.length === 1);
    await agent.close();
    expect(reason).toMatchObject({ code: "closed" });
    expect(clock.due()).toEqual([]);
    expect(server.unacknowledged()).toHaveLength(1);
  });
});
