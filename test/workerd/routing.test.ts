/** Where events lead, in the real runtime over HTTP: chains, subscriptions, broadcasts, children, and what is shown of it. */
import { beforeAll, expect, test, vi } from "vitest";
import { call, expectThread, join, type Loose, type Player, publish } from "./stage.ts";

let ops: Player;
let dev: Player;

const named = (agent: string, status: string): string => `
    description: works
    type: named
    agent: ${agent}
    frontmatter: { type: object, properties: { $status: { enum: [${status}] } }, required: [$status] }`;

const release = `
name: release
description: Builds both parts, then publishes.
binding: cloud
roles:
  publisher:${named("dev", "published")}
reflexes:
  - { kind: workflow, on: [release.wanted] }
graph:
  $START:
    new:
      role: publisher
      prompt: "Publish{% for child in _children %} {{ child.status }}{% endfor %}."
      spawn: [ { workflow: build, input: "$event.data.parts", await: { timeout: 1h } } ]
  publisher:
    published: { role: $END, prompt: "Published." }
`;

const build = `
name: build
description: Builds a part.
binding: cloud
roles:
  builder:${named("dev", "built")}
graph:
  $START:
    new: { role: builder, prompt: "Build {{ data.part }}." }
  builder:
    built: { role: $END, prompt: "Built." }
`;

const notify = (kind: string) => `
name: notify
description: Tells who should know.
binding: cloud
roles:
  publisher:${named("dev", "published")}
reflexes:
  - { kind: emit, on: [deploy.finished], emit: [ { kind: ${kind}, data: "data" } ] }
graph:
  $START:
    new: { role: publisher, prompt: "-" }
  publisher:
    published: { role: $END, prompt: "-" }
`;

beforeAll(async () => {
  ops = await join("ops", ["ops"]);
  dev = await join("dev", []);
  await publish("build", build);
  await publish("release", release);
  await publish("notify", notify("fleet.notify"));
});

/** The event as it is shown, once the log has it. */
async function showEvent(id: string, source: string): Promise<Loose> {
  return vi.waitFor(
    async () => {
      const { status, body } = await call("GET", `/v1/events/${id}?source=${source}`);
      expect(status, JSON.stringify(body)).toBe(200);
      return body;
    },
    { interval: 50 },
  );
}

test("[ROUTE10] what a reflex publishes reaches who is subscribed; both events show what became of them", async () => {
  expect((await call("PUT", "/v1/agents/ops/subscriptions", { body: { kinds: ["fleet.*"] } })).body).toEqual({
    granted: ["fleet.*"],
    kinds: ["fleet.*"],
  });
  await dev.say("deploy.finished", { version: 7 }, { id: "deploy-7" });
  const notified = await ops.expect("fleet.notify");
  expect(notified).toMatchObject({ source: "/workflows/notify", causationid: "deploy-7", data: { version: 7 } });
  expect(await showEvent("deploy-7", "/agents/dev")).toMatchObject({
    verdicts: [{ workflow: "notify", kind: "emit", verdict: "fired", emitted: [notified.id] }],
    deliveries: [],
  });
  await vi.waitFor(async () => {
    const { deliveries } = await showEvent(notified.id, "/workflows/notify");
    expect(deliveries).toMatchObject([{ agent: "ops", status: "acknowledged" }]);
  });
});

test("[ROUTE11] a publish swaps a workflow's reflexes at once: what is posted after its answer finds the new ones, and none of the old", async () => {
  await publish("notify", notify("fleet.told"));
  await dev.say("deploy.finished", { version: 8 }, { id: "deploy-8" });
  await ops.expect("fleet.told", ({ version }) => version === 8);
  const { verdicts } = await showEvent("deploy-8", "/agents/dev");
  expect(verdicts).toHaveLength(1);
  expect(ops.seen.filter(({ event }) => event.type === "fleet.notify" && (event.data as Loose).version === 8)).toEqual([]);
});

test("[ROUTE12] an agent takes less than it was granted, never more", async () => {
  const narrow = (kinds: string[]) => call("PUT", "/v1/agents/ops/subscriptions", { token: ops.token, body: { kinds } });
  expect(await narrow(["fleet.told"])).toMatchObject({ status: 200, body: { granted: ["fleet.*"], kinds: ["fleet.told"] } });
  expect(await narrow(["pr.opened"])).toMatchObject({ status: 403 });
  expect(await call("GET", "/v1/agents/ops/subscriptions", { token: dev.token })).toMatchObject({ status: 403 });
  expect((await call("PUT", "/v1/agents/ops/subscriptions", { body: { kinds: ["nerve.thread.*"] } })).status).toBe(400);
  expect(await ops.get("/v1/me")).toMatchObject({ subscriptions: ["fleet.told"] });
});

test("[ROUTE7] the answer to an event that nobody listens to says so, and which kind may have been meant", async () => {
  await dev.say("release.wantd", {}, { id: "typo" });
  expect(await showEvent("typo", "/agents/dev")).toMatchObject({ verdicts: [], unheard: { nearest: "release.wanted" } });
});

test("[ROUTE13] a broadcast says who has it and who acknowledged it", async () => {
  const { status, body } = await call("POST", "/v1/broadcasts", { body: { kind: "fleet.notice", to: "*", data: { text: "noon" } } });
  expect({ status, body }).toMatchObject({ status: 202, body: { recipients: 2 } });
  await ops.expect("fleet.notice");
  await vi.waitFor(async () => {
    const shown = (await call("GET", `/v1/broadcasts/${body.id}`)).body;
    expect(shown.recipients).toBe(2);
    expect(shown.deliveries).toMatchObject([
      { agent: "dev", status: "waiting" },
      { agent: "ops", status: "acknowledged" },
    ]);
  });
  expect((await call("POST", "/v1/broadcasts", { body: { kind: "fleet.notice", to: "agents/nobody" } })).status).toBe(404);
  expect((await call("GET", "/v1/broadcasts/none")).status).toBe(404);
});

test("[CHILD1] an edge that spawns waits for its children, and shows them", async () => {
  const { threads } = await dev.say("release.wanted", { parts: [{ part: "a" }, { part: "b" }] });
  const [thread = ""] = threads;
  for (let part = 0; part < 2; part++) {
    const turn = await dev.turn("builder");
    expect((await dev.answer(turn, { $status: "built" })).status).toBe(202);
  }
  const turn = await dev.turn("publisher", thread);
  expect(turn.prompt).toBe("Publish completed completed.");
  await dev.answer(turn, { $status: "published" });
  const { children } = await expectThread(thread, { status: "completed" });
  expect(children).toHaveLength(2);
  expect((await call("GET", `/v1/threads/${children[0]}`)).body).toMatchObject({ parent: thread, status: "completed" });
  await vi.waitFor(async () => {
    const listed = (await call("GET", `/v1/threads?parent=${thread}`)).body.threads;
    expect(listed.map(({ id }: Loose) => id).sort()).toEqual([...children].sort());
  });
});
