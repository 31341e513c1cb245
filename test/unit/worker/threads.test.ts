import { expect, test } from "vitest";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const id = `t${"a".repeat(25)}`;

test("[API15] a thread is shown by its own object, to those who take part and to operators", async () => {
  const app = createTestApp(openSqliteD1());
  app.objects.threads.set(id, ["alice"]);
  const [alice, bob] = [await app.register("alice"), await app.register("bob")];
  expect(await app.call("GET", `/v1/threads/${id}`)).toMatchObject({ status: 200, body: { id, status: "running" } });
  expect(app.objects.calls.at(-1)).toMatchObject({ method: "show", args: [null] });
  expect((await app.call("GET", `/v1/threads/${id}`, { token: alice })).status).toBe(200);
  expect(app.objects.calls.at(-1)).toMatchObject({ method: "show", args: ["alice"] });
  for (const path of [`/v1/threads/${id}`, `/v1/threads/${id}/messages`]) {
    expect(await app.call("GET", path, { token: bob })).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
});

test.each(["x", "t", `t${"a".repeat(24)}`, `t${"A".repeat(25)}`, `${id}.1`, `t${"a".repeat(24)}%2F`])(
  "[API15] %s is no thread's id, and wakes no object",
  async (other) => {
    const app = createTestApp(openSqliteD1());
    expect(await app.call("GET", `/v1/threads/${other}`)).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(app.objects.calls).toEqual([]);
  },
);

test("[API16] messages and history are read in pages", async () => {
  const app = createTestApp(openSqliteD1());
  app.objects.threads.set(id, []);
  expect(await app.call("GET", `/v1/threads/${id}/messages?after=3&limit=7`)).toMatchObject({
    status: 200,
    body: { messages: [], next: null },
  });
  expect(app.objects.calls.at(-1)).toMatchObject({ method: "messages", args: [null, { after: 3, limit: 7 }] });
  expect((await app.call("GET", `/v1/threads/${id}/history`)).status).toBe(200);
  expect(app.objects.calls.at(-1)).toMatchObject({ method: "history", args: [{ limit: 50 }] });
  expect((await app.call("GET", `/v1/threads/${id}/messages?after=x`)).status).toBe(400);
});

test.each([
  ["cancel", undefined, {}],
  ["cancel", { reason: "wrong" }, { reason: "wrong" }],
  ["suspend", {}, {}],
  ["resume", { supplement: { approved: true } }, { supplement: { approved: true } }],
])("[API17] an operator's %s with %j is the thread's to carry out", async (signal, body, passed) => {
  const app = createTestApp(openSqliteD1());
  app.objects.threads.set(id, []);
  expect(await app.call("POST", `/v1/threads/${id}/${signal}`, { body })).toMatchObject({ status: 202, body: { id } });
  expect(app.objects.calls.at(-1)).toEqual({ object: `recruitment/${id}`, method: "control", args: [signal, "admin", passed] });
});

test.each([
  ["cancel", { supplement: 1 }],
  ["cancel", { reason: 1 }],
  ["suspend", { reason: "x".repeat(1025) }],
  ["resume", []],
  ["resume", "{"],
])("[API17] %s with %j is malformed", async (signal, body) => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("POST", `/v1/threads/${id}/${signal}`, { body })).toMatchObject({ status: 400, body: { code: "malformed" } });
  expect(app.objects.calls).toEqual([]);
});
