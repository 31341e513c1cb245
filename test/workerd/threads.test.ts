/** Whole threads in the real runtime, over HTTP: each story also with every object evicted, or aborted, between two events. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import codeReview from "../../workflows/code-review.yaml?raw";
import { placement } from "./actors.ts";
import { call, disturbances, expectThread, join, type Player, publish, readLog } from "./stage.ts";

let author: Player;
let reviewer: Player;
let second: Player;
let pr = 0;

beforeAll(async () => {
  await publish("code-review", codeReview.replace(/^ +where: .*\n/m, "").replace("concurrency: 8", "concurrency: 100"));
  author = await join("author", ["coding"]);
  reviewer = await join("reviewer", ["code-review"]);
  second = await join("second", ["code-review"]);
});

async function begin(): Promise<string> {
  pr += 1;
  const { threads } = await author.say("pr.ready_for_review", { repo: "nerve", pr });
  expect(threads).toHaveLength(1);
  return threads[0] as string;
}

describe.each(Object.entries(disturbances))("a review where %s between two events", (_, disturb) => {
  test("[THREAD1] comes to its end by way of a change request", async () => {
    const thread = await begin();
    await disturb();
    await reviewer.claim("reviewer", thread);
    await disturb();
    await reviewer.expect("nerve.claim.accepted", (data) => data.thread === thread);
    const first = await reviewer.turn("reviewer", thread);
    expect(first).toMatchObject({ prompt: `Review nerve#${pr}.`, round: 1, workflow: "code-review", last: null });
    await disturb();
    expect(await reviewer.answer(first, { $status: "changes_requested", changes: ["a", "b"] })).toMatchObject({ status: 202 });
    await disturb();
    const turn = await author.turn("author", thread);
    expect(turn).toMatchObject({ prompt: "Please address: a; b", round: 2, last: { role: "reviewer", agent: "reviewer" } });
    await author.answer(turn, { $status: "updated", note: "done" });
    await disturb();
    const again = await reviewer.turn("reviewer", thread);
    expect(again).toMatchObject({ prompt: "New commits: done. Review again." });
    await reviewer.answer(again, { $status: "approved", summary: "good" });
    await disturb();
    for (const player of [author, reviewer])
      expect((await player.expect("nerve.thread.completed", (data) => data.thread === thread)).data.outcome).toMatchObject({
        status: "completed",
        role: "reviewer",
        output: { $status: "approved", summary: "good" },
        prompt: "Approved: good",
      });
    const view = await expectThread(thread, { status: "completed" });
    expect(view).toMatchObject({ workflow: "code-review", round: 3, outcome: { prompt: "Approved: good" }, children: [] });
    const { messages } = await author.get(`/v1/threads/${thread}/messages`);
    expect(messages).toMatchObject([
      { round: 1, role: "reviewer", agent: "reviewer", decision: { to: "author", prompt: "Please address: a; b" } },
      { round: 2, role: "author", agent: "author", decision: { to: "reviewer" } },
      { round: 3, role: "reviewer", output: { summary: "good" }, decision: { to: "$END", prompt: "Approved: good" } },
    ]);
    const log = await readLog(thread, "pr.ready_for_review", "nerve.thread.completed", "review.approved");
    const counts = Map.groupBy(log, ({ type }) => type);
    expect(Object.fromEntries([...counts].map(([type, events]) => [type, events.length]))).toEqual({
      "pr.ready_for_review": 1,
      "nerve.role.assigned": 1,
      "nerve.offer.opened": 1,
      "nerve.offer.claim": 1,
      "nerve.offer.closed": 1,
      "nerve.claim.accepted": 1,
      "nerve.thread.started": 1,
      "nerve.turn.assigned": 3,
      "nerve.turn.respond": 3,
      "review.approved": 1,
      "nerve.thread.completed": 1,
    });
    for (const event of log.filter(({ type }) => type !== "pr.ready_for_review"))
      expect(event, event.type).toMatchObject({ correlationid: thread, causationid: expect.any(String) });
    // A turn comes of the answer before it, and stands behind it.
    const turns = log.filter(({ type }) => type === "nerve.turn.assigned");
    const causes = turns.slice(1).map(({ causationid }) => log.findIndex(({ id }) => id === causationid));
    expect(causes.map((index) => log[index]?.type)).toEqual(turns.slice(1).map(() => "nerve.turn.respond"));
    for (const [index, cause] of causes.entries()) expect(cause).toBeLessThan(log.indexOf(turns[index + 1] as (typeof log)[number]));
    const { body } = await call("GET", "/v1/threads?workflow=code-review&status=completed&limit=200");
    expect(body.threads.find(({ id }: { id: string }) => id === thread)).toMatchObject({ status: "completed" });
    // The log may hear of the end before those do who took part.
    await vi.waitFor(async () => {
      for (const player of [author, reviewer]) expect(await player.get("/v1/me")).toMatchObject({ rolesHeld: [], turns: [], offers: [] });
    });
  });

  test("[THREAD2] is withdrawn by its author", async () => {
    const thread = await begin();
    await disturb();
    await second.claim("reviewer", thread);
    await disturb();
    const turn = await second.turn("reviewer", thread);
    expect(await second.get("/v1/me")).toMatchObject({
      rolesHeld: [{ thread, role: "reviewer", type: "open", lease: { generation: 1 } }],
      turns: [{ turn: turn.turn }],
    });
    await second.answer(turn, { $status: "changes_requested", changes: ["x"] });
    expect((await author.get("/v1/me")).rolesHeld).toMatchObject([{ thread, role: "author", type: "named" }]);
    await disturb();
    await author.answer(await author.turn("author", thread), { $status: "withdrawn", reason: "not needed" });
    await disturb();
    await expectThread(thread, { status: "completed", outcome: { role: "author", prompt: "Withdrawn: not needed" } });
    expect((await readLog(thread, "review.withdrawn")).find(({ type }) => type === "review.withdrawn")).toMatchObject({
      data: { reason: "not needed" },
      source: `/threads/${thread}`,
    });
  });
});

test("[RECR2] of two that claim, one is awarded and the other is told why not", async () => {
  const thread = await begin();
  const offers = await Promise.all(
    [reviewer, second].map((player) => player.expect("nerve.offer.opened", (data) => data.thread === thread)),
  );
  expect(offers[0]?.id).toBe(offers[1]?.id);
  const { offer } = offers[0]?.data ?? {};
  await Promise.all([reviewer.say("nerve.offer.claim", { offer }), second.say("nerve.offer.claim", { offer })]);
  const view = await expectThread(thread, { status: "running", roles: { reviewer: { generation: 1 } } });
  const [winner, loser] = view.roles.reviewer.agent === "reviewer" ? [reviewer, second] : [second, reviewer];
  expect((await winner.expect("nerve.claim.accepted", (data) => data.offer === offer)).data).toMatchObject({
    thread,
    role: "reviewer",
    lease: { generation: 1 },
  });
  expect((await loser.expect("nerve.claim.rejected", (data) => data.offer === offer)).data.reason).toEqual(expect.any(String));
  await loser.expect("nerve.offer.closed", (data) => data.offer === offer && data.why === "filled");
  expect((await loser.get("/v1/me")).offers).toEqual([]);
  const closed = await loser.post("nerve.offer.claim", { offer });
  expect(closed).toMatchObject({ status: 202 });
  await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
  await expectThread(thread, { status: "cancelled" });
});

test("[THREAD3] [BECAME7] a second event of a live key is dropped and said so; pr.closed cancels the live one", async () => {
  const thread = await begin();
  const again = await author.say("pr.ready_for_review", { repo: "nerve", pr });
  expect(again.threads).toHaveLength(1);
  const dropped = await author.expect("nerve.thread.dropped", (data) => data.thread === again.threads[0]);
  expect(dropped.data.reason).toContain(thread);
  // [BECAME7] The answer said so, and who asks later is told.
  const outcome = { status: "repeat", thread, state: "running" };
  expect(again.notes).toEqual([expect.stringContaining(thread)]);
  expect(again).toMatchObject({ reflexes: [{ workflow: "code-review", verdict: "fired", outcome }] });
  await vi.waitFor(async () => {
    const shown = await call("GET", `/v1/events/${again.id}?source=/agents/author`);
    expect(shown).toMatchObject({ status: 200, body: { verdicts: [{ outcome }] } });
  });
  expect(await call("GET", `/v1/threads/${again.threads[0]}`)).toMatchObject({ status: 200, body: { status: "dropped" } });
  await author.say("pr.closed", { repo: "nerve", pr });
  await expectThread(thread, { status: "cancelled" });
  expect((await author.expect("nerve.thread.cancelled", (data) => data.thread === thread)).data.outcome).toMatchObject({
    status: "cancelled",
    error: expect.stringContaining("pr.closed"),
  });
  // The key is free again.
  const third = await author.say("pr.ready_for_review", { repo: "nerve", pr });
  await expectThread(third.threads[0] as string, { status: "recruiting" });
});

test("[THREAD4] an event whose data does not fit the input starts nothing, and the answer says why", async () => {
  const { threads, notes } = await author.say("pr.ready_for_review", { repo: "nerve", pr: "seven" });
  expect(threads).toEqual([]);
  expect(notes.join()).toMatch(/code-review.*pr/);
});

describe("an operator", () => {
  const order = (thread: string, what: string, body: { reason?: string; supplement?: Json } = {}) =>
    call("POST", `/v1/threads/${thread}/${what}`, { body: body as Json });

  test("[THREAD5] suspends and resumes a thread that recruits, which goes on recruiting", async () => {
    const thread = await begin();
    const { data: first } = await reviewer.expect("nerve.offer.opened", (data) => data.thread === thread);
    expect(await order(thread, "resume")).toMatchObject({ status: 409, body: { code: "not_allowed_now" } });
    expect((await order(thread, "suspend", { reason: "lunch" })).status).toBe(202);
    await expectThread(thread, { status: "suspended", error: "lunch", waiting: { for: "person" } });
    await reviewer.expect("nerve.offer.closed", (data) => data.offer === first.offer && data.why === "suspended");
    expect((await author.expect("nerve.thread.suspended", (data) => data.thread === thread)).data.reason).toBe("lunch");
    await order(thread, "resume", { supplement: { hint: "be kind" } });
    await expectThread(thread, { status: "recruiting" });
    await reviewer.claim("reviewer", thread);
    await reviewer.turn("reviewer", thread);
    await order(thread, "cancel", { reason: "enough" });
    await expectThread(thread, { status: "cancelled", outcome: { error: "enough" } });
    expect(await order(thread, "cancel")).toMatchObject({ status: 409, body: { code: "not_allowed_now" } });
    await reviewer.expect("nerve.turn.revoked", ({ turn }) => turn.startsWith(thread));
    await reviewer.expect("nerve.thread.cancelled", (data) => data.thread === thread);
    expect(await reviewer.get("/v1/me")).toMatchObject({ turns: [], rolesHeld: [] });
  });

  test("[THREAD6] suspends a thread that runs: an answer to the open turn is taken and decided on at resume, with the supplement", async () => {
    const thread = await begin();
    await reviewer.claim("reviewer", thread);
    const turn = await reviewer.turn("reviewer", thread);
    await order(thread, "suspend");
    await expectThread(thread, { status: "suspended" });
    expect(await reviewer.answer(turn, { $status: "changes_requested", changes: ["x"] })).toMatchObject({ status: 202 });
    await expectThread(thread, { status: "suspended" });
    await order(thread, "resume", { supplement: { hint: "be kind" } });
    const next = await author.turn("author", thread);
    expect(next).toMatchObject({ prompt: "Please address: x" });
    await order(thread, "suspend", { reason: "again" });
    await author.expect("nerve.thread.suspended", (data) => data.thread === thread && data.reason === "again");
    await order(thread, "resume", { supplement: ["say why"] });
    const given = await author.turn("author", thread);
    expect(given).toMatchObject({ turn: next.turn, resumed: { reason: "again", supplement: ["say why"] } });
    await author.answer(given, { $status: "withdrawn", reason: "no" });
    await expectThread(thread, { status: "completed" });
  });

  test("[THREAD7] resumes what a role asked to suspend", async () => {
    const thread = await begin();
    await reviewer.claim("reviewer", thread);
    const turn = await reviewer.turn("reviewer", thread);
    expect(await reviewer.answer(turn, { $status: "$SUSPEND", reason: "who may merge?" })).toMatchObject({ status: 202 });
    await expectThread(thread, { status: "suspended", error: "who may merge?" });
    await order(thread, "resume", { supplement: "you may" });
    const again = await reviewer.turn("reviewer", thread);
    expect(again).toMatchObject({ resumed: { reason: "who may merge?", supplement: "you may" } });
    await reviewer.answer(again, { $status: "approved", summary: "good" });
    await expectThread(thread, { status: "completed" });
  });
});

describe("in a workflow of one place", () => {
  test("[QUE4] the second waits and may be cancelled there, the third starts when the first has ended", async () => {
    await publish(
      "narrow",
      codeReview.replace("name: code-review", "name: narrow").replaceAll("pr.", "narrow.").replace("concurrency: 8", "concurrency: 1"),
    );
    const start = async (number: number) => (await author.say("narrow.ready_for_review", { repo: "n", pr: number })).threads[0] as string;
    const [first, second, third] = [await start(1), await start(2), await start(3)];
    await author.expect("nerve.thread.queued", (data) => data.thread === second);
    await expectThread(second, { status: "queued", waiting: { for: "place" } });
    expect((await call("POST", `/v1/threads/${second}/cancel`, { body: {} })).status).toBe(202);
    await expectThread(second, { status: "cancelled" });
    await author.expect("nerve.thread.cancelled", (data) => data.thread === second);
    await expectThread(third, { status: "queued" });
    expect((await call("GET", "/v1/workflows/narrow")).body).toMatchObject({ running: 1, queued: [third] });
    await author.say("narrow.closed", { repo: "n", pr: 1 });
    await expectThread(first, { status: "cancelled" });
    await expectThread(third, { status: "recruiting" });
    await call("POST", `/v1/threads/${third}/cancel`, { body: {} });
    await expectThread(third, { status: "cancelled" });
  });
});

test("[TASK7] a turn that fails is given again where the role says retry, and can still be answered", async () => {
  await publish(
    "stubborn",
    codeReview
      .replace("name: code-review", "name: stubborn")
      .replaceAll("pr.", "stubborn.")
      .replace(/^ +where: .*\n/m, "")
      .replace("{ timeout: 45m, on_timeout: rerecruit }", "{ timeout: 45m, on_fail: retry }"),
  );
  const { threads } = await author.say("stubborn.ready_for_review", { repo: "n", pr: 1 });
  const thread = threads[0] as string;
  await reviewer.claim("reviewer", thread);
  const first = await reviewer.turn("reviewer", thread);
  const failure = { turn: first.turn, lease: first.lease.generation, error: "no disk", retryable: true };
  await reviewer.say("nerve.turn.fail", failure, { id: "fail-once" });
  await reviewer.expect("nerve.turn.revoked", ({ turn }) => turn === first.turn);
  const again = await reviewer.turn("reviewer", thread);
  expect(again.turn).toBe(first.turn);
  // The same failure, sent once more, is known: it neither fails the turn again nor takes it out of the mailbox.
  await reviewer.say("nerve.turn.fail", failure, { id: "fail-once" });
  expect((await reviewer.get("/v1/me")).turns).toMatchObject([{ turn: first.turn }]);
  await reviewer.answer(again, { $status: "approved", summary: "good" });
  await expectThread(thread, { status: "completed" });
});

test("[THREAD8] a thread that is out of rounds fails, and says so to all", async () => {
  await publish(
    "short",
    codeReview
      .replace("name: code-review", "name: short")
      .replaceAll("pr.", "short.")
      .replace(/^ +where: .*\n/m, "")
      .replace("max_rounds: 20", "max_rounds: 2"),
  );
  const { threads } = await author.say("short.ready_for_review", { repo: "n", pr: 1 });
  const thread = threads[0] as string;
  await reviewer.claim("reviewer", thread);
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "changes_requested", changes: ["x"] });
  await author.answer(await author.turn("author", thread), { $status: "updated", note: "y" });
  await expectThread(thread, { status: "failed", error: expect.stringMatching(/round/) });
  for (const player of [author, reviewer]) await player.expect("nerve.thread.failed", (data) => data.thread === thread);
});

/** Timers that a cell has of the platform at once. */
function watchCellTimers(): { most: number; all: number } {
  const set = globalThis.setTimeout;
  const seen = { most: 0, all: 0 };
  let waiting = 0;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((work: () => void, milliseconds?: number) => {
    if (!new Error().stack?.includes("cell-object")) return set(work, milliseconds);
    waiting += 1;
    seen.all += 1;
    seen.most = Math.max(seen.most, waiting);
    return set(() => {
      waiting -= 1;
      work();
    }, milliseconds);
  }) as typeof setTimeout);
  return seen;
}

test.skipIf(placement === "own")("[CELL1] the runtime has a few timers of a cell's, though twenty threads are played at once", async () => {
  const timers = watchCellTimers();
  const threads = await Promise.all(Array.from({ length: 20 }, begin));
  for (const thread of threads) await reviewer.claim("reviewer", thread);
  for (const thread of threads) await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "approved", summary: "good" });
  for (const thread of threads) await expectThread(thread, { status: "completed" });
  vi.restoreAllMocks();
  expect(timers.all).toBeGreaterThan(20);
  expect(timers.most).toBeLessThan(6);
});
