/**
 * Who may call what: every route × every kind of caller, as one table. The app's own list of routes is the other side: a
 * route without a row fails here, and so does a row without a route.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { formatToken } from "../../../src/worker/tokens.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp, type TestApp } from "./test-app.ts";

/** Who calls. `other` is an agent that is registered and has no part in what is asked for; `own` has. */
const callers = ["none", "garbage", "unknown", "revoked", "other", "own", "read", "admin"] as const;
type Caller = (typeof callers)[number];

/** What a caller is answered: a status, or `ok` for whatever the route says to one whom it lets in. */
type Expected = number | "ok";

/** No, whoever it is: nobody gets further than the token. */
const nobody = { none: 401, garbage: 401, unknown: 401, revoked: 401 } as const;

/** The usual answers. `ok` is anything but 401, 403 and 5xx: what the route does with good and bad input is tested elsewhere. */
const rules = {
  /** Operators look; agents may not. */
  operatorsRead: { ...nobody, other: 403, own: 403, read: "ok", admin: "ok" },
  /** Operators with admin tokens decide. */
  adminsChange: { ...nobody, other: 403, own: 403, read: 403, admin: "ok" },
  /** Everybody with a token, each seeing what is theirs. */
  everybodyReads: { ...nobody, other: "ok", own: "ok", read: "ok", admin: "ok" },
  /** Everybody with a token; a read-only one changes nothing. */
  everybodyChanges: { ...nobody, other: "ok", own: "ok", read: 403, admin: "ok" },
  /** What belongs to those who take part: to others it is not there. */
  partakersRead: { ...nobody, other: 404, own: "ok", read: "ok", admin: "ok" },
  /** No token is asked for. */
  open: { none: "ok", garbage: "ok", unknown: "ok", revoked: "ok", other: "ok", own: "ok", read: "ok", admin: "ok" },
} satisfies Record<string, Record<Caller, Expected>>;

const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";

/**
 * One line a route: its method and pattern as in the code, and its rule. A third member changes single answers; a fourth is
 * a body with which the route gets as far as judging the caller, where it needs one for that.
 */
