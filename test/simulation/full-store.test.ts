/** A store that fails says nothing about what it should have kept: nothing is set aside for it, and what comes again is taken. */
import { afterEach, expect, test, vi } from "vitest";
import { logics } from "../host/machines.ts";
import { createCellCluster } from "./cell-cluster.ts";
import { createCluster } from "./cluster.ts";

afterEach(() => void vi.restoreAllMocks());

/** What SQLite and workerd say; the last is all that workerd tells of most of them. */
const faults = [
  "database or disk is full: SQLITE_FULL",
  "disk I/O error: SQLITE_IOERR",
  "internal error; reference = jbe7iphoenj9gk7p605cep67",
];

/** A host whose store refuses its next commit, and takes the one after it. */
function open(fault: string) {
  const cluster = createCluster(logics);
  const host = cluster.host("actor/a");
  return {
    cluster,
    host,
    failNext(commits = 1) {
      const store = cluster.store("actor/a");
      const { transaction } = store;
      let left = commits;
      store.transaction = (body) => {
        if (left-- > 0) throw new Error(fault);
        store.transaction = transaction;
        return transaction(body);
      };
    },
  };
}

test.each(faults)(
  "[STORE1] while the store fails (%s), an event that is sent is neither taken nor made a dead letter: its sender is told, and sends it again",
  async (fault) => {
    const { host, failNext } = open(fault);
    await host.start({ actor: "a", logic: "counter" });
    failNext();
    await expect(host.send("a", { type: "add", by: 1 })).rejects.toThrow(fault);
    expect(host.deadLetters()).toEqual([]);
    expect(await host.send("a", { type: "add", by: 1 })).toMatchObject({ ok: true });
    expect(await host.read("a")).toMatchObject({ context: { n: 1 } });
  },
);

test.each(faults)(
  "[STORE2] while the store fails (%s), a message that is delivered is refused for now, and taken once when it comes again",
  async (fault) => {
    const { cluster, host, failNext } = open(fault);
    await host.start({ actor: "a", logic: "counter" });
    const envelope = { from: "client/1", id: 1, to: "actor/a", message: { type: "add", by: 1 } };
    failNext();
    await expect(cluster.host("actor/a").deliver(envelope)).rejects.toThrow(fault);
    expect(host.deadLetters()).toEqual([]);
    expect(await host.deliver(envelope)).toEqual({ status: "stored" });
    expect(await host.deliver(envelope)).toEqual({ status: "stored" });
    expect(await host.read("a")).toMatchObject({ context: { n: 1 } });
  },
);

test.each(faults)("[STORE3] a timer that rings while the store fails (%s) rings again", async (fault) => {
  const { cluster, host, failNext } = open(fault);
  await host.start({ actor: "a", logic: "clock" });
  await host.send("a", { type: "self" });
  // The alarm's own commit holds, the timer's does not.
  const store = cluster.store("actor/a");
  const { transaction } = store;
  store.transaction = (body) => {
    store.transaction = transaction;
    const held = transaction(body);
    failNext();
    return held;
  };
  await cluster.advance(1_000);
  await cluster.settle();
  expect(host.deadLetters()).toEqual([]);
  await cluster.advance(120_000);
  await cluster.settle();
  expect(await host.read("a")).toMatchObject({ context: { rang: ["self"] } });
});

test("[STORE4] what a machine throws is still a dead letter, though it is called like a failure of the store", async () => {
  const { host } = open("");
  await host.start({ actor: "a", logic: "counter" });
  expect(await host.send("a", { type: "boom" })).toMatchObject({ ok: false, code: "threw" });
  expect(host.deadLetters()).toHaveLength(1);
});

test.each(["statement", "commit"])(
  "[STORE6] where the disk of a cell fails at a %s, all that its actors committed at that time is none of it, each who asked is told, and what comes next is taken",
  async (at) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const says = "database or disk is full: SQLITE_FULL";
    const cluster = createCellCluster(logics);
    const names = ["a", "b", "c"];
    for (const actor of names) await cluster.host(`actor/${actor}`).start({ actor, logic: "counter" });
    await cluster.settle();
    const store = cluster.store("cell");
    const { exec, transaction } = store;
    let refused = 0;
    let wrote = false;
    store.exec = (sql, ...values) => {
      // One of the statements only: no other actor's rows may stay without it.
      if (!/^INSERT INTO document/.test(sql)) return exec(sql, ...values);
      wrote = true;
      if (at === "statement") refuse();
      return exec(sql, ...values);
    };
    store.transaction = (body) => {
      wrote = false;
      return transaction(() => {
        const held = body();
        if (wrote) refuse();
        return held;
      });
    };
    function refuse(): never {
      refused += 1;
      throw new Error(says);
    }
    const send = () => Promise.allSettled(names.map((actor) => cluster.host(`actor/${actor}`).send(actor, { type: "add", by: 1 })));
    const told = await send();
    await cluster.settle();
    expect(refused).toBe(1);
    expect(told.map(({ status }) => status)).toEqual(names.map(() => "rejected"));
    expect(told[0]).toMatchObject({ reason: { message: says } });
    // As a crash would leave it: what memory says is what is stored.
    Object.assign(store, { exec, transaction });
    const counts = () => Promise.all(names.map(async (actor) => (await cluster.host(`actor/${actor}`).read(actor))?.context));
    expect(await counts()).toEqual([0, 0, 0].map((n) => expect.objectContaining({ n })));
    expect((await send()).every((each) => each.status === "fulfilled" && each.value.ok)).toBe(true);
    cluster.evict("cell");
    expect(await counts()).toEqual([1, 1, 1].map((n) => expect.objectContaining({ n })));
  },
);
