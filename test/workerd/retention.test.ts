/** [RET1] What is left of a thread when its time is over, in the real runtime: an empty object, and all that is shown of it. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readThread } from "../../src/cli/lib/export/read-thread.ts";
import type { Json } from "../../src/contract/event.ts";
import codeReview from "../../workflows/code-review.yaml?raw";
import { actor, deliverTo, isOnlyOwn, listTables, objectOf, placement, readAlarm, ringActor, wakeNameless } from "./actors.ts";
import { call, expectThread, join, type Player, publish } from "./stage.ts";

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

const actors = ["recruitment", "task"] as const;

/** What there is of one of the thread's two actors. */
const listLeft = async (thread: string, kind: (typeof actors)[number] = "recruitment"): Promise<string[]> => [
  ...(await listTables(kind, thread)),
  ...((await readAlarm(kind, thread)) === null ? [] : ["an alarm"]),
];

/** The alarm of the thread's recruitment is lost; in a cell from memory too. */
async function loseAlarm(thread: string): Promise<void> {
  const object = objectOf("recruitment", thread);
  if (placement === "own") return runInDurableObject(object, (_, { storage }) => storage.deleteAlarm());
  await runInDurableObject(object, (_, { storage }) => {
    storage.sql.exec("DELETE FROM cursor WHERE owner = '' AND name = ?", `recruitment/${thread}`);
  });
  await abortAllDurableObjects();
}

/** An alarm is all that is left of an actor. A cell stores one that was put off only when the earlier one has rung. */
async function expectAlarm(thread: string, kind: (typeof actors)[number]): Promise<void> {
  await vi.waitFor(async () => expect(await listLeft(thread, kind)).toEqual(["an alarm"]), { interval: 20 });
}

/** Rings the thread's alarm until it stores nothing but its tombstone. */
async function leave(thread: string): Promise<void> {
  await vi.waitFor(
    async () => {
      vi.setSystemTime(Date.now() + 61_000);
      await ringActor("recruitment", thread);
      expect(await listLeft(thread)).toEqual(["an alarm"]);
    },
    { interval: 50 },
  );
}

test("[RET1] thirty days after its end a thread's object stores nothing, and shows, lists and refusals still know it", async () => {
  const thread = await playToEnd(1);
  const before = (await call("GET", `/v1/threads/${thread}`)).body;
  const said = (await call("GET", `/v1/threads/${thread}/messages`)).body;
  vi.setSystemTime(Date.now() + 29 * day);
  await ringActor("recruitment", thread);
  expect(await listLeft(thread)).not.toEqual([]);
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
  const away = { from: "agent/x", id: 999, to: `recruitment/${thread}`, message: { type: "agent.away", agent: "x" } };
  expect(await deliverTo("recruitment", thread, away)).toMatchObject({ status: "refused", code: "gone" });
  expect(await listLeft(thread)).toEqual(["an alarm"]);
});

test("[EXPORT8] a thread that was archived exports as it did before: what was too long to be kept is in the log", async () => {
  const { threads } = await author.say("kept.ready_for_review", { repo: "n", pr: 12 });
  const thread = threads[0] as string;
  await reviewer.claim("reviewer", thread);
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "changes_requested", changes: ["x".repeat(20_000)] });
  await author.answer(await author.turn("author", thread), { $status: "updated", note: "done" });
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "approved", summary: "y".repeat(20_000) });
  await expectThread(thread, { status: "completed" });
  const api = { call: async (method: string, path: string) => (await call(method, `/${path}`)).body };
  // The start is read from the log, which may be a second behind.
  const before = await vi.waitFor(async () => {
    const { replay } = await readThread(api as never, thread);
    expect(replay).toHaveProperty("start");
    return replay;
  });
  vi.setSystemTime(Date.now() + 31 * day);
  await leave(thread);
  const { messages } = (await call("GET", `/v1/threads/${thread}/messages`)).body;
  expect(messages[0]).toMatchObject({
    output: { $truncated: true },
    decision: { prompt: expect.stringMatching(/^\(\d+ bytes, not kept\)$/) },
  });
  const { replay } = await readThread(api as never, thread);
  const last = before.steps.pop();
  const { expect: wanted, ...step } = replay.steps.pop() ?? {};
  expect(replay).toEqual(before);
  expect({ ...step, to: wanted?.to }).toEqual({ ...last, expect: undefined, to: "$END" });
  expect(wanted).not.toHaveProperty("prompt");
});

