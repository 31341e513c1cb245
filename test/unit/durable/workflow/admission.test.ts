/** A workflow's admission, alone: what it says to threads and initiators, over crashes, pauses and new revisions. */
import { afterEach, expect, test, vi } from "vitest";
import { hostLimits } from "../../../../src/durable/host/limits.ts";
import type { Message } from "../../../../src/durable/protocol/envelope.ts";
import { setUp } from "./admission-stage.ts";

afterEach(() => void vi.restoreAllMocks());

function makeAdmit(thread: string, agent: string): Message {
  const event = { id: thread, source: `/agents/${agent}`, type: "x", specversion: "1.0" };
  return { type: "admit", thread, workflow: "w", revision: "r1", event, initiator: agent, key: null };
}

test("[QUE4] a thread that finds no place waits, is told why, and starts in order", async () => {
  const world = setUp();
  for (const thread of ["t1", "t2", "t3"]) await world.admit(thread);
  expect(world.told("thread.start")).toEqual(["t1"]);
  expect(world.told("thread.queued")).toEqual(["t2", "t3"]);
  expect(world.mails()[0]).toMatchObject({
    type: "nerve.thread.queued",
    data: { thread: "t2", reason: expect.stringContaining("1 threads run") },
  });
  await world.end("t1");
  await world.end("t2");
  expect(world.told("thread.start")).toEqual(["t1", "t2", "t3"]);
  expect(world.admission.admission()).toMatchObject({ running: 1, queued: [], concurrency: 1 });
});

test("[QUE5] a thread that is suspended gives its place to the next, keeps its key, and runs at once when it is resumed", async () => {
  const world = setUp();
  await world.admit("t1", { key: "k" });
  await world.admit("t2");
  await world.deliver({ type: "thread.paused", thread: "t1", revision: "r1" });
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
  await world.admit("t3", { key: "k" });
  expect(world.mails().at(-1)).toMatchObject({ type: "nerve.thread.dropped", data: { reason: "the thread t1 of the key k is live" } });
  await world.deliver({ type: "thread.resumed", thread: "t1", revision: "r1" });
  expect(world.admission.admission().running).toBe(2);
  await world.admit("t4");
  await world.end("t2");
  // One too many ran: its place is not given on.
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
  await world.end("t1");
  expect(world.told("thread.start")).toEqual(["t1", "t2", "t4"]);
});

test("[QUE6] a full queue drops its oldest; overflow: drop drops the newcomer", async () => {
  const world = setUp({ concurrency: 1, maxQueue: 2 });
  for (const thread of ["t1", "t2", "t3", "t4"]) await world.admit(thread);
  expect(world.told("thread.dropped")).toEqual(["t2"]);
  expect(world.admission.admission().queued).toEqual(["t3", "t4"]);
  const strict = setUp({ concurrency: 1, overflow: "drop" });
  for (const thread of ["t1", "t2"]) await strict.admit(thread);
  expect(strict.told("thread.dropped")).toEqual(["t2"]);
  expect(strict.rows.findLast((row) => row.table === "thread")).toMatchObject({ id: "t2", status: "dropped" });
});

test("[QUE3] priorities and initiators: the highest first, then in turn", async () => {
  const world = setUp();
  await world.admit("t0");
  await world.admit("a1", { agent: "a" });
  await world.admit("a2", { agent: "a" });
  await world.admit("b1", { agent: "b" });
  await world.admit("c1", { agent: "c", priority: 9 });
  // What is no number is none.
  await world.admit("b2", { agent: "b", priority: Number.NaN });
  const order = ["c1", "a1", "b1", "a2", "b2"];
  expect(world.admission.admission().queued).toEqual(order);
  for (const thread of ["t0", ...order.slice(0, -1)]) await world.end(thread);
  expect(world.told("thread.start")).toEqual(["t0", ...order]);
});

test("[QUE7] a paused workflow admits nobody, lets what runs run, and says by whom; unpaused it starts who waits", async () => {
  const world = setUp({ concurrency: 2, overflow: "drop" });
  await world.admit("t1");
  await world.admission.pause({ by: "ann", reason: "deploy", since: "now" });
  await world.admission.pause({ by: "bob", reason: null, since: "later" });
  await world.admit("t2");
  await world.end("t1");
  world.crash();
  expect(world.admission.admission()).toMatchObject({ running: 0, queued: ["t2"], paused: { by: "ann" } });
  expect(world.mails().at(-1)).toMatchObject({ type: "nerve.thread.queued", data: { thread: "t2", reason: "paused by ann: deploy" } });
  await world.admission.pause(null);
  await world.settle();
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
  expect(world.admission.admission()).toMatchObject({ running: 1, queued: [], paused: null });
});

