/** Server-sent events: a stream is a reader of the mailbox like a socket, goes on where one ended, and is opened by token or ticket. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { evictActor, objectOf, readStored } from "./actors.ts";
import { openSource, type Source } from "./event-source.ts";
import { deliver, mail, makeEnvelope, poll } from "./mail.ts";
import { call, connect, join, type Player } from "./stage.ts";

let agents = 0;
async function joinNext(): Promise<Player> {
  agents += 1;
  return join(`listener-${agents}`, []);
}
const ack = (player: Player, ...seqs: number[]) => call("POST", "/v1/inbox/ack", { token: player.token, body: { seqs } });
const seqs = (source: { events: { id?: string }[] }) => source.events.map(({ id }) => Number(id));

describe("a stream", () => {
  test("[CONN1] gives what waits and what comes, each event with its number as id", async () => {
    const player = await joinNext();
    await mail(player, "before");
    const source = await openSource(player);
    expect(source.headers.get("content-type")).toBe("text/event-stream");
    expect(source.headers.get("cache-control")).toBe("no-store");
    await source.expectNames(["before"]);
    await mail(player, "now");
    await source.expectNames(["before", "now"]);
    const [first] = source.events;
    expect(first).toMatchObject({ event: "event", data: { seq: Number(first?.id), channel: "my", event: { id: "before" } } });
    await ack(player, ...seqs(source));
    expect((await player.get("/v1/me")).inbox).toMatchObject({ unacknowledged: 0 });
    await source.drop();
  });

  test("[CONN1] reads the channels that it asked for, and only what comes after", async () => {
    const player = await joinNext();
    await mail(player, "1", "2");
    const second = (await poll(player)).seqs[1] as number;
    const source = await openSource({ token: player.token, query: `?channel=open&after=${second}` });
    await deliver(player, makeEnvelope(player, { name: "mine" }));
    await deliver(player, makeEnvelope(player, { name: "offer", channel: "open" }));
    await source.expectNames(["offer"]);
    const mine = await openSource({ token: player.token, query: `?channel=my&after=${second}` });
    await mine.expectNames(["mine"]);
    await source.drop();
    await mine.drop();
  });

  test("[MAIL5] shares the mailbox with sockets: each event goes to the newest, and to another when that one drops", async () => {
    const player = await joinNext();
    const socket = await connect(player);
    const source = await openSource(player);
    await mail(player, "a", "b");
    await source.expectNames(["a", "b"]);
    expect(socket.frames).toEqual([]);
    expect((await poll(player)).names).toEqual([]);
    await source.drop();
    await vi.waitFor(() => expect(socket.frames.map(({ event }) => event.id)).toEqual(["a", "b"]));
    socket.socket.close();
  });

  test("[CONN2] whose client comes back with the last number goes on there: what was given and lost comes again, what arrived does not", async () => {
    const player = await joinNext();
    const first = await openSource(player);
    await mail(player, "a", "b", "c");
    await first.expectNames(["a", "b", "c"]);
    // The client has only b: c was on its way.
    const lastEventId = seqs(first)[1] as number;
    await first.drop();
    await vi.waitFor(async () => expect((await poll(player)).names).toEqual(["a", "b", "c"]));
    const second = await openSource({ token: player.token, lastEventId });
    await second.expectNames(["c"]);
    await mail(player, "d");
    await second.expectNames(["c", "d"]);
    // It holds a and b as well: no poll is given them, and the next gets them when it drops.
    expect((await poll(player)).names).toEqual([]);
    await second.drop();
    await vi.waitFor(async () => expect((await poll(player)).names).toEqual(["a", "b", "c", "d"]));
  });

  test("[CONN3] takes the place of the half-open one that it continues", async () => {
    const player = await joinNext();
    const other = await openSource(player);
    const first = await openSource(player);
    await mail(player, "a", "b");
    await first.expectNames(["a", "b"]);
    const second = await openSource({ token: player.token, lastEventId: seqs(first)[0] as number });
    await vi.waitFor(() => expect(first.ended).toBe(true));
    expect(first.events.at(-1)).toMatchObject({ event: "close", data: { code: 4409 } });
    await mail(player, "c");
    await vi.waitFor(() => expect([...other.names(), ...second.names()].toSorted()).toEqual(["b", "c"]));
    expect(second.names()).toContain("c");
    expect(other.ended).toBe(false);
    for (const source of [other, second]) await source.drop();
  });

  test("[CONN2] that goes on after a number which nobody remembers begins after it", async () => {
    const player = await joinNext();
    await mail(player, "a", "b");
    const { seqs: numbers } = await poll(player);
    const source = await openSource({ token: player.token, lastEventId: numbers[0] as number });
    await source.expectNames(["b"]);
    await source.drop();
  });

  test("[CONN4] that nobody reads holds a bounded amount; the rest stays in the mailbox", async () => {
    const player = await joinNext();
    const source = await openSource({ token: player.token, read: false });
    const data = "x".repeat(100_000);
    for (let index = 0; index < 30; index++) await deliver(player, makeEnvelope(player, { name: `large ${index}`, data }));
    const free = await poll(player);
    // At most half a megabyte waits, and what the platform took.
    expect(free.names.length).toBeGreaterThan(15);
    expect(free.names.at(-1)).toBe("large 29");
    await source.drop();
    await vi.waitFor(async () => expect((await poll(player)).names).toHaveLength(30));
  });

  test("[CONN4] that is read slowly gets everything in order", async () => {
    const player = await joinNext();
    const data = "x".repeat(100_000);
    for (let index = 0; index < 30; index++) await deliver(player, makeEnvelope(player, { name: `large ${index}`, data }));
    const source = await openSource(player);
    await source.expectNames(Array.from({ length: 30 }, (_, index) => `large ${index}`));
    await source.drop();
  });

  test("[CONN5] is ended when its agent is deleted, and opens no more", async () => {
    const player = await joinNext();
    const source = await openSource(player);
    expect((await call("DELETE", `/v1/agents/${player.id}`)).status).toBe(204);
    await vi.waitFor(() => expect(source.ended).toBe(true));
    expect(source.events.at(-1)).toMatchObject({ event: "close", data: { code: 4401 } });
    expect((await openSource(player)).status).toBe(401);
  });

  test("[CONN3] the oldest of too many gives way", async () => {
    const player = await joinNext();
    const sources: Awaited<ReturnType<typeof openSource>>[] = [];
    for (let count = 0; count < 9; count++) sources.push(await openSource(player));
    await vi.waitFor(() => expect(sources[0]?.ended).toBe(true));
    expect(sources[0]?.events).toMatchObject([{ event: "close", data: { code: 4409 } }]);
    expect(sources.filter(({ ended }) => ended)).toHaveLength(1);
    for (const source of sources) await source.drop();
  });
});

describe("a ticket", () => {
  const issue = async ({ token }: { token?: string } = {}) => {
    const { status, body } = await call("POST", "/v1/tickets", { ...(token !== undefined && { token }) });
    expect(status).toBe(201);
    return body as { ticket: string; expires: string };
  };

  test("[CONN6] opens one stream, once", async () => {
    const player = await joinNext();
    const { ticket, expires } = await issue(player);
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(60_000);
    const source = await openSource({ query: `?channel=my&ticket=${ticket}` });
    await mail(player, "hello");
    await source.expectNames(["hello"]);
    expect(await openSource({ query: `?ticket=${ticket}` })).toMatchObject({ status: 401 });
    await source.drop();
  });

  test("[CONN6] opens a socket, which may send, until its token is void", async () => {
    const player = await joinNext();
    const { ticket } = await issue(player);
    const socket = await connect({ ...player, token: "" }, `?ticket=${ticket}`);
    socket.send({ type: "event", event: { id: "by-ticket", type: "a.b" } });
    await socket.expect((frame) => frame.type === "accepted" && frame.id === "by-ticket");
    await call("DELETE", `/v1/agents/${player.id}`);
    await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4401 }));
  });

  test("[CONN6] is no token, and no token is a ticket", async () => {
    const player = await joinNext();
    const { ticket } = await issue(player);
    for (const path of ["/v1/me", "/v1/inbox"]) expect((await call("GET", path, { token: ticket })).status).toBe(401);
    expect((await openSource({ token: ticket })).status).toBe(401);
    expect((await openSource({ query: `?ticket=${player.token}` })).status).toBe(401);
    expect((await openSource({ query: `?ticket=nonsense` })).status).toBe(401);
    const used = await connect({ ...player, token: "" }, `?ticket=${player.token}`);
    await vi.waitFor(() => expect(used.closed).toMatchObject({ code: 4401 }));
    // It was not used up by those who showed it as something else.
    const source = await openSource({ query: `?ticket=${ticket}` });
    expect(source.status).toBe(200);
    await source.drop();
  });

  test("[CONN6] expires, is void with its agent, and is stored as a hash", async () => {
    const player = await joinNext();
    const { ticket } = await issue(player);
    const tickets = await readStored("agent", player.id, "ticket");
    expect(tickets).toHaveLength(1);
    expect(JSON.stringify(tickets)).not.toContain(ticket.slice(-20));
    await runInDurableObject(objectOf("agent", player.id), (_, { storage }) => {
      for (const { value } of tickets) {
        const { expires } = value as { expires: number };
        storage.sql.exec("UPDATE document SET body = replace(body, ?, ?)", `"expires":${expires}`, `"expires":${Date.now() - 1}`);
      }
    });
    await evictActor("agent", player.id);
    expect((await openSource({ query: `?ticket=${ticket}` })).status).toBe(401);
    const another = await issue(player);
    await call("DELETE", `/v1/agents/${player.id}`);
    expect((await openSource({ query: `?ticket=${another.ticket}` })).status).toBe(401);
  });

  test("[CONN14] opens the log's tail, once, to its agent and to an operator, each seeing what the token may see", async () => {
    const player = await joinNext();
    const root = await issue();
    expect(root.ticket).toMatch(/^operators\/admin\./);
    const { body: reader } = await call("POST", "/v1/operators", { body: { name: `watcher-${player.id}`, access: "read" } });
    const watcher = await issue({ token: reader.token });
    const own = await issue(player);
    const tail = (ticket: string) => openSource({ path: "/v1/events", query: `?follow&type=t.*&ticket=${encodeURIComponent(ticket)}` });
    const [byRoot, byWatcher, byAgent] = await Promise.all([tail(root.ticket), tail(watcher.ticket), tail(own.ticket)]);
    for (const source of [byRoot, byWatcher, byAgent]) expect(source.status).toBe(200);
    await player.say("t.own", {});
    await call("POST", "/v1/events", { body: { id: `theirs-${player.id}`, type: "t.theirs" } });
    const types = (source: Source) => source.events.map(({ data }) => data.event.type).toSorted();
    for (const source of [byRoot, byWatcher]) await vi.waitFor(() => expect(types(source)).toEqual(["t.own", "t.theirs"]));
    await vi.waitFor(() => expect(types(byAgent)).toEqual(["t.own"]));
    for (const { ticket } of [root, watcher, own]) expect(await tail(ticket)).toMatchObject({ status: 401 });
    for (const source of [byRoot, byWatcher, byAgent]) await source.drop();
  });

  test("[CONN14] opens no page of the log, no other operator's tail, and none once its operator is removed", async () => {
    const player = await joinNext();
    const name = `short-${player.id}`;
    const { body: operator } = await call("POST", "/v1/operators", { body: { name, access: "admin" } });
    const [first, second] = [await issue({ token: operator.token }), await issue({ token: operator.token })];
    const open = (query: string) => openSource({ path: "/v1/events", query });
    for (const query of [`?ticket=${first.ticket}`, `?follow=0&ticket=${first.ticket}`, `?follow&ticket=${operator.token}`])
      expect(await open(query), query).toMatchObject({ status: 401 });
    expect(await open(`?follow&ticket=${first.ticket.replace(name, "admin")}`)).toMatchObject({ status: 401 });
    // An agent's stream is not for operators, whatever they show.
    expect(await openSource({ query: `?ticket=${first.ticket}` })).toMatchObject({ status: 401 });
    const tail = await open(`?follow&ticket=${first.ticket}`);
    expect(tail.status).toBe(200);
    await tail.drop();
    expect((await call("DELETE", `/v1/operators/${name}`)).status).toBe(204);
    expect(await open(`?follow&ticket=${second.ticket}`)).toMatchObject({ status: 401 });
  });

  test("[CONN6] is given so many times, and not more", async () => {
    const player = await joinNext();
    for (let count = 0; count < 32; count++) await issue(player);
    expect(await call("POST", "/v1/tickets", { token: player.token })).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  });
});

test("[CONN7] a stream that is asked for wrongly is refused before it opens", async () => {
  const player = await joinNext();
  for (const query of ["?channel=other", "?after=-1", "?after=x"])
    expect((await openSource({ token: player.token, query })).status, query).toBe(400);
  expect((await openSource({ token: player.token, lastEventId: "x" })).status).toBe(400);
  expect((await openSource({})).status).toBe(401);
});
