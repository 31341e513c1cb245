/**
 * What an object's journal carries: the outbox beyond its cursor, actors' history, the last number of each sender. On node:sqlite,
 * with a clock that the test moves.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Committer, createCommitter, type LogSource } from "../../src/durable/host/committer.ts";
import type { Entry } from "../../src/durable/host/entry.ts";
import { formerHost } from "../../src/durable/host/former-tables.ts";
import { drawLife } from "../../src/durable/host/inbox.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import type { Storage } from "../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { Journal } from "../../src/durable/host/store/journal.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";
import { logics } from "../host/machines.ts";
import { resetWorld, world } from "../host/world.ts";
import { createCluster } from "./cluster.ts";

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  resetWorld();
  vi.restoreAllMocks();
});

interface Sender {
  storage: ReturnType<typeof createNodeStorage>;
  /** What receivers stored, as `type by number`. */
  stored: string[];
  sent: Envelope[];
  committer: Committer;
  send(type: string, to?: string[], rest?: object): void;
  /** Ends the object's life and begins the next. */
  restart(): void;
  advance(milliseconds: number): void;
}

/** An object that only sends. @param answer instead of `stored` */
function openSender(answer: (envelope: Envelope) => Delivery | Promise<Delivery> | undefined = () => undefined, log?: LogSource): Sender {
  const storage = createNodeStorage();
  let now = 1_000_000;
  let life = 0;
  const stored: string[] = [];
  const sent: Envelope[] = [];
  const make = (): Committer => {
    const mine = ++life;
    return createCommitter(
      {
        address: "actor/s",
        storage,
        clock: { now: () => now },
        scheduler: { background: (work) => void work.catch(() => {}) },
        transport: {
          async deliver(envelope) {
            if (mine !== life) throw new Error("this life is over");
            sent.push(envelope);
            const other = answer(envelope);
            if (!other) stored.push(envelope.message.type);
            return other ?? { status: "stored" };
          },
        },
      },
      { dueTimes: () => [], refused: () => {}, ...(log && { log }) },
    );
  };
  const sender: Sender = {
    ...{ storage, stored, sent },
    committer: make(),
    send: (type, to = ["actor/r"], rest = {}) => sender.committer.commit(() => sender.committer.outbox.append(to, { type, ...rest })),
    restart() {
      sender.committer = make();
    },
    advance(milliseconds) {
      now += milliseconds;
    },
  };
  return sender;
}

const idle = async (): Promise<void> => {};
const count = (storage: Storage, table: string): number => storage.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0;

test("[ENTRY1] what left in a life that wrote no position leaves again under its number; once a position is written, never", async () => {
  const sender = openSender();
  sender.send("a");
  await sender.committer.outbox.flush();
  sender.restart();
  await sender.committer.outbox.flush();
  expect(sender.sent.map(({ id, message }) => `${message.type} ${id}`)).toEqual(["a 4096", "a 4096"]);
  // The alarm that guarded the commit rings anyhow: it writes where the outbox is.
  await sender.committer.alarm(idle);
  sender.restart();
  await sender.committer.outbox.flush();
  expect(sender.committer.outbox.size()).toBe(0);
  expect(sender.sent).toHaveLength(2);
  // And so does the next commit, without a row more.
  sender.send("b");
  await sender.committer.outbox.flush();
  const rows = count(sender.storage, "cursor");
  sender.send("c");
  sender.restart();
  await sender.committer.outbox.flush();
  expect(sender.sent.slice(2).map(({ message }) => message.type)).toEqual(["b", "c"]);
  expect(count(sender.storage, "cursor")).toBe(rows);
});

