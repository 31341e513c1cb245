/** What an owner's store promises, over any SQLite: run on node:sqlite and in a Durable Object. */
import { describe, expect, test } from "vitest";
import type { SqlValue, Storage } from "../../src/durable/host/ports.ts";
import { numberKey } from "../../src/durable/host/store/collections.ts";
import { createStore, type Store } from "../../src/durable/host/store/store.ts";
import type { FormerTables } from "../../src/durable/host/store/tables.ts";

/** Runs a test's body on an empty storage. */
export type OnStorage = (body: (storage: Storage) => void) => Promise<void>;

interface Note {
  text: string;
  rank?: number;
}

const owner = "task/t1";

/** What of a store the tests write and read. */
export function openParts(storage: Storage, former?: Record<string, FormerTables>) {
  const store: Store<{ said: string }> = createStore(storage, owner, former);
  return {
    store,
    few: store.resident<Note>("few"),
    others: store.resident<Note>("others"),
    indexed: store.indexed<Note, { length: number }>("indexed", ({ text }) => ({ length: text.length })),
    many: store.keyed<Note>("many"),
  };
}

/** The storage, counting its statements. The one of the number `failAt` throws, as a disk or a crash does. */
function watch(storage: Storage, failAt = Number.POSITIVE_INFINITY): Storage & { statements: string[] } {
  const statements: string[] = [];
  return {
    statements,
    exec(sql, ...values: SqlValue[]) {
      if (statements.push(sql) === failAt) throw new Error("the disk is full");
      return storage.exec(sql, ...values);
    },
    transaction: (body) => storage.transaction(body),
    setAlarm: (at) => storage.setAlarm(at),
  };
}

export function dump(storage: Storage): Record<string, unknown[]> {
  const tables = storage.exec<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  return Object.fromEntries(tables.map(({ name }) => [name, storage.exec(`SELECT * FROM ${name}`)]));
}

/** Calls `run` with a storage that fails at each of its statements in turn, until it does not fail. */
function failEverywhere(storage: Storage, run: (failing: Storage) => void, check: () => void): number {
  for (let at = 1; ; at += 1) {
    try {
      run(watch(storage, at));
      return at - 1;
    } catch (error) {
      if (!String(error).includes("the disk is full")) throw error;
      check();
    }
  }
}

const oldNotes: FormerTables = {
  migrations: ["CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL)", "ALTER TABLE note ADD COLUMN rank INTEGER"],
  convert(storage, to) {
    storage.exec(
      "INSERT INTO document SELECT ?, 'few', id, NULL, json_patch(json_object('text', text), json_object('rank', rank)) FROM note",
      to,
    );
    storage.exec("DROP TABLE note");
  },
};

/** An object of before: a set of tables at a version, beside one that this code does not ask for. */
function layOutFormer(storage: Storage, version: number): void {
  storage.exec(
    [
      "CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID",
      ...oldNotes.migrations.slice(0, version),
    ].join(";\n"),
  );
  storage.exec("INSERT INTO schema_version VALUES ('notes', ?), ('other', 1)", version);
  storage.exec("INSERT INTO note (id, text) VALUES ('a', 'first'), ('b', 'second')");
}

