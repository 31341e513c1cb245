/**
 * [KEY] Orders under an idempotency key: the first answer comes again, and nothing is done again, whatever has become of the
 * thread meanwhile, over an eviction too. On the cluster in memory.
 */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Json } from "../../src/contract/event.ts";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { type Result, refuse, succeed } from "../../src/contract/problem.ts";
import type { ThreadView } from "../../src/contract/views/thread.ts";
import { controlKeyLimits, createControlKeys } from "../../src/durable/control/control-keys.ts";
import { formerControlKeys } from "../../src/durable/control/former-control-keys.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../src/durable/host/store/store.ts";
import type { Once } from "../../src/durable/protocol/parts.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = readFileSync("workflows/code-review.yaml", "utf8").replace(/^ +where: .*\n/m, "");
const approved = { $status: "approved", summary: "fine" };

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

interface Stage {
  cluster: ThreadCluster;
  thread: string;
}

async function post(cluster: ThreadCluster, agent: string, id: string, type: string, data: object): Promise<Accepted> {
  const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id, type, data }]);
  const [item] = answer.ok ? answer.value : [];
  if (item?.status !== "accepted") throw new Error(JSON.stringify(answer));
  return item;
}

/** A review whose reviewer r1 has the turn. */
async function begin(): Promise<Stage> {
  const agents = [
    { id: "author", capabilities: ["coding"], roles: null, kinds: null },
    ...["r1", "r2"].map((id) => ({ id, capabilities: ["code-review"], roles: null, kinds: null })),
  ];
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });
  const { threads } = await post(cluster, "author", "ready", "pr.ready_for_review", { repo: "n", pr: 1 });
  const [thread] = threads as [string];
  await cluster.advance(1_000);
  await post(cluster, "r1", "claim", "nerve.offer.claim", { offer: `${thread}:0:1` });
  await cluster.advance(1_000);
  return { cluster, thread };
}

