/** [API22] Bodies that are right for another route: each is taken with nothing lost, or refused with what is wrong. */
import { describe, expect, test } from "vitest";
import { type BodyRoute, bodies } from "../../../src/contract/http/bodies.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const thread = `t${"a".repeat(25)}`;
const event = { specversion: "1.0", id: "e", type: "a.b", data: { x: 1 } };

/** A body of each route with every member that it takes; a route that is added has none yet, and does not compile. */
const right: { [R in BodyRoute]: object } = {
  "POST /v1/inbox/ack": { seqs: [1], connection: "a.1" },
  "POST /v1/broadcasts": { kind: "a.b", to: "*", data: { x: 1 }, id: "b" },
  "POST /v1/threads/:id/cancel": { reason: "wrong" },
  "POST /v1/threads/:id/suspend": { reason: "wait" },
  "POST /v1/threads/:id/resume": { reason: "go on", supplement: { approved: true } },
  "POST /v1/threads/:id/restart": { reason: "again", at: 2 },
  "POST /v1/threads/:id/fork": { reason: "try", at: 2, roles: { reviewer: "bob" }, revision: "abc" },
  "POST /v1/threads/:id/roles/:role": { reason: "ill", agent: "bob" },
  "POST /v1/workflows/:name/pause": { reason: "night" },
  "POST /v1/workflows/:name/unpause": {},
  "POST /v1/placement": { placement: "own" },
  "POST /v1/agents": { id: "bob", capabilities: ["x"], roles: ["w/r"], kinds: ["a.b"] },
  "PATCH /v1/agents/:id": { capabilities: ["x"], roles: null, kinds: null },
  "POST /v1/agents/:id/token": { overlapSeconds: 10 },
  "POST /v1/agents/:id/revoke": {},
  "POST /v1/tickets": {},
  "PUT /v1/agents/:id/card": { description: "Reviews." },
  "PUT /v1/agents/:id/subscriptions": { kinds: ["a.*"] },
  "POST /v1/enrolments": { agent: "bob", capabilities: ["x"], roles: ["w/r"], kinds: ["a.b"], expiresInSeconds: 60 },
  "POST /v1/enrolments/redeem": { code: "abc" },
  "POST /v1/operators": { name: "carol", access: "read" },
  "POST /v1/webhooks": {
    ...{ url: "https://example.com/hook", kinds: ["a.*"], workflow: "w", role: "r", agent: "bob" },
    ...{ links: "https://nerve.example.com", note: "chat" },
  },
  "POST /v1/webhooks/:id/secret": { overlapSeconds: 10 },
  "POST /v1/webhooks/:id/resume": {},
  "POST /v1/webhooks/:id/replay": { after: 3 },
  "POST /v1/hooks": { name: "gh", from: "github", kinds: ["pr.*"], map: "body", secret: "0123456789abcdef", note: "CI" },
  "PATCH /v1/hooks/:name": { kinds: ["pr.*"], map: "body", note: "CI" },
  "POST /v1/hooks/:name/secret": { overlapSeconds: 10, secret: "0123456789abcdef" },
  "POST /v1/hooks/:name/test": { headers: { "x-github-event": "push" }, body: "{}", map: "body" },
  "POST /v1/dead-letters/retry": { thread, after: `${thread}:1`, limit: 3 },
  "POST /v1/dead-letters/:id/retry": {},
  "POST /v1/dead-letters/:id/drop": {},
};
const routes = Object.keys(bodies) as BodyRoute[];
/** What belongs elsewhere altogether. */
const elsewhere = {
  event,
  batch: [event],
  "event frame": { type: "event", event },
  "ack frame": { type: "ack", seqs: [1] },
  text: '"cancel"',
  number: 7,
};

test("[API22] each route takes its own body, whole", () => {
  for (const route of routes) expect(bodies[route].schema.parse(right[route]), route).toEqual(right[route]);
});

test("[API22] every route that takes a JSON body is in the table", () => {
  const app = createTestApp(openSqliteD1());
  for (const route of routes) expect(app.routes(), route).toContain(route);
});

describe.each(routes)("%s", (route) => {
  const others: [string, unknown][] = [
    ...routes.filter((other) => other !== route).map((other): [string, unknown] => [other, right[other]]),
    ...Object.entries(elsewhere),
  ];

  test("[API22] another's body is taken only if nothing of it is lost; else it is malformed, by name, and nothing is done", async () => {
    // Time goes on: who tries many codes at once is held back.
    let time = Date.parse("2026-11-20T12:00:00Z");
    const app = createTestApp(openSqliteD1(), { now: () => (time += 1_000) });
    const [method = "", pattern = ""] = route.split(" ");
    const path = pattern.startsWith("/v1/dead-letters")
      ? pattern.replace(":id", `${thread}:1`)
      : pattern
          .replace(":id", pattern.includes("threads") ? thread : "bob")
          .replace(":role", "reviewer")
          .replace(":name", "w");
    for (const [other, body] of others) {
      const parsed = bodies[route].schema.safeParse(typeof body === "string" ? JSON.parse(body) : body);
      if (parsed.success) {
        // As with `reason` of a cancel and a suspend: the same words, meant the same way.
        if (!(route.endsWith("/ack") && other === "ack frame")) expect(parsed.data, other).toMatchObject(body as object);
        continue;
      }
      const answer = await app.call(method, path, { body });
      expect(answer, `${route} with the body of ${other}`).toMatchObject({ status: 400, body: { code: "malformed" } });
      expect(answer.body.detail).toContain(`The body of ${route} is not right: `);
      const [first] = answer.body.errors as { path: string; message: string }[];
      expect(`${first?.path}${first?.message}`, answer.body.detail).toMatch(/^\w+|Unrecognized key|expected object|either \{seqs/);
    }
    expect(app.objects.calls).toEqual([]);
  });
});
