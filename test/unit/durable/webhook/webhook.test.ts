/** A webhook's deliveries, on a clock of the test's own, checked by the official package of Standard Webhooks. */
import { expect, test } from "vitest";
import { webhookLimits } from "../../../../src/durable/webhook/webhook-limits.ts";
import { createStage, firstSecret } from "./stage.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const answer =
  (status: number, headers = {}) =>
  () =>
    new Response(null, { status, headers });

test("[HOOK3] what fits is posted as it is in the log, as a CloudEvent, with a signature that the official package takes", async () => {
  const stage = createStage({ kinds: ["pr.*", "nerve.thread.failed"] });
  await stage.create();
  await stage.log("pr.opened", 1, { data: { pr: 7, text: "grüße €" } });
  await stage.log("issue.opened");
  await stage.log("prx.opened");
  await stage.log("nerve.thread.failed", 1, { thread: "t1" });
  await stage.log("nerve.thread.completed", 1, { thread: "t1" });
  await stage.wake();
  expect(stage.kinds()).toEqual(["pr.opened", "nerve.thread.failed"]);
  // Both are signed at once, and either may be first.
  expect(stage.got.find(({ event }) => event.id === "e1")?.event).toEqual({
    ...{ specversion: "1.0", id: "e1", source: "/agents/a", type: "pr.opened", time: "2026-11-26T08:00:00Z" },
    ...{ data: { pr: 7, text: "grüße €" }, sequence: "0000000000000001" },
  });
  const [first] = stage.requests;
  expect(first?.url).toBe("https://hooks.example.com/nerve");
  expect(first?.init).toMatchObject({ method: "POST", redirect: "manual" });
  expect(new Headers(first?.init.headers).get("content-type")).toBe("application/cloudevents+json; charset=utf-8");
  expect(await stage.standing()).toMatchObject({ state: "active", delivered: 2, pending: 0, lastDeliveredAt: expect.any(String) });
  expect(stage.alarm).toBeUndefined();
});

test("[HOOK4] it is sent what is of a workflow, a role or an agent, where it asks for that", async () => {
  const thread = (id: string, workflow: string) => ({
    ...{ table: "thread" as const, id, revisionNumber: 1, workflow, revision: "r", status: "running" as const, key: null },
    ...{ createdAt: "2026-11-26T08:00:00Z", updatedAt: "2026-11-26T08:00:00Z", initiator: "a", agents: [], waiting: null, parent: null },
  });
  for (const [filter, expected] of [
    [{ workflow: "release" }, ["e1", "e2"]],
    [{ workflow: "release", role: "approver" }, ["e1"]],
    [{ role: "approver" }, ["e1", "e3"]],
    [{ agent: "ann" }, ["e1", "e4"]],
    [{ agent: "ann", workflow: "release" }, ["e1"]],
  ] as const) {
    const stage = createStage(filter);
    await stage.create();
    await stage.write(thread("t1", "release"), thread("t2", "review"));
    await stage.log("nerve.turn.assigned", 1, { thread: "t1", data: { role: "approver", agent: "ann" } });
    await stage.log("nerve.turn.assigned", 1, { thread: "t1", data: { role: "builder", agent: "bob" } });
    await stage.log("nerve.turn.assigned", 1, { thread: "t2", data: { role: "approver", agent: "bob" } });
    await stage.log("note", 1, { source: "/agents/ann", data: ["approver"] });
    await stage.wake();
    expect(stage.ids(), JSON.stringify(filter)).toEqual(expected);
  }
});

test("[HOOK4] an event whose thread is not in the index yet waits for it, and not for ever", async () => {
  const stage = createStage({ workflow: "release" });
  await stage.create();
  await stage.db.prepare("UPDATE log_start SET position = 0").run();
  await stage.log("a", 1, { thread: "t1" });
  await stage.db.prepare("UPDATE log_entry SET recorded_at = ?").bind(stage.now).run();
  await stage.wake();
  expect(stage.ids()).toEqual([]);
  await stage.pass(10_000);
  expect((await stage.standing()).position).toBe(0);
  await stage.db
    .prepare(
      `INSERT INTO thread (id, revision_number, workflow, revision, status, created_at, updated_at, initiator, agents)
       VALUES ('t1', 1, 'release', 'r', 'running', '', '', 'a', '[]')`,
    )
    .run();
  await stage.pass(2_000);
  expect(stage.ids()).toEqual(["e1"]);
  await stage.log("b", 1, { thread: "never" });
  await stage.db.prepare("UPDATE log_entry SET recorded_at = ? WHERE id = 'e2'").bind(stage.now).run();
  await stage.log("c", 1, { thread: "t1" });
  await stage.wake();
  await stage.pass(webhookLimits.indexLag + 2_000);
  expect(stage.ids()).toEqual(["e1", "e3"]);
});

