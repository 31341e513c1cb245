/** [VER1] [VER2] A deploy reaches each object at another time: what an older one does not know waits, and is a dead letter after an hour. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { formerHost } from "../../src/durable/host/former-tables.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import { isNewer, NewerVersionError } from "../../src/durable/host/newer-version.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../src/durable/host/store/store.ts";
import { answerLater } from "../../src/durable/host/take-envelope.ts";
import { loadStoredMachine } from "../../src/durable/thread/lifecycle/load-stored-machine.ts";
import { logics } from "../host/machines.ts";
import { createNodeWorld } from "../host/node-world.ts";
import { changeActor, makeFormer } from "../host/stored.ts";
import { resetWorld } from "../host/world.ts";
import { createCluster } from "./cluster.ts";
import { begin } from "./liveness-stage.ts";

beforeEach(() => {
  for (const way of ["warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => {});
});
afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

test("[VER1] a later version is recognised by its numbers", () => {
  for (const [stored, known, newer] of [
    ["2", "1", true],
    ["10", "9", true],
    ["1", "1", false],
    ["1", "2", false],
    ["1.10", "1.9", true],
    ["task/2", "task/1", true],
    ["old", "1", false],
  ] as const)
    expect(isNewer(stored, known)).toBe(newer);
});

test("[VER1] tables of a newer version are neither read nor written, and its messages are answered later", async () => {
  const storage = createNodeStorage();
  const { lane, host } = formerHost;
  makeFormer(storage, { lane: [...lane.migrations, "CREATE TABLE later (x);"], host: host.migrations });
  const open = () => createStore(storage, "actor/a", formerHost);
  expect(open).toThrow(NewerVersionError);
  const answer = await answerLater(async () => {
    open();
    return { status: "stored" };
  });
  expect(answer).toMatchObject({ status: "later", detail: expect.stringContaining("newer version") });
  expect(storage.exec("SELECT room, version FROM schema_version WHERE room = 'lane'")).toEqual([
    { room: "lane", version: lane.migrations.length + 1 },
  ]);
  storage.close();
});

test("[VER1] a machine with an unknown vocabulary was compiled by newer code", () => {
  expect(() => loadStoredMachine({ version: "task/999", id: "task", context: {}, states: {} } as never)).toThrow(NewerVersionError);
});

test("[VER1] a snapshot of a newer version: its object's messages wait for the code that reads it, and none is a dead letter meanwhile", async () => {
  const w = createNodeWorld();
  await w.start("s", "sender");
  await w.start("c", "counter");
  const [row] = await w.query("c", "SELECT body ->> '$.row.version' AS version FROM document WHERE collection = 'actor'");
  await w.evict("c");
  await w.query("c", changeActor, "$.row.version", "999");
  await w.send("s", { type: "send", to: "actor/c", n: 1 });
  await w.advance(hostLimits.holdBackAfter / 2);
  expect(await w.deadLetters("c")).toEqual([]);
  await w.query("c", changeActor, "$.row.version", row?.version ?? null);
  await w.evict("c");
  await w.advance(120_000);
  expect(await w.read("c")).toMatchObject({ context: { n: 1 } });
});

test("[VER2] a message that an actor does not know waits, and is a dead letter after an hour, where the host is told so", async () => {
  const host = createCluster(logics, { unknownLater: true }).host("actor/c");
  await host.start({ actor: "c", logic: "counter" });
  const message = { type: "of.tomorrow" };
  const envelope = { from: "actor/s", id: 1, to: "actor/c", message };
  expect(await host.deliver(envelope)).toMatchObject({ status: "later", unknown: true });
  expect(host.deadLetters()).toEqual([]);
  expect(await host.deliver({ ...envelope, park: true })).toEqual({ status: "stored" });
  expect(host.deadLetters()).toMatchObject([{ code: "poison", error: expect.stringContaining("not known") }]);
});

test("[VER2] every object answers what it does not know so, and refuses it once the hour is over", async () => {
  const { cluster, thread } = await begin();
  const message = { type: "of.tomorrow", data: 1 };
  const objects = {
    [`recruitment/${thread}`]: cluster.thread(thread),
    "agent/author": cluster.agent("author"),
    "workflow/review": cluster.workflow("review"),
  };
  for (const [to, object] of Object.entries(objects)) {
    const envelope = { from: "recruitment/other", id: 1, to, message };
    expect(await object.deliver(envelope), to).toMatchObject({ status: "later", unknown: true });
    // Nothing was noted of it: the same message is taken once it is known.
    expect(await object.deliver(envelope), to).toMatchObject({ status: "later", unknown: true });
    const last = await object.deliver({ ...envelope, park: true });
    expect(last.status === "stored" || (last.status === "refused" && last.code === "unknown_message"), to).toBe(true);
  }
});

test("[VER2] a message that a newer version has left in an object's own outbox does not stop the thread for good", async () => {
  const { cluster, thread, first } = await begin();
  const { outbox } = cluster.thread(thread).host.committer;
  cluster.thread(thread).host.committer.commit(() => outbox.append(["events"], { type: "of.tomorrow" as "child.report" }));
  await first.claim();
  await cluster.advance(hostLimits.holdBackAfter + 120_000);
  // It comes behind the other in the outbox.
  expect(await first.find("nerve.thread.started")).toMatchObject({ thread });
  await cluster.advance(hostLimits.unknownFor);
  expect(cluster.thread(thread).host.committer.outbox.heldBack()).toEqual([]);
});
