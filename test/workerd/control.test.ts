/** What operators do to threads in the real runtime, over HTTP: begin anew, copy, take roles, pause; objects aborted in between. */
import { beforeAll, expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import codeReview from "../../workflows/code-review.yaml?raw";
import { deliverTo, ringAll } from "./actors.ts";
import { call, disturbances, expectThread, join, type Player, publish, readLog } from "./stage.ts";

let author: Player;
let reviewer: Player;
let second: Player;
let pr = 1_000;

const reopening = codeReview
  .replace("name: code-review", "name: steered")
  .replaceAll("pr.", "steer.")
  .replace(/^ +where: .*\n/m, "");
const text = reopening.replace(/^ +resume: \{.*\}\n/m, "");

beforeAll(async () => {
  await publish("steered", text.replace("concurrency: 8", "concurrency: 100"));
  author = await join("steer-author", ["coding"]);
  reviewer = await join("steer-reviewer", ["code-review"]);
  second = await join("steer-second", ["code-review"]);
});

const order = (thread: string, what: string, body: Json = {}) => call("POST", `/v1/threads/${thread}/${what}`, { body });

async function begin(): Promise<string> {
  pr += 1;
  const { threads } = await author.say("steer.ready_for_review", { repo: "n", pr });
  return threads[0] as string;
}

/** A review that asked for a change, got it, and was then approved. */
async function play(thread: string): Promise<void> {
  await reviewer.claim("reviewer", thread);
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "changes_requested", changes: ["a"] });
  await author.answer(await author.turn("author", thread), { $status: "updated", note: "b" });
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "approved", summary: "c" });
  await expectThread(thread, { status: "completed" });
}

const readRounds = async (thread: string): Promise<[number, string, number | undefined][]> =>
  (await call("GET", `/v1/threads/${thread}/messages`)).body.messages.map(
    ({ round, role, until }: { round: number; role: string; until?: number }) => [round, role, until],
  );

test.each(Object.entries(disturbances))(
  "[THREAD18] an ended thread goes on from a step, with those who held its roles, where %s",
  async (_, disturb) => {
    const thread = await begin();
    await play(thread);
    await disturb();
    expect(await order(thread, "restart", { at: 2, reason: "look again" })).toMatchObject({ status: 202, body: { id: thread } });
    await disturb();
    const turn = await reviewer.turn("reviewer", thread);
    expect(turn).toMatchObject({
      turn: expect.stringMatching(`^${thread}-2\\.`),
      round: 5,
      lease: { generation: 2 },
      last: { role: "author" },
    });
    expect(turn.prompt).toBe("New commits: b. Review again.");
    await disturb();
    expect(await reviewer.answer(turn, { $status: "approved", summary: "again" })).toMatchObject({ status: 202 });
    await expectThread(thread, { status: "completed", epoch: 2, outcome: { output: { summary: "again" } } });
    expect(await readRounds(thread)).toEqual([
      [1, "reviewer", undefined],
      [2, "author", undefined],
      [3, "reviewer", 2],
      [5, "reviewer", undefined],
    ]);
    for (const player of [author, reviewer]) await expect.poll(() => player.get("/v1/me")).toMatchObject({ turns: [], rolesHeld: [] });
  },
);

test("[THREAD19] a running thread is stopped and begins from the start; its old turn is over, and nobody is told that it ended", async () => {
  const thread = await begin();
  await reviewer.claim("reviewer", thread);
  const old = await reviewer.turn("reviewer", thread);
  expect((await order(thread, "restart", { reason: "wrong base" })).status).toBe(202);
  await reviewer.expect("nerve.turn.revoked", ({ turn }) => turn === old.turn);
  const turn = await reviewer.turn("reviewer", thread);
  expect(turn).toMatchObject({ prompt: old.prompt, last: null, lease: { generation: 2 } });
  expect(await reviewer.answer(old, { $status: "approved", summary: "late" })).toMatchObject({ status: 409, body: { code: "turn_over" } });
  expect(await order(thread, "restart", { at: 1 })).toMatchObject({ status: 400, body: { code: "malformed" } });
  await order(thread, "cancel");
  await expectThread(thread, { status: "cancelled", epoch: 2 });
  expect((await reviewer.expect("nerve.thread.cancelled", (data) => data.thread === thread)).data.epoch).toBe(2);
  expect(reviewer.seen.filter(({ event }) => event.type === "nerve.thread.cancelled" && event.correlationid === thread)).toHaveLength(1);
});

