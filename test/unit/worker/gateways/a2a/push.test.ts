/** [ATOA] Where changes of tasks are pushed to, and what is said of each. */
import type { StreamResponse, TaskPushNotificationConfig } from "@a2a-js/sdk";
import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import type { ThreadStatus } from "../../../../../src/contract/statuses.ts";
import type { NewWebhook, WebhookRpc } from "../../../../../src/durable/protocol/webhook.ts";
import { prunePushes, pushLimits } from "../../../../../src/worker/a2a-push-store.ts";
import { a2aLimits } from "../../../../../src/worker/gateways/a2a/limits.ts";
import { toNotification } from "../../../../../src/worker/gateways/a2a/push-body.ts";
import { createPushConfigs } from "../../../../../src/worker/gateways/a2a/push-configs.ts";
import type { TaskSource } from "../../../../../src/worker/gateways/a2a/to-task.ts";
import { openSqliteD1 } from "../../sqlite-d1.ts";

const since = "2026-11-20T12:00:00.000Z";
const now = Date.parse(since);

function makeSource(status: ThreadStatus, id = "taaaaaaaaaaaaaaaaaaaaaaaaa"): TaskSource {
  const event = { specversion: "1.0" as const, id: "e1", source: "/agents/ann", type: "a2a.message", time: since, data: {} };
  const view = { id, workflow: "w", revision: "r", status, createdAt: since, updatedAt: since, event, roles: {}, round: 1, children: [] };
  return { view: { ...view, ...(status === "suspended" && { error: "Which?" }) }, messages: [] };
}

const config = (more: Partial<TaskPushNotificationConfig> = {}): TaskPushNotificationConfig => ({
  ...{ tenant: "", id: "", taskId: "", url: "https://a.example.com/x", token: "t", authentication: undefined },
  ...more,
});

function setUp(allowsPrivateWebhooks = false) {
  const db = openSqliteD1();
  const objects = new Map<string, { made: NewWebhook[]; woken: number }>();
  const webhook = (id: string): WebhookRpc => {
    const own = objects.get(id) ?? { made: [], woken: 0 };
    const rpc: Pick<WebhookRpc, "create" | "wake" | "remove"> = {
      async create(made) {
        objects.set(id, own);
        own.made.push(made);
      },
      async wake() {
        own.woken += 1;
      },
      async remove() {
        objects.delete(id);
      },
    };
    return rpc as WebhookRpc;
  };
  return {
    db,
    objects,
    webhook,
    configs: createPushConfigs({ db, webhook, now: () => now, allowsPrivateWebhooks }, "https://n.example.com"),
  };
}

test("[ATOA15] a receiver is a webhook of one thread, changed under its id, shown without its secrets, and gone when it is deleted", async () => {
  const { db, objects, configs } = setUp();
  const task = makeSource("running");
  const { id } = task.view;
  const shown = { tenant: "", taskId: id, id, url: "https://a.example.com/x", token: "", authentication: undefined };
  expect(await configs.save(task, config())).toEqual(shown);
  const authentication = { scheme: "Bearer", credentials: "c" };
  expect(await configs.save(task, config({ authentication }))).toEqual({ ...shown, authentication: { scheme: "Bearer", credentials: "" } });
  expect([...objects.values()]).toEqual([{ made: [expect.any(Object), expect.any(Object)], woken: 2 }]);
  const [made] = [...objects.values()].flatMap((object) => object.made.slice(1));
  expect(made).toMatchObject({ filter: { thread: id }, push: { token: "t", scheme: "Bearer", credentials: "c" } });
  const { results } = await db.prepare("SELECT * FROM a2a_push").all();
  expect(JSON.stringify(results)).not.toMatch(/"(t|c)"/);
  await expect(configs.read(task, "other")).rejects.toThrow(/no push notification config other/);
  await configs.remove(task, id);
  expect([await configs.list(task), objects.size]).toEqual([[], 0]);
});

test.for<[string, Partial<TaskPushNotificationConfig>, RegExp]>([
  ["a private address", { url: "https://10.0.0.1/x" }, /private network/],
  ["no address", { url: "x" }, /no address/],
  ["an id that is too long", { id: "x".repeat(a2aLimits.idLength + 1) }, /more than 256/],
  ["a token that begins another header", { token: "a\r\nb: c" }, /printable ASCII/],
  ["credentials that are too long", { authentication: { scheme: "Basic", credentials: "x".repeat(a2aLimits.pushSecret + 1) } }, /4096/],
  ["no credentials", { authentication: { scheme: "Basic", credentials: "" } }, /a scheme/],
  ["a scheme that is none", { authentication: { scheme: "Ba sic", credentials: "x" } }, /a scheme/],
])("[ATOA15] %s is refused before anything is made", async ([, more, said]) => {
  const { objects, configs } = setUp();
  await expect(configs.prepare(config(more))).rejects.toThrow(said);
  expect(objects.size).toBe(0);
});

