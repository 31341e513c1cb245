/** Sessions of browsers: a cookie for a token, with the token's rights, and not for other pages. */
import { beforeEach, expect, test } from "vitest";
import { sessionLimits } from "../../../src/worker/session-store.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp, type TestApp } from "./test-app.ts";

let app: TestApp;
let now: number;

beforeEach(() => {
  now = Date.parse("2026-11-20T12:00:00Z");
  app = createTestApp(openSqliteD1(), { now: () => now });
});

interface SignedIn {
  cookie: string;
  csrf: string;
}

async function signIn(token?: string): Promise<SignedIn> {
  const { status, headers, body } = await app.call("POST", "/v1/session", token === undefined ? {} : { token });
  expect(status).toBe(201);
  return { cookie: (headers.get("set-cookie") ?? "").split(";")[0] ?? "", csrf: body.csrf };
}

function call(
  method: string,
  path: string,
  { cookie, csrf }: Partial<SignedIn>,
  more: { body?: unknown; headers?: Record<string, string> } = {},
) {
  const headers = { ...(cookie !== undefined && { cookie }), ...(csrf !== undefined && { "x-csrf-token": csrf }), ...more.headers };
  return app.call(method, path, { ...more, token: null, headers });
}

async function addOperator(name: string, access: "read" | "admin"): Promise<string> {
  return (await app.call("POST", "/v1/operators", { body: { name, access } })).body.token;
}

