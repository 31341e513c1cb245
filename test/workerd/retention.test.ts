/** [RET1] What is left of a thread when its time is over, in the real runtime: an empty object, and all that is shown of it. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import codeReview from "../../workflows/code-review.yaml?raw";
import { call, expectThread, join, type Player, publish, threadStub } from "./stage.ts";

const day = 86_400_000;
let author: Player;
let reviewer: Player;
let stranger: Player;

beforeAll(async () => {
  // One clock for all tests, that only goes on: what waits in one object is not waited for in another's past.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  await publish(
    "kept",
    codeReview
      .replace("name: code-review", "name: kept")
      .replaceAll("pr.", "kept.")
      .replace(/^ +where: .*\n/m, ""),
  );
  author = await join("kept-author", ["coding"]);
  reviewer = await join("kept-reviewer", ["code-review"]);
  stranger = await join("kept-stranger", []);
});
afterAll(() => void vi.useRealTimers());

async function playToEnd(pr: number): Promise<string> {
  const { threads } = await author.say("kept.ready_for_review", { repo: "n", pr });
  const thread = threads[0] as string;
  await reviewer.claim("reviewer", thread);
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "approved", summary: "fine" });
  await expectThread(thread, { status: "completed" });
  return thread;
}

const listTables = (thread: string): Promise<unknown[]> =>
  runInDurableObject(threadStub(thread), async (_, { storage }) => [
    ...storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT GLOB '_cf*'").toArray(),
    ...((await storage.getAlarm()) === null ? [] : ["an alarm"]),
  ]);

/** Rings the thread's alarm until it stores nothing. */
async function leave(thread: string): Promise<void> {
  await vi.waitFor(
    async () => {
      vi.setSystemTime(Date.now() + 61_000);
      await runDurableObjectAlarm(threadStub(thread));
      expect(await listTables(thread)).toEqual([]);
    },
    { timeout: 15_000, interval: 50 },
  );
}

test("[RET1] thirty days after its end a thread's object stores nothing, and shows, lists and refusals still know it", async () => {
  const thread = await playToEnd(1);
  const before = (await call("GET", `/v1/threads/${thread}`)).body;
  const said = (await call("GET", `/v1/threads/${thread}/messages`)).body;
  vi.setSystemTime(Date.now() + 29 * day);
  await runDurableObjectAlarm(threadStub(thread));
  expect(await listTables(thread)).not.toEqual([]);
  vi.setSystemTime(Date.now() + 2 * day);
  await leave(thread);

  const { archivedAt, keptUntil, ...view } = (await call("GET", `/v1/threads/${thread}`)).body;
  expect(view).toEqual(before);
  expect(archivedAt).toEqual(expect.any(String));
  expect(Date.parse(keptUntil) - Date.parse(archivedAt)).toBe(30 * day);
  expect((await call("GET", `/v1/threads/${thread}/messages?limit=200`)).body).toEqual({ ...said, archivedAt, keptUntil });
  expect((await call("GET", `/v1/threads/${thread}/messages?after=${said.messages.at(-1).round}`)).body.messages).toEqual([]);
  expect((await call("GET", `/v1/threads/${thread}/trace`)).body).toMatchObject({ thread, status: "completed", archivedAt, keptUntil });
  expect(await call("GET", `/v1/threads/${thread}/history`)).toMatchObject({
    status: 404,
    body: { code: "not_found", archivedAt, detail: expect.stringContaining(keptUntil) },
  });
  expect((await call("GET", "/v1/threads?workflow=kept")).body.threads).toMatchObject([{ id: thread, status: "completed" }]);
  expect((await call("GET", `/v1/threads/${thread}/explain`)).body).toMatchObject({ status: "completed", waits: [], archivedAt });
  // Who took part sees it, and nobody else.
  expect((await call("GET", `/v1/threads/${thread}`, { token: reviewer.token })).body).toMatchObject({ id: thread });
  expect((await call("GET", `/v1/threads/${thread}`, { token: stranger.token })).status).toBe(404);
  for (const [what, body] of [
    ["restart", {}],
    ["fork", {}],
    ["resume", {}],
    ["cancel", {}],
    ["roles/reviewer", { agent: "kept-author" }],
  ] as [string, Json][])
    expect(await call("POST", `/v1/threads/${thread}/${what}`, { body }), what).toMatchObject({
      status: 409,
      body: { code: "not_allowed_now", detail: expect.stringContaining("archived") },
    });
  // Whatever still comes for it makes no object again.
  const stub = threadStub(thread) as unknown as { deliver(envelope: object): Promise<object> };
  const away = { from: "agent/x", id: 999, to: `recruitment/${thread}`, message: { type: "agent.away", agent: "x" } };
  expect(await stub.deliver(away)).toMatchObject({ status: "refused", code: "gone" });
  expect(await listTables(thread)).toEqual([]);
});