test("[HOOK5] what tells of a turn bears a link to it, what tells of a thread one to that, and nothing bears a sender's own", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("nerve.turn.assigned", 1, { thread: "t1", data: { role: "approver" } });
  await stage.log("nerve.offer.opened", 1, { thread: "t1", data: { role: "a b" } });
  await stage.log("nerve.thread.started", 1, { thread: "t1" });
  const forged = { source: "/agents/a", nrvlink: "https://elsewhere.example/sign-in", sequence: "9", data: { role: "approver" } };
  await stage.log("note", 1, forged);
  await stage.log("note", 1, { ...forged, thread: "t1" });
  await stage.wake();
  for (const { event } of stage.got) expect(event.sequence).toMatch(/^\d{16}$/);
  // Several are under way at once.
  const inOrder = stage.got.toSorted((a, b) => Number(a.event.sequence) - Number(b.event.sequence));
  expect(inOrder.map(({ event }) => event.nrvlink)).toEqual([
    "https://nerve.example.com/ui/turns/t1/approver",
    "https://nerve.example.com/ui/turns/t1/a%20b",
    "https://nerve.example.com/ui/threads/t1",
    undefined,
    undefined,
  ]);
});

test("[HOOK6] what fails is tried again under the same id, after ever longer pauses, while others go past it", async () => {
  const stage = createStage();
  await stage.create();
  let failing = true;
  stage.behave = ({ type }) => new Response(null, { status: type === "bad" && failing ? 500 : 200 });
  await stage.log("bad");
  await stage.log("good", 3);
  await stage.wake();
  expect(stage.kinds()).toEqual(["bad", "good", "good", "good"]);
  expect(await stage.standing()).toMatchObject({ pending: 1, delivered: 3 });
  await stage.pass(4_000);
  expect(stage.got).toHaveLength(4);
  await stage.pass(40_000);
  expect(stage.kinds().slice(4)).toEqual(["bad", "bad"]);
  failing = false;
  await stage.pass(3 * minute);
  const bad = stage.got.filter(({ event }) => event.type === "bad");
  expect(new Set(bad.map(({ id }) => id)).size).toBe(1);
  expect(new Set(stage.got.map(({ id }) => id)).size).toBe(4);
  expect(bad.map(({ at }, index) => at - (bad[index - 1]?.at ?? at)).slice(1)).toEqual([5_000, 30_000, 120_000]);
  expect(await stage.standing()).toMatchObject({ state: "active", pending: 0, delivered: 4, failures: 0 });
  expect(stage.alarm).toBeUndefined();
});

test("[HOOK7] a receiver that is down for a day loses nothing, is asked seldom meanwhile, and has everything soon after", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = () => new Error("connection refused");
  for (let hours = 0; hours < 24; hours++) {
    await stage.log(`hour.${hours}`, 15);
    await stage.wake();
    await stage.pass(hour);
  }
  const asked = stage.got.length;
  // The first events at once, then a new one every ten minutes, and the oldest one after its pauses.
  expect(asked).toBeLessThan(200);
  expect(await stage.standing()).toMatchObject({ state: "failing", deadLetters: 0, lastError: "cannot be reached: connection refused" });
  stage.behave = undefined;
  await stage.log("after");
  await stage.wake();
  await stage.pass(11 * minute);
  const ids = new Set(stage.ids().slice(asked));
  expect(ids.size).toBe(24 * 15 + 1);
  expect(await stage.standing()).toMatchObject({ state: "active", delivered: 24 * 15 + 1, pending: 0, deadLetters: 0, failures: 0 });
});

test("[HOOK7] it is noticed within ten minutes of the next event that a receiver is there again", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = answer(503);
  await stage.log("a", 10);
  await stage.wake();
  await stage.pass(6 * hour);
  const asked = stage.got.length;
  stage.behave = undefined;
  await stage.log("b");
  await stage.wake();
  await stage.pass(10 * minute);
  expect(stage.got.length - asked).toBe(11);
});