test("[THREAD20] a fork has the steps up to one, no key, and other agents where they are named", async () => {
  const thread = await begin();
  await play(thread);
  expect(await order(thread, "fork", { at: 9 })).toMatchObject({ status: 400, body: { code: "malformed" } });
  expect(await order(thread, "fork", { roles: { reviewer: "nobody" } })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("nobody") },
  });
  expect(await order(thread, "fork", { roles: { cook: "steer-second" } })).toMatchObject({ status: 400 });
  expect(await order(thread, "fork", { revision: "r0" })).toMatchObject({ status: 400 });
  const { status, body } = await order(thread, "fork", { at: 2, roles: { reviewer: second.id } });
  expect({ status, body }).toMatchObject({ status: 202, body: { workflow: "steered", parent: thread, fork: { at: 2 }, round: 2 } });
  const turn = await second.turn("reviewer", body.id);
  expect(turn).toMatchObject({ round: 3, prompt: "New commits: b. Review again.", last: { role: "author", output: { note: "b" } } });
  await expectThread(body.id, { status: "running", parent: thread, fork: { at: 2 }, roles: { reviewer: { agent: second.id } } });
  await second.answer(turn, { $status: "changes_requested", changes: ["more"] });
  expect(await author.turn("author", body.id)).toMatchObject({ prompt: "Please address: more" });
  expect(await readRounds(body.id)).toEqual([
    [1, "reviewer", undefined],
    [2, "author", undefined],
    [3, "reviewer", undefined],
  ]);
  await expectThread(thread, { status: "completed" });
  await order(body.id, "cancel");
  const log = await readLog(body.id, "nerve.thread.cancelled", "nerve.turn.respond");
  expect(log.filter(({ type }) => type === "nerve.turn.respond" || type.startsWith("review."))).toHaveLength(1);
});

test("[THREAD21] an ended thread is resumed by $START.resume with all that was said, by an operator and by a signal", async () => {
  await publish(
    "reopened",
    reopening
      .replace("name: steered", "name: reopened")
      .replaceAll("steer.", "reopen.")
      .replace(/resume: \{.*\}/, 'resume: { role: reviewer, prompt: "Look at what changed: {{ _supplement.what }}." }')
      .replace(
        "reflexes:\n",
        "reflexes:\n  - { kind: signal, on: [reopen.asked], key: \"data.repo & '#' & $string(data.pr)\", signal: resume }\n",
      ),
  );
  const { threads } = await author.say("reopen.ready_for_review", { repo: "n", pr: 1 });
  const thread = threads[0] as string;
  await play(thread);
  expect((await order(thread, "resume", { supplement: { what: "docs" }, reason: "more" })).status).toBe(202);
  const turn = await reviewer.turn("reviewer", thread);
  expect(turn).toMatchObject({
    prompt: "Look at what changed: docs.",
    resumed: { reason: "more", supplement: { what: "docs" } },
    round: 5,
  });
  await reviewer.answer(turn, { $status: "approved", summary: "d" });
  await expectThread(thread, { status: "completed", epoch: 2 });
  await author.say("reopen.asked", { repo: "n", pr: 1, what: "tests" });
  const third = await reviewer.turn("reviewer", thread);
  expect(third).toMatchObject({ prompt: "Look at what changed: tests.", lease: { generation: 3 } });
  await reviewer.answer(third, { $status: "approved", summary: "e" });
  await expectThread(thread, { status: "completed", epoch: 3 });
  expect((await readRounds(thread)).map(([round]) => round)).toEqual([1, 2, 3, 5, 7]);
});

