import { expect, test } from "vitest";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

test("[API1] an unknown path is a problem", async () => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("GET", "/v1/nowhere")).toMatchObject({
    status: 404,
    body: { code: "not_found", detail: "There is no /v1/nowhere here." },
  });
});

test.each([
  ["DELETE", "/v1/events", ["GET", "POST"]],
  ["POST", "/v1/workflows/x", ["DELETE", "GET", "PUT"]],
  ["PUT", "/v1/agents/x", ["DELETE", "GET", "PATCH"]],
  ["GET", "/v1/threads/x/cancel", ["POST"]],
  ["POST", "/healthz", ["GET"]],
])("[API1] %s %s is a wrong method: the answer says which are right", async (method, path, allowed) => {
  const app = createTestApp(openSqliteD1());
  const answer = await app.call(method, path);
  expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed", allowed } });
  expect(answer.headers.get("allow")).toBe(allowed.join(", "));
});

test("[API1] HEAD answers as GET does, without a body", async () => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("HEAD", "/v1/status")).toMatchObject({ status: 200, body: "" });
});

test("[API2] an unexpected throw is a bug with a correlation id: logged, and nothing of it told", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  app.objects.failures.set("agent/alice.me", new Error("the secret inside"));
  const answer = await app.call("GET", "/v1/me", { token });
  expect(answer).toMatchObject({ status: 500, body: { code: "bug", nrv: "NRV9001", retryable: false } });
  expect(JSON.stringify(answer.body)).not.toContain("secret");
  expect(app.logged).toEqual([expect.objectContaining({ correlation: answer.body.correlation, message: "Error: the secret inside" })]);
});

test.each([
  Object.assign(new Error("gone"), { retryable: true }),
  Object.assign(new Error("busy"), { overloaded: true }),
  new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
  new Error("Network connection lost."),
])("[API3] a transient fault of the platform is told as such: $message", async (failure) => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  app.objects.failures.set("agent/alice.me", failure);
  const answer = await app.call("GET", "/v1/me", { token });
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("[API4] answers are not to be stored by anybody", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/status")).headers.get("cache-control")).toBe("no-store");
  expect((await app.call("GET", "/v1/nowhere")).headers.get("cache-control")).toBe("no-store");
});

test("[API5] status counts threads by state, metrics count this isolate's commits", async () => {
  const app = createTestApp(openSqliteD1());
  await app.register("alice");
  expect(await app.call("GET", "/v1/status")).toMatchObject({
    status: 200,
    body: {
      now: "2026-11-20T12:00:00.000Z",
      threads: { queued: 0, running: 0, completed: 0 },
      agents: { registered: 1 },
      workflows: { published: 0 },
    },
  });
  expect(await app.call("GET", "/v1/metrics")).toMatchObject({
    status: 200,
    body: { commits: { agent: expect.any(Number), d1: expect.any(Number) } },
  });
});