test("[QUE8] a crash between the end of one thread and the start of the next loses neither", async () => {
  const world = setUp();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  await world.admit("t1");
  await world.admit("t2");
  world.setDown(true);
  await world.end("t1");
  expect(world.told("thread.start")).toEqual(["t1"]);
  world.crash();
  world.setDown(false);
  world.pass(60_000);
  await world.admission.alarm();
  await world.settle();
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
});

test("[QUE9] a published revision's concurrency holds for those that already wait; an older revision's event does not bring the old back", async () => {
  const world = setUp();
  for (const thread of ["t1", "t2", "t3", "t4"]) await world.admit(thread);
  world.publish("r2", { concurrency: 3 });
  await world.admission.published("r2");
  await world.settle();
  expect(world.told("thread.start")).toEqual(["t1", "t2", "t3"]);
  await world.admit("t5", { revision: "r1" });
  expect(world.admission.admission()).toMatchObject({ concurrency: 3, running: 3 });
  // Told late of the next one: the first event of it says so.
  world.publish("r3", {});
  await world.admit("t6");
  expect(world.admission.admission()).toMatchObject({ concurrency: null, running: 6, queued: [] });
});

test("[QUE10] a thread that begins again waits like any other, is never dropped for want of a place, and messages of its earlier epoch are ignored", async () => {
  const world = setUp({ concurrency: 1, overflow: "drop", maxQueue: 1 });
  await world.admit("t1", { key: "k" });
  await world.end("t1");
  await world.admit("t2");
  await world.admit("t1", { key: "k", epoch: 2 });
  expect(world.told("thread.queued")).toEqual(["t1"]);
  expect(world.mails().at(-1)).toMatchObject({ id: "t1-2.queued" });
  await world.end("t1", 1);
  expect(world.admission.admission().queued).toEqual(["t1"]);
  await world.end("t2");
  expect(world.told("thread.start")).toEqual(["t1", "t2", "t1"]);
  // One that has a place keeps it.
  await world.admit("t1", { key: "k", epoch: 3 });
  expect(world.told("thread.start")).toEqual(["t1", "t2", "t1", "t1"]);
});

test("[QUE11] a resume signal goes to the key's live thread, or else to its last ended one", async () => {
  const world = setUp();
  const signal = (key: string, word = "resume") =>
    world.deliver({ type: "signal", signal: word, key, event: { id: "e", source: "/agents/a" } });
  await world.admit("t1", { key: "k" });
  await world.end("t1");
  await signal("k");
  await signal("k", "suspend");
  await signal("unknown");
  const signals = world.received.filter(({ message }) => message.type === "thread.signal");
  expect(signals).toMatchObject([{ to: "recruitment/t1", message: { signal: "resume" } }]);
});

test("[BECAME9] a signal to a key whose last thread is archived says so to whoever asks, and the key has no thread from then on", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const world = setUp();
  await world.admit("t1", { key: "k" });
  await world.end("t1");
  world.archived.add("recruitment/t1");
  const resume = (ref: string) => world.deliver({ type: "signal", signal: "resume", key: "k", ref, event: null, workflow: "w" });
  await resume("one");
  await resume("two");
  expect(await world.admission.outcomes(["one", "two"])).toEqual([
    { status: "nothing", thread: "t1", state: "ended", detail: "the thread t1 is archived: it can be shown, and takes no resume" },
    { status: "nothing", detail: "no live thread has the key k" },
  ]);
  // It is asked once, and what comes after it is not held up.
  expect(world.received.filter(({ message }) => message.type === "thread.signal")).toHaveLength(1);
  await world.admit("t2", { key: "k" });
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
});

