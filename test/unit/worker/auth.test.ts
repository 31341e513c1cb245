import { expect, test } from "vitest";
import { hashToken } from "../../../src/durable/agent/token-hash.ts";
import { formatToken, parseTokenAgent } from "../../../src/worker/tokens.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { adminToken, createTestApp } from "./test-app.ts";

// Which route lets whom in is in access-matrix.test.ts; here is how a refusal looks.
test("[ACC19] without a token nothing is asked of any object", async () => {
  const app = createTestApp(openSqliteD1());
  const answer = await app.call("POST", "/v1/agents", { token: null, body: { id: "alice" } });
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated", status: 401, nrv: "NRV8004" } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(app.objects.calls).toEqual([]);
});

test("[ACC21] a token with another agent's secret is no token", async () => {
  const app = createTestApp(openSqliteD1());
  await app.register("alice");
  const token = (await app.register("bob")).replace("bob", "alice");
  expect(await app.call("GET", "/v1/me", { token })).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
});

test("[ACC19] /healthz is open, and says nothing but that it serves", async () => {
  const app = createTestApp(openSqliteD1(), { adminToken: undefined });
  expect(await app.call("GET", "/healthz", { token: null })).toMatchObject({ status: 200, body: { status: "ok" } });
});

test.each([undefined, ""])("[ACC20] without an admin token nothing is served: %j", async (token) => {
  const app = createTestApp(openSqliteD1(), { adminToken: token });
  const answer = await app.call("GET", "/v1/status", { token: "" });
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true } });
  expect(answer.body.detail).toContain("wrangler secret put NERVEFLARE_ADMIN_TOKEN");
  expect(answer.headers.get("retry-after")).toBe("60");
});

test.each([
  "Bearer",
  "Bearer ",
  "Basic YWRtaW46YWRtaW4=",
  `Bearer ${adminToken}x`,
  `Bearer ${adminToken.slice(0, -1)}`,
  `Bearer x${adminToken}`,
  `Bearer ${adminToken.toUpperCase()}`,
  "Bearer a.short",
  `Bearer operators/admin.${"A".repeat(43)}`,
  `Bearer .${"A".repeat(43)}`,
  `Bearer ${"A".repeat(43)}`,
])("[ACC21] authorization %j names nobody", async (authorization) => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/me", { token: null, headers: { authorization } })).status).toBe(401);
  expect(app.objects.calls).toEqual([]);
});

test("[ACC21] the scheme's name is case-insensitive", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/me", { token: null, headers: { authorization: `bearer ${adminToken}` } })).status).toBe(200);
});

test("[ACC22] a ticket is taken where a browser can send no header, and nowhere else", async () => {
  const app = createTestApp(openSqliteD1());
  const ticket = formatToken("alice", new Uint8Array(32));
  const headers = { upgrade: "websocket" };
  for (const path of ["/v1/inbox/stream", "/v1/connect"]) {
    await app.call("GET", `${path}?ticket=${ticket}`, { token: null, headers });
    const request = app.objects.calls.at(-1)?.args[0] as Request;
    expect(request.headers.get("authorization")).toBe(`Ticket ${ticket}`);
  }
  for (const path of ["/v1/me", "/v1/inbox", "/v1/inbox/stream/", "/v1/events"]) {
    const { status, body } = await app.call("GET", `${path}?ticket=${ticket}`, { token: null });
    expect(status).toBe(401);
    expect(body.detail).toBe("A ticket opens a socket or a stream, and nothing else. Send a token: `Authorization: Bearer <token>`.");
  }
  expect((await app.call("POST", `/v1/events?follow&ticket=${ticket}`, { token: null, body: {} })).status).toBe(401);
  // What is sent beside a token is not looked at.
  await app.call("GET", `/v1/inbox/stream?ticket=${ticket}`, { token: await app.register("bob") });
  const beside = app.objects.calls.at(-1)?.args[0] as Request;
  expect(beside.headers.get("authorization")).toMatch(/^Bearer bob\./);
});

test("[ACC22] a token in the query is no token", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", `/v1/me?access_token=${adminToken}`, { token: null })).status).toBe(401);
});

test("[ACC23] a token names its agent, whatever dots its id has", async () => {
  const token = formatToken("build.host-7:a", crypto.getRandomValues(new Uint8Array(32)));
  expect(token).toMatch(/^build\.host-7:a\.[A-Za-z0-9_-]{43}$/);
  expect(parseTokenAgent(token)).toBe("build.host-7:a");
});

test("[ACC23] a token is stored as its SHA-256 in hex", async () => {
  expect(await hashToken("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
