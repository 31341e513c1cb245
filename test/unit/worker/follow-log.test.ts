/** `GET /v1/events?follow`: the log as a stream, from where a reader was, bounded in readers. */
import { expect, onTestFinished, test } from "vitest";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import { createApp } from "../../../src/worker/create-app.ts";
import { followLimits } from "../../../src/worker/follow-log.ts";
import { createFakeObjects } from "./fake-objects.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { adminToken, answerAsset, compileStandIn } from "./test-app.ts";

function setUp() {
  const db = openSqliteD1();
  const objects = createFakeObjects();
  let now = Date.parse("2026-11-20T12:00:00Z");
  const app = createApp({
    ...{ db, agent: objects.agent, thread: objects.thread, workflow: objects.workflow, projector: objects.projector },
    webhook: objects.webhook,
    hook: objects.hook,
    ...{ registryChanged: async () => {}, compile: compileStandIn, asset: answerAsset, adminToken, now: () => now },
    ...{ randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)), log: () => {} },
  });
  let written = 0;
  return {
    objects,
    async call(method: string, path: string, body?: object): Promise<{ token: string }> {
      const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
      const response = await app.request(`http://nerveflare.test${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return (await response.json().catch(() => ({}))) as { token: string };
    },
    /** How a browser that can send no header opens a stream: the query. */
    async showTicket(token: string): Promise<string> {
      const init = { method: "POST", headers: { authorization: `Bearer ${token}` } };
      const response = await app.request("http://nerveflare.test/v1/tickets", init);
      return `&ticket=${((await response.json()) as { ticket: string }).ticket}`;
    },
    pass(milliseconds: number): void {
      now += milliseconds;
    },
    async write(type: string): Promise<void> {
      written += 1;
      const event = { specversion: "1.0" as const, id: `e${written}`, source: "/agents/a", type, time: "2026-11-20T12:00:00Z" };
      await db.batch(prepareProjection(db, [encodeRow({ table: "event", thread: null, event })]));
      objects.wakeLog();
    },
    async follow(query = "", headers: Record<string, string> = {}) {
      const response = await app.request(`http://nerveflare.test/v1/events?follow${query}`, {
        headers: query.includes("ticket=") ? {} : { authorization: `Bearer ${adminToken}`, ...headers },
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      onTestFinished(async () => void (await reader?.cancel()));
      return {
        response,
        stop: () => reader?.cancel(),
        /** What comes first. */
        begin: async () => (await reader?.read())?.value,
        /** Reads until so many events came. */
        async read(count: number): Promise<{ id: string; type: string }[]> {
          for (;;) {
            const found = [...text.matchAll(/(?<=\n\n)id: (\d+)\ndata: (.*)\n\n/g)].map(([, id, data]) => ({
              id: id as string,
              type: JSON.parse(data as string).event.type as string,
            }));
            if (found.length >= count) return found;
            const part = await reader?.read();
            if (part?.done !== false) throw new Error(`the stream ended after ${text}`);
            text += part.value;
          }
        },
      };
    },
  };
}

test("[LOG13] a follower gets what comes after it came, each under its position", async () => {
  const { write, follow } = setUp();
  await write("before.it");
  const tail = await follow();
  expect(tail.response.headers.get("content-type")).toBe("text/event-stream");
  const read = tail.read(2);
  await write("a.b");
  await write("c.d");
  expect(await read).toEqual([
    { id: "2", type: "a.b" },
    { id: "3", type: "c.d" },
  ]);
});

test("[LOG13] one that comes back with Last-Event-ID misses nothing, and a filter applies", async () => {
  const { write, follow } = setUp();
  for (const type of ["a.one", "b.one", "a.two", "a.three"]) await write(type);
  const tail = await follow("&type=a.*", { "last-event-id": "1" });
  expect(await tail.read(2)).toEqual([
    { id: "3", type: "a.two" },
    { id: "4", type: "a.three" },
  ]);
});

test("[LOG14] a stream says first where it begins, for a client that loses the connection before the first event", async () => {
  const { write, follow } = setUp();
  await write("a.b");
  expect(await (await follow()).begin()).toBe("retry: 1000\nid: 1\n\n");
});

test("[LOG13] with `since` it begins in the past, over more than a page", async () => {
  const { write, follow } = setUp();
  for (let count = 0; count <= followLimits.page; count++) await write("a.b");
  expect(await (await follow("&since=2020-01-01")).read(followLimits.page + 1)).toHaveLength(followLimits.page + 1);
});

test("[LOG15] there are only so many followers; one that leaves, or is not heard of, makes room", async () => {
  const { follow, pass } = setUp();
  const tails = [];
  for (let count = 0; count < followLimits.followers; count++) tails.push(await follow());
  const refused = await follow();
  expect(refused.response.status).toBe(429);
  expect(refused.response.headers.get("retry-after")).toBe("5");
  await tails[0]?.stop();
  expect((await follow()).response.status).toBe(200);
  expect((await follow()).response.status).toBe(429);
  pass(followLimits.forget + 1);
  expect((await follow()).response.status).toBe(200);
});