test("[RET17] thirty days an emptied object knows what comes late, then it stores nothing at all", async () => {
  const { threads } = await author.say("kept.ready_for_review", { repo: "n", pr: 9 });
  const thread = threads[0] as string;
  const offer = await reviewer.claim("reviewer", thread);
  const turn = await reviewer.turn("reviewer", thread);
  await reviewer.answer(turn, { $status: "approved", summary: "fine" });
  await expectThread(thread, { status: "completed" });
  vi.setSystemTime(Date.now() + 31 * day);
  await leave(thread);
  await expectAlarm(thread, "task");

  const late = { turn: turn.turn, lease: turn.lease.generation };
  const say = (type: string, data: Json) => reviewer.post(type, data);
  const answer = { ...late, output: { $status: "approved", summary: "late" } };
  expect((await say("nerve.turn.respond", answer)).body).toMatchObject({ code: "turn_over" });
  expect((await say("nerve.turn.fail", { ...late, error: "late" })).body).toMatchObject({ code: "turn_over" });
  expect((await say("nerve.offer.claim", { offer })).body).toMatchObject({ code: "offer_closed" });
  expect(await call("POST", `/v1/threads/${thread}/resume`, { body: {} })).toMatchObject({
    status: 409,
    body: { code: "not_allowed_now" },
  });
  // What made it once makes it no more: it would run twice.
  const deliver = (kind: (typeof actors)[number], to: string, message: object) =>
    deliverTo(kind, thread, { from: "workflow/kept", id: 999_999, to, message });
  const gone = { status: "refused", code: "gone" };
  const started = { type: "thread.start", thread, workflow: "kept", revision: "r", epoch: 1 };
  expect(await deliver("recruitment", `recruitment/${thread}`, started)).toMatchObject(gone);
  expect(await deliver("task", `task/${thread}.r.1`, { type: "host.start" })).toMatchObject(gone);
  for (const kind of actors) await expectAlarm(thread, kind);

  await ringActor("recruitment", thread);
  expect(await listLeft(thread)).toEqual(["an alarm"]);
  vi.setSystemTime(Date.now() + 30 * day);
  for (const kind of actors) {
    await ringActor(kind, thread);
    expect(await listLeft(thread, kind)).toEqual([]);
  }
  expect((await say("nerve.turn.respond", answer)).body).toMatchObject({ code: "not_found" });
  expect(await listLeft(thread, "task")).toEqual([]);
});

