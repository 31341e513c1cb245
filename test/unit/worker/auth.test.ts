import { expect, test } from "vitest";
import { hashToken } from "../../../src/durable/token-hash.ts";
import { formatToken, parseTokenAgent } from "../../../src/worker/tokens.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { adminToken, createTestApp } from "./test-app.ts";

/** Every route with a method, as a caller without rights would try them. */
const routes = [
  "POST /v1/agents",
  "GET /v1/agents",
  "GET /v1/agents/a",
  "PATCH /v1/agents/a",
  "DELETE /v1/agents/a",
  "PUT /v1/workflows/w",
  "GET /v1/workflows",
  "GET /v1/workflows/w",
  "DELETE /v1/workflows/w",
  "GET /v1/workflows/w/machines",
  "POST /v1/events",
  "GET /v1/events",
  "GET /v1/events/e",
  "GET /v1/me",
  "GET /v1/inbox",
  "POST /v1/inbox/ack",
  "GET /v1/inbox/stream",
  "POST /v1/tickets",
  "GET /v1/connect",
  "GET /v1/threads",
  "GET /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa",
  "GET /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/messages",
  "GET /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/history",
  "POST /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/cancel",
  "POST /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/suspend",
  "POST /v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/resume",
  "GET /v1/status",
  "GET /v1/metrics",
  "GET /v1/nowhere",
  "DELETE /v1/status",
].map((route) => route.split(" ") as [string, string]);

/** What an agent may call. */
const agentRoutes = [
  "/v1/events",
  "/v1/events/e",
  "/v1/me",
  "/v1/inbox",
  "/v1/inbox/ack",
  "/v1/inbox/stream",
  "/v1/tickets",
  "/v1/connect",
  "/v1/threads",
  "/v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa",
  "/v1/threads/taaaaaaaaaaaaaaaaaaaaaaaaa/messages",
];

const validBodies: Record<string, unknown> = {
  "POST /v1/events": { id: "e", type: "a.b" },
  "POST /v1/inbox/ack": { seqs: [1] },
};

test.each(routes)("%s %s needs a token", async (method, path) => {
  const app = createTestApp(openSqliteD1());
  const answer = await app.call(method, path, { token: null });
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated", status: 401, nrv: "NRV8004" } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(app.objects.calls).toEqual([]);
});

test.each(routes)("%s %s refuses a token that no agent's object knows", async (method, path) => {
  const app = createTestApp(openSqliteD1());
  const token = formatToken("nobody", new Uint8Array(32));
  const answer = await app.call(method, path, { token, body: validBodies[`${method} ${path}`] });
  // The socket's token is judged by the object alone, in `fetch`; without an upgrade it does not come to that.
  if (path === "/v1/connect") expect(answer.status).toBe(400);
  else expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
});

test.each(routes.filter(([, path]) => !agentRoutes.includes(path) && path !== "/v1/nowhere" && !(path === "/v1/status")))(
  "%s %s is for operators",
  async (method, path) => {
    const app = createTestApp(openSqliteD1());
    const token = await app.register("a-known-agent");
    expect(await app.call(method, path, { token })).toMatchObject({ status: 403, body: { code: "forbidden" } });
  },
);

test("only /healthz is open, and says nothing but that it serves", async () => {
  const app = createTestApp(openSqliteD1(), { adminToken: undefined });
  expect(await app.call("GET", "/healthz", { token: null })).toMatchObject({ status: 200, body: { status: "ok" } });
});

test.each([undefined, ""])("without an admin token nothing is served: %j", async (token) => {
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
])("authorization %j is nobody's", async (authorization) => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/me", { token: null, headers: { authorization } })).status).toBe(401);
  expect(app.objects.calls).toEqual([]);
});

test("the scheme's name is case-insensitive", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/me", { token: null, headers: { authorization: `bearer ${adminToken}` } })).status).toBe(200);
});

test("a ticket is taken where a browser can send no header, and nowhere else", async () => {
  const app = createTestApp(openSqliteD1());
  const ticket = formatToken("alice", new Uint8Array(32));
  const headers = { upgrade: "websocket" };
  for (const path of ["/v1/inbox/stream", "/v1/connect"]) {
    await app.call("GET", `${path}?ticket=${ticket}`, { token: null, headers });
    const request = app.objects.calls.at(-1)?.args[0] as Request;
    expect(request.headers.get("authorization")).toBe(`Ticket ${ticket}`);
  }
  for (const path of ["/v1/me", "/v1/inbox", "/v1/inbox/stream/", "/v1/events"])
    expect((await app.call("GET", `${path}?ticket=${ticket}`, { token: null })).status).toBe(401);
  // What is sent beside a token is not looked at.
  await app.call("GET", `/v1/inbox/stream?ticket=${ticket}`, { token: await app.register("bob") });
  const beside = app.objects.calls.at(-1)?.args[0] as Request;
  expect(beside.headers.get("authorization")).toMatch(/^Bearer bob\./);
});

test("a token in the query is no token", async () => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", `/v1/me?access_token=${adminToken}`, { token: null })).status).toBe(401);
});

test("a token names its agent, whatever dots its id has", async () => {
  const token = formatToken("build.host-7:a", crypto.getRandomValues(new Uint8Array(32)));
  expect(token).toMatch(/^build\.host-7:a\.[A-Za-z0-9_-]{43}$/);
  expect(parseTokenAgent(token)).toBe("build.host-7:a");
});

test("a token is stored as its SHA-256 in hex", async () => {
  expect(await hashToken("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
