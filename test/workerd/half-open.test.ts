/**
 * Connections that look open and are dead: what they hold comes to whoever is alive, at once where their client says that it has left
 * them, from the alarm where it does not; those that hold nothing are left asleep.
 */
import { describe, expect, test, vi } from "vitest";
import { agentLimits } from "../../src/durable/agent/agent-schema.ts";
import { evictActor, readAlarm, ringActor } from "./actors.ts";
import { openSource } from "./event-source.ts";
import { deliver, mail, makeEnvelope, poll, readPlanted } from "./mail.ts";
import { call, connect, join, type Loose, later, type Player } from "./stage.ts";

let agents = 0;
async function joinNext(): Promise<Player> {
  agents += 1;
  return join(`half-open-${agents}`, []);
}
const names = (frames: Loose[]): string[] => frames.filter(({ type }) => type === "event").map(({ event }) => event.id);
const ring = (player: Player) => ringActor("agent", player.id);

describe("[HALF1] a client that names the connection which it replaces is given at once, in order, what that one held", () => {
  /** A dead socket and a dead stream hold what came. */
  async function strand(): Promise<Player> {
    const player = await joinNext();
    const socket = await connect(player, "?connection=a.1&client=a");
    await mail(player, "1", "2");
    await vi.waitFor(() => expect(names(socket.frames)).toEqual(["1", "2"]));
    const source = await openSource({ token: player.token, query: "?connection=a.2&client=a" });
    await mail(player, "3");
    await source.expectNames(["3"]);
    expect((await poll(player)).names).toEqual([]);
    return player;
  }

  test("by socket", async () => {
    const player = await strand();
    const next = await connect(player, "?connection=a.3&replaces=a.1,a.2&client=a");
    await vi.waitFor(() => expect(names(next.frames)).toEqual(["1", "2", "3"]));
    next.socket.close();
  });

  test("by stream", async () => {
    const player = await strand();
    const next = await openSource({ token: player.token, query: "?connection=a.3&replaces=a.1,a.2" });
    await next.expectNames(["1", "2", "3"]);
    await next.drop();
  });

  test("by poll", async () => {
    const player = await strand();
    expect((await poll(player, "&connection=a.3&replaces=a.1,a.2")).names).toEqual(["1", "2", "3"]);
  });

  test("in an acknowledgement, where a better way has opened beside it", async () => {
    const player = await strand();
    const next = await connect(player, "?connection=a.3");
    next.send({ type: "ack", seqs: [], replaces: "a.1" });
    expect((await call("POST", "/v1/inbox/ack", { token: player.token, body: { seqs: [], replaces: "a.2" } })).status).toBe(204);
    await vi.waitFor(() => expect(names(next.frames)).toEqual(["1", "2", "3"]));
    next.socket.close();
  });

  test("and takes nothing from connections that it does not name, nor does a stranger", async () => {
    const player = await strand();
    const other = await connect(player, "?connection=b.1&replaces=a.9&client=b");
    for (const path of ["inbox?replaces=a.1", "inbox/stream?replaces=a.1,a.2"])
      expect((await call("GET", `/v1/${path}`, { token: `${player.id}.${"x".repeat(43)}` })).status).toBe(401);
    expect((await poll(player)).names).toEqual([]);
    expect(names(other.frames)).toEqual([]);
    other.socket.close();
  });
});

describe("[HALF2] by the alarm, silence while holding events ends", () => {
  test("a socket, over an eviction too; what it held goes to the one that is alive", async () => {
    const player = await joinNext();
    const alive = await connect(player, "?connection=b");
    const dead = await connect(player, "?connection=a");
    await mail(player, "held");
    await vi.waitFor(() => expect(names(dead.frames)).toEqual(["held"]));
    const due = await readAlarm("agent", player.id);
    expect(due).toBeLessThanOrEqual(Date.now() + agentLimits.silentHolding);
    await evictActor("agent", player.id);
    await later(agentLimits.silentHolding - 5_000, () => ring(player));
    expect(names(alive.frames)).toEqual([]);
    await later(agentLimits.silentHolding + 1_000, () => ring(player));
    await vi.waitFor(() => expect(names(alive.frames)).toEqual(["held"]));
    await vi.waitFor(() => expect(dead.closed).toMatchObject({ code: 4409 }));
    expect(alive.closed).toBeUndefined();
    alive.socket.close();
  });

  test("a stream whose client promised signs of life; not of one that could give none", async () => {
    const player = await joinNext();
    const nameless = await openSource({ token: player.token });
    await mail(player, "1");
    await nameless.expectNames(["1"]);
    const named = await openSource({ token: player.token, query: "?connection=a" });
    await mail(player, "2");
    await named.expectNames(["2"]);
    await later(agentLimits.silentHolding - 5_000, () =>
      call("POST", "/v1/inbox/ack", { token: player.token, body: { seqs: [], connection: "a" } }),
    );
    await later(agentLimits.silentHolding + 5_000, () => ring(player));
    expect(named.ended).toBe(false);
    await later(2 * agentLimits.silentHolding, () => ring(player));
    await vi.waitFor(() => expect(named.events.at(-1)).toMatchObject({ event: "close", data: { code: 4409 } }));
    await nameless.expectNames(["1", "2"]);
    await nameless.drop();
  });

  test("no connection that holds nothing, however silent", async () => {
    const player = await joinNext();
    const idle = await connect(player, "?connection=a");
    await mail(player, "1");
    await vi.waitFor(() => expect(names(idle.frames)).toEqual(["1"]));
    idle.send({ type: "ack", seqs: [idle.frames[0].seq] });
    await vi.waitFor(async () => expect((await player.get("/v1/me")).inbox).toMatchObject({ unacknowledged: 0 }));
    await later(10 * agentLimits.silentHolding, () => ring(player));
    await mail(player, "2");
    await vi.waitFor(() => expect(names(idle.frames)).toEqual(["1", "2"]));
    idle.socket.close();
  });
});