test("[ATOA15] the same config that is saved twice at once is one", async () => {
  const { objects, configs } = setUp();
  await Promise.all([configs.save(makeSource("running"), config()), configs.save(makeSource("running"), config())]);
  expect([...objects.values()]).toEqual([{ made: [expect.any(Object), expect.any(Object)], woken: 2 }]);
});

test("[ATOA15] an operator may allow private addresses; a task that is over takes no receiver", async () => {
  const { configs } = setUp(true);
  await configs.save(makeSource("running"), config({ url: "http://127.0.0.1:1/x" }));
  await expect(configs.save(makeSource("failed"), config())).rejects.toThrow(/is over/);
});

test("[ATOA15] receivers of a task and of all tasks are bounded, and one that is refused leaves no object", async () => {
  const { db, objects, configs } = setUp();
  const task = makeSource("running");
  for (let number = 0; number < pushLimits.each; number++) await configs.save(task, config({ id: `c${number}` }));
  await expect(configs.save(task, config())).rejects.toMatchObject({ problem: { limit: pushLimits.each } });
  expect(objects.size).toBe(pushLimits.each);
  // One that is there is changed all the same.
  await configs.save(task, config({ id: "c0", token: "u" }));
  const fill = db.prepare(
    `INSERT INTO a2a_push (thread, id, webhook, url, scheme, at)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT 't' || i, 'x', 'w' || i, '', '', 0 FROM n`,
  );
  await fill.bind(pushLimits.all - pushLimits.each).run();
  await expect(configs.save(makeSource("running", "tbbbbbbbbbbbbbbbbbbbbbbbbb"), config())).rejects.toThrow(/all tasks together 1000/);
});

test("[ATOA15] what is left of tasks that were over long ago, or that are forgotten, goes with the cron; what may still be told stays", async () => {
  const { db, configs, webhook, objects } = setUp();
  const insert = `INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, agents, created_at, updated_at)
     VALUES (?, 1, 'w', 'r', ?, 'ann', '[]', '', ?)`;
  for (const [id, status] of [
    ["t1", "completed"],
    ["t2", "running"],
  ] as const)
    await db.prepare(insert).bind(id, status, since).run();
  for (const id of ["t1", "t2", "t3"]) await configs.save(makeSource("running", id), config());
  await prunePushes(db, webhook, now + pushLimits.kept);
  expect(objects.size).toBe(3);
  await prunePushes(db, webhook, now + pushLimits.kept + 1);
  expect([...objects.values()].map(({ made }) => made[0]?.filter.thread)).toEqual(["t2"]);
});

const stateOf = (told: StreamResponse | undefined): unknown => {
  const payload = told?.payload;
  return payload?.$case === "statusUpdate" || payload?.$case === "task" ? payload.value.status?.state : undefined;
};

test("[ATOA16] each event is told as the task was then, and its end by the whole task", () => {
  const tell = (type: string, status: ThreadStatus, data = {}) =>
    toNotification(makeSource(status), {
      position: 7,
      event: { specversion: "1.0", id: "e2", source: "/threads/t", type, time: "2026-11-20T12:00:01.000Z", data },
    });
  const suspended = tell("nerve.thread.suspended", "suspended");
  expect(suspended?.payload?.value).toMatchObject({
    status: { state: TaskState.TASK_STATE_INPUT_REQUIRED, message: { parts: [{ content: { value: "Which?" } }] } },
    metadata: { nerveflare: { position: 7 } },
  });
  // It has gone on since.
  expect(tell("nerve.thread.suspended", "running")?.payload?.value).toMatchObject({
    status: { state: TaskState.TASK_STATE_INPUT_REQUIRED, message: undefined, timestamp: "2026-11-20T12:00:01.000Z" },
  });
  expect(stateOf(tell("nerve.turn.assigned", "completed"))).toBe(TaskState.TASK_STATE_WORKING);
  expect(stateOf(tell("nerve.turn.progress", "running", { note: "half" }))).toBe(TaskState.TASK_STATE_WORKING);
  // An answer may stand behind its consequence in the log.
  for (const status of ["suspended", "completed"] as const) expect(tell("nerve.turn.respond", status, { output: {} })).toBeUndefined();
  expect(tell("nerve.turn.progress", "running")).toBeUndefined();
  for (const [status, state] of [
    ["completed", TaskState.TASK_STATE_COMPLETED],
    ["failed", TaskState.TASK_STATE_FAILED],
    ["cancelled", TaskState.TASK_STATE_CANCELED],
    ["dropped", TaskState.TASK_STATE_REJECTED],
  ] as const) {
    const told = tell(`nerve.thread.${status}`, status);
    expect([told?.payload?.$case, stateOf(told)]).toEqual(["task", state]);
  }
});
