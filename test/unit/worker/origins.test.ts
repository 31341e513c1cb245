/** Web pages of other origins: what a browser asks beforehand, what it may read, and who is refused; on every route. */
import { beforeAll, describe, expect, test } from "vitest";
import { parseOrigins } from "../../../src/contract/origins.ts";
import { routeDocs } from "../../../src/worker/describe/route-docs.ts";
import { exposeHeaders } from "../../../src/worker/guard-origins.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { type CallOptions, createTestApp, type TestApp } from "./test-app.ts";

const listed = "https://app.example.com";
const stranger = "https://evil.example";
const create = (text: string, ports: Parameters<typeof createTestApp>[1] = {}) =>
  createTestApp(openSqliteD1(), { origins: parseOrigins(text), ...ports });

/** Headers that a browser lets every page read, and those that are for the browser alone. */
const readable = ["cache-control", "content-length", "content-type"];
const browsersOwn = [
  "content-security-policy",
  "referrer-policy",
  "set-cookie",
  "vary",
  "x-content-type-options",
  "x-frame-options",
  "x-accel-buffering",
];

let app: TestApp;
let agent: string;
beforeAll(async () => {
  app = create(`${listed},http://localhost:*`);
  agent = await app.register("alice");
});

const routes = [...createTestApp(openSqliteD1()).routes()].map((route) => {
  const [method = "", pattern = ""] = route.split(" ");
  return { route, method, path: pattern.replaceAll(/:\w+/g, "x") };
});

/** What the browser of a page at this origin may read of an answer. */
function readGrant(headers: Headers): Record<string, string | null> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
}

const ask = (path: string, method: string, origin: string, headers = "authorization,content-type") =>
  app.call("OPTIONS", path, {
    token: null,
    headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
  });

describe.each(routes)("$route", ({ route, method, path }) => {
  test("[CORS4] a browser that asks beforehand is told yes, without a token and at no object's cost", async () => {
    const headers = Object.keys(routeDocs.find((doc) => doc.route === route)?.headers ?? {}).map((name) => name.toLowerCase());
    const wanted = ["authorization", "content-type", "ce-anything", ...headers];
    const before = app.objects.calls.length;
    const answer = await ask(path, method, listed, wanted.join(","));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe(listed);
    expect(answer.headers.get("access-control-allow-methods")?.split(",")).toContain(method);
    expect(answer.headers.get("access-control-allow-headers")?.split(",")).toEqual(wanted);
    expect(answer.headers.get("access-control-max-age")).toBe("7200");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("vary")).toContain("Origin");
    expect(app.objects.calls.length).toBe(before);
  });

  test("[CORS5] a page that is listed may read every answer, the refusal of no token too", async () => {
    for (const token of [null, agent, undefined]) {
      const call: CallOptions = {
        headers: { origin: listed },
        ...(token !== undefined && { token }),
        ...(method !== "GET" && { body: {} }),
      };
      const { headers, status } = await app.call(method, path, call);
      expect(readGrant(headers), `${status}`).toEqual({
        "access-control-allow-origin": listed,
        "access-control-expose-headers": exposeHeaders.join(","),
      });
      expect(headers.get("vary")).toBe("Origin");
      const unread = [...headers.keys()].filter(
        (name) =>
          !name.startsWith("access-control-") &&
          ![...readable, ...browsersOwn, ...exposeHeaders.map((each) => each.toLowerCase())].includes(name),
      );
      expect(unread, "headers that no page could read: add them to exposeHeaders, or to browsersOwn here").toEqual([]);
    }
  });

  test("[CORS6] a page that is not listed is refused before anything else, and told whom to ask", async () => {
    const before = app.objects.calls.length;
    const asked = await ask(path, method, stranger);
    const called = await app.call(method, path, { headers: { origin: stranger }, ...(method !== "GET" && { body: {} }) });
    for (const { status, headers, body } of [asked, called]) {
      expect(status).toBe(403);
      expect(body).toMatchObject({ code: "origin_not_allowed", origin: stranger, detail: expect.stringContaining("NERVEFLARE_ORIGINS") });
      expect(readGrant(headers)).toEqual({});
      expect(headers.get("vary")).toBe("Origin");
    }
    expect(app.objects.calls.length).toBe(before);
  });

  test("[CORS7] callers that are no pages, and the server's own pages, meet nothing of it", async () => {
    for (const headers of [
      {},
      { origin: "http://nerveflare.test" },
      { origin: "https://nerveflare.test", "sec-fetch-site": "same-origin" },
    ]) {
      const answer = await app.call(method, path, { headers, ...(method !== "GET" && { body: {} }) });
      expect(answer.body?.code).not.toBe("origin_not_allowed");
      expect(readGrant(answer.headers)).toEqual({});
      // Kept by a proxy, it must not be shown to a page of another origin.
      if (answer.body !== "socket") expect(answer.headers.get("vary")).toBe("Origin");
    }
  });
});