test("[ENTRY2] what one commit says is one entry, and several where a row could not hold it: all of it leaves in order, whichever life reads on", async () => {
  const sender = openSender(({ message }) =>
    message.type === "4" && sender.sent.length < 6 ? { status: "later", detail: "" } : undefined,
  );
  const { committer } = sender;
  committer.commit(() => {
    committer.outbox.append(["actor/r"], { type: "small" });
    committer.outbox.append(["actor/q"], { type: "small too" });
  });
  expect(count(sender.storage, "journal")).toBe(1);
  committer.commit(() => {
    for (let n = 0; n < 8; n++) committer.outbox.append(["actor/r"], { type: String(n), text: "ü".repeat(300_000) });
  });
  expect(count(sender.storage, "journal")).toBe(4);
  const [largest] = sender.storage.exec<{ bytes: number }>("SELECT max(length(CAST(body AS BLOB))) AS bytes FROM journal");
  expect(largest?.bytes).toBeLessThanOrEqual(hostLimits.entryBytes);
  await sender.committer.outbox.flush();
  sender.restart();
  await sender.committer.outbox.flush();
  const seen = [...new Set(sender.sent.map(({ id, message }) => `${id} ${message.type}`))];
  expect(seen.map((each) => each.slice(each.indexOf(" ") + 1))).toEqual(["small", "small too", "0", "1", "2", "3", "4", "5", "6", "7"]);
  // Numbers grow within an entry and from one to the next, and a message keeps its own.
  expect(seen.map((each) => Number.parseInt(each, 10))).toEqual(seen.map((each) => Number.parseInt(each, 10)).sort((a, b) => a - b));
});

test("[ENTRY3] a long outbox is read by pages: memory holds a bounded part of it, and nothing is passed over", async () => {
  let away = true;
  const sender = openSender(() => (away ? { status: "later", detail: "away" } : undefined));
  const read = vi.spyOn(sender.committer.store.journal as Journal<Entry> satisfies object, "read");
  const total = 3 * hostLimits.readerEntries;
  for (let n = 0; n < total; n++) sender.send(String(n));
  // All of memory's part, and one for what is behind it.
  expect(sender.committer.outbox.size()).toBe(hostLimits.readerEntries + 1);
  expect(sender.committer.outbox.holds(String(total - 1))).toBe(true);
  away = false;
  sender.advance(hostLimits.retryLast);
  await sender.committer.outbox.flush();
  expect(sender.stored).toEqual(Array.from({ length: total }, (_, n) => String(n)));
  expect(sender.committer.outbox.size()).toBe(0);
  expect(read.mock.calls.every(([range]) => range.limit <= hostLimits.readerEntries)).toBe(true);
  // Bytes bound it too.
  away = true;
  for (let n = 0; n < 12; n++) sender.send(`large ${n}`, ["actor/r"], { text: "x".repeat(1_000_000) });
  expect(sender.committer.outbox.size()).toBeLessThanOrEqual(Math.ceil(hostLimits.readerBytes / 1_000_000) + 1);
  away = false;
  sender.advance(hostLimits.retryLast);
  await sender.committer.outbox.flush();
  expect(sender.stored.slice(total)).toEqual(Array.from({ length: 12 }, (_, n) => `large ${n}`));
});

test("[ENTRY4] an entry that cannot be read stops what is behind it, and says so; what is before it has left, reads and writes go on", async () => {
  const sender = openSender();
  for (const type of ["a", "b", "c"]) sender.send(type);
  const [row] = sender.storage.exec<{ body: string }>("SELECT body FROM journal WHERE seq = 2");
  sender.storage.exec("UPDATE journal SET body = '{' WHERE seq = 2");
  sender.restart();
  await sender.committer.outbox.flush();
  expect(sender.stored).toEqual(["a"]);
  const said = vi.mocked(console.error).mock.calls.map(([line]) => String(line));
  expect(said).toEqual([expect.stringContaining("the journal's entry 2 cannot be read")]);
  // It is looked at again, a minute later and not at once.
  expect(sender.committer.outbox.due()).toBe(1_000_000 + hostLimits.retryLast);
  sender.send("d");
  await sender.committer.outbox.flush();
  expect(sender.stored).toEqual(["a"]);
  sender.storage.exec("UPDATE journal SET body = ? WHERE seq = 2", row?.body ?? "");
  await sender.committer.outbox.flush();
  expect(sender.stored).toEqual(["a", "b", "c", "d"]);
});