test("[RET1] a thread that began again before its time was over stays; one that is asked meanwhile is emptied later", async () => {
  const thread = await playToEnd(2);
  vi.setSystemTime(Date.now() + 20 * day);
  expect((await call("POST", `/v1/threads/${thread}/restart`, { body: {} })).status).toBe(202);
  await vi.waitFor(async () => expect((await call("GET", `/v1/threads/${thread}`)).body.status).toBe("running"), { timeout: 5_000 });
  vi.setSystemTime(Date.now() + 40 * day);
  await runDurableObjectAlarm(threadStub(thread));
  expect((await call("GET", `/v1/threads/${thread}`)).body).not.toHaveProperty("archivedAt");
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
  await vi.waitFor(async () => expect((await call("GET", `/v1/threads/${thread}`)).body.status).toBe("cancelled"), { timeout: 5_000 });
  vi.setSystemTime(Date.now() + 31 * day);
  // Shown while it leaves, again and again: each answer is whole.
  let over = false;
  const asking = (async () => {
    const answers: Record<number, number> = {};
    while (!over) {
      const { status, body } = await call("GET", `/v1/threads/${thread}`);
      answers[status] = (answers[status] ?? 0) + 1;
      expect(body).toMatchObject({ id: thread, status: "cancelled" });
    }
    return answers;
  })();
  await leave(thread).finally(() => {
    over = true;
  });
  expect(Object.keys(await asking)).toEqual(["200"]);
});

test("[RET2] the cron's run goes on by alarms until nothing is left that is too old, and wakes objects that have lost their alarm", async () => {
  const thread = await playToEnd(3);
  // The run asks the index, which lags.
  await vi.waitFor(
    async () =>
      expect((await call("GET", "/v1/threads?workflow=kept&status=completed")).body.threads).toContainEqual(
        expect.objectContaining({ id: thread }),
      ),
    { timeout: 5_000, interval: 20 },
  );
  vi.setSystemTime(Date.now() + 31 * day);
  await runInDurableObject(threadStub(thread), (_, { storage }) => storage.deleteAlarm());
  const db = (env as unknown as { DB: D1Database }).DB;
  const { PROJECTOR } = env as unknown as { PROJECTOR: DurableObjectNamespace };
  const projector = PROJECTOR.get(PROJECTOR.idFromName("log"));
  await (projector as unknown as { prune(retention: object): Promise<void> }).prune({ default: 30 * day, rules: [] });
  await vi.waitFor(
    async () => {
      await runDurableObjectAlarm(projector);
      expect(
        await db
          .prepare("SELECT count(*) AS n FROM log_entry WHERE recorded_at < ?")
          .bind(Date.now() - 30 * day)
          .first(),
      ).toEqual({ n: 0 });
      expect(await runInDurableObject(projector, (_, { storage }) => storage.getAlarm())).toBe(null);
    },
    { timeout: 10_000, interval: 50 },
  );
  await leave(thread);
  expect((await call("GET", `/v1/threads/${thread}`)).body).toMatchObject({
    id: thread,
    status: "completed",
    archivedAt: expect.any(String),
  });
});
