/** The D1-backed promises of the HTTP app on the real D1, and the entry's wiring. */
import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import worker from "../../src/worker/index.ts";
import { testProjection } from "../unit/durable/projector/projection-suite.ts";
import { testAgents } from "../unit/worker/agents-suite.ts";
import { testIdentity } from "../unit/worker/identity-suite.ts";
import { testSchemas } from "../unit/worker/schemas-suite.ts";
import { testWorkflows } from "../unit/worker/workflows-suite.ts";

describe("agents", () => testAgents(() => env.DB));
describe("identity", () => testIdentity(() => env.DB));
describe("workflows", () => testWorkflows(() => env.DB));
describe("schemas", () => testSchemas(() => env.DB));
describe("projection", () => testProjection(() => env.DB));

describe("the Worker's entry", () => {
  const fetch = (path: string, init: RequestInit = {}) =>
    exports.default.fetch(`http://nerveflare.test${path}`, {
      ...init,
      headers: { authorization: `Bearer ${env.NERVEFLARE_ADMIN_TOKEN}`, ...init.headers },
    });

  test("[API20] takes the admin token from its binding, and the database", async () => {
    const response = await fetch("/v1/status");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ threads: { queued: expect.any(Number) }, agents: { registered: expect.any(Number) } });
    expect((await fetch("/v1/status", { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
  });

  test("[API1] answers problems for what is not there", async () => {
    const response = await fetch("/v1/nowhere");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("pages of other origins, by the Worker's variable", () => {
  const listed = "https://app.example.com";
  /** Asks the Worker as it would be with this list. An isolate keeps an app for each environment, so there is one for each test. */
  function deploy(origins: string) {
    const settings = { ...env, NERVEFLARE_ORIGINS: origins };
    return async (path: string, headers: Record<string, string>, method = "GET"): Promise<Response> => {
      const context = createExecutionContext();
      const authorization = `Bearer ${env.NERVEFLARE_ADMIN_TOKEN}`;
      const request = new Request(`http://nerveflare.test${path}`, { method, headers: { authorization, ...headers } });
      return worker.fetch(request as never, settings as never, context);
    };
  }

  test("[CORS5] streams and large answers come with the grant, a socket without", async () => {
    const ask = deploy(listed);
    const { token } = (await (
      await exports.default.fetch("http://nerveflare.test/v1/agents", {
        method: "POST",
        headers: { authorization: `Bearer ${env.NERVEFLARE_ADMIN_TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify({ id: "desk" }),
      })
    ).json()) as { token: string };
    const authorization = `Bearer ${token}`;
    for (const path of ["/v1/inbox/stream", "/v1/events?follow", "/v1/openapi.json", "/docs"]) {
      const { status, headers, body } = await ask(path, { authorization, origin: listed });
      expect([status, headers.get("access-control-allow-origin"), headers.get("vary")], path).toEqual([200, listed, "Origin"]);
      await body?.cancel();
    }
    const open = (origin: string) => ask("/v1/connect", { authorization, origin, upgrade: "websocket" });
    const socket = await open(listed);
    expect(socket.status).toBe(101);
    expect(socket.headers.get("access-control-allow-origin")).toBeNull();
    socket.webSocket?.accept();
    socket.webSocket?.close();
    const refused = await open("https://evil.example");
    expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ code: "origin_not_allowed" })]);
  });

  test("[CORS9] a list that cannot be read is said in the log, once, and lets nobody in but who is no page", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const ask = deploy("app.example.com");
    expect((await ask("/v1/status", { origin: listed })).status).toBe(403);
    expect((await ask("/v1/status", {})).status).toBe(200);
    expect((await ask("/readyz", {})).status).toBe(200);
    const error = 'NERVEFLARE_ORIGINS has "app.example.com", which is no origin. Write `https://app.example.com`.';
    expect(said.mock.calls).toEqual([[JSON.stringify({ level: "error", at: "origins", message: error })]]);
    said.mockRestore();
  });
});