test("[HALF3] a poll that waits for a client that has gone on is ended, and no event is answered to it", async () => {
  const player = await joinNext();
  const dead = call("GET", "/v1/inbox?wait=20&connection=a.1", { token: player.token });
  await vi.waitFor(async () => expect((await player.get("/v1/me")).inbox).toMatchObject({ unacknowledged: 0 }));
  const alive = call("GET", "/v1/inbox?wait=20&connection=a.2&replaces=a.1", { token: player.token });
  expect((await dead).body.events).toEqual([]);
  await mail(player, "1");
  expect((await alive).body.events.map(({ event }: Loose) => event.id)).toEqual(["1"]);
});

test("[HALF4] a stream that goes on after a number is given as well what another connection left behind that number", async () => {
  const player = await joinNext();
  const first = await openSource({ token: player.token, query: "?connection=a.1" });
  await mail(player, "1");
  await first.expectNames(["1"]);
  await first.drop();
  await vi.waitFor(async () => expect((await poll(player)).names).toEqual(["1"]));
  const between = await connect(player, "?connection=a.2");
  await mail(player, "2");
  await vi.waitFor(() => expect(names(between.frames)).toEqual(["1", "2"]));
  const beside = await openSource({ token: player.token, query: "?connection=a.3" });
  await mail(player, "3");
  await beside.expectNames(["3"]);
  const lastEventId = beside.events.at(-1)?.id as string;
  const next = await openSource({ token: player.token, query: "?connection=a.4&replaces=a.2,a.3", lastEventId });
  await next.expectNames(["1", "2"]);
  await next.drop();
});

test("[HALF5] who asks for what comes after a number that was never given is given everything, as after a restore", async () => {
  const player = await joinNext();
  await mail(player, "1", "2");
  const page = await poll(player, "&after=900000000");
  expect(page.names).toEqual(["1", "2"]);
  expect(page.next).toBe(page.seqs[1]);
  // One that is right goes on from there.
  expect((await poll(player, `&after=${page.next}`)).names).toEqual([]);
  const socket = await connect(player, "?after=900000000");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["1", "2"]));
  socket.socket.close();
  await vi.waitFor(async () => expect((await poll(player)).names).toEqual(["1", "2"]));
  const source = await openSource({ token: player.token, lastEventId: 900_000_000 });
  await source.expectNames(["1", "2"]);
  await source.drop();
});

test("[HALF6] two processes with one token are told of each other, on each way; one that comes back is not", async () => {
  const player = await joinNext();
  const notes = (frames: Loose[]) => frames.filter(({ type }) => type === "note").map(({ about }) => about);
  const first = await connect(player, "?connection=a.1&client=a");
  const again = await connect(player, "?connection=a.2&replaces=a.1&client=a");
  expect(notes(again.frames)).toEqual([]);
  const second = await openSource({ token: player.token, query: "?connection=b.1&client=b" });
  await vi.waitFor(() => expect(notes(again.frames)).toEqual(["b"]));
  await vi.waitFor(() => expect(second.events).toMatchObject([{ event: "note", data: { code: "second_client", about: "a" } }]));
  const third = await call("GET", "/v1/inbox?connection=c.1&client=c", { token: player.token });
  expect(third.body.notes.map(({ about }: Loose) => about)).toEqual(["a", "b"]);
  await vi.waitFor(() => expect(notes(again.frames)).toEqual(["b", "c"]));
  expect((await call("GET", `/v1/agents/${player.id}`)).body.presence).toMatchObject({ clients: 3 });
  expect(first.closed).toMatchObject({ code: 4409 });
  again.socket.close();
  await second.drop();
});

test("[RESUME4] a turn that is given again takes the place of what was given before: /v1/me and a new connection show it once", async () => {
  const player = await joinNext();
  const give = (name: string, resumed?: Loose) =>
    deliver(player, makeEnvelope(player, { name, turn: "t1.1:1", data: { turn: "t1.1:1", ...(resumed && { resumed }) } }));
  const socket = await connect(player, "?connection=a.1&client=a");
  await give("first");
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["first"]));
  await give("again", { reason: "asked", supplement: "be kind" });
  await vi.waitFor(() => expect(names(socket.frames)).toEqual(["first", "again"]));
  const { turns, elsewhere, inbox } = await readPlanted(player, "/v1/me?client=b");
  expect(turns).toMatchObject([{ turn: "t1.1:1", resumed: { supplement: "be kind" }, assignment: { id: "again" } }]);
  expect(elsewhere).toEqual(["t1.1:1"]);
  expect(inbox.unacknowledged).toBe(1);
  expect((await readPlanted(player, "/v1/me?client=a")).elsewhere).toEqual([]);
  const next = await connect(player, "?connection=a.2&replaces=a.1&client=a");
  await vi.waitFor(() => expect(names(next.frames)).toEqual(["again"]));
  next.socket.close();
});
