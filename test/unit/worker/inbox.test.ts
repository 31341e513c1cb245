import { expect, test } from "vitest";
import { createApp } from "../../../src/worker/create-app.ts";
import { createFakeObjects } from "./fake-objects.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { answerAsset, compileStandIn, createTestApp } from "./test-app.ts";

test("[API11] a poll asks the agent's object for what the query says", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect(await app.call("GET", "/v1/inbox?channel=my&after=7&wait=3&limit=5", { token })).toMatchObject({
    status: 200,
    body: { events: [], next: 7 },
  });
  expect(app.objects.calls.at(-1)).toEqual({
    object: "agent/alice",
    method: "inbox",
    args: [
      { agent: "alice", token },
      { channels: ["my"], after: 7, waitSeconds: 3, limit: 5 },
    ],
  });
});

test("[API11] a bare poll reads both channels, waits not at all, and takes a page of 50", async () => {
  const app = createTestApp(openSqliteD1());
  await app.call("GET", "/v1/inbox");
  expect(app.objects.calls.at(-1)).toMatchObject({
    object: "agent/operators/admin",
    args: [{}, { channels: ["my", "open"], waitSeconds: 0, limit: 50 }],
  });
  expect(app.objects.calls.at(-1)?.args[1]).not.toHaveProperty("after");
});

test("[API11] a limit beyond the largest is taken as the largest", async () => {
  const app = createTestApp(openSqliteD1());
  await app.call("GET", "/v1/inbox?wait=600&limit=100000");
  expect(app.objects.calls.at(-1)?.args[1]).toMatchObject({ waitSeconds: 25, limit: 200 });
});

test.each(["channel=other", "channel=", "channel=my,,open", "after=-1", "after=x", "after=1.5", "wait=soon", "limit=0", "limit=-5"])(
  "[API11] a poll with %s is malformed",
  async (query) => {
    const app = createTestApp(openSqliteD1());
    const answer = await app.call("GET", `/v1/inbox?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(answer.body.errors[0].path).toContain(query.split("=")[0]);
  },
);

test.each([{ seqs: [1, 2] }, { seqs: [] }, { seq: 9, channel: "open" }])("[API12] acknowledging %j answers nothing", async (body) => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect(await app.call("POST", "/v1/inbox/ack", { token, body })).toMatchObject({ status: 204, body: "" });
  expect(app.objects.calls.at(-1)).toMatchObject({ object: "agent/alice", method: "ack", args: [{ agent: "alice" }, body] });
});

test.each([
  {},
  { seq: 1 },
  { seq: 1, channel: "other" },
  { seqs: 5 },
  { seqs: [-1] },
  { seqs: [1.5] },
  [],
  "x",
  { seqs: Array(1001).fill(1) },
])("[API12] an acknowledgement that says too little or too much is malformed (%#)", async (body) => {
  const app = createTestApp(openSqliteD1());
  expect(await app.call("POST", "/v1/inbox/ack", { body })).toMatchObject({ status: 400, body: { code: "malformed" } });
});

test("[API13] `/v1/me` is answered by the agent's object, and for an operator by the Worker", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect(await app.call("GET", "/v1/me", { token })).toMatchObject({ status: 200, body: { id: "alice" } });
  expect(await app.call("GET", "/v1/me")).toMatchObject({
    status: 200,
    body: { id: "operators/admin", operator: "admin", now: "2026-11-20T12:00:00.000Z" },
  });
});

const upgrade = { upgrade: "websocket", connection: "Upgrade" };

test("[CONN13] a socket's request is handed to the agent's object with the token, and a forged header is overwritten", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect(
    (await app.call("GET", "/v1/connect?channel=my&after=3", { token, headers: { ...upgrade, "x-nerveflare-agent": "mallory" } })).body,
  ).toBe("socket");
  const { object, args } = app.objects.calls.at(-1) ?? {};
  const request = args?.[0] as Request;
  expect(object).toBe("agent/alice");
  expect(request.headers.get("x-nerveflare-agent")).toBe("alice");
  expect(request.headers.get("authorization")).toBe(`Bearer ${token}`);
  expect(request.url).toBe("http://nerveflare.test/v1/connect?channel=my&after=3");
});

test("[CONN12] a browser gives its token as second subprotocol", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const headers = { ...upgrade, "sec-websocket-protocol": `nerveflare.v1, ${token}` };
  expect((await app.call("GET", "/v1/connect", { token: null, headers })).status).toBe(200);
  const request = app.objects.calls.at(-1)?.args[0] as Request;
  expect(request.headers.get("authorization")).toBe(`Bearer ${token}`);
});

test.each([
  ["another first subprotocol", { ...upgrade, "sec-websocket-protocol": `other, alice.${"A".repeat(43)}` }],
  ["no upgrade", { "sec-websocket-protocol": `nerveflare.v1, alice.${"A".repeat(43)}` }],
])("[CONN12] a subprotocol is no token with %s", async (_, headers) => {
  const app = createTestApp(openSqliteD1());
  expect((await app.call("GET", "/v1/connect", { token: null, headers })).status).toBe(401);
});

test("[CONN13] a socket without an upgrade, for a wrong channel, or for an operator is refused", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  expect((await app.call("GET", "/v1/connect", { token })).status).toBe(400);
  expect((await app.call("GET", "/v1/connect?channel=all", { token, headers: upgrade })).status).toBe(400);
  expect((await app.call("GET", "/v1/connect", { headers: upgrade })).status).toBe(403);
});

test("[API14] the app asks the objects of its own request: nothing is kept between requests", async () => {
  const objects = createFakeObjects();
  let asked = 0;
  const app = createApp({
    db: openSqliteD1(),
    ...objects,
    agent: (name) => {
      asked += 1;
      return objects.agent(name);
    },
    registryChanged: async () => {},
    compile: compileStandIn,
    asset: answerAsset,
    adminToken: "t",
    now: Date.now,
    randomBytes: (length) => new Uint8Array(length),
    log: () => {},
  });
  for (let i = 0; i < 3; i++) await app.request("/v1/inbox", { headers: { authorization: "Bearer t" } });
  expect(asked).toBe(3);
});
