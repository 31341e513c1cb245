/** [ACC] What one caller may cost, what wrong tokens cost others, and what a refusal tells. */
import { expect, test } from "vitest";
import { callLimits, createTokenMemory } from "../../../src/worker/guard-calls.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const wrongSecret = "A".repeat(43);

test("[ACC2] calls of one agent that are under way are bounded; another's, and the operator's, are not held back", async () => {
  const app = createTestApp(openSqliteD1());
  const [mallory, ann] = [await app.register("mallory"), await app.register("ann")];
  for (const token of [mallory, ann]) await app.call("GET", "/v1/me", { token });
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const object = app.objects.agent("mallory");
  const me = object.me;
  object.me = async (principal) => {
    await promise;
    return me(principal);
  };
  const held = Array.from({ length: callLimits.underWay }, () => app.call("GET", "/v1/me", { token: mallory }));
  const refused = await app.call("GET", "/v1/me", { token: mallory });
  expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited", retryable: true, limit: callLimits.underWay } });
  expect((await app.call("GET", "/v1/me", { token: ann })).status).toBe(200);
  expect((await app.call("GET", "/v1/status")).status).toBe(200);
  release();
  expect((await Promise.all(held)).every(({ status }) => status === 200)).toBe(true);
  expect((await app.call("GET", "/v1/me", { token: mallory })).status).toBe(200);
});

test("[ACC3] large bodies of one agent come one after another", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("mallory");
  await app.call("GET", "/v1/me", { token });
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const object = app.objects.agent("mallory");
  const accept = object.accept;
  object.accept = async (principal, events) => {
    await promise;
    return accept(principal, events);
  };
  const body = { id: "large", type: "a.b", data: "x".repeat(200_000) };
  const headers = { "content-length": String(3 * 1024 * 1024) };
  const first = app.call("POST", "/v1/events", { token, body, headers });
  expect(await app.call("POST", "/v1/events", { token, body, headers })).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  release();
  expect((await first).status).toBe(202);
});

test("[ACC4] wrong tokens are counted for the name that they bear, at their address; a right one is never refused for them", async () => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  const app = createTestApp(openSqliteD1(), { now: () => now, wrongTokens: { burst: 5, perSecond: 1 } });
  const [alice, bob] = [await app.register("alice"), await app.register("bob")];
  const wrong = async (id: string, index: number) => {
    const token = `${id}.${String(index).padStart(43, "w")}`;
    const { status, headers } = await app.call("GET", "/v1/me", { token });
    return [status, Number(headers.get("retry-after")) > 0];
  };
  for (let index = 0; index < 5; index++) expect(await wrong("alice", index)).toEqual([401, false]);
  for (let index = 5; index < 20; index++) expect(await wrong("alice", index)).toEqual([429, true]);
  // Neither she, who comes for the first time, nor who is at the same address, pays for it.
  expect((await app.call("GET", "/v1/me", { token: alice })).status).toBe(200);
  expect((await app.call("GET", "/v1/me", { token: bob })).status).toBe(200);
  expect(await wrong("bob", 0)).toEqual([401, false]);
  expect(await wrong("nobody-at-all", 0)).toEqual([401, false]);
  now += 60_000;
  expect(await wrong("alice", 20)).toEqual([401, false]);
});

test("[ACC5] a token that is wrong again and again is refused unseen for a while, and who goes on waits no longer than who stops", () => {
  let now = 1_000_000;
  const tokens = createTokenMemory(() => now, { burst: 3, perSecond: 1 });
  for (let count = 0; count < 3; count++) expect(tokens.fail("a", "n", "same")).toBe(0);
  expect(tokens.knownWrong("a", "n", "same")).toBeGreaterThan(0);
  expect(tokens.knownWrong("a", "n", "another")).toBe(0);
  for (let count = 0; count < 1_000; count++) tokens.fail("a", "n", "same");
  now += 3_000;
  expect(tokens.fail("a", "n", "same")).toBe(0);
  tokens.succeed("right");
  expect(tokens.isRight("right")).toBe(true);
  tokens.fail("a", "n", "right");
  expect(tokens.isRight("right")).toBe(false);
});

test("[ACC6] a wrong token of a registered agent and one of an unknown agent are refused in the same words, by the same steps, after the same time", async () => {
  const paused: number[] = [];
  const app = createTestApp(openSqliteD1(), {
    isRegistered: async (id) => id === "alice",
    pause: async (milliseconds) => void paused.push(milliseconds),
  });
  await app.register("alice");
  const refusals = [];
  for (const id of ["alice", "mallory"]) {
    const { status, body } = await app.call("GET", "/v1/me", { token: `${id}.${wrongSecret}` });
    refusals.push({ status, body });
  }
  expect(refusals[0]).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  expect(refusals[1]).toEqual(refusals[0]);
  // One wait for each, until both have taken as long.
  expect(paused).toEqual([callLimits.refusal, callLimits.refusal]);
  // Both asked an object; none was made for who is not there.
  const asked = app.objects.calls.filter(({ method }) => method === "me" || method === "identify").map(({ object }) => object);
  expect(asked).toEqual(["agent/alice", expect.not.stringContaining("mallory")]);
});