const matrix: [route: string, rule: keyof typeof rules, but?: Partial<Record<Caller, Expected>>, body?: unknown][] = [
  ["GET /healthz", "open"],
  ["GET /readyz", "open"],
  ["GET /docs", "open"],
  ["GET /v1/openapi.json", "open"],
  ["GET /v1/asyncapi.json", "open"],
  ["POST /v1/enrolments/redeem", "open", {}, { code: 7 }],

  ["POST /v1/agents", "adminsChange"],
  ["GET /v1/agents", "operatorsRead"],
  ["GET /v1/agents/:id", "operatorsRead"],
  ["PATCH /v1/agents/:id", "adminsChange"],
  ["DELETE /v1/agents/:id", "adminsChange"],
  ["POST /v1/agents/:id/token", "adminsChange"],
  ["POST /v1/agents/:id/revoke", "adminsChange"],
  ["GET /v1/agents/:id/subscriptions", "operatorsRead"],
  ["PUT /v1/agents/:id/subscriptions", "adminsChange"],
  ["GET /v1/agents/:id/card", "operatorsRead"],
  ["PUT /v1/agents/:id/card", "adminsChange"],
  ["DELETE /v1/agents/:id/card", "adminsChange"],
  ["POST /v1/enrolments", "adminsChange"],
  ["GET /v1/enrolments", "operatorsRead"],
  ["DELETE /v1/enrolments/:id", "adminsChange"],
  ["POST /v1/operators", "adminsChange"],
  ["GET /v1/operators", "operatorsRead"],
  ["DELETE /v1/operators/:name", "adminsChange"],
  ["GET /v1/audit", "operatorsRead"],

  ["PUT /v1/workflows/:name", "adminsChange"],
  ["GET /v1/workflows", "operatorsRead"],
  ["GET /v1/workflows/:name", "operatorsRead"],
  ["DELETE /v1/workflows/:name", "adminsChange"],
  ["GET /v1/workflows/:name/machines", "operatorsRead"],
  ["GET /v1/workflows/:name/revisions", "operatorsRead"],
  ["GET /v1/workflows/:name/revisions/:revision", "operatorsRead"],
  ["POST /v1/workflows/:name/pause", "adminsChange"],
  ["POST /v1/workflows/:name/unpause", "adminsChange"],
  ["POST /v1/threads/:id/restart", "adminsChange"],
  ["POST /v1/threads/:id/fork", "adminsChange"],
  ["GET /v1/threads/:id/roles/:role/candidates", "partakersRead"],
  ["POST /v1/threads/:id/roles/:role", "adminsChange"],
  ["POST /v1/artifacts", "everybodyChanges"],
  ["GET /v1/artifacts", "everybodyReads"],
  ["GET /v1/artifacts/:artifact", "everybodyReads"],
  ["GET /v1/artifacts/:artifact/facts", "everybodyReads"],
  ["GET /v1/uploads/:upload", "everybodyReads"],
  ["PATCH /v1/uploads/:upload", "everybodyChanges"],
  ["DELETE /v1/uploads/:upload", "everybodyChanges"],
  ["POST /v1/webhooks", "adminsChange"],
  ["GET /v1/webhooks", "operatorsRead"],
  ["GET /v1/webhooks/:id", "operatorsRead"],
  ["DELETE /v1/webhooks/:id", "adminsChange"],
  ["POST /v1/webhooks/:id/secret", "adminsChange"],
  ["POST /v1/webhooks/:id/resume", "adminsChange"],
  ["POST /v1/webhooks/:id/replay", "adminsChange"],
  ["GET /v1/webhooks/:id/dead-letters", "operatorsRead"],
  // The signature is all that is asked for: without a right one nobody learns more than that.
  ["POST /v1/hooks/:name", "open", { none: 401, garbage: 401, unknown: 401, revoked: 401, other: 401, own: 401, read: 401, admin: 401 }],
  ["POST /v1/hooks", "adminsChange"],
  ["GET /v1/hooks", "operatorsRead"],
  ["GET /v1/hooks/:name", "operatorsRead"],
  ["PATCH /v1/hooks/:name", "adminsChange"],
  ["DELETE /v1/hooks/:name", "adminsChange"],
  ["POST /v1/hooks/:name/secret", "adminsChange"],
  ["POST /v1/hooks/:name/test", "adminsChange"],
  ["GET /v1/dead-letters", "operatorsRead"],
  ["POST /v1/dead-letters/retry", "adminsChange"],
  ["POST /v1/dead-letters/:id/retry", "adminsChange"],
  ["POST /v1/dead-letters/:id/drop", "adminsChange"],
  ["GET /v1/parked", "operatorsRead"],
  ["POST /v1/parked/retry", "adminsChange"],
  ["POST /v1/parked/:id/retry", "adminsChange"],
  ["POST /v1/parked/:id/drop", "adminsChange"],

  ["POST /v1/events", "everybodyChanges", {}, { id: "e", type: "a.b" }],
  ["GET /v1/events", "everybodyReads"],
  ["GET /v1/events/archive", "operatorsRead"],
  ["DELETE /v1/events/archive", "adminsChange"],
  ["GET /v1/events/:id", "everybodyReads"],
  ["POST /v1/broadcasts", "adminsChange"],
  ["GET /v1/broadcasts/:id", "operatorsRead"],

  ["GET /v1/me", "everybodyReads"],
  ["GET /v1/me/types", "everybodyReads"],
  ["GET /v1/inbox", "everybodyReads"],
  ["POST /v1/inbox/ack", "everybodyChanges", {}, { seqs: [1] }],
  ["GET /v1/inbox/stream", "everybodyReads", { read: 403, admin: 403 }],
  ["POST /v1/tickets", "everybodyReads"],
  ["POST /v1/session", "everybodyReads"],
  ["GET /v1/session", "everybodyReads"],
  ["DELETE /v1/session", "everybodyReads"],
  // The agent's object judges the token of a socket, and closes it: see test/workerd/access-frames.test.ts.
  ["GET /v1/connect", "everybodyReads", { unknown: "ok", revoked: "ok", read: 403, admin: 403 }],

  ["POST /mcp", "everybodyReads"],

  ["GET /.well-known/agent-card.json", "open"],
  ["POST /a2a", "everybodyReads"],
  ...[
    ...["POST ", "GET /.well-known/agent-card.json", "GET /extendedAgentCard", "POST /:call", "GET /tasks"],
    ...["GET /tasks/:task", "POST /tasks/:task", "GET /tasks/:task/pushNotificationConfigs", "POST /tasks/:task/pushNotificationConfigs"],
    ...["GET /tasks/:task/pushNotificationConfigs/:config", "DELETE /tasks/:task/pushNotificationConfigs/:config"],
  ].map((route): (typeof matrix)[number] => [route.replace(" ", " /a2a/:kind/:name"), "everybodyReads"]),

  ["GET /v1/threads", "everybodyReads"],
  ["GET /v1/threads/:id", "partakersRead"],
  ["GET /v1/threads/:id/messages", "partakersRead"],
  ["GET /v1/threads/:id/trace", "partakersRead"],
  ["GET /v1/threads/:id/history", "operatorsRead"],
  ["GET /v1/threads/:id/explain", "operatorsRead"],
  ["POST /v1/threads/:id/cancel", "adminsChange"],
  ["POST /v1/threads/:id/suspend", "adminsChange"],
  ["POST /v1/threads/:id/resume", "adminsChange"],

  ["GET /v1/schemas", "operatorsRead"],
  ["POST /v1/placement", "adminsChange"],
  ["GET /v1/status", "operatorsRead"],
  ["GET /v1/metrics", "operatorsRead"],
];

