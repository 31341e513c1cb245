/**
 * [LIVE1] Agents that vanish, on the real objects in plain Node: away and lost by the clock, the hand-over, what is refused of
 * the one who held it before, capacity, and agents that are deleted.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import { type Agent, begin, type Loose, play, write } from "./liveness-stage.ts";
import { createThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

describe("a holder who falls silent", () => {
  test("[LIVE3] is away, then lost; whoever takes the role gets the hand-over, and the one before is refused and told why", async () => {
    const { cluster, author, first, second, thread, pass, show } = await begin({});
    await first.claim();
    const early = await first.turn();
    await first.answer(early, "changes_requested");
    await author.answer(await author.turn(), "updated");
    const turn = await first.turn();
    expect(turn.round).toBe(3);
    await first.send("nerve.turn.progress", {
      turn: turn.turn,
      lease: 1,
      note: "half way",
      details: { read: ["a.ts"] },
    });
    expect(cluster.presence.get("first")).not.toBe("away");
    await pass(7, author, second);
    expect((await show()).roles.reviewer).toMatchObject({ agent: "first", generation: 1 });
    expect(cluster.presence.get("first")).toBe("away");
    await pass(5, author, second);
    expect((await show()).roles.reviewer).not.toHaveProperty("agent");
    expect(cluster.presence.get("first")).toBe("lost");

    await second.claim();
    const handed = await second.turn();
    expect(handed).toMatchObject({
      turn: turn.turn,
      lease: { generation: 2 },
      handover: {
        agent: "first",
        why: "lost",
        reason: "lost: silent for 10s",
        since: expect.any(String),
        thread: {
          messages: [
            { round: 1, role: "reviewer", agent: "first", output: { $status: "changes_requested" } },
            { round: 2, role: "author", agent: "author" },
          ],
          total: 2,
          leftOut: 0,
        },
        turn: { turn: turn.turn, prompt: "Again.", attempts: 1 },
        progress: { agent: "first", note: "half way", details: { read: ["a.ts"] } },
      },
    });

    const stale = { status: "rejected", error: { code: "stale_lease", reason: "lost: silent for 10s", at: handed.handover?.since } };
    const now = { agent: "second", generation: 2 };
    expect(await first.answer(turn, "approved")).toMatchObject({ ...stale, error: { ...stale.error, now } });
    for (const [type, data] of [
      ["nerve.turn.progress", { note: "still here" }],
      ["nerve.turn.fail", { error: "x", retryable: false }],
    ] as const)
      expect(await first.send(type, { turn: turn.turn, lease: 1, ...data })).toMatchObject(stale);
    expect(await first.send("nerve.role.release", { thread, role: "reviewer", lease: 1, reason: "" })).toMatchObject({
      error: { code: "stale_lease", reason: "lost: silent for 10s", at: expect.any(String), now },
    });
    expect(await second.answer(handed, "approved")).toMatchObject({ status: "accepted" });
    // However late: the turn is long over, the thread too.
    await pass(3_600, second);
    expect(await first.answer(turn, "approved")).toMatchObject(stale);
    expect(await show()).toMatchObject({ status: "completed", outcome: { status: "completed" } });
    const { value } = (await cluster.thread(thread).recruitment.messages(null, { limit: 50 })) as Loose;
    expect(value.messages.map(({ agent }: Loose) => agent)).toEqual(["first", "author", "second"]);
  });
});

describe("a holder who is slow", () => {
  test("[LIVE4] keeps the role as long as there are signs of life", async () => {
    const { cluster, author, first, pass, show } = await begin();
    await first.claim();
    const turn = await first.turn();
    // It works, and only its socket's pings are heard, which wake nobody.
    for (let second = 0; second < 120; second++) {
      cluster.connections.set("first", { pinged: cluster.now() });
      await pass(1, author);
    }
    expect((await show()).roles.reviewer).toMatchObject({ agent: "first", generation: 1 });
    expect(await first.answer(turn, "approved")).toMatchObject({ status: "accepted" });
  });

  test("[LIVE4] and is away for less than its grace keeps it too", async () => {
    const { author, first, second, pass, show } = await begin();
    await first.claim();
    const turn = await first.turn();
    for (let times = 0; times < 5; times++) {
      await pass(8, author, second);
      await first.poll();
    }
    expect((await show()).roles.reviewer).toMatchObject({ agent: "first", generation: 1 });
    expect(await first.answer(turn, "approved")).toMatchObject({ status: "accepted" });
  });

  test("[LIVE5] sees in /v1/me until when, and in what it is told", async () => {
    const { cluster, first } = await begin();
    await first.claim();
    const expires = (await first.find("nerve.claim.accepted")).lease.expires;
    expect(Date.parse(expires)).toBe(cluster.now() + 10_000);
    await cluster.advance(3_000);
    const lease = async (): Promise<Loose> => ((await cluster.agent("first").me({ agent: "first", token })) as Loose).value.rolesHeld[0];
    expect(await lease()).toMatchObject({
      lease: { generation: 1, expires: new Date(cluster.now() + 10_000).toISOString() },
      heartbeat: { every: "2s", miss: 3 },
    });
  });
});

describe("an agent that is deleted", () => {
  test("[LIVE6] while it has the turn is lost at once; made again under the same id it holds nothing of before", async () => {
    const { cluster, first, second, show } = await begin();
    await first.claim();
    const turn = await first.turn();
    cluster.agent("first").remove();
    await cluster.settle();
    expect((await show()).roles.reviewer).not.toHaveProperty("agent");
    cluster.agent("first").register({ id: "first", capabilities: ["code-review"], roles: null, kinds: null }, await hashOf(token));
    expect(await first.answer(turn, "approved")).toMatchObject({
      error: { code: "stale_lease", reason: "deleted: the agent was removed" },
    });
    await second.claim();
    expect(await second.turn()).toMatchObject({ lease: { generation: 2 }, handover: { agent: "first", why: "deleted" } });
  });

  test("[LIVE6] and is made again before its threads have heard cannot speak in them until they have", async () => {
    let cut = false;
    const cluster = await createThreadCluster({
      workflow: write(),
      agents: [
        { id: "author", capabilities: [], roles: null, kinds: null },
        { id: "first", capabilities: ["code-review"], roles: null, kinds: null },
      ],
      // In a cell no call is lost.
      placement: "own",
      fate: () => (cut ? "is lost" : "arrives"),
    });
    const [author, first] = [play(cluster, "author"), play(cluster, "first")];
    await author.send("pr.ready", { pr: "x" });
    await first.claim();
    const turn = await first.turn();
    cut = true;
    cluster.agent("first").remove();
    await cluster.settle();
    cluster.end("agent/first");
    cluster.agent("first").register({ id: "first", capabilities: ["code-review"], roles: null, kinds: null }, await hashOf(token));
    expect(await first.answer(turn, "approved")).toMatchObject({ error: { code: "unavailable", retryable: true } });
    cut = false;
    await cluster.advance(60_000);
    expect(await first.answer(turn, "approved")).toMatchObject({ error: { code: "stale_lease" } });
  });
});

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("where the best claim wins, a leader who", () => {
  const rules = { reviewer: 'recruits: pick: best, score: "agent.load"' };

  test.each(["falls silent", "is deleted"])("[LIVE7] %s before the award is not awarded", async (how) => {
    const { cluster, author, first, second, pass, show } = await begin(rules);
    await first.claim();
    if (how === "is deleted") {
      cluster.agent("first").remove();
      await cluster.settle();
    } else await pass(8, author, second);
    expect((await show()).roles.reviewer).not.toHaveProperty("agent");
    await second.claim();
    await pass(600, author, second);
    expect((await show()).roles.reviewer).toMatchObject({ agent: "second" });
    if (how === "falls silent") expect((await first.find("nerve.claim.rejected")).reason).toBe("away");
  });
});

describe("capacity", () => {
  const open = async (author: Agent, pr: number): Promise<string> =>
    ((await author.send("pr.ready", { pr })) as Accepted).threads[0] as string;

  test("[LIVE8] a claim beyond the slots is refused with the numbers; a slot is free once a role ends", async () => {
    const { cluster, author, first, thread, show } = await begin();
    await first.send("nerve.agent.report", { slots: 1 });
    await first.claim();
    const turn = await first.turn();
    expect(cluster.agent("first").showPresence()).toMatchObject({ state: "online", seats: 1, used: 1, slots: 1 });
    const other = await open(author, 1_001);
    await first.claim();
    expect(await first.find("nerve.claim.rejected")).toMatchObject({ reason: "at capacity (1 of 1)" });
    await first.answer(turn, "approved");
    expect((await show()).status).toBe("completed");
    expect(cluster.agent("first").showPresence()).toMatchObject({ seats: 0, used: 0 });
    // Whoever was refused for that is asked again.
    await cluster.advance(20_000);
    await first.claim();
    expect(await first.turn()).toMatchObject({ thread: other });
    expect(other).not.toBe(thread);
  });

  test("[LIVE9] a claim whose verdict is to come takes a slot, also over a crash, until the verdict", async () => {
    const { cluster, author, first, second, pass } = await begin(
      { reviewer: 'recruits: pick: best, score: "agent.load"' },
      undefined,
      // One object ends here and the others live on.
      "own",
    );
    await first.send("nerve.agent.report", { slots: 1, load: 1 });
    await second.send("nerve.agent.report", { load: 5 });
    await first.claim();
    cluster.end("agent/first");
    expect(cluster.agent("first").showPresence()).toMatchObject({ seats: 0, used: 1 });
    await open(author, 1_002);
    await first.claim();
    expect(await first.find("nerve.claim.rejected")).toMatchObject({ reason: "at capacity (1 of 1)" });
    expect(cluster.agent("first").showPresence().used).toBe(1);
    await pass(1, second);
    const offers = second.seen.filter(({ event }) => event.type === "nerve.offer.opened").map(({ event }) => (event.data as Loose).offer);
    for (const offer of offers) await second.send("nerve.offer.claim", { offer });
    expect(await first.find("nerve.claim.rejected")).toMatchObject({ reason: "outscored" });
    expect(cluster.agent("first").showPresence().used).toBe(0);
  });

  test("[LIVE9] a claim for an offer that has closed takes no slot", async () => {
    const { cluster, first, second } = await begin();
    await first.send("nerve.agent.report", { slots: 1 });
    await second.claim();
    const { offer } = await first.find("nerve.offer.opened").catch(() => ({ offer: "t0:0:1" }));
    await first.send("nerve.offer.claim", { offer });
    expect(cluster.agent("first").showPresence().used).toBe(0);
  });
});

test("[LIVE10] a hand-over keeps within its budget, and says what it left out", async () => {
  const { cluster, author, first, second, pass } = await begin();
  await first.claim();
  const big = "x".repeat(20_000);
  for (let round = 0; round < 3; round++) {
    const turn = await first.turn();
    await first.send("nerve.turn.respond", {
      ...{ turn: turn.turn, lease: 1, output: { $status: "changes_requested" }, body: big },
    });
    const mend = await author.turn();
    await author.send("nerve.turn.respond", { turn: mend.turn, lease: 1, output: { $status: "updated" }, body: big });
  }
  const turn = await first.turn();
  const details: Json = { log: "y".repeat(100_000) };
  await first.send("nerve.turn.progress", { turn: turn.turn, lease: 1, note: "n", details });
  await pass(14, author, second);
  await second.claim();
  const { handover } = await second.turn();
  expect(handover).toMatchObject({ thread: { total: 6, leftOut: 3 }, progress: { note: "n", details: null, leftOut: true } });
  expect(handover?.thread.messages.map(({ round }) => round)).toEqual([4, 5, 6]);
  expect(cluster.now()).toBeGreaterThan(0);
});