test("[ACC7] where no edge says where a request is from, what the caller writes there counts for nothing", async () => {
  const app = createTestApp(openSqliteD1(), { isFromEdge: () => false });
  const guess = (address: string) =>
    app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code: "guess" }, headers: { "cf-connecting-ip": address } });
  const answers = [];
  for (let tries = 0; tries < 31; tries++) answers.push((await guess(`192.0.2.${tries}`)).status);
  expect(answers).toEqual([...Array(30).fill(401), 429]);
});

test("[ACC8] every answer says how it is to be read and shown: pages, JSON, refusals, unknown paths, bugs", async () => {
  const app = createTestApp(openSqliteD1());
  app.objects.agent("broken").me = () => Promise.reject(new Error("a fault"));
  const broken = await app.register("broken");
  const answers = [
    await app.call("GET", "/docs", { token: null }),
    await app.call("GET", "/v1/openapi.json", { token: null }),
    await app.call("GET", "/healthz", { token: null }),
    await app.call("GET", "/v1/me"),
    await app.call("GET", "/v1/me", { token: null }),
    await app.call("GET", "/v1/me", { token: broken }),
    await app.call("GET", "/v1/nothing"),
    await app.call("PUT", "/v1/me"),
    await app.call("POST", "/v1/events", { body: "{" }),
    await app.call("PROPFIND", "/v1/me", { token: null }),
  ];
  for (const { headers, status } of answers) {
    expect(headers.get("x-content-type-options"), String(status)).toBe("nosniff");
    expect(headers.get("referrer-policy"), String(status)).toBe("no-referrer");
    expect(headers.get("content-security-policy"), String(status)).toContain("frame-ancestors 'none'");
  }
});

test("[ACC9] a method that no route could take is refused as such, whoever asks and wherever", async () => {
  const app = createTestApp(openSqliteD1());
  for (const method of ["PROPFIND", "MKCOL", "LOCK", "REPORT", "PURGE"]) {
    for (const [path, token] of [
      ["/v1/me", null],
      ["/nothing", null],
      ["/healthz", null],
      ["/v1/me", undefined],
    ] as const) {
      const { status, headers, body } = await app.call(method, path, { ...(token === null && { token }) });
      expect([status, body.code, headers.get("content-type")]).toEqual([405, "method_not_allowed", "application/problem+json"]);
      expect(headers.get("allow")).toContain("GET");
    }
  }
});

test("[ACC12] `OPTIONS *` says what the server takes; nothing else that names no path is a fault of the server", async () => {
  const app = createTestApp(openSqliteD1());
  const ask = (method: string) => {
    // No client of the platform makes such a request; they come by hand.
    const request = Object.defineProperty(new Request("http://nerveflare.test/", { method }), "url", { value: "*" });
    return app.fetch(request);
  };
  const options = await ask("OPTIONS");
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]);
  const get = await ask("GET");
  expect([get.status, await get.json()]).toEqual([400, expect.objectContaining({ code: "malformed" })]);
  expect(app.logged).toEqual([]);
});

test("[ACC13] a body that breaks off is its sender's fault, and no error of the server's log", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"id":'));
      controller.error(new Error("Network connection lost."));
    },
  });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const request = new Request("http://nerveflare.test/v1/events", { method: "POST", body: broken, headers, duplex: "half" } as RequestInit);
  const answer = await app.fetch(request);
  expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: "malformed", retryable: false })]);
  expect(app.logged).toEqual([]);
});

test("[ACC14] what anybody may read without a token is made before anybody asks: an answer reads one file, and a file that is lost is told in the log", async () => {
  const read: string[] = [];
  const asset = async (path: string): Promise<Response> => {
    read.push(path);
    return path === "/docs.html" ? new Response("the page") : new Response(null, { status: 404 });
  };
  const app = createTestApp(openSqliteD1(), { asset });
  const page = await app.call("GET", "/docs", { token: null });
  expect([page.status, page.body, read]).toEqual([200, "the page", ["/docs.html"]]);
  for (const path of ["/v1/openapi.json", "/v1/asyncapi.json"]) {
    expect((await app.fetch(new Request(`http://nerveflare.test${path}`))).status).toBe(500);
    expect(app.logged.pop()?.["message"]).toContain(`${path}, which is deployed beside the Worker, is not there (404): deploy again`);
  }
});

test("[ACC10] ids that a URL cannot name are refused where they are given", async () => {
  const app = createTestApp(openSqliteD1());
  for (const id of [".", ".."]) {
    expect(await app.call("POST", "/v1/agents", { body: { id } })).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(await app.call("POST", "/v1/enrolments", { body: { agent: id } })).toMatchObject({ status: 400 });
    expect(await app.call("POST", "/v1/operators", { body: { name: id } })).toMatchObject({ status: 400 });
    expect(await app.call("POST", "/v1/broadcasts", { body: { id, kind: "a.b", data: 1, to: "*" } })).toMatchObject({ status: 400 });
  }
  // Dots elsewhere are fine.
  for (const id of ["...", "a.b", ".a", "a."]) expect((await app.call("POST", "/v1/agents", { body: { id } })).status).toBe(201);
});