test("[ENTRY5] entries that all readers are past go, in few statements; what one of them still has to read stays", async () => {
  let seen = 0;
  const log: LogSource = { cursor: "projected", take: () => [{ row: 1 }], added: () => {} };
  const sender = openSender(undefined, log);
  const deleting = vi.spyOn(sender.committer.store.journal, "trim");
  const send = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      sender.send(String(seen++));
      await sender.committer.outbox.flush();
    }
  };
  await send(3 * hostLimits.journalTrim);
  expect(count(sender.storage, "journal")).toBe(3 * hostLimits.journalTrim);
  sender.committer.store.journal.move("projected", 2 * hostLimits.journalTrim);
  await send(1);
  expect(sender.storage.exec("SELECT min(seq) AS first FROM journal")).toEqual([{ first: 2 * hostLimits.journalTrim + 1 }]);
  sender.committer.store.journal.move("projected", sender.committer.store.journal.last());
  await send(2);
  expect(count(sender.storage, "journal")).toBeLessThan(5);
  expect(deleting).toHaveBeenCalledTimes(2);
});

test("[ENTRY6] a message of a sender that began anew is new, whatever its number; one of the beginning before is refused", async () => {
  const cluster = createCluster(logics);
  const host = cluster.host("actor/c");
  await host.start({ actor: "c", logic: "counter" });
  const [old, young] = [drawLife(1_000_000), drawLife(2_000_000_000)];
  const post = (id: number, life?: number) =>
    host.deliver({ from: "actor/s", id, to: "actor/c", message: { type: "add", by: 1 }, ...(life !== undefined && { life }) });
  const total = async (): Promise<unknown> => (await host.read("c"))?.context;
  // A sender of before says no life: its first that does goes on with its numbers.
  expect([await post(7), await post(7, old), await post(8, old), await post(8, old)]).toEqual(Array(4).fill({ status: "stored" }));
  expect(await total()).toEqual({ n: 2 });
  expect([await post(1, young), await post(1, young), await post(2)]).toEqual(Array(3).fill({ status: "stored" }));
  expect(await total()).toEqual({ n: 4 });
  expect(await post(99, old)).toMatchObject({ status: "refused", code: "gone", detail: expect.stringContaining("begun anew") });
  cluster.evict("actor/c");
  expect(
    await cluster.host("actor/c").deliver({ from: "actor/s", id: 2, to: "actor/c", life: young, message: { type: "add", by: 1 } }),
  ).toEqual({
    status: "stored",
  });
  expect(await cluster.host("actor/c").read("c")).toMatchObject({ context: { n: 4 } });
});

test("[ENTRY7] the last number of each of many senders is known in the next life, and noting it costs no row for the few that speak most", async () => {
  const cluster = createCluster(logics);
  await cluster.host("actor/c").start({ actor: "c", logic: "counter" });
  const post = async (sender: number, id: number): Promise<void> => {
    const message = { type: "add", by: 1 };
    await cluster.host("actor/c").deliver({ from: `actor/${"s".repeat(40)}${sender}`, id, to: "actor/c", message });
  };
  for (let id = 1; id <= 20; id++) for (let sender = 0; sender < 3; sender++) await post(sender, id);
  expect(cluster.store("actor/c").exec("SELECT 1 FROM document WHERE collection = 'inbox'")).toEqual([]);
  for (let sender = 0; sender < 60; sender++) await post(sender, 21);
  cluster.evict("actor/c");
  for (let sender = 0; sender < 60; sender++) await post(sender, 21);
  expect(await cluster.host("actor/c").read("c")).toMatchObject({ context: { n: 120 } });
  for (let sender = 0; sender < 60; sender++) await post(sender, 22);
  expect(await cluster.host("actor/c").read("c")).toMatchObject({ context: { n: 180 } });
});

test("[ENTRY11] the last numbers of senders that have not spoken for thirty days go", async () => {
  const cluster = createCluster(logics);
  await cluster.host("actor/c").start({ actor: "c", logic: "counter" });
  let senders = 0;
  const postFromMany = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) {
      senders += 1;
      await cluster.host("actor/c").deliver({ from: `actor/s${senders}`, id: 1, to: "actor/c", message: { type: "add", by: 1 } });
    }
  };
  const kept = (): number => cluster.store("actor/c").exec("SELECT 1 FROM document WHERE collection = 'inbox'").length;
  await postFromMany(200);
  await cluster.advance(hostLimits.inboxAge - 1_000);
  await postFromMany(hostLimits.inboxLook);
  expect(kept()).toBeGreaterThan(250);
  await cluster.advance(2_000);
  await postFromMany(hostLimits.inboxLook);
  expect(kept()).toBeLessThan(250);
});