test("[THREAD21] without $START.resume an ended thread is not resumed, and the answer says what can be done", async () => {
  const thread = await begin();
  await play(thread);
  expect(await order(thread, "resume")).toMatchObject({
    status: 409,
    body: { code: "not_allowed_now", detail: expect.stringContaining("restart") },
  });
});

test("[THREAD22] a role is given to an agent, who gets the open turn; vacated it is recruited again", async () => {
  const thread = await begin();
  await reviewer.claim("reviewer", thread);
  const turn = await reviewer.turn("reviewer", thread);
  const role = (name: string, body: Json) => order(thread, `roles/${name}`, body);
  expect(await role("reviewer", { agent: "nobody" })).toMatchObject({ status: 400 });
  expect(await role("cook", { agent: second.id })).toMatchObject({ status: 404 });
  expect(await role("author", {})).toMatchObject({ status: 400, body: { detail: expect.stringContaining("named") } });
  expect(await role("reviewer", { agent: reviewer.id })).toMatchObject({ status: 409 });
  expect(await role("reviewer", { agent: second.id, reason: "asleep" })).toMatchObject({ status: 202 });
  await reviewer.expect("nerve.turn.revoked", (data) => data.turn === turn.turn);
  expect(await reviewer.answer(turn, { $status: "approved", summary: "late" })).toMatchObject({
    status: 409,
    body: { code: "stale_lease" },
  });
  const given = await second.turn("reviewer", thread);
  expect(given).toMatchObject({ turn: turn.turn, lease: { generation: 2 } });
  expect(await role("reviewer", { reason: "wedged" })).toMatchObject({ status: 202 });
  expect((await second.expect("nerve.role.ended", (data) => data.thread === thread)).data.reason).toBe("taken by admin: wedged");
  await reviewer.claim("reviewer", thread);
  expect(await reviewer.turn("reviewer", thread)).toMatchObject({ turn: turn.turn, lease: { generation: 3 } });
  await order(thread, "cancel");
  await expectThread(thread, { status: "cancelled" });
  expect(await role("reviewer", {})).toMatchObject({ status: 409 });
});

test("[QUE7] a paused workflow lets threads wait, shows it, and admits them when it goes on", async () => {
  const path = "/v1/workflows/steered";
  expect((await call("POST", `${path}/pause`, { body: { why: "x" } })).status).toBe(400);
  expect((await call("POST", "/v1/workflows/unheard-of/pause", { body: {} })).status).toBe(404);
  expect(await call("POST", `${path}/pause`, { body: { reason: "deploy" } })).toMatchObject({
    status: 202,
    body: { paused: { by: "admin" } },
  });
  const thread = await begin();
  const { data } = await author.expect("nerve.thread.queued", (each) => each.thread === thread);
  expect(data.reason).toBe("paused by admin: deploy");
  expect(await order(thread, "restart")).toMatchObject({ status: 409 });
  const { workflows } = (await call("GET", "/v1/workflows?limit=200")).body;
  expect(workflows.find(({ name }: { name: string }) => name === "steered")).toMatchObject({ paused: { reason: "deploy" } });
  expect((await call("GET", path)).body).toMatchObject({ queued: [thread], paused: { by: "admin" } });
  await call("POST", `${path}/unpause`, { body: {} });
  await ringAll();
  await expectThread(thread, { status: "recruiting" });
  expect((await call("GET", path)).body).toMatchObject({ paused: null });
  await order(thread, "cancel");
});

test("[THREAD24] a restart that waits for a place can be cancelled there", async () => {
  const thread = await begin();
  await play(thread);
  await call("POST", "/v1/workflows/steered/pause", { body: {} });
  await order(thread, "restart");
  await expectThread(thread, { status: "queued" });
  expect(await order(thread, "cancel", { reason: "never mind" })).toMatchObject({ status: 202 });
  await expectThread(thread, { status: "cancelled", error: "never mind" });
  await call("POST", "/v1/workflows/steered/unpause", { body: {} });
  await expectThread(thread, { status: "cancelled" });
});