test("[INSP3] the cookie is closed to scripts and other sites; with TLS it is of this host alone", async () => {
  const plain = (await app.call("POST", "/v1/session")).headers.get("set-cookie");
  expect(plain).toMatch(/^nerveflare-session=operators%2Fadmin\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  const request = new Request("https://nerveflare.test/v1/session", {
    method: "POST",
    headers: { authorization: "Bearer an-admin-token" },
  });
  expect((await app.fetch(request)).headers.get("set-cookie")).toMatch(/^__Host-nerveflare-session=.*; Secure$/);
});

/** A call as a proxy passes it on, or a browser sends it. @returns the cookie that it sets, or the status */
async function ask(method: string, url: string, headers: Record<string, string>): Promise<{ status: number; cookie: string }> {
  const { status, headers: answered } = await app.fetch(new Request(url, { method, headers }));
  return { status, cookie: answered.get("set-cookie")?.split(";")[0] ?? "" };
}
const bearer = { authorization: "Bearer an-admin-token" };

test("[INSP3] behind a proxy that takes TLS off, what a page loaded by TLS gets is as closed as with TLS", async () => {
  const url = "http://nerveflare.test/v1/session";
  const { cookie } = await ask("POST", url, { ...bearer, origin: "https://nerveflare.test" });
  expect(cookie).toMatch(/^__Host-nerveflare-session=/);
  expect((await ask("GET", url, { cookie: `nerveflare-session=somebody; ${cookie}` })).status).toBe(200);
  // What a page of a neighbouring host has set by name is nobody's over TLS.
  const plain = cookie.replace("__Host-", "");
  expect((await ask("GET", url.replace("http:", "https:"), { cookie: plain })).status).toBe(401);
});

test("[INSP3] servers on several ports of one host have a session each, though a browser sends all cookies to all", async () => {
  const urls = [8787, 8788].map((port) => `http://localhost:${port}/v1/session`);
  const cookies = await Promise.all(urls.map(async (url) => (await ask("POST", url, bearer)).cookie));
  expect(cookies.map((cookie) => cookie.split("=")[0])).toEqual(["nerveflare-session-8787", "nerveflare-session-8788"]);
  const cookie = cookies.join("; ");
  expect((await ask("GET", urls[0] as string, { cookie })).status).toBe(200);
  expect((await ask("GET", urls[0] as string, { cookie: cookies[1] as string })).status).toBe(401);
});

test("[INSP3] it stands for the token: who is signed in, and what they may", async () => {
  const admin = await signIn();
  expect((await call("GET", "/v1/session", admin)).body).toMatchObject({
    kind: "operator",
    name: "admin",
    access: "admin",
    csrf: admin.csrf,
  });
  expect((await call("GET", "/v1/threads", admin)).status).toBe(200);
  const reader = await signIn(await addOperator("reader", "read"));
  expect((await call("GET", "/v1/session", reader)).body).toMatchObject({ name: "reader", access: "read" });
  expect((await call("GET", "/v1/agents", reader)).status).toBe(200);
  expect(await call("POST", "/v1/agents", reader, { body: { id: "a" } })).toMatchObject({ status: 403, body: { code: "forbidden" } });
  const agent = await signIn(await app.register("alice"));
  expect((await call("GET", "/v1/session", agent)).body).toMatchObject({ kind: "agent", name: "alice", access: "own" });
  expect((await call("GET", "/v1/agents", agent)).status).toBe(403);
  expect((await call("GET", "/v1/me", agent)).status).toBe(200);
  for (const path of ["/v1/connect", "/v1/inbox/stream"])
    expect(await call("GET", path, agent, { headers: { upgrade: "websocket" } }), path).toMatchObject({ status: 403 });
  expect(await call("POST", "/v1/session", agent)).toMatchObject({ status: 401 });
});

test("[INSP3] a ticket signs in once", async () => {
  const { ticket } = (await app.call("POST", "/v1/tickets", { token: await addOperator("carol", "admin") })).body;
  const first = await app.call("POST", `/v1/session?ticket=${ticket}`, { token: null });
  expect(first).toMatchObject({ status: 201, body: { name: "carol", access: "admin" } });
  expect((await app.call("POST", `/v1/session?ticket=${ticket}`, { token: null })).status).toBe(401);
});

test("[INSP4] a change without the CSRF token, or with another session's, is refused and does nothing", async () => {
  const [mine, other] = [await signIn(), await signIn()];
  const change = (csrf: string | undefined) =>
    call("POST", "/v1/agents", { cookie: mine.cookie, ...(csrf !== undefined && { csrf }) }, { body: { id: "a" } });
  for (const csrf of [undefined, "", other.csrf]) expect(await change(csrf)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  expect((await app.call("GET", "/v1/agents")).body.agents).toEqual([]);
  expect((await change(mine.csrf)).status).toBe(201);
});

test.each(["cross-site", "same-site"])("[INSP4] a request that a %s page had the browser send has no session", async (site) => {
  const mine = await signIn();
  expect((await call("GET", "/v1/threads", mine, { headers: { "sec-fetch-site": site } })).status).toBe(401);
  for (const own of ["same-origin", "none"])
    expect((await call("GET", "/v1/threads", mine, { headers: { "sec-fetch-site": own } })).status).toBe(200);
});

test("[INSP5] a session ends at sign-out, which the browser is told", async () => {
  const mine = await signIn();
  const out = await call("DELETE", "/v1/session", mine);
  expect(out.status).toBe(204);
  expect(out.headers.get("set-cookie")).toMatch(/^nerveflare-session=; .*Max-Age=0/);
  expect(await call("GET", "/v1/session", mine)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
});

test("[INSP5] a session ends when it is over, and not before", async () => {
  const mine = await signIn();
  now += sessionLimits.lasts - 1;
  expect((await call("GET", "/v1/session", mine)).status).toBe(200);
  now += 1;
  expect((await call("GET", "/v1/session", mine)).status).toBe(401);
});

test("[INSP5] a session ends with its token: an agent's that is revoked, an operator's that is removed", async () => {
  const [agent, operator] = [await signIn(await app.register("bob")), await signIn(await addOperator("dave", "read"))];
  await app.call("POST", "/v1/agents/bob/revoke");
  await app.call("DELETE", "/v1/operators/dave");
  for (const session of [agent, operator]) expect((await call("GET", "/v1/session", session)).status).toBe(401);
});

test("[INSP5] who opens too many loses the oldest, and nobody else does", async () => {
  const other = await signIn(await addOperator("erin", "read"));
  const sessions: SignedIn[] = [];
  for (let i = 0; i <= sessionLimits.perOwner; i += 1) {
    now += 1;
    sessions.push(await signIn());
  }
  const statuses = await Promise.all(sessions.map(async (each) => (await call("GET", "/v1/session", each)).status));
  expect(statuses).toEqual([401, ...sessions.slice(1).map(() => 200)]);
  expect((await call("GET", "/v1/session", other)).status).toBe(200);
});

test.each(["nerveflare-session=", "nerveflare-session=x", "nerveflare-session=%ff", "other=1", ""])(
  "[INSP4] a cookie that is no session is none: %j",
  async (cookie) => {
    expect((await call("GET", "/v1/session", { cookie })).status).toBe(401);
  },
);