test("[ENTRY8] an event that an actor takes is one journal row and one document, whatever it sets, sends and notes", async () => {
  const cluster = createCluster(logics);
  const storage = cluster.store("actor/t");
  await cluster.host("actor/t").start({ actor: "t", logic: "clock" });
  await cluster.settle();
  const writes = vi.spyOn(storage, "exec");
  await cluster.host("actor/t").deliver({ from: "actor/s", id: 1, to: "actor/t", message: { type: "after" } });
  await cluster.host("actor/t").send("t", { type: "leave" });
  const statements = writes.mock.calls.map(([sql]) => sql.replace(/\s+/g, " ").slice(0, 32)).filter((sql) => !sql.startsWith("SELECT"));
  expect(statements).toEqual(
    Array(2)
      .fill(["INSERT OR REPLACE INTO journal VA", "INSERT OR REPLACE INTO document V"])
      .flat()
      .map((sql) => sql.slice(0, 32)),
  );
});

test("[ENTRY9] [HOST15] a history of more steps than are kept is bounded, and its newest steps are there with the states around them", async () => {
  const cluster = createCluster(logics);
  await cluster.host("actor/c").start({ actor: "c", logic: "counter" });
  const steps = hostLimits.journalEntries + 2 * hostLimits.journalTrim;
  for (let n = 0; n < steps; n++) await cluster.host("actor/c").send("c", { type: "add", by: 1 });
  expect(count(cluster.store("actor/c"), "journal")).toBeLessThanOrEqual(hostLimits.journalEntries + hostLimits.journalTrim);
  cluster.evict("actor/c");
  const host = cluster.host("actor/c");
  const last = host.history("c", { after: steps - 1 });
  expect(last.map(({ revision, before, after }) => [revision, before, after])).toEqual([
    [steps, "open", "open"],
    [steps + 1, "open", "open"],
  ]);
  const first = host.history("c");
  expect(first).toHaveLength(hostLimits.historyRows);
  expect(first[0]?.revision).toBeLessThanOrEqual(steps + 2 - hostLimits.journalEntries);
});

/** An object as the version before left it. */
function layOutFormer(storage: Storage): void {
  const { lane, host } = formerHost;
  const version = "CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID";
  storage.exec([version, ...lane.migrations, ...host.migrations].join(";\n"));
  storage.exec("INSERT INTO schema_version VALUES ('lane', ?), ('host', ?)", lane.migrations.length, host.migrations.length);
  const snapshot = JSON.stringify({ status: "active", value: "open", context: { n: 3 }, children: {}, historyValue: {}, tags: [] });
  storage.exec("INSERT INTO actor VALUES ('c', 'counter', '1', NULL, NULL, NULL, 'active', ?, 2, NULL, NULL, 5, 6)", snapshot);
  storage.exec(
    "INSERT INTO history VALUES ('c', 1, 5, '{\"type\":\"xstate.init\"}', '\"open\"', '[]'), ('c', 2, 6, '{\"type\":\"add\",\"by\":3}', '\"open\"', '[]')",
  );
  storage.exec("INSERT INTO inbox VALUES ('actor/s', 9)");
  // Numbers up to 6000 were given; two messages are left, of which the first may have arrived.
  storage.exec(
    "INSERT INTO outbox (id, actor, receivers, message, spread, attempts) VALUES (5999, 'actor/c', '[\"actor/r\"]', '{\"type\":\"one\"}', 0, 2)",
  );
  storage.exec(
    "INSERT INTO outbox (id, actor, receivers, message, spread) VALUES (6000, 'actor/c', '[\"actor/r\"]', '{\"type\":\"two\"}', 0)",
  );
  storage.exec("INSERT INTO timer VALUES ('c', 'late', 1000500, 2000000, '{\"type\":\"add\",\"by\":10}', NULL)");
  storage.exec("INSERT INTO parked (id, actor, at, event, code, error) VALUES (4, 'c', 7, '{\"type\":\"odd\"}', 'not_taken', 'no')");
  storage.exec("INSERT INTO held_back VALUES ('actor/away', 12, 'actor/c', '{\"type\":\"held\"}', 15, NULL, 999000, 0, 'gone for now')");
}