export function describeStore(name: string, onStorage: OnStorage): void {
  describe(name, () => {
    test("[JRNL1] a transaction reads what it stages, and what it wrote is there in the next life", () =>
      onStorage((storage) => {
        const first = openParts(storage);
        first.store.transaction(() => {
          first.few.put("a", { text: "one" });
          first.few.put("b", { text: "two" });
          first.indexed.put("i", { text: "body" });
          first.many.put("m", { text: "many" });
          expect(first.few.get("a")).toEqual({ text: "one" });
          expect(first.few.entries()).toEqual([
            ["a", { text: "one" }],
            ["b", { text: "two" }],
          ]);
          expect(first.few.delete("b")).toBe(true);
          expect(first.few.delete("b")).toBe(false);
          expect(first.few.size()).toBe(1);
          expect(first.indexed.facts("i")).toEqual({ length: 4 });
          expect(first.indexed.read("i")).toEqual({ text: "body" });
          expect(first.many.read("m")).toEqual({ text: "many" });
        });
        for (const { few, indexed, many } of [first, openParts(storage)]) {
          expect(few.entries()).toEqual([["a", { text: "one" }]]);
          expect(few.get("b")).toBeUndefined();
          expect(indexed.entries()).toEqual([["i", { length: 4 }]]);
          expect(indexed.readMany(["x", "i"])).toEqual([["i", { text: "body" }]]);
          expect(many.read("m")).toEqual({ text: "many" });
        }
      }));

    test("[JRNL2] a throw, or a failure at any statement, writes nothing and leaves memory as it was", () =>
      onStorage((storage) => {
        const { store, few, many } = openParts(storage);
        store.transaction(() => {
          few.put("a", { text: "before" });
          many.put("m", { text: "before", rank: 1 }, 1);
          store.journal.append(JSON.stringify({ said: "before" }), 1);
        });
        expect(() =>
          store.transaction(() => {
            few.put("a", { text: "after" });
            few.put("b", { text: "after" });
            store.journal.append(JSON.stringify({ said: "after" }), 2);
            throw new Error("no");
          }),
        ).toThrow("no");
        expect(few.entries()).toEqual([["a", { text: "before" }]]);
        expect(store.journal.last()).toBe(1);

        const before = dump(storage);
        let unsettled = openParts(storage);
        const failures = failEverywhere(
          storage,
          (failing) => {
            unsettled = openParts(failing);
            unsettled.store.transaction(() => {
              unsettled.few.put("a", { text: "after" });
              unsettled.few.put("b", { text: "new" });
              unsettled.few.delete("c");
              unsettled.many.deleteBelow(2, 10);
              unsettled.store.journal.append(JSON.stringify({ said: "after" }), 2);
              unsettled.store.journal.note("sent", { seq: 2, body: "1" });
            });
          },
          () => {
            expect(dump(storage)).toEqual(before);
            if (unsettled.few.size()) expect(unsettled.few.entries()).toEqual([["a", { text: "before" }]]);
          },
        );
        expect(failures).toBeGreaterThan(6);
        expect(openParts(storage).few.get("b")).toEqual({ text: "new" });
      }));

    test("[JRNL3] an owner that has stored nothing leaves no table behind", () =>
      onStorage((storage) => {
        const { store, few, many, indexed } = openParts(storage);
        expect([
          few.size(),
          indexed.size(),
          many.list({ limit: 1 }),
          store.journal.last(),
          store.journal.read({ after: 0, limit: 1 }),
        ]).toEqual([0, 0, [], 0, []]);
        store.transaction(() => {});
        expect(dump(storage)).toEqual({});
      }));

    test("[JRNL4] a transaction is one statement a table, and memory is woken by one query", () =>
      onStorage((storage) => {
        const writing = watch(storage);
        const { store, few, others } = openParts(writing);
        store.transaction(() => few.put("a", { text: "one" }));
        writing.statements.length = 0;
        store.transaction(() => {
          for (let at = 0; at < 10; at += 1) few.put(String(at), { text: "more" });
          others.put("o", { text: "other" });
          few.delete("a");
          store.journal.append(JSON.stringify({ said: "all" }), 1);
        });
        // The journal's first use reads where it is: an entry and its cursors.
        expect(writing.statements.filter((sql) => !sql.startsWith("SELECT")).length).toBe(3);
        writing.statements.length = 0;
        store.transaction(() => {
          few.put("a", { text: "one" });
          store.journal.append(JSON.stringify({ said: "more" }), 1);
        });
        expect(writing.statements.length).toBe(2);

        const waking = watch(storage);
        const next = openParts(waking);
        waking.statements.length = 0;
        expect([next.few.size(), next.others.size()]).toEqual([11, 1]);
        expect(waking.statements.length).toBe(1);
      }));

    test("[JRNL5] a document over the platform's bound on a row is refused, with all of its transaction", () =>
      onStorage((storage) => {
        const { store, few } = openParts(storage);
        expect(() =>
          store.transaction(() => {
            few.put("a", { text: "small" });
            few.put("b", { text: "x".repeat(2_000_000) });
          }),
        ).toThrow("SQLITE_TOOBIG");
        expect([few.size(), dump(storage)]).toEqual([0, {}]);
      }));

    test("[JRNL6] the number of an entry that was deleted by hand, for it could not be read, is not given again", () =>
      onStorage((storage) => {
        const { journal, transaction } = openParts(storage).store;
        const append = (): number => transaction(() => journal.append('{"said":"it"}', 5));
        expect([append(), append()]).toEqual([1, 2]);
        // Its reader stands before it, which the alarm writes.
        journal.move("sent", 1);
        transaction(() => journal.save());
        storage.exec("DELETE FROM journal WHERE seq = 2");
        const next = openParts(storage).store;
        expect(next.transaction(() => next.journal.append('{"said":"more"}', 6))).toBe(3);
      }));

    test("[JRNL6] numbers of entries only grow, and readers go on from where an entry or a cursor last said they were", () =>
      onStorage((storage) => {
        const { store } = openParts(storage);
        const { journal } = store;
        const append = (said: string): number => store.transaction(() => journal.append(JSON.stringify({ said }), 5));
        expect([append("one"), append("two")]).toEqual([1, 2]);
        expect(journal.read({ after: 0, limit: 9 })).toEqual([
          { seq: 1, at: 5, entry: { said: "one" }, size: 14 },
          { seq: 2, at: 5, entry: { said: "two" }, size: 14 },
        ]);
        expect(journal.read({ after: 0, limit: 1, reverse: true })).toEqual([{ seq: 2, at: 5, entry: { said: "two" }, size: 14 }]);
        journal.move("sent", 2);
        expect([journal.hasMoved(), openParts(storage).store.journal.position("sent")]).toEqual([true, 0]);
        append("three");
        expect([journal.hasMoved(), openParts(storage).store.journal.position("sent")]).toEqual([false, 2]);
        journal.move("sent", 3);
        store.transaction(() => journal.save());
        store.transaction(() => journal.note("sent", { seq: 4, body: '{"attempts":1}' }));
        expect(journal.readNote("sent")).toEqual({ seq: 4, body: '{"attempts":1}' });
        store.transaction(() => journal.trim(99));
        const next = openParts(storage).store;
        expect([next.journal.position("sent"), next.journal.readNote("sent"), next.journal.last()]).toEqual([
          3,
          { seq: 4, body: '{"attempts":1}' },
          3,
        ]);
        expect(next.transaction(() => next.journal.append(JSON.stringify({ said: "four" }), 6))).toBe(4);
        next.transaction(() => next.journal.note("sent", undefined));
        expect(openParts(storage).store.journal.readNote("sent")).toBeUndefined();
      }));

    test("[JRNL7] a collection of any size is read by key and by range, forwards and back, with what is staged", () =>
      onStorage((storage) => {
        const { store, many } = openParts(storage);
        store.transaction(() => {
          for (let at = 1; at <= 50; at += 1) many.put(numberKey(at), { text: String(at) }, at);
        });
        const texts = (range: Parameters<typeof many.list>[0]): string[] => many.list(range).map(([, { text }]) => text);
        expect(texts({ after: numberKey(9), limit: 3 })).toEqual(["10", "11", "12"]);
        expect(texts({ before: numberKey(50), limit: 2, reverse: true })).toEqual(["49", "48"]);
        store.transaction(() => {
          many.delete(numberKey(10));
          many.put(numberKey(11), { text: "eleven" }, 11);
          many.put(numberKey(51), { text: "51" }, 51);
          expect(texts({ after: numberKey(9), limit: 3 })).toEqual(["eleven", "12", "13"]);
          expect(texts({ limit: 2, reverse: true })).toEqual(["51", "50"]);
        });
        expect(store.transaction(() => many.deleteBelow(20, 5))).toBe(5);
        expect(store.transaction(() => many.deleteBelow(20, 100))).toBe(13);
        expect(texts({ limit: 1 })).toEqual(["20"]);
        store.transaction(() => many.put("unranked", { text: "stays" }));
        store.transaction(() => many.deleteBeyond(3));
        expect(texts({ limit: 10 })).toEqual(["49", "50", "51", "stays"]);
      }));

    test("[JRNL8] tables of before become documents once, in one transaction: a crash at any statement leaves them as they were", () =>
      onStorage((storage) => {
        layOutFormer(storage, 1);
        const before = dump(storage);
        const failures = failEverywhere(
          storage,
          (failing) => void openParts(failing, { notes: oldNotes }),
          () => {
            // What fails behind the transaction finds all of it converted.
            const isConverted = !("note" in dump(storage));
            if (isConverted) expect(dump(storage)).toMatchObject({ document: [{}, { key: "a" }, { key: "b" }] });
            else expect(dump(storage)).toEqual(before);
          },
        );
        expect(failures).toBeGreaterThan(5);
        const { few } = openParts(storage, { notes: oldNotes });
        expect(few.entries()).toEqual([
          ["a", { text: "first" }],
          ["b", { text: "second" }],
        ]);
        // What others keep in the object stays theirs.
        expect(dump(storage).schema_version).toEqual([{ room: "other", version: 1 }]);
      }));

    test("[JRNL9] what a newer version has stored is refused, and nothing is written", () =>
      onStorage((storage) => {
        layOutFormer(storage, 2);
        storage.exec("UPDATE schema_version SET version = 3 WHERE room = 'notes'");
        const before = dump(storage);
        expect(() => openParts(storage, { notes: oldNotes })).toThrow("newer version");
        expect(dump(storage)).toEqual(before);
        storage.exec("UPDATE schema_version SET version = 2 WHERE room = 'notes'");
        openParts(storage, { notes: oldNotes });
        storage.exec("UPDATE document SET body = '99' WHERE collection = 'format'");
        expect(() => openParts(storage)).toThrow("format 99");
      }));

    test("[JRNL10] of a collection that grows memory holds the last few: they are read without a query, all others with one", () =>
      onStorage((storage) => {
        const watched = watch(storage);
        const count = (read: () => unknown, expected: unknown): number => {
          watched.statements.length = 0;
          expect(read()).toEqual(expected);
          return watched.statements.length;
        };
        const { store } = openParts(watched);
        const lines = store.recent<Note>("lines", 3);
        const add = (at: number): void => store.transaction(() => lines.put(numberKey(at), { text: String(at) }));
        const texts = (range: Parameters<typeof lines.list>[0]): string[] => lines.list(range).map(([, { text }]) => text);
        // As long as there are few, memory knows all of them, whatever else was written first.
        const others = store.recent<Note>("others", 3);
        store.transaction(() => others.put("o", { text: "other" }));
        expect(count(() => lines.read(numberKey(1)), undefined)).toBe(0);
        for (const at of [1, 2, 4]) add(at);
        expect(count(() => texts({ limit: 9 }), ["1", "2", "4"])).toBe(0);
        expect(count(() => lines.read(numberKey(3)), undefined)).toBe(0);
        for (const at of [5, 6]) add(at);
        expect(count(() => texts({ limit: 2, reverse: true }), ["6", "5"])).toBe(0);
        expect(count(() => texts({ after: numberKey(4), limit: 9 }), ["5", "6"])).toBe(0);
        expect(count(() => lines.read(numberKey(7)), undefined)).toBe(0);
        expect(count(() => lines.read(numberKey(2)), { text: "2" })).toBe(1);
        expect(count(() => texts({ before: numberKey(5), limit: 2, reverse: true }), ["4", "2"])).toBe(1);
        expect(count(() => texts({ limit: 2 }), ["1", "2"])).toBe(1);
        // What lies before the last few stays out of memory, what is taken back is as it was, and a transaction sees what it says.
        add(3);
        expect(() =>
          store.transaction(() => {
            lines.put(numberKey(7), { text: "7" });
            lines.delete(numberKey(6));
            expect(texts({ limit: 2, reverse: true })).toEqual(["7", "5"]);
            throw new Error("no");
          }),
        ).toThrow("no");
        expect(count(() => texts({ limit: 3, reverse: true }), ["6", "5", "4"])).toBe(0);
        store.transaction(() => {
          for (const at of [4, 5, 6]) lines.delete(numberKey(at));
        });
        expect(texts({ limit: 3, reverse: true })).toEqual(["3", "2", "1"]);
        const next = openParts(storage).store.recent<Note>("lines", 3);
        expect(next.list({ limit: 9 }).map(([key]) => Number(key))).toEqual([1, 2, 3]);
        expect(next.readMany([numberKey(1), numberKey(9)])).toEqual([[numberKey(1), { text: "1" }]]);
      }));

    test("[JRNL11] what is put beside documents is listed by range without them, with what is staged", () =>
      onStorage((storage) => {
        const { store, many } = openParts(storage);
        store.transaction(() => {
          for (const key of ["a 1", "a 2", "b 1"]) many.put(key, { text: "x".repeat(1_000) }, `of ${key}`);
          expect(many.listFacts({ after: "a ", before: "a!", limit: 9 })).toEqual([
            ["a 1", "of a 1"],
            ["a 2", "of a 2"],
          ]);
        });
        store.transaction(() => {
          many.put("a 2", { text: "" }, "changed");
          many.delete("a 1");
          expect(many.listFacts({ limit: 9 })).toEqual([
            ["a 2", "changed"],
            ["b 1", "of b 1"],
          ]);
          expect(many.readMany(["a 1", "a 2", "b 1"]).map(([key]) => key)).toEqual(["a 2", "b 1"]);
        });
        expect(openParts(storage).many.listFacts({ limit: 1, reverse: true })).toEqual([["b 1", "of b 1"]]);
      }));
  });
}
