/** Senders that begin anew, under clocks that do not agree: whose messages are taken, and whose are late. */
import { afterEach, expect, test, vi } from "vitest";
import { createDedup } from "../../src/durable/agent/mailbox/dedup.ts";
import { drawLife } from "../../src/durable/host/inbox.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../src/durable/host/store/store.ts";
import type { Delivery } from "../../src/durable/protocol/envelope.ts";
import { logics } from "../host/machines.ts";
import { createCluster } from "./cluster.ts";

afterEach(() => void vi.restoreAllMocks());

const minute = 60_000;

async function open() {
  const answers: Delivery[] = [];
  const cluster = createCluster(logics, {
    async intercept(_, deliver) {
      const answer = await deliver();
      answers.push(answer);
      return answer;
    },
  });
  for (const receiver of ["c", "d"]) await cluster.host(`actor/${receiver}`).start({ actor: receiver, logic: "counter" });
  async function send(n: number, to = "c"): Promise<void> {
    await cluster.host("actor/s").send("s", { type: "send", to: `actor/${to}`, n });
    await cluster.settle();
  }
  /** The sender's object loses all that it had, and is made again. */
  async function beginAnew(clock: number): Promise<void> {
    cluster.evict("actor/s");
    cluster.store("actor/s").exec("DROP TABLE IF EXISTS journal; DROP TABLE IF EXISTS document; DROP TABLE IF EXISTS cursor;");
    cluster.turnClock(clock);
    await cluster.host("actor/s").start({ actor: "s", logic: "sender" });
  }
  async function total(receiver = "c"): Promise<unknown> {
    const view = await cluster.host(`actor/${receiver}`).read(receiver);
    return (view?.context as { n: number } | undefined)?.n;
  }
  return { cluster, answers, send, beginAnew, total };
}

test.each([1_000, 10 * minute])(
  "[ENTRY14] a sender that begins anew under a clock that went back by %d ms is heard by all, each message once",
  async (back) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { cluster, answers, send, beginAnew, total } = await open();
    cluster.turnClock(100 * minute);
    await beginAnew(0);
    for (const n of [1, 2]) await send(n);
    await beginAnew(-back);
    for (const n of [3, 4]) await send(n);
    await send(5, "d");
    expect([await total(), await total("d")]).toEqual([10, 5]);
    expect(cluster.host("actor/s").deadLetters()).toEqual([]);
    // Told once, and kept: also over an eviction.
    expect(answers.filter(({ status }) => status === "refused")).toHaveLength(1);
    cluster.evict("actor/s");
    await send(6);
    expect(await total()).toBe(16);
    expect(answers.filter(({ status }) => status === "refused")).toHaveLength(1);
    await beginAnew(20 * minute);
    await send(7);
    expect(await total()).toBe(23);
  },
);

test("[ENTRY6] of two lives the earlier is over, however soon the later began: its messages are late, and change nothing", async () => {
  const { cluster, total } = await open();
  const [old, young] = [drawLife(1_000_000), drawLife(1_000_002)];
  const post = (id: number, life: number) =>
    cluster.host("actor/c").deliver({ from: "actor/x", id, life, to: "actor/c", message: { type: "add", by: 1 } });
  for (const [id, life] of [
    [7, old],
    [1, young],
  ] as const)
    expect(await post(id, life)).toEqual({ status: "stored" });
  for (const id of [7, 8]) expect(await post(id, old)).toMatchObject({ status: "refused", code: "gone", life: young });
  expect(await post(1, young)).toEqual({ status: "stored" });
  expect(await post(2, young)).toEqual({ status: "stored" });
  expect(await total()).toBe(3);
});

test("[ENTRY14] a mailbox says which later life it knows, so that nobody's mail is taken for a repeat of another life's", () => {
  const store = createStore(createNodeStorage(), "agent/a");
  const senders = createDedup(store.keyed("sender"), { now: () => 0 });
  store.transaction(() => senders.write({ from: "task/t1", id: 9, life: 2_000 }));
  expect(senders.findLater({ from: "task/t1", id: 1, life: 1_000 })).toBe(2_000);
  for (const life of [2_000, 3_000, undefined])
    expect(senders.findLater({ from: "task/t1", id: 1, ...(life && { life }) })).toBeUndefined();
});

test("[ENTRY15] an object that alone is of an earlier time doubles nothing and waits for nobody: what it sends counts as repeated until its numbers are new", async () => {
  const { cluster, send, beginAnew, total } = await open();
  await beginAnew(0);
  await send(1);
  const store = cluster.store("actor/s");
  const tables = ["journal", "document", "cursor"];
  const backup = tables.map((table) => store.exec<Record<string, string | number | null>>(`SELECT * FROM ${table}`));
  for (const n of [2, 3]) await send(n);
  expect(await total()).toBe(6);
  cluster.evict("actor/s");
  for (const [index, table] of tables.entries()) {
    store.exec(`DELETE FROM ${table}`);
    for (const row of backup[index] ?? [])
      store.exec(
        `INSERT INTO ${table} VALUES (${Object.keys(row)
          .map(() => "?")
          .join(", ")})`,
        ...Object.values(row),
      );
  }
  // As many as it has forgotten.
  for (const n of [10, 20]) await send(n);
  expect(await total()).toBe(6);
  for (const n of [100, 200]) await send(n);
  expect(await total()).toBe(306);
  expect([cluster.host("actor/s").deadLetters(), cluster.host("actor/s").committer.outbox.size()]).toEqual([[], 0]);
});