async function approve({ cluster }: Stage, id: string): Promise<void> {
  const me = await cluster.agent("r1").me({ agent: "r1", token });
  const [turn] = me.ok ? (me.value as unknown as { turns: TurnAssigned[] }).turns : [];
  await post(cluster, "r1", id, "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output: approved });
  await cluster.advance(1_000);
}

const root = ({ cluster, thread }: Stage) => cluster.thread(thread).recruitment;
const once = (key: string, body: unknown = {}): Once => ({ key, hash: JSON.stringify(body) });

/** All that an order could have changed. */
async function look(stage: Stage): Promise<unknown> {
  await stage.cluster.advance(1_000);
  const { cluster } = stage;
  return {
    shown: await root(stage).show(null),
    threads: [...cluster.index.keys()].sort(),
    log: [...cluster.log.keys()].sort(),
  };
}

type Order = (stage: Stage, key: Once | undefined) => Promise<Result<unknown>>;
const orders: Record<string, { to: Order; before?: (stage: Stage) => Promise<unknown>; then?: (stage: Stage) => Promise<unknown> }> = {
  "resume, and the thread has ended since": {
    before: (stage) => root(stage).control("suspend", "ann", {}),
    to: (stage, key) => root(stage).control("resume", "ann", { supplement: { a: 1 } }, key),
    then: (stage) => approve(stage, "answer"),
  },
  "resume of one that had ended, and it has ended again": {
    before: (stage) => approve(stage, "first"),
    to: (stage, key) => root(stage).control("resume", "ann", {}, key),
    then: (stage) => approve(stage, "second"),
  },
  "suspend, and it was resumed since": {
    to: (stage, key) => root(stage).control("suspend", "ann", {}, key),
    then: (stage) => root(stage).control("resume", "ann", {}),
  },
  "cancel, and it was reopened since": {
    to: (stage, key) => root(stage).control("cancel", "ann", {}, key),
    then: (stage) => root(stage).control("resume", "ann", {}),
  },
  restart: { to: (stage, key) => root(stage).restart("ann", {}, key), then: (stage) => approve(stage, "answer") },
  fork: { to: (stage, key) => root(stage).fork("ann", {}, key) },
  "hand a role over": {
    to: (stage, key) => root(stage).assign("ann", "reviewer", { agent: "r2" }, key),
    then: (stage) => root(stage).assign("ann", "reviewer", { agent: "r1" }),
  },
  "vacate a role": { to: (stage, key) => root(stage).assign("ann", "reviewer", {}, key) },
  "what is refused stays refused": {
    to: (stage, key) => root(stage).control("resume", "ann", {}, key),
    then: (stage) => root(stage).control("suspend", "ann", {}),
  },
  "drop what is no dead letter": { to: (stage, key) => stage.cluster.thread(stage.thread).settleDeadLetter("drop", "7", key) },
  pause: {
    to: (stage, key) => stage.cluster.workflow("code-review").pause({ by: "ann", reason: null, since: "now" }, key),
    then: (stage) => stage.cluster.workflow("code-review").pause(null),
  },
};

test.each(Object.entries(orders))(
  "[KEY1] %s: the same key gets the same answer and changes nothing",
  async (_title, { to, before, then }) => {
    const stage = await begin();
    await before?.(stage);
    await stage.cluster.advance(1_000);
    const first = await to(stage, once("k"));
    await stage.cluster.advance(1_000);
    await then?.(stage);
    const seen = await look(stage);
    for (const evicted of [false, true]) {
      if (evicted) for (const address of stage.cluster.living()) stage.cluster.end(address);
      expect(JSON.parse(JSON.stringify(await to(stage, once("k"))))).toEqual(JSON.parse(JSON.stringify(first)));
      expect(await look(stage)).toEqual(seen);
    }
    expect(await to(stage, once("k", "other"))).toMatchObject({ ok: false, problem: { code: "id_conflict", retryable: false } });
    expect(await look(stage)).toEqual(seen);
  },
);

test("[KEY2] two orders at once under one key are one", async () => {
  const stage = await begin();
  const answers = await Promise.all([1, 2, 3].map(() => root(stage).fork("ann", {}, once("k"))));
  expect(new Set(answers.map((each) => (each.ok ? (each.value as ThreadView).id : "refused"))).size).toBe(1);
  await stage.cluster.advance(1_000);
  expect(stage.cluster.index.size).toBe(2);
});

test("[KEY3] an order whose object ends right after the commit has been followed: the repeat is shown the thread as it is", async () => {
  const storage = createNodeStorage();
  let store = createStore(storage, "thread/t1");
  const commit = <T>(body: () => T): T => store.transaction(body);
  const make = () => {
    store = createStore(storage, "thread/t1");
    return createControlKeys({ store, clock: { now: () => 1 }, committer: () => ({ commit }) });
  };
  const order = vi.fn(async (remember: () => void): Promise<Result<string>> => {
    commit(remember);
    throw new Error("ended");
  });
  const show = async () => succeed("as it is");
  await expect(make().run(once("k"), order, show)).rejects.toThrow("ended");
  expect(await make().run(once("k"), order, show)).toEqual(succeed("as it is"));
  expect(order).toHaveBeenCalledTimes(1);
  // One that never came to its commit is followed when it comes again.
  const early = vi.fn(async (): Promise<Result<string>> => refuse("unavailable", "later"));
  expect(await make().run(once("e"), early, show)).toMatchObject({ ok: false });
  expect(await make().run(once("e"), async () => succeed("done"), show)).toEqual(succeed("done"));
});

test("[KEY4] keys are kept for a day, and so many of them", async () => {
  const stage = await begin();
  const suspend = (key: string) => root(stage).control("suspend", "ann", {}, once(key));
  const first = await suspend("k");
  for (let index = 0; index < controlKeyLimits.count - 1; index++) await suspend(`k${index}`);
  expect(await suspend("k")).toEqual(first);
  await stage.cluster.advance(1);
  await suspend("one too many");
  await root(stage).control("resume", "ann", {});
  await stage.cluster.advance(1_000);
  // It is a new order now.
  expect(await suspend("k")).toMatchObject({ ok: true });
  await stage.cluster.advance(1_000);
  expect(await root(stage).show(null)).toMatchObject({ value: { status: "suspended" } });

  stage.cluster.turnClock(controlKeyLimits.age);
  expect(await suspend("k")).toMatchObject({ ok: false, problem: { code: "not_allowed_now" } });
});

test("[KEY4] keys that an earlier version kept in a table of their own are known, with their answers, however deep these are", async () => {
  const storage = createNodeStorage();
  const [sql = ""] = formerControlKeys.migrations;
  storage.exec(
    `CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL); INSERT INTO schema_version VALUES ('control', 1); ${sql}`,
  );
  const deep = JSON.parse(`${"[".repeat(1_500)}${"]".repeat(1_500)}`) as Json;
  const rows: [string, Result<Json> | null][] = [
    ["kept", succeed(deep)],
    ["shown", null],
    ["refused", refuse("not_allowed_now", "not so")],
  ];
  for (const [key, answer] of rows)
    storage.exec("INSERT INTO control_key VALUES (?, ?, ?, 5)", key, once(key).hash, answer && JSON.stringify(answer));
  const store = createStore(storage, "thread/t1", { control: formerControlKeys });
  const commit = <T>(body: () => T): T => store.transaction(body);
  const keys = createControlKeys({ store, clock: { now: () => 6 }, committer: () => ({ commit }) });
  const order = vi.fn(async () => succeed<Json>("again"));
  for (const [key, answer] of rows)
    expect(JSON.stringify(await keys.run<Json>(once(key), order, async () => succeed("as it is")))).toBe(
      JSON.stringify(answer ?? succeed("as it is")),
    );
  expect(order).not.toHaveBeenCalled();
  expect(await keys.run<Json>({ ...once("kept"), hash: "other" }, order, order)).toMatchObject({
    ok: false,
    problem: { code: "id_conflict" },
  });
  expect(storage.exec("SELECT name FROM sqlite_master WHERE name = 'control_key'")).toEqual([]);
});