test("[RET1] a thread that began again before its time was over stays; one that is asked meanwhile is emptied later", async () => {
  const thread = await playToEnd(2);
  vi.setSystemTime(Date.now() + 20 * day);
  expect((await call("POST", `/v1/threads/${thread}/restart`, { body: {} })).status).toBe(202);
  await vi.waitFor(async () => expect((await call("GET", `/v1/threads/${thread}`)).body.status).toBe("running"));
  vi.setSystemTime(Date.now() + 40 * day);
  await ringActor("recruitment", thread);
  expect((await call("GET", `/v1/threads/${thread}`)).body).not.toHaveProperty("archivedAt");
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
  await vi.waitFor(async () => expect((await call("GET", `/v1/threads/${thread}`)).body.status).toBe("cancelled"));
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
  const db = (env as unknown as { DB: D1Database }).DB;
  // The run asks the index and the log, which lag: each object's rows come on their own, and D1 dates them by the real clock, which to the objects is long ago.
  await vi.waitFor(
    async () => {
      const ended = (await call("GET", "/v1/threads?workflow=kept&status=completed")).body.threads;
      expect(ended).toContainEqual(expect.objectContaining({ id: thread }));
      const { results } = await db.prepare("SELECT type FROM log_entry WHERE thread = ?").bind(thread).all<{ type: string }>();
      const types = results.map(({ type }) => type);
      expect(types).toEqual(expect.arrayContaining(["nerve.turn.respond", "review.approved", "nerve.thread.completed"]));
    },
    { interval: 20 },
  );
  vi.setSystemTime(Date.now() + 31 * day);
  await loseAlarm(thread);
  await actor<{ prune(retention: object): Promise<void> }>("projector", "log").prune({ default: 30 * day, rules: [] });
  await vi.waitFor(
    async () => {
      await ringActor("projector", "log");
      expect(
        await db
          .prepare("SELECT count(*) AS n FROM log_entry WHERE recorded_at < ?")
          .bind(Date.now() - 30 * day)
          .first(),
      ).toEqual({ n: 0 });
      expect(await readAlarm("projector", "log")).toBe(null);
    },
    { interval: 50 },
  );
  await leave(thread);
  expect((await call("GET", `/v1/threads/${thread}`)).body).toMatchObject({
    id: thread,
    status: "completed",
    archivedAt: expect.any(String),
  });
});

test("[RET20] an emptied object that its alarm wakes without its name answers as before, and so it does when nothing is left", async (context) => {
  if (isOnlyOwn("none of its actors is woken without its name")) return context.skip();
  const { threads } = await author.say("kept.ready_for_review", { repo: "n", pr: 11 });
  const thread = threads[0] as string;
  const offer = await reviewer.claim("reviewer", thread);
  const turn = await reviewer.turn("reviewer", thread);
  await reviewer.answer(turn, { $status: "approved", summary: "fine" });
  await expectThread(thread, { status: "completed" });
  vi.setSystemTime(Date.now() + 31 * day);
  await leave(thread);
  const wake = async () => {
    for (const kind of actors) await wakeNameless(kind, thread);
  };
  const answer = { turn: turn.turn, lease: turn.lease.generation, output: { $status: "approved", summary: "late" } };
  const expectLate = async () => {
    expect((await reviewer.post("nerve.turn.respond", answer)).body).toMatchObject({ code: "turn_over" });
    expect((await reviewer.post("nerve.offer.claim", { offer })).body).toMatchObject({ code: "offer_closed" });
    expect((await call("GET", `/v1/threads/${thread}`)).body).toMatchObject({ id: thread, status: "completed" });
  };
  await wake();
  for (const kind of actors)
    expect(await runInDurableObject(objectOf(kind, thread), (_, { storage }) => storage.kv.get("name"))).toBe(thread);
  await expectLate();
  // A version before left a tombstone alone.
  for (const kind of actors) await runInDurableObject(objectOf(kind, thread), (_, { storage }) => void storage.kv.delete("name"));
  await wake();
  await expectLate();
  vi.setSystemTime(Date.now() + 31 * day);
  for (const kind of actors) {
    await ringActor(kind, thread);
    expect(await listLeft(thread, kind)).toEqual([]);
  }
  expect((await reviewer.post("nerve.turn.respond", answer)).body).toMatchObject({ code: "not_found" });
  expect((await call("GET", `/v1/threads/${thread}/history`)).status).toBe(404);
  // What may make it makes it, under its own name.
  const { revision } = (await call("GET", "/v1/workflows/kept")).body;
  const event = {
    specversion: "1.0",
    id: "late",
    source: "/agents/kept-author",
    type: "kept.ready_for_review",
    data: { repo: "n", pr: 11 },
  };
  const message = { type: "thread.start", thread, workflow: "kept", revision, epoch: 1, event, initiator: "kept-author", key: "late" };
  expect(
    await deliverTo("recruitment", thread, { from: "workflow/kept", id: 999_998, to: `recruitment/${thread}`, message }),
  ).toMatchObject({
    status: "stored",
  });
  expect(await runInDurableObject(objectOf("recruitment", thread), (_, { storage }) => storage.kv.get("name"))).toBe(thread);
});