test("[ACC1] one agent's followers, and all agents' together, leave room for others and for operators", async () => {
  const { follow, call } = setUp();
  const add = async (path: string, body: object) => ({ authorization: `Bearer ${(await call("POST", path, body)).token}` });
  const mallory = await add("/v1/agents", { id: "mallory" });
  for (let count = 0; count < followLimits.perAgent; count++) expect((await follow("", mallory)).response.status).toBe(200);
  const refused = await follow("", mallory);
  expect([refused.response.status, refused.response.headers.get("retry-after")]).toEqual([429, "5"]);
  let all: number = followLimits.perAgent;
  for (let agent = 0; all < followLimits.agentFollowers; agent++) {
    const other = await add("/v1/agents", { id: `other-${agent}` });
    for (let count = 0; count < followLimits.perAgent; count++, all++) expect((await follow("", other)).response.status).toBe(200);
  }
  const late = await add("/v1/agents", { id: "late" });
  expect((await follow("", late)).response.status).toBe(429);
  // Neither locks out who runs the server.
  expect((await follow()).response.status).toBe(200);
  const ops = await add("/v1/operators", { name: "ops", access: "read" });
  for (let count = all + 1; count < followLimits.followers; count++) expect((await follow("", ops)).response.status).toBe(200);
});

test.each(["token", "ticket"])("[LOG16] a stream that was opened by %s ends soon after the token is void, and only then", async (by) => {
  const { follow, pass, write, call, objects, showTicket } = setUp();
  const { token } = await call("POST", "/v1/agents", { id: "a" });
  const tail = await (by === "ticket" ? follow(await showTicket(token)) : follow("", { authorization: `Bearer ${token}` }));
  const read = tail.read(1);
  pass(followLimits.proof);
  await write("a.b");
  expect(await read).toHaveLength(1);
  await objects.agent("a").remove();
  const next = tail.read(2);
  pass(followLimits.proof);
  await write("a.b");
  await write("a.b");
  await expect(next.then(() => tail.read(4))).rejects.toThrow("the stream ended");
});

test.each(["token", "ticket"])("[LOG16] an operator's stream by %s ends soon after its token is revoked, and only then", async (by) => {
  const { follow, pass, write, call, showTicket } = setUp();
  const { token } = await call("POST", "/v1/operators", { name: "eve", access: "read" });
  const tail = await (by === "ticket" ? follow(await showTicket(token)) : follow("", { authorization: `Bearer ${token}` }));
  const read = tail.read(1);
  pass(followLimits.proof);
  await write("a.b");
  expect(await read).toHaveLength(1);
  await call("DELETE", "/v1/operators/eve");
  const next = tail.read(2);
  pass(followLimits.proof);
  await write("a.b");
  await write("a.b");
  await expect(next.then(() => tail.read(4))).rejects.toThrow("the stream ended");
});

test("[LOG17] a Last-Event-ID that is no position is malformed", async () => {
  expect((await setUp().follow("", { "last-event-id": "x" })).response.status).toBe(400);
});

test("[LOG25] a reader that comes again, or says whom it replaces, takes that one's place and no other; the former ends", async () => {
  const { follow, write, call } = setUp();
  const { token } = await call("POST", "/v1/agents", { id: "pages" });
  const { token: foreign } = await call("POST", "/v1/agents", { id: "others" });
  const as = { authorization: `Bearer ${token}` };
  const other = await follow("&reader=one", { authorization: `Bearer ${foreign}` });
  const first = await follow("&reader=one", as);
  for (let count = 1; count < followLimits.perAgent; count++) await follow(`&reader=tab-${count}`, as);
  expect((await follow("&reader=more", as)).response.status).toBe(429);
  // A line that broke, and pages that are loaded anew, ten times over.
  expect((await follow("&reader=one", as)).response.status).toBe(200);
  for (let load = 0; load < 10; load++)
    expect((await follow(`&reader=load-${load}&replaces=${load === 0 ? "one" : `load-${load - 1}`}`, as)).response.status).toBe(200);
  expect((await follow("&reader=more&replaces=nobody", as)).response.status).toBe(429);
  const ending = first.read(1);
  const read = other.read(1);
  await write("a.b");
  await expect(ending).rejects.toThrow("the stream ended");
  // Another's of the same name goes on: an agent sees what is its own.
  await write("c.d");
  expect(other.response.status).toBe(200);
  void read.catch(() => {});
});

test("[LOG26] a reader that asks hears that something else has changed, once a second at most; who does not ask hears of events alone", async () => {
  const { follow, objects, pass, write } = setUp();
  const [asking, other] = [await follow("&changes=true"), await follow()];
  await asking.begin();
  const first = asking.begin();
  const events = other.read(1);
  await objects.watched(2);
  pass(followLimits.changes);
  objects.wakeLog();
  expect(await first).toBe("event: changed\ndata: {}\n\n");
  const next = asking.begin();
  await objects.watched(2);
  await write("a.b");
  // An event is given at once, and does not say again within the second that something has changed.
  expect(await next).toMatch(/^id: 1\ndata: .*\n\n$/);
  expect(await events).toEqual([{ id: "1", type: "a.b" }]);
  const late = asking.begin();
  await objects.watched(2);
  pass(followLimits.changes);
  objects.wakeLog();
  expect(await late).toBe("event: changed\ndata: {}\n\n");
});

test("[LOG27] what readers of the log cost is counted: how many there are, their reads, and the events that they were given", async () => {
  const { follow, call, write } = setUp();
  type Followed = { readers: number; reads: number; events: number };
  const count = async () => ((await call("GET", "/v1/metrics")) as unknown as { followed: Followed }).followed;
  const before = await count();
  const tails = [await follow(), await follow()];
  const reads = tails.map((tail) => tail.read(1));
  await write("a.b");
  await Promise.all(reads);
  const after = await count();
  expect(after.readers - before.readers).toBe(2);
  expect(after.events - before.events).toBe(2);
  // A write of the log costs each reader one read of it, or one more where it came between.
  expect(after.reads - before.reads).toBeGreaterThanOrEqual(2);
  expect(after.reads - before.reads).toBeLessThanOrEqual(6);
});
