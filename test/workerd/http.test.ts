/** The D1-backed promises of the HTTP app on the real D1, and the entry's wiring. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
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