test("[PARK2] all dead letters are retried together, and the threads that were suspended for it go on", async () => {
  const [first, second] = [await begin(), await begin()];
  let sent = 0;
  const deliverAsDeadLetter = async (thread: string, message: { type: string; [fact: string]: Json }): Promise<void> => {
    sent += 1;
    await deliverTo("recruitment", thread, { from: "agent/all", id: sent, to: `recruitment/${thread}`, park: true, message });
  };
  for (const thread of [first, second]) for (const agent of ["x", "y"]) await deliverAsDeadLetter(thread, { type: "agent.away", agent });
  // No retry helps this one: its thread stays suspended for it.
  await deliverAsDeadLetter(second, { type: "made.up" });
  const list = async (): Promise<{ thread: string; type: string }[]> => {
    const both = await Promise.all([first, second].map((thread) => call("GET", `/v1/dead-letters?thread=${thread}`)));
    return both.flatMap(({ body }) => body.deadLetters);
  };
  await vi.waitFor(async () => expect(await list()).toHaveLength(5), { interval: 20 });
  for (const thread of [first, second])
    await expectThread(thread, { status: "suspended", error: expect.stringContaining("dead letter: ") });
  const answers = [];
  for (const thread of [first, second]) answers.push((await call("POST", "/v1/dead-letters/retry", { body: { thread, limit: 200 } })).body);
  expect(answers).toMatchObject([
    { taken: [expect.any(String), expect.any(String)], left: [], resumed: [first], next: null },
    { taken: [expect.any(String), expect.any(String)], left: [{ code: "not_allowed_now" }], resumed: [], next: null },
  ]);
  const [one, other] = await Promise.all([first, second].map((thread) => call("GET", `/v1/threads/${thread}`)));
  expect(one?.body.status).not.toBe("suspended");
  await expectThread(second, { status: "suspended", error: expect.stringContaining("dead letter: ") });
  expect(other?.status).toBe(200);
  await vi.waitFor(async () => expect((await list()).map(({ type }) => type)).toEqual(["made.up"]), { interval: 20 });
  expect(await call("POST", "/v1/dead-letters/retry", { body: { limit: 0 } })).toMatchObject({ status: 400 });
  for (const thread of [first, second]) await order(thread, "cancel");
});

test("[PARK10] the order to retry all is one order under its key: again it gets the first answer, and takes no later dead letter", async () => {
  const thread = await begin();
  const deliverAsDeadLetter = (id: number) =>
    deliverTo("recruitment", thread, {
      from: "agent/again",
      id,
      to: `recruitment/${thread}`,
      park: true,
      message: { type: "agent.away", agent: "x" },
    });
  const list = async (): Promise<Json[]> => (await call("GET", `/v1/dead-letters?thread=${thread}`)).body.deadLetters;
  const retry = (body: Json, key: string) => call("POST", "/v1/dead-letters/retry", { key, body });
  const key = `all-${thread}`;
  await deliverAsDeadLetter(1);
  await vi.waitFor(async () => expect(await list()).toHaveLength(1), { interval: 20 });
  const first = await retry({ thread, limit: 200 }, key);
  expect(first).toMatchObject({ status: 202, body: { taken: [expect.any(String)], left: [] } });
  await deliverAsDeadLetter(2);
  await vi.waitFor(async () => expect(await list()).toMatchObject([{ id: expect.not.stringContaining(first.body.taken[0]) }]), {
    interval: 20,
  });
  expect(await retry({ limit: 200, thread }, key)).toEqual(first);
  expect(await list()).toHaveLength(1);
  expect(await retry({ thread, limit: 199 }, key)).toMatchObject({ status: 409, body: { code: "id_conflict" } });
  expect((await retry({ thread, limit: 200 }, `${key}-new`)).body).toMatchObject({ taken: [expect.any(String)], left: [] });
  await order(thread, "cancel");
});