test("[CORS5] a page may read what goes wrong: no such path, a wrong method, a body too large, too many calls, a server that starts or fails", async () => {
  const read = async (there: TestApp, method: string, path: string, call: CallOptions = {}) => {
    const { status, headers } = await there.call(method, path, { ...call, headers: { origin: listed } });
    expect(headers.get("access-control-allow-origin"), `${method} ${path}`).toBe(listed);
    expect(headers.get("vary")).toBe("Origin");
    return status;
  };
  expect(await read(app, "GET", "/v1/nowhere")).toBe(404);
  expect(await read(app, "DELETE", "/v1/me")).toBe(405);
  expect(await read(app, "POST", "/v1/agents", { body: "x".repeat(5_000_000) })).toBe(413);
  expect(await read(app, "PROPFIND", "/v1/me")).toBe(405);
  app.objects.failures.set("agent/alice.me", new Error("boom"));
  expect(await read(app, "GET", "/v1/me", { token: agent })).toBe(500);
  expect(await read(create(listed, { adminToken: undefined }), "GET", "/v1/me")).toBe(503);
  expect(await read(create(listed, { migrations: ["9999_later.sql"] }), "GET", "/v1/me")).toBe(503);
  const strict = create(listed, { wrongTokens: { burst: 1, perSecond: 1 } });
  for (const status of [401, 429]) expect(await read(strict, "GET", "/v1/me", { token: agent })).toBe(status);
});

test("[CORS8] a page's socket is judged by its origin at the upgrade, which browsers ask nobody about", async () => {
  const open = (headers: Record<string, string>) =>
    app.call("GET", "/v1/connect", { token: agent, headers: { upgrade: "websocket", ...headers } });
  for (const headers of [{}, { origin: listed }, { origin: "http://localhost:5173" }, { origin: "http://nerveflare.test" }])
    expect((await open(headers)).body).toBe("socket");
  const before = app.objects.calls.length;
  for (const origin of [stranger, "null", "", "not an origin", `${listed}.evil.example`]) {
    expect(await open({ origin }), origin).toMatchObject({ status: 403, body: { code: "origin_not_allowed" } });
    // A page cannot say itself that it is the server's own, but older browsers say nothing.
    expect(await open({ origin, "sec-fetch-site": "cross-site" }), origin).toMatchObject({ status: 403 });
  }
  expect(await open({ origin: "http://nerveflare.test", "sec-fetch-site": "same-site" })).toMatchObject({ status: 403 });
  expect(app.objects.calls.length).toBe(before);
});

test("[CORS6] a ticket in the address is not looked at for a page that is not listed", async () => {
  const before = app.objects.calls.length;
  const { body } = await app.call("GET", "/v1/inbox/stream?ticket=alice.x", { token: null, headers: { origin: stranger } });
  expect(body.code).toBe("origin_not_allowed");
  expect(app.objects.calls.length).toBe(before);
});

test("[CORS9] where the setting cannot be read no page is let in, and the page is sent to the server's log", async () => {
  const broken = create(`${listed}/`);
  const { status, body } = await broken.call("GET", "/v1/me", { headers: { origin: listed } });
  expect(status).toBe(403);
  expect(body.detail).toBe(`Pages of ${listed} may not call: NERVEFLARE_ORIGINS cannot be read. The server's log says why.`);
  expect((await broken.call("GET", "/v1/me")).status).toBe(200);
});

test("[CORS6] an origin of any length and any letters is refused in a bounded answer", async () => {
  const origin = `https://${"x".repeat(20_000)}.example`;
  const { status, body } = await app.call("GET", "/v1/me", { headers: { origin } });
  expect(status).toBe(403);
  expect(JSON.stringify(body).length).toBeLessThan(2_000);
});
