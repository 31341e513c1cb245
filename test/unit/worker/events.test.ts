import { expect, test } from "vitest";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const event = { specversion: "1.0", id: "e1", type: "pr.ready", data: { pr: 1 } };

test("[API6] one event is answered with what was decided on it", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const answer = await app.call("POST", "/v1/events", { token, body: event });
  expect(answer).toMatchObject({ status: 202, body: { id: "e1", status: "accepted", threads: [], notes: [] } });
  expect(app.objects.calls.at(-1)).toEqual({ object: "agent/alice", method: "accept", args: [{ agent: "alice", token }, [event]] });
});

test("[API6] one refused event is answered with its problem's own status", async () => {
  const app = createTestApp(openSqliteD1());
  const answer = await app.call("POST", "/v1/events", { body: { id: "e1" } });
  expect(answer).toMatchObject({ status: 400, body: { code: "malformed", detail: "An event has an id and a type." } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

test("[API7] an operator's events go to the operator's own object", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("POST", "/v1/events", { body: event })).status).toBe(202);
  expect(app.objects.calls.at(-1)).toMatchObject({ object: "agent/operators/admin", args: [{ operator: "admin" }, [event]] });
});

test.each(["application/json", "application/cloudevents-batch+json"])(
  "[API6] a batch is judged event by event, in order (%s)",
  async (type) => {
    const app = createTestApp(openSqliteD1());
    const answer = await app.call("POST", "/v1/events", {
      headers: { "content-type": type },
      body: [event, { id: "e2" }, { ...event, id: "e3" }],
    });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject([
      { id: "e1", status: "accepted" },
      { id: "e2", status: "rejected", error: { code: "malformed" } },
      { id: "e3", status: "accepted" },
    ]);
  },
);

test("[API6] an empty batch is answered with an empty array", async () => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("POST", "/v1/events", { body: [] })).toMatchObject({ status: 202, body: [] });
});

test("[API8] a batch holds at most 100 events", async () => {
  const app = createTestApp(openSqliteD1());
  const batch = Array.from({ length: 101 }, (_, index) => ({ ...event, id: `e${index}` }));
  expect((await app.call("POST", "/v1/events", { body: batch.slice(1) })).status).toBe(202);
  expect(await app.call("POST", "/v1/events", { body: batch })).toMatchObject({ status: 413, body: { code: "too_large", limit: 100 } });
});

test.each([
  ["nothing", ""],
  ["half a JSON text", '{"id":'],
  ["a number", "5"],
  ["null", "null"],
  ["YAML", "id: e1"],
])("[API8] %s is malformed", async (_, body) => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("POST", "/v1/events", { body })).toMatchObject({ status: 400, body: { code: "malformed", nrv: "NRV8001" } });
});

test("[API8] a batch that is no array is malformed", async () => {
  const app = createTestApp(openSqliteD1());
  const headers = { "content-type": "application/cloudevents-batch+json; charset=utf-8" };
  expect(await app.call("POST", "/v1/events", { headers, body: event })).toMatchObject({ status: 400, body: { code: "malformed" } });
});

test.each<Record<string, string>>([{}, { "content-length": "5000000" }])(
  "[API8] a body past the limit is refused with the limit (%j)",
  async (headers) => {
    const app = createTestApp(openSqliteD1());
    const body = `[${'"x",'.repeat(1_100_000)}"x"]`;
    expect(await app.call("POST", "/v1/events", { headers, body })).toMatchObject({
      status: 413,
      body: { code: "too_large", limit: 4 * 1024 * 1024 },
    });
  },
);

test("[API8] a body that is not UTF-8 is malformed", async () => {
  const app = createTestApp(openSqliteD1());
  const body = new TextEncoder().encode(JSON.stringify({ ...event, data: "?" }));
  body[body.indexOf(0x3f)] = 0xff;
  expect(await app.call("POST", "/v1/events", { body })).toMatchObject({ status: 400, body: { detail: "The body is not UTF-8." } });
});

test("[API8] nesting that would overflow a reader is refused before any object sees it, each event alone", async () => {
  const app = createTestApp(openSqliteD1());
  const deep = `{"id":"deep","type":"a.b","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(await app.call("POST", "/v1/events", { body: deep })).toMatchObject({ status: 400, body: { code: "malformed", limit: 64 } });
  const batch = await app.call("POST", "/v1/events", { body: `[${JSON.stringify(event)},${deep},{"id":"e2","type":"a.b"}]` });
  expect(batch.body).toMatchObject([
    { id: "e1", status: "accepted" },
    { id: "deep", status: "rejected", error: { code: "malformed" } },
    { id: "e2", status: "accepted" },
  ]);
  expect(app.objects.calls.at(-1)?.args[1]).toHaveLength(2);
});

test("[API8] data of 64 levels is as deep as it may be", async () => {
  const app = createTestApp(openSqliteD1());
  const nest = (depth: number) => `{"id":"e","type":"a.b","data":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect((await app.call("POST", "/v1/events", { body: nest(64) })).status).toBe(202);
  expect((await app.call("POST", "/v1/events", { body: nest(65) })).status).toBe(400);
});
