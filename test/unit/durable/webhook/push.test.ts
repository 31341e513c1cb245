/** [ATOA] What a webhook does that pushes an A2A task's changes, on a clock of the test's own. */
import { expect, test } from "vitest";
import type { LogEntry } from "../../../../src/contract/views/log.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import { attemptDelivery } from "../../../../src/durable/webhook/attempt-delivery.ts";
import { readAt, readMatching } from "../../../../src/durable/webhook/read-matching.ts";
import { createWebhook } from "../../../../src/durable/webhook/webhook.ts";
import { webhookLimits } from "../../../../src/durable/webhook/webhook-limits.ts";
import { openSqliteD1 } from "../../worker/sqlite-d1.ts";

const kinds = ["nerve.turn.assigned", "nerve.turn.progress", "nerve.thread.completed"];

function createPushStage(push = { token: "t", scheme: "Bearer", credentials: "c" }) {
  const db = openSqliteD1();
  let now = Date.parse("2026-11-26T08:00:00Z");
  let alarm: number | undefined;
  let logged = 0;
  const stage = { got: [] as { body: unknown; headers: Headers }[], status: 204, unread: false };
  const ports = {
    ...{ now: () => now, allowsPrivate: false },
    async fetch(_url: string, { body, headers }: RequestInit) {
      stage.got.push({ body, headers: new Headers(headers) });
      return new Response(null, { status: stage.status });
    },
    async tellTask(thread: string, { event }: LogEntry) {
      if (stage.unread) throw new Error("overloaded");
      return event.type === "nerve.turn.progress" ? undefined : `${thread} ${event.type}`;
    },
  };
  const webhook = createWebhook({
    store: createStore(createNodeStorage(), "webhook/w"),
    now: () => now,
    setAlarm(at) {
      alarm = at;
    },
    read: (...query) => readMatching(db, ...query),
    readAt: (positions) => readAt(db, positions),
    attempt: (settings, entry) => attemptDelivery(settings, entry, ports),
    warn: () => {},
  });
  const filter = { kinds, workflow: null, role: null, agent: null, thread: "t1" };
  const create = () => webhook.create({ url: "https://a.example.com/x", filter, links: "", secret: "", position: 0, push });

  async function pass(milliseconds: number): Promise<void> {
    const until = now + milliseconds;
    for (let rung = 0; alarm !== undefined && alarm <= until; rung++) {
      if (rung > 1000) throw new Error("the alarm rings on and on");
      now = Math.max(now, alarm);
      alarm = undefined;
      await webhook.alarm();
    }
    now = until;
  }

  return {
    stage,
    webhook,
    create,
    pass,
    async log(type: string, thread = "t1") {
      const event = { specversion: "1.0" as const, id: `e${++logged}`, source: `/threads/${thread}`, type, time: "2026-11-26T08:00:00Z" };
      const rows = [encodeRow({ table: "event", thread, event: { ...event, correlationid: thread, data: {} } })];
      await db.batch(prepareProjection(db as never, rows) as D1PreparedStatement[]);
      await webhook.wake();
    },
    told: () => stage.got.splice(0).map(({ body }) => body),
  };
}

test("[ATOA17] changes of one thread are told with the client's token and credentials, what says nothing is passed over, and the end is noticed", async () => {
  const { stage, webhook, create, pass, log, told } = createPushStage();
  await create();
  await log("nerve.turn.assigned");
  await log("nerve.turn.assigned", "t2");
  await log("nerve.turn.progress");
  await pass(0);
  const [first] = stage.got;
  expect(Object.fromEntries(first?.headers ?? [])).toEqual({
    ...{ "content-type": "application/a2a+json", "user-agent": "nerveflare", "webhook-id": expect.stringMatching(/^msg_/) },
    ...{ "x-a2a-notification-token": "t", authorization: "Bearer c" },
  });
  expect(told()).toEqual(["t1 nerve.turn.assigned"]);
  // Made again, as by a message that is repeated, it goes on from where it is.
  await create();
  expect(webhook.isOver()).toBe(false);
  await log("nerve.thread.completed");
  await pass(0);
  expect([told(), webhook.isOver()]).toEqual([["t1 nerve.thread.completed"], true]);
});

test("[ATOA17] a change that was not taken holds up those after it, until it is given up", async () => {
  const { stage, webhook, create, pass, log, told } = createPushStage({ token: "", scheme: "", credentials: "" });
  await create();
  stage.status = 500;
  for (const kind of ["nerve.turn.assigned", "nerve.thread.completed"]) await log(kind);
  await pass(0);
  expect(stage.got[0]?.headers.has("authorization")).toBe(false);
  await pass(60_000);
  expect(new Set(told())).toEqual(new Set(["t1 nerve.turn.assigned"]));
  stage.status = 204;
  await pass(600_000);
  expect(told()).toEqual(["t1 nerve.turn.assigned", "t1 nerve.thread.completed"]);
  expect(webhook.isOver()).toBe(true);
});

test("[ATOA17] an end that is never taken is given up, and a receiver that is gone, or a task that can't be read just now, ends or waits as it should", async () => {
  const ended = createPushStage();
  await ended.create();
  ended.stage.status = 500;
  await ended.log("nerve.thread.completed");
  await ended.pass(webhookLimits.pauses.reduce((sum, each) => sum + each, 1) - 60_000);
  expect(ended.webhook.isOver()).toBe(false);
  await ended.pass(120_000);
  expect([ended.told().length, ended.webhook.isOver()]).toEqual([webhookLimits.pauses.length + 1, true]);
  const gone = createPushStage();
  await gone.create();
  gone.stage.status = 410;
  await gone.log("nerve.turn.assigned");
  await gone.pass(0);
  expect(gone.webhook.isOver()).toBe(true);
  const unread = createPushStage();
  await unread.create();
  unread.stage.unread = true;
  await unread.log("nerve.thread.completed");
  await unread.pass(0);
  expect([unread.told(), unread.webhook.isOver()]).toEqual([[], false]);
  unread.stage.unread = false;
  await unread.pass(10_000);
  expect([unread.told(), unread.webhook.isOver()]).toEqual([["t1 nerve.thread.completed"], true]);
});
