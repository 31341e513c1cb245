/** The log speaks CloudEvents 1.0: what goes in by every mode, and what comes out, as the standard's own package judges it. */
import { CloudEvent, HTTP } from "cloudevents";
import { expect, test } from "vitest";
import { judgeEvent } from "../../../src/durable/agent/judge-event.ts";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp, type TestApp } from "./test-app.ts";

const card = { id: "alice", capabilities: [], roles: null, kinds: null };
const now = Date.parse("2026-11-20T12:00:00Z");
const judge = (raw: unknown) => judgeEvent(raw, "/agents/alice", card, now);

/** Valid by the package, and with attributes of the standard's types, which the package does not look at. */
function expectCloudEvent(event: unknown): void {
  expect(new CloudEvent(event as object).validate()).toBe(true);
  for (const [name, value] of Object.entries(event as object)) {
    if (name === "data") continue;
    expect(name).toMatch(/^[a-z0-9]+$/);
    expect(["string", "number", "boolean"], name).toContain(typeof value);
    if (typeof value === "number") expect(Math.abs(value), name).toBeLessThanOrEqual(2 ** 31);
  }
}

/** What the object was last given to judge. */
function readPosted(app: TestApp): unknown {
  return (app.objects.calls.at(-1)?.args[1] as unknown[] | undefined)?.[0];
}

const sent = new CloudEvent({
  id: "e1",
  source: "/agents/alice",
  type: "pr.ready",
  subject: "pr/115",
  datacontenttype: "application/json",
  time: "2026-11-20T12:00:00Z",
  priority: 3,
  urgent: true,
  data: { pr: 115, text: "ü" },
});

test.each(["structured", "binary"] as const)(
  "[API9] an event in %s mode arrives as it was sent, and is valid when it is kept",
  async (mode) => {
    const app = createTestApp(openSqliteD1());
    const { headers, body } = HTTP[mode](sent);
    const answer = await app.call("POST", "/v1/events", { headers: headers as Record<string, string>, body });
    expect(answer).toMatchObject({ status: 202, body: { id: "e1", status: "accepted" } });
    const raw = readPosted(app);
    expect(raw).toMatchObject({ id: "e1", type: "pr.ready", subject: "pr/115", data: { pr: 115, text: "ü" } });
    const judged = await judge(raw);
    if (!judged.ok) throw new Error(judged.problem.detail);
    expectCloudEvent(judged.value.event);
  },
);

test("[API9] what binary mode can carry: percent-encoded attributes, text, no data at all", async () => {
  const app = createTestApp(openSqliteD1());
  const headers = { "ce-specversion": "1.0", "ce-id": "e", "ce-type": "a.b", "ce-subject": "caf%C3%A9" };
  const raw = async (more: object, body: string) => {
    expect((await app.call("POST", "/v1/events", { headers: { ...headers, ...more }, body })).status).toBe(202);
    return readPosted(app);
  };
  expect(await raw({ "content-type": "text/plain" }, "hi")).toMatchObject({ subject: "café", data: "hi", datacontenttype: "text/plain" });
  expect(await raw({ "content-type": "application/json" }, "")).not.toHaveProperty("data");
});

test.each<[string, Record<string, string>, string]>([
  ["binary data that is no text", { "content-type": "image/png" }, "x"],
  ["an attribute that is not percent-encoded right", { "content-type": "application/json", "ce-subject": "%E0%A4%A" }, "1"],
])("[API10] binary mode with %s is refused", async (_, more, body) => {
  const app = createTestApp(openSqliteD1());
  const headers = { "ce-specversion": "1.0", "ce-id": "e", "ce-type": "a.b", ...more };
  expect(await app.call("POST", "/v1/events", { headers, body })).toMatchObject({ status: 400, body: { code: "malformed" } });
});

test("[API10] an event format that is not JSON is refused by its name", async () => {
  const app = createTestApp(openSqliteD1());
  const headers = { "content-type": "application/cloudevents+xml" };
  const answer = await app.call("POST", "/v1/events", { headers, body: "<event/>" });
  expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining("application/cloudevents+xml") } });
});

test.each<[string, object]>([
  ["an object as an extension", { extra: { a: 1 } }],
  ["a list as an extension", { extra: [1] }],
  ["null as an extension", { extra: null }],
  ["a fraction as an extension", { extra: 1.5 }],
  ["an integer past 32 bits", { extra: 2 ** 31 }],
  ["a name with a capital", { Extra: "x" }],
  ["a name with a dash", { "an-extra": "x" }],
  ["data in base64", { data_base64: "eA==" }],
  ["an empty subject", { subject: "" }],
  ["a day that there is not", { time: "2026-02-31T25:00:00Z" }],
  ["another version", { specversion: "0.3" }],
])("[API10] %s is malformed, though the package may let it pass", async (_, more) => {
  const judged = await judge({ id: "e", type: "a.b", ...more });
  expect(judged).toMatchObject({ ok: false, problem: { code: "malformed", errors: [{ path: Object.keys(more)[0] }] } });
});

test("[API9] a page of the log is a batch for who asks for one, and the link goes on", async () => {
  const db = openSqliteD1();
  const app = createTestApp(db);
  const rows = ["1", "2", "3"].map((id) =>
    encodeRow({
      table: "event",
      thread: "t",
      event: { specversion: "1.0", id, source: "/threads/t", type: "a.b", time: "2026-11-20T12:00:00Z" },
    }),
  );
  await db.batch(prepareProjection(db, rows));
  const headers = { accept: "application/cloudevents-batch+json" };
  const first = await app.call("GET", "/v1/events?limit=2&type=a.*", { headers });
  expect(first.headers.get("content-type")).toBe("application/cloudevents-batch+json");
  for (const event of first.body) expectCloudEvent(event);
  const next = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
  const second = await app.call("GET", next, { headers });
  expect([...first.body, ...second.body].map(({ id }) => id)).toEqual(["1", "2", "3"]);
  expect(second.headers.get("link")).toBeNull();
});