test("[QUE18] what threads say of their places may come twice, and of threads that have ended the object keeps nothing", async () => {
  const world = setUp({ concurrency: 2 });
  const tables = () =>
    world.storage
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('journal', 'sqlite_sequence')")
      .map(({ name }) => [name, world.storage.exec<{ n: number }>(`SELECT count(*) AS n FROM ${name}`)[0]?.n]);
  const say = (word: string, thread: string, id: number, epoch = 1) =>
    world.deliver({ type: `thread.${word}`, thread, revision: "r1", epoch }, `recruitment/${thread}`, id);
  const play = async (thread: string) => {
    await world.admit(thread);
    for (const [at, word] of ["paused", "resumed", "ended"].entries())
      for (let times = 0; times < 2; times++) await say(word, thread, at + 1);
  };
  for (let thread = 0; thread < 40; thread++) await play(`t${thread}`);
  const before = tables();
  for (let thread = 40; thread < 60; thread++) await play(`t${thread}`);
  expect(tables()).toEqual(before);
  expect(world.admission.admission()).toMatchObject({ running: 0, queued: [] });
  // A late repeat of an earlier beginning is of no account to the next.
  await world.admit("t1", { epoch: 2 });
  await say("ended", "t1", 3);
  expect(world.admission.admission()).toMatchObject({ running: 1 });
});

test("[RET18] the place of a thread that was archived under the same id is free at once, and whoever waits gets it", async () => {
  const world = setUp({ concurrency: 1 });
  world.archived.add("recruitment/t1");
  await world.admit("t1");
  await world.admit("t2");
  expect(world.told("thread.start")).toEqual(["t1", "t2"]);
  expect(world.admission.admission()).toMatchObject({ running: 1, queued: [] });
});

test("[QUE19] a disk that is full at any statement leaves the queue as it was, in memory too; what comes again is done once", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  const world = setUp();
  await world.admit("t1", { key: "k" });
  let id = 100;
  const orders: [message: Message, after: object][] = [
    [makeAdmit("t2", "a"), { running: 1, queued: ["t2"] }],
    [makeAdmit("t3", "b"), { running: 1, queued: ["t2", "t3"] }],
    [
      { type: "thread.ended", thread: "t1", revision: "r1" },
      { running: 1, queued: ["t3"] },
    ],
    [
      { type: "thread.paused", thread: "t2", revision: "r1" },
      { running: 1, queued: [] },
    ],
  ];
  for (const [message, after] of orders) {
    id += 1;
    const before = world.admission.admission();
    const failures = await world.failEverywhere(
      () => world.deliver(message, "agent/b", id),
      () => expect(world.admission.admission()).toEqual(before),
    );
    expect(failures).toBeGreaterThan(1);
    expect(world.admission.admission()).toMatchObject(after);
  }
  world.pass(600_000);
  await world.admission.alarm();
  await world.settle();
  expect([...new Set(world.told("thread.start"))]).toEqual(["t1", "t2", "t3"]);
  world.crash();
  expect(world.admission.admission()).toMatchObject({ running: 1, queued: [] });
});

test("[QUE20] where the queue's object is gone, threads that run end, their ends are heard, and new ones begin", async () => {
  const world = setUp();
  await world.end("t1");
  await world.deliver({ type: "thread.paused", thread: "t2", revision: "r1" });
  await world.admit("t3");
  await world.admit("t4");
  expect(world.told("thread.start")).toEqual(["t3"]);
  expect(world.admission.admission()).toMatchObject({ running: 1, queued: ["t4"] });
});

test("[QUE21] a thread whose root cannot be reached, or an initiator, keeps the workflow's other threads waiting for seconds only", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const world = setUp({ concurrency: 3 });
  for (const address of ["recruitment/t1", "agent/away"]) world.unreachable.add(address);
  await world.admit("t1", { key: "k" });
  await world.deliver({ type: "signal", workflow: "w", signal: "suspend", event: null, ref: null, key: "k" });
  for (const thread of ["t2", "t3"]) await world.admit(thread);
  await world.admit("t4", { agent: "away" });
  await world.admit("t5");
  expect(world.told("thread.start")).toEqual([]);
  await world.wait(2 * hostLimits.holdBackSoon + 1_000);
  expect(world.told("thread.start")).toEqual(["t2", "t3"]);
  expect(world.told("thread.queued")).toEqual(["t4", "t5"]);
  expect(world.mails().map(({ data }) => data.thread)).toEqual(["t5"]);
  // What is said to the root stays in its order, over a crash too.
  world.crash();
  world.unreachable.clear();
  await world.wait(hostLimits.retryLast);
  expect(world.received.filter(({ to }) => to === "recruitment/t1").map(({ message }) => message.type)).toEqual([
    "thread.start",
    "thread.signal",
  ]);
  expect(world.mails().map(({ data }) => data.thread)).toEqual(["t5", "t4"]);
  expect(world.admission.admission()).toMatchObject({ running: 3, queued: ["t4", "t5"] });
});