test("[HOOK8] what is not taken for more than a day is a dead letter, listed with its error, and sent again when it is ordered", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = ({ type }) => new Response(null, { status: type === "bad" ? 400 : 200 });
  await stage.log("bad", 2);
  await stage.log("good");
  await stage.wake();
  for (let hours = 0; hours < 80; hours++) {
    await stage.pass(hour);
    await stage.log("good");
    await stage.wake();
  }
  expect(await stage.standing()).toMatchObject({ deadLetters: 2, pending: 0, state: "active" });
  const tries = stage.got.filter(({ event }) => event.id === "e1");
  expect(tries).toHaveLength(webhookLimits.pauses.length + 1);
  expect((tries.at(-1)?.at ?? 0) - (tries[0]?.at ?? 0)).toBeGreaterThan(day);
  const { deadLetters, next } = await stage.webhook.deadLetters({ limit: 1 });
  expect(deadLetters).toEqual([{ position: 1, id: "e1", type: "bad", attempts: 13, error: "answered 400", at: expect.any(String) }]);
  expect((await stage.webhook.deadLetters({ limit: 5, after: next ?? 0 })).deadLetters.map(({ id }) => id)).toEqual(["e2"]);
  stage.behave = undefined;
  const before = stage.got.length;
  expect(await stage.webhook.replay({ deadLetters: [2] })).toMatchObject({ value: { deadLetters: 1 } });
  await stage.settle();
  expect(await stage.webhook.replay({ deadLetters: "all" })).toMatchObject({ value: { deadLetters: 1 } });
  await stage.settle();
  expect(stage.got.slice(before).map(({ event }) => event.id)).toEqual(["e2", "e1"]);
  expect(new Set(stage.got.filter(({ event }) => event.id === "e1").map(({ id }) => id)).size).toBe(1);
  expect(await stage.standing()).toMatchObject({ deadLetters: 0 });
});

test("[HOOK8] a bounded number of dead letters is kept, the newest; what retention has taken meanwhile is one too", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = answer(500);
  await stage.log("a");
  await stage.wake();
  await stage.db.prepare("DELETE FROM log_entry").run();
  await stage.pass(10_000);
  const { deadLetters } = await stage.webhook.deadLetters({ limit: 5 });
  expect(deadLetters).toMatchObject([{ position: 1, error: "retention has taken it from the log" }]);
});

test("[HOOK9] everything after a position is sent again when it is ordered, under the ids that it had", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a", 5);
  await stage.wake();
  expect(await stage.webhook.replay({ after: 3 })).toMatchObject({ value: { from: 3 } });
  await stage.settle();
  expect(stage.ids()).toEqual(["e1", "e2", "e3", "e4", "e4", "e5", "e5"]);
  expect(new Set(stage.got.map(({ id }) => id)).size).toBe(5);
  // Nothing is skipped by an order of what is yet to come.
  await stage.webhook.replay({ after: 1000 });
  await stage.log("b");
  await stage.wake();
  expect(stage.kinds().at(-1)).toBe("b");
});

test("[HOOK9] an order to send again that comes while it sends is followed", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a", 3);
  let ordered = false;
  stage.behave = async () => {
    if (!ordered) {
      ordered = true;
      await stage.webhook.replay({ after: 0 });
    }
    return new Response();
  };
  await stage.wake();
  expect(stage.ids()).toEqual(["e1", "e1", "e2", "e2", "e3", "e3"]);
});

test("[HOOK10] a redirect is not followed, and an answer that asks for quiet is respected", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = answer(302, { location: "http://127.0.0.1/" });
  await stage.log("a");
  await stage.wake();
  expect(stage.requests).toHaveLength(1);
  expect((await stage.standing()).lastError).toMatch(/answered 302: redirects are not followed/);
  stage.behave = answer(429, { "retry-after": "600" });
  await stage.pass(10_000);
  expect(stage.requests).toHaveLength(2);
  await stage.pass(9 * minute);
  expect(stage.requests).toHaveLength(2);
  stage.behave = undefined;
  await stage.pass(2 * minute);
  expect(stage.requests).toHaveLength(3);
});

test("[HOOK10] one that answers too late has failed, and says so", async () => {
  const stage = createStage();
  await stage.create();
  stage.behave = () => new DOMException("The operation was aborted due to timeout", "TimeoutError");
  await stage.log("a");
  await stage.wake();
  expect((await stage.standing()).lastError).toBe("no answer within 15 seconds");
});