test("[ENTRY10] an object of the version before goes on: its messages under their numbers, its actor, timers, history, dead letters and queues", async () => {
  const sent: Envelope[] = [];
  let away = true;
  world.transport = async (envelope, deliver) => {
    if (envelope.to === "actor/away" && away) throw Object.assign(new Error("no route"), { retryable: true });
    sent.push(envelope);
    return /actor\/(r|away)/.test(envelope.to) ? { status: "stored" } : deliver();
  };
  const cluster = createCluster(logics, { intercept: (envelope, deliver) => world.transport(envelope, deliver) });
  layOutFormer(cluster.store("actor/c"));
  const host = cluster.host("actor/c");
  await cluster.settle();
  // Known senders have a time by which they are forgotten.
  const known = cluster.store("actor/c").exec("SELECT typeof(facts) AS type FROM document WHERE collection = 'inbox'");
  expect(known).toEqual([{ type: "integer" }]);
  expect(sent.map(({ id, message }) => [id, message.type])).toEqual([
    [5999, "one"],
    [6000, "two"],
  ]);
  expect(await host.read("c")).toMatchObject({ value: "open", context: { n: 3 }, revision: 2, timers: [{ id: "late", due: 1_000_500 }] });
  expect(host.history("c").map(({ revision, before }) => [revision, before])).toEqual([
    [1, null],
    [2, "open"],
  ]);
  expect(host.deadLetters()).toMatchObject([{ id: 4, event: '{"type":"odd"}', code: "not_taken" }]);
  expect(host.committer.outbox.heldBack()).toEqual([{ receiver: "actor/away", since: 999_000, messages: 1, error: "no route" }]);
  // What was received is known, and what is new is taken.
  for (const id of [9, 10]) await host.deliver({ from: "actor/s", id, to: "actor/c", message: { type: "add", by: 1 } });
  away = false;
  await cluster.advance(120_000);
  expect(await host.read("c")).toMatchObject({ context: { n: 14 }, timers: [] });
  expect(sent.at(-1)).toMatchObject({ id: 12, to: "actor/away", message: { type: "held" } });
  // New messages are numbered higher than any of before, and so are dead letters: what nobody was there for, and what is not known.
  await host.send("c", { type: "tell" });
  await cluster.settle();
  expect(sent.find(({ message }) => message.type === "hello")?.id).toBeGreaterThan(6_000);
  await host.deliver({ from: "actor/s", id: 11, to: "actor/c", message: { type: "odd" } });
  expect(host.deadLetters().map(({ id }) => id)).toEqual([4, 5, 6]);
  expect(cluster.store("actor/c").exec("SELECT name FROM sqlite_master WHERE name IN ('outbox', 'actor', 'schema_version')")).toEqual([]);
});

test("[ENTRY12] a message at which its sender's life ends too is a dead letter, though what was sent before it leaves again each time", async () => {
  let deaths = 0;
  const parked: string[] = [];
  const sender: Sender = openSender(({ message, park }) => {
    if (park) parked.push(message.type);
    if (message.type !== "killer" || park) return undefined;
    deaths += 1;
    sender.restart();
    // Nobody of that life hears an answer.
    return new Promise(() => {});
  });
  for (const type of ["a", "b", "killer", "c"]) sender.send(type);
  for (let life = 0; life < 20 && !sender.stored.includes("c"); life++) {
    void sender.committer.outbox.flush();
    await new Promise(setImmediate);
  }
  expect(sender.stored).toContain("c");
  expect(parked).toEqual(["killer"]);
  expect(deaths).toBeLessThan(10);
});