let app: TestApp;
let tokens: Record<Caller, string | null>;

beforeAll(async () => {
  app = createTestApp(openSqliteD1());
  app.objects.threads.set(thread, ["own"]);
  const addOperator = async (name: string, access: string) =>
    (await app.call("POST", "/v1/operators", { body: { name, access } })).body.token as string;
  tokens = {
    none: null,
    garbage: "garbage",
    unknown: formatToken("nobody", new Uint8Array(32)),
    revoked: await app.register("revoked"),
    other: await app.register("other"),
    own: await app.register("own"),
    read: await addOperator("reader", "read"),
    admin: await addOperator("chief", "admin"),
  };
  await app.call("POST", "/v1/agents/revoked/revoke");
});

const served = createTestApp(openSqliteD1()).routes();

test("[ACC15] every route of the app has a row, and every row a route", () => {
  const rows = new Set(matrix.map(([route]) => route));
  const missing = [...served].filter((route) => !rows.has(route));
  expect(
    missing,
    `These routes have no row in \`matrix\` of test/unit/worker/access-matrix.test.ts. Add one line for each, e.g.\n${missing
      .map((route) => `  ["${route}", "${route.startsWith("GET") ? "operatorsRead" : "adminsChange"}"],`)
      .join("\n")}\nThe rules (who gets in) are ${Object.keys(rules).join(", ")}; a third member changes single answers.\n`,
  ).toEqual([]);
  expect(
    [...rows].filter((route) => !served.has(route)),
    "These rows are of no route (any more): take them out.",
  ).toEqual([]);
  expect(matrix.length, "A route has two rows.").toBe(rows.size);
});

describe.each(matrix)("%s", (route, rule, but = {}, body) => {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replace("/threads/:id", `/threads/${thread}`).replaceAll(/:\w+/g, "x");
  test.each(Object.entries({ ...rules[rule], ...but }) as [Caller, Expected][])("[ACC15] %s: %s", async (caller, expected) => {
    const { status } = await app.call(method, path, {
      token: tokens[caller],
      ...(method !== "GET" && { body: body ?? {} }),
    });
    const what = `${route} called by ${caller}`;
    if (expected !== "ok") expect(status, what).toBe(expected);
    else expect(status === 401 || status === 403 || status >= 500, `${what} was answered ${status}`).toBe(false);
  });
});

test("[ACC16] what is not there is told only to those who may ask", async () => {
  for (const caller of callers) {
    const expected = { ...rules.everybodyReads, other: 404, own: 404, read: 404, admin: 404 }[caller];
    expect((await app.call("GET", "/v1/nowhere", { token: tokens[caller] })).status, caller).toBe(expected);
  }
});