test("[HOOK11] a receiver that is gone is left alone, and so is one that took nothing for five days; resumed, it goes on where it was", async () => {
  for (const [status, within, reason] of [
    [410, minute, /answered 410/],
    [500, 6 * day, /nothing was taken for 5 days: answered 500/],
  ] as const) {
    const stage = createStage();
    await stage.create();
    stage.behave = answer(status);
    await stage.log("a", 40);
    await stage.wake();
    await stage.pass(within);
    expect(await stage.standing()).toMatchObject({ state: "stopped", reason: expect.stringMatching(reason) });
    const asked = stage.got.length;
    await stage.log("b");
    await stage.wake();
    await stage.pass(2 * day);
    expect(stage.got.length).toBe(asked);
    stage.behave = undefined;
    const given = new Set((await stage.webhook.deadLetters({ limit: 100 })).deadLetters.map(({ id }) => id));
    await stage.webhook.resume();
    await stage.pass(minute);
    expect(new Set(stage.ids().slice(asked)).size).toBe(41 - given.size);
    expect(await stage.standing()).toMatchObject({ state: "active", pending: 0 });
  }
});

test("[HOOK12] for a while after a new secret both sign, so that no delivery is refused; then the new one alone", async () => {
  const second = `whsec_${btoa("another secret, thirty-two bytes")}`;
  const stage = createStage();
  await stage.create();
  await stage.webhook.rotate(second, day);
  expect((await stage.standing()).formerSecretUntil).toBe(new Date(stage.now + day).toISOString());
  await stage.log("a");
  await stage.wake();
  stage.secrets = [second];
  await stage.log("b");
  await stage.wake();
  await stage.pass(day);
  await stage.log("c");
  await stage.wake();
  expect(stage.got.map(({ event, signatures }) => [event.type, signatures])).toEqual([
    ["a", 2],
    ["b", 2],
    ["c", 1],
  ]);
  await stage.webhook.rotate(firstSecret, 0);
  stage.secrets = [firstSecret];
  await stage.log("d");
  await stage.wake();
  expect(stage.got.at(-1)).toMatchObject({ signatures: 1, event: { type: "d" } });
});

test("[HOOK13] what it holds and asks at once is bounded, however much there is", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a", 1000);
  stage.behave = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return new Response();
  };
  await stage.wake();
  expect(new Set(stage.ids()).size).toBe(1000);
  expect(stage.mostAtOnce).toBe(webhookLimits.atOnce);

  const refusing = createStage();
  await refusing.create();
  await refusing.log("bad", 1000);
  // Every third is taken, so the receiver is never taken to be down.
  refusing.behave = ({ id }) => new Response(null, { status: Number(id.slice(1)) % 3 === 0 ? 200 : 500 });
  await refusing.wake();
  const { pending } = await refusing.standing();
  expect(pending).toBe(webhookLimits.pending);
  expect(refusing.got.length).toBeLessThan(1000);
});

test("[HOOK14] evicted between any two events it goes on where it was, and what was written while it slept is found", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a", 2);
  await stage.wake();
  stage.evict();
  await stage.log("b");
  await stage.wake();
  stage.behave = answer(500);
  await stage.log("c");
  await stage.wake();
  stage.evict();
  stage.behave = undefined;
  await stage.pass(10_000);
  expect(stage.kinds()).toEqual(["a", "a", "b", "c", "c"]);
});

test("[HOOK14] a log that can't be read is not the receiver's fault: it is read again later", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a");
  stage.failsToRead = true;
  await stage.wake();
  expect(stage.warned).toMatchObject([{ at: "webhook", error: "Error: D1 is away" }]);
  expect(await stage.standing()).toMatchObject({ failures: 0, state: "active" });
  stage.failsToRead = false;
  await stage.pass(minute);
  expect(stage.kinds()).toEqual(["a"]);
});

test("[HOOK1] an address that the server does not allow any more is not called", async () => {
  const stage = createStage({}, "https://10.0.0.1/hook");
  await stage.create();
  await stage.log("a");
  await stage.wake();
  expect(stage.requests).toEqual([]);
  expect((await stage.standing()).lastError).toMatch(/private network/);
});

test("[HOOK30] an error has no more of the address than its origin", async () => {
  const url = "https://chat.example.com/services/hidden?token=hidden";
  const stage = createStage({}, url);
  await stage.create();
  stage.behave = () => new Error(`cannot load ${url}`);
  await stage.log("note");
  await stage.wake();
  expect((await stage.standing()).lastError).toBe("cannot be reached: cannot load https://chat.example.com");
});
