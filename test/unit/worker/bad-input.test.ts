/** [API25] Input of the right shape that would be lost or changed on its way: refused, with what to mend. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { postedEvent } from "../../../src/contract/event.ts";
import { type AgentKind, agentKinds } from "../../../src/contract/kinds/agent-kinds.ts";
import { readJsonText } from "../../../src/contract/read-json.ts";
import { readFrame } from "../../../src/durable/agent/connection/read-frame.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const posted = (data: string): string => `{"id": "e", "type": "a.b", "data": ${data}}`;
const infinite = ["1e999", "-1e309", '{"a": [1, {"b": 1E+400}]}', `1${"0".repeat(310)}`, `1${"0".repeat(300)}e99`];
const finite = ["1e308", "-0", "9007199254740993", "1e-999", '"1e999"', '{"text": "1e999"}', "123e10"];

test.each(infinite)("[API25] a number that would be read as null is refused over HTTP and in a frame (%#)", async (number) => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const before = app.objects.calls.length;
  const answer = await app.call("POST", "/v1/events", { token, body: posted(number) });
  expect(answer).toMatchObject({ status: 400, body: { code: "malformed", detail: expect.stringContaining("Send it as a text") } });
  expect(app.objects.calls).toHaveLength(before);
  const frame = readFrame(`{"type": "event", "event": ${posted(number)}}`);
  expect(frame).toMatchObject({ ok: false, problem: { code: "malformed", detail: expect.stringContaining("Send it as a text") } });
});

test("[API25] a number of hundreds of digits is found wherever it stands", () => {
  for (let before = 0; before < 200; before++)
    expect(() => readJsonText(`["${"x".repeat(before)}", ${"9".repeat(310)}]`), `behind ${before}`).toThrow("Send it as a text");
});

test("[API25] every other number passes", () => {
  for (const number of finite) expect(readJsonText(number), number).toEqual(JSON.parse(number));
});

test("[API25] a day or a time that there is not is refused where one is given, and none is moved to the next", async () => {
  const app = createTestApp(openSqliteD1());
  const absent = [
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-04-31T10:00:00+02:00",
    "2026-01-01T24:00:00Z",
    "2026-13-01T00:00:00Z",
  ];
  for (const time of absent) {
    expect(postedEvent.safeParse({ id: "e", type: "a.b", time }).success, time).toBe(false);
    for (const at of [time, ...(time.includes("T24") ? [] : [time.slice(0, 10)])]) {
      const query = `since=${encodeURIComponent(at)}`;
      expect(await app.call("GET", `/v1/events?${query}`), at).toMatchObject({ status: 400, body: { code: "malformed" } });
      const prune = await app.call("DELETE", `/v1/events/archive?through=1&${query.replace("since", "until")}`);
      expect(prune, at).toMatchObject({ status: 400, body: { code: "malformed" } });
    }
  }
  for (const time of ["2024-02-29T23:59:59.5Z", "2026-12-31T00:00:00-11:30", "0001-01-01T00:00:00Z"])
    expect(postedEvent.safeParse({ id: "e", type: "a.b", time }).success, time).toBe(true);
});

test.each([
  ["/v1/inbox?channel=my&channel=open", "channel: it stands 2 times; say it once, with commas between"],
  ["/v1/inbox/stream?after=1&after=2&after=3", "after: it stands 3 times; say it once"],
  ["/v1/threads?status=running&status=queued", "status: it stands 2 times"],
])("[API25] a parameter that stands more than once is refused: %s", async (path, why) => {
  const app = createTestApp(openSqliteD1());
  const token = path.includes("inbox") ? await app.register("alice") : undefined;
  const answer = await app.call("GET", path, token === undefined ? {} : { token });
  expect(answer).toMatchObject({ status: 400, body: { code: "malformed", detail: expect.stringContaining(why) } });
});

test("[API25] what a proxy adds to a poll may stand as often as it likes", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect(await app.call("GET", "/v1/inbox?_=1&_=2", { token })).toMatchObject({ status: 200 });
});

test("[API25] a compressed body is told so", async () => {
  const app = createTestApp(openSqliteD1());
  const body = new Uint8Array(gzipSync(posted("1")));
  const answer = await app.call("POST", "/v1/events", { body, headers: { "content-encoding": "gzip" } });
  expect(answer).toMatchObject({ status: 400, body: { code: "malformed", detail: expect.stringContaining("without Content-Encoding") } });
});

test("[API25] no kind takes an empty name: of a role, it would mean each that the agent holds", () => {
  const own: { [Kind in AgentKind]: { [member: string]: unknown } } = {
    "nerve.offer.claim": { offer: "o" },
    "nerve.offer.decline": { offer: "o" },
    "nerve.turn.respond": { turn: "t", lease: 1, output: {} },
    "nerve.turn.progress": { turn: "t", lease: 1 },
    "nerve.turn.fail": { turn: "t", lease: 1 },
    "nerve.role.release": { thread: "t", role: "r", lease: 1 },
    "nerve.agent.report": {},
  };
  for (const [kind, { data }] of Object.entries(agentKinds)) {
    const right = own[kind as AgentKind];
    expect(data.safeParse(right).success, kind).toBe(true);
    for (const [member, value] of Object.entries(right))
      if (typeof value === "string") {
        const answer = data.safeParse({ ...right, [member]: "" });
        expect(answer.success, `${kind}.${member}`).toBe(false);
        expect(answer.error?.issues[0]?.message, `${kind}.${member}`).not.toContain("/^");
      }
  }
});

test.each(["/v1/inbox/stream", "/v1/events?follow"])("[API26] HEAD opens no stream: %s", async (path) => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const before = app.objects.calls.length;
  expect(await app.call("HEAD", path, { token })).toMatchObject({ status: 405 });
  expect(app.objects.calls.slice(before).filter(({ method }) => method === "fetch")).toEqual([]);
});
