/** What a workflow's queue costs: counted on the storage, whose statements and rows do not depend on the machine. */
import { expect, test } from "vitest";
import type { Row, SqlValue, Storage } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { createOutcomes, outcomeLimits } from "../../../../src/durable/workflow/outcomes.ts";
import { createQueue, type Entry } from "../../../../src/durable/workflow/queue.ts";
import { keyLimits } from "../../../../src/durable/workflow/thread-keys.ts";

const day = 86_400_000;

function countDocuments(storage: Storage, collection: string): number {
  return storage.exec<{ n: number }>("SELECT count(*) AS n FROM document WHERE collection = ?", collection)[0]?.n ?? 0;
}

/** A queue whose storage counts what is read and changed. */
function open(storage = createNodeStorage()) {
  const counts = { statements: 0, read: 0, characters: 0, written: 0 };
  const counting: Storage = {
    exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
      const before = storage.exec<{ n: number }>("SELECT total_changes() AS n")[0]?.n ?? 0;
      const rows = storage.exec<T>(sql, ...values);
      counts.statements += 1;
      counts.read += rows.length;
      counts.characters += JSON.stringify(rows).length;
      counts.written += (storage.exec<{ n: number }>("SELECT total_changes() AS n")[0]?.n ?? 0) - before;
      return rows;
    },
    transaction: (body) => storage.transaction(body),
    setAlarm: (at) => storage.setAlarm(at),
  };
  const store = createStore(counting, "workflow/w");
  const queue = createQueue<{ text: string }>(store);
  const count = (change: () => unknown) => {
    Object.assign(counts, { statements: 0, read: 0, characters: 0, written: 0 });
    store.transaction(change);
    return { ...counts };
  };
  return { storage, store, queue, count };
}

const entry = (thread: string, more: Partial<Entry<{ text: string }>> = {}): Entry<{ text: string }> => ({
  ...{ thread, initiator: "/agents/a", priority: 0, key: null, epoch: 1, start: { text: "x".repeat(10_000) } },
  ...more,
});

test("[QUE13] a thread's begin and end change a row each, and two more where it has a key", () => {
  const { queue, count } = open();
  count(() => queue.begin(entry("warm"), "running"));
  expect(count(() => queue.begin(entry("t1"), "running"))).toMatchObject({ written: 1 });
  expect(count(() => queue.end("t1", 1))).toMatchObject({ written: 1 });
  expect(count(() => queue.begin(entry("t2", { key: "k" }), "running"))).toMatchObject({ written: 2 });
  expect(count(() => queue.end("t2", 1))).toMatchObject({ written: 2 });
});

test("[QUE14] with 10,000 threads in the queue a thread joins, is next, leaves and is dropped by a few statements, and no other's start is read", () => {
  const first = open();
  first.store.transaction(() => {
    for (let at = 0; at < 10_000; at++)
      first.queue.join(entry(`t${at}`, { initiator: `/agents/a${at % 100}`, priority: at % 3, start: { text: "y".repeat(500) } }));
  });
  const { queue, count } = open(first.storage);
  // A wake: facts of each, no start.
  const woken = count(() => queue.order());
  expect(woken.read).toBeLessThanOrEqual(10_100);
  expect(woken.characters).toBeLessThan(10_000 * 100);
  const few = (work: () => unknown, more: object = {}) => {
    const counted = count(work);
    expect(counted, work.toString()).toMatchObject(more);
    expect(counted.statements).toBeLessThan(12);
    expect(counted.read).toBeLessThan(5);
    expect(counted.written).toBeLessThan(6);
    expect(counted.characters).toBeLessThan(2_000);
  };
  few(() => queue.next());
  few(() => queue.join(entry("late")));
  few(() => queue.remove("t5"));
  few(() => queue.remove(queue.surplus(1_000) as string));
  few(() => queue.find("t9"));
  expect(queue.waiting()).toBe(9_998);
  // Shown are the first of them.
  expect(queue.order()).toHaveLength(1_000);
});

test("[QUE15] what a rolled back transaction did to the queue is undone in memory too", () => {
  const { queue, store } = open();
  store.transaction(() => {
    for (const thread of ["t1", "t2", "t3"]) queue.join(entry(thread, { initiator: `/agents/${thread}` }));
    queue.begin(entry("t0"), "running");
  });
  expect([queue.running(), queue.order()]).toEqual([1, ["t1", "t2", "t3"]]);
  expect(() =>
    store.transaction(() => {
      queue.next();
      queue.remove("t2");
      queue.end("t0", 1);
      queue.join(entry("t4"));
      throw new Error("the disk is full");
    }),
  ).toThrow("the disk is full");
  queue.reread();
  expect([queue.running(), queue.waiting(), queue.order()]).toEqual([1, 3, ["t1", "t2", "t3"]]);
  expect(store.transaction(() => queue.next())).toBeDefined();
  expect(queue.find("t1")).toMatchObject({ status: "running" });
});

test("[QUE16] last threads of keys are known up to a number, the oldest go first, and a key that is held stays", () => {
  const { queue, store, storage } = open();
  store.transaction(() => queue.begin(entry("held", { key: "held" }), "running"));
  for (let round = 0; round < 3; round++)
    store.transaction(() => {
      for (let at = 0; at < keyLimits.ended / 2; at++) {
        const thread = `t${round}-${at}`;
        queue.begin(entry(thread, { key: thread }), "running");
        queue.end(thread, 10_000 * round + at);
      }
    });
  for (let at = 0; at <= keyLimits.endsBetweenLooks; at++)
    store.transaction(() => {
      queue.begin(entry(`last${at}`, { key: "last" }), "running");
      queue.end(`last${at}`, day);
    });
  expect(countDocuments(storage, "key")).toBeLessThanOrEqual(keyLimits.ended + keyLimits.endsBetweenLooks + 1);
  expect(queue.findEnded("t0-0")).toBeUndefined();
  expect(queue.findEnded("t2-17")).toBe("t2-17");
  expect(queue.findEnded("last")).toBe(`last${keyLimits.endsBetweenLooks}`);
  expect(queue.findKey("held")).toMatchObject({ thread: "held", status: "running" });
});

test("[QUE17] outcomes are known for seven days, and up to a number", () => {
  const { store, storage } = open();
  let now = 0;
  const outcomes = createOutcomes(store, { now: () => now });
  const note = (ref: string) => store.transaction(() => outcomes.note(ref, { status: "nothing", detail: ref }));
  store.transaction(() => {
    for (let at = 0; at < outcomeLimits.count + 500; at++) {
      now = at;
      outcomes.note(`r${at}`, { status: "nothing", detail: "x" });
    }
  });
  for (let at = 0; at <= outcomeLimits.betweenLooks; at++) note("newest");
  expect(countDocuments(storage, "outcome")).toBeLessThanOrEqual(outcomeLimits.count + outcomeLimits.betweenLooks);
  expect(outcomes.read("r0")).toBeUndefined();
  expect(outcomes.read(`r${outcomeLimits.count + 499}`)).toMatchObject({ status: "nothing" });
  now += outcomeLimits.age + 1;
  // Not known any more before it is deleted, too.
  expect(outcomes.read("newest")).toBeUndefined();
  for (let at = 0; at <= outcomeLimits.betweenLooks; at++) note("later");
  expect(countDocuments(storage, "outcome")).toBe(1);
});