test("[PARK1] what could not be run is listed, suspends its thread, and is retried or dropped", async () => {
  const thread = await begin();
  await reviewer.claim("reviewer", thread);
  await reviewer.turn("reviewer", thread);
  const deliverAsDeadLetter = async (id: number, message: { type: string; [fact: string]: Json }): Promise<string> => {
    expect(await deliverTo("recruitment", thread, { from: "agent/ghost", id, to: `recruitment/${thread}`, park: true, message })).toEqual({
      status: "stored",
    });
    return vi.waitFor(
      async () => {
        const { deadLetters } = (await call("GET", `/v1/dead-letters?thread=${thread}`)).body;
        const found = deadLetters.find(({ type }: { type: string }) => type === message.type);
        expect(found).toMatchObject({ thread, code: "poison", error: expect.stringContaining("failed") });
        return found.id as string;
      },
      { interval: 20 },
    );
  };
  const first = await deliverAsDeadLetter(1, { type: "agent.away", agent: "ghost" });
  await expectThread(thread, { status: "suspended", error: expect.stringContaining("agent.away") });
  expect(await call("POST", `/v1/dead-letters/${first}/retry`, { body: {} })).toMatchObject({ status: 202, body: { id: first } });
  expect(await call("POST", `/v1/dead-letters/${first}/retry`, { body: {} })).toMatchObject({ status: 404 });
  await order(thread, "resume");
  await expectThread(thread, { status: "running" });
  // It is none of the machine's: no retry helps.
  const unknown = await deliverAsDeadLetter(2, { type: "made.up" });
  await expectThread(thread, { status: "suspended" });
  expect(await call("POST", `/v1/dead-letters/${unknown}/retry`, { body: {} })).toMatchObject({
    status: 409,
    body: { code: "not_allowed_now" },
  });
  expect((await call("POST", `/v1/dead-letters/${unknown}/drop`, { body: {} })).status).toBe(202);
  await vi.waitFor(async () => expect((await call("GET", `/v1/dead-letters?thread=${thread}`)).body.deadLetters).toEqual([]), {
    interval: 20,
  });
  for (const id of ["x", `${thread}:x`, `t${"a".repeat(25)}:1`])
    expect((await call("POST", `/v1/dead-letters/${encodeURIComponent(id)}/drop`, { body: {} })).status).toBe(404);
  await order(thread, "cancel");
});

test("[KEY5] an order under an Idempotency-Key is one order over HTTP: again after the thread's end, with another body, with no key at all", async () => {
  const thread = await begin();
  await reviewer.claim("reviewer", thread);
  await reviewer.turn("reviewer", thread);
  await order(thread, "suspend");
  await expectThread(thread, { status: "suspended" });
  const resume = (body: Json, key: string) => call("POST", `/v1/threads/${thread}/resume`, { body, key });
  const first = await resume({ reason: "go on" }, "one");
  expect(first).toMatchObject({ status: 202, body: { id: thread } });
  await reviewer.answer(await reviewer.turn("reviewer", thread), { $status: "approved", summary: "c" });
  const ended = await expectThread(thread, { status: "completed" });
  expect(await resume({ reason: "go on" }, "one")).toEqual(first);
  expect(await resume({ reason: "another" }, "one")).toMatchObject({ status: 409, body: { code: "id_conflict" } });
  for (const bad of ["a b", "x".repeat(256)])
    expect(await resume({}, bad)).toMatchObject({
      status: 400,
      body: { code: "malformed", detail: expect.stringContaining("Idempotency-Key") },
    });
  expect((await call("GET", `/v1/threads/${thread}`)).body).toEqual(ended);

  const pause = (key: string) => call("POST", "/v1/workflows/steered/pause", { body: { reason: "deploy" }, key });
  const paused = await pause("two");
  await call("POST", "/v1/workflows/steered/unpause", { body: {} });
  expect(await pause("two")).toEqual(paused);
  expect((await call("GET", "/v1/workflows/steered")).body.paused).toBe(null);
});
