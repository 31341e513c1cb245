/** The rows of a cell's actors: where they are, before and after they are written. */
import { expect, test } from "vitest";
import {
  type CellDatabase,
  createOwnerDatabase,
  layOutCell,
  measureOwner,
  openCellDatabase,
} from "../../../../src/durable/cell/cell-database.ts";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { layOutAnew } from "../../../../src/durable/cell/cell-tables.ts";
import { NewerVersionError } from "../../../../src/durable/host/newer-version.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createPage, pageLimits } from "../../../../src/durable/host/store/page.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { makeTables } from "../../../../src/durable/host/store/tables.ts";

function open(layOut = layOutCell) {
  const storage = createNodeStorage();
  layOut(storage);
  const written: string[] = [];
  const watched = {
    ...storage,
    exec<T extends Record<string, string | number | null>>(sql: string, ...values: (string | number | null)[]): T[] {
      // More than is laid out anew.
      if (/ AS bytes$/.test(sql)) return storage.exec<T>("SELECT 1e9 AS bytes");
      if (!/^\s*(?:SELECT|WITH)\b/.test(sql)) written.push(sql);
      return storage.exec<T>(sql, ...values);
    },
  };
  const database = openCellDatabase({ storage: watched, failed: () => {} });
  return { database, written, of: (owner: string) => createStore(openOwner(database, owner).storage, owner) };
}

function openOwner(database: CellDatabase, owner: string) {
  return createOwnerDatabase({ database, owner, setAlarm() {}, postponeAlarm() {}, beforeWrite: database.before, check() {}, count() {} });
}

test.each([
  ["its own", layOutCell],
  ["an object's", makeTables],
] as const)("[STORE8] a cell with %s tables finds rows by their keys, in their order, and replaces them where they lie", (_, layOut) => {
  const { database, of } = open(layOut);
  for (const owner of ["task/b", "task/a"]) {
    const store = of(owner);
    const texts = store.keyed<string>("text");
    const numbers = store.resident<number>("number");
    // More than one statement takes.
    const keys = Array.from({ length: 45 }, (_, index) => String(99 - index));
    store.transaction(() => {
      for (const key of keys) texts.put(key, `${owner} ${key}`, Number(key));
      numbers.put("n", 1);
      store.journal.append('{"first":true}', 1);
    });
    database.flush();
    store.transaction(() => {
      texts.put("60", "replaced".repeat(2_000), 60);
      texts.delete("61");
      numbers.put("n", 2);
      store.journal.append('{"first":false}', 2);
    });
    database.flush();
  }
  for (const owner of ["task/a", "task/b"]) {
    const store = of(owner);
    const texts = store.keyed<string>("text");
    expect(texts.list({ after: "58", limit: 3 })).toEqual([
      ["59", `${owner} 59`],
      ["60", "replaced".repeat(2_000)],
      ["62", `${owner} 62`],
    ]);
    expect(texts.listFacts({ limit: 1, reverse: true })).toEqual([["99", 99]]);
    expect(texts.read("61")).toBeUndefined();
    expect(store.resident<number>("number").entries()).toEqual([["n", 2]]);
    expect(store.journal.read({ after: 0, limit: 9 }).map(({ seq, entry }) => [seq, entry])).toEqual([
      [1, { first: true }],
      [2, { first: false }],
    ]);
  }
  const [count] = database.read<{ n: number }>("SELECT count(*) AS n FROM document WHERE owner <> ''");
  expect(count).toEqual({ n: 2 * 45 });
});

/** A cell as an earlier version has left it. */
function openFormer() {
  const storage = createNodeStorage();
  makeTables(storage);
  for (const owner of ["task/a", "task/b"])
    for (const n of [2, 1]) {
      storage.exec("INSERT INTO journal VALUES (?, ?, 0, '{}', ?)", owner, n, "x".repeat(5_000 * n));
      storage.exec("INSERT INTO document VALUES (?, 'text', ?, ?, ?)", owner, `k${n}`, n, `"${n}"`);
    }
  storage.exec("INSERT INTO cursor VALUES ('', 'task/a', 1234, '')");
  const read = () => ["journal", "document", "cursor"].map((table) => storage.exec(`SELECT * FROM ${table} ORDER BY 1, 2, 3`));
  const layouts = () =>
    storage
      .exec<{ name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .map(({ name, sql }) => `${name} ${sql.includes("WITHOUT ROWID") ? "by key" : "by row"}`);
  return { storage, read, layouts };
}

const byKey = ["cursor by key", "document by key", "journal by key"];

test("[STORE10] a cell of an earlier version is laid out anew, whole or not at all, and with too much in it is left as it is", () => {
  const { storage, read, layouts } = openFormer();
  const before = read();
  layOutAnew(storage, 10_000);
  expect(layouts()).toEqual(byKey);
  for (const at of [/^INSERT OR REPLACE INTO document/, /^DROP TABLE former_cursor/]) {
    const { exec } = storage;
    storage.exec = (sql, ...values) => {
      if (at.test(sql)) throw new Error("the disk failed");
      return exec(sql, ...values);
    };
    expect(() => layOutCell(storage)).toThrow("the disk failed");
    storage.exec = exec;
    expect(layouts()).toEqual(byKey);
    expect(read()).toEqual(before);
  }
  for (let time = 0; time < 2; time += 1) {
    layOutCell(storage);
    expect(layouts()).toEqual(byKey.map((each) => each.replace("by key", "by row")));
    // The number of the format alone is another.
    storage.exec("UPDATE document SET body = '1' WHERE owner = ''");
    expect(read()).toEqual(before);
    storage.exec("UPDATE document SET body = '2' WHERE owner = ''");
  }
  const store = createStore(openOwner(openCellDatabase({ storage, failed() {} }), "task/b").storage, "task/b");
  expect(store.journal.last()).toBe(2);
  expect(store.keyed<string>("text").list({ limit: 9 })).toEqual([
    ["k1", "1"],
    ["k2", "2"],
  ]);
});

test("[STORE11] the page of an actor's small documents is smaller in a cell, and what leaves it is found in its place", () => {
  const { database, of } = open();
  const store = of("agent/a");
  const notes = createPage(store).resident<{ text: string }>("note");
  const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
  let longest = 0;
  for (const key of keys) {
    store.transaction(() => notes.put(key, { text: key.repeat(80) }));
    database.flush();
    const [page] = database.read<{ size: number }>("SELECT length(body) AS size FROM document WHERE collection = 'page'");
    longest = Math.max(longest, page?.size ?? 0);
  }
  expect(longest).toBeGreaterThan(pageLimits.sharedBytes / 2);
  expect(longest).toBeLessThan(pageLimits.sharedBytes * 1.1);
  const later = createPage(of("agent/a")).resident<{ text: string }>("note");
  expect(later.size()).toBe(keys.length);
  expect(keys.map((key) => later.get(key))).toEqual(keys.map((key) => ({ text: key.repeat(80) })));
});

test("[STORE11] in a cell documents that are not all in memory have rows of their own, and those that a page has are found there", () => {
  const { database, of } = open();
  const openPage = () => {
    const store = of("agent/a");
    const page = createPage(store);
    const mail = page.indexed<{ text: string }, number>("mail", ({ text }) => text.length);
    return { store, mail, sent: page.keyed<string>("sent") };
  };
  const earlier = of("agent/a");
  const pages = earlier.resident<unknown>("page");
  earlier.transaction(() =>
    pages.put("", [
      ["mail", "m1", { text: "one" }],
      ["sent", "s1", "first", 1],
      ["sent", "s2", "second", 2],
    ]),
  );
  const { store, mail, sent } = openPage();
  expect([mail.read("m1"), mail.entries(), sent.read("s1")]).toEqual([{ text: "one" }, [["m1", 3]], "first"]);
  store.transaction(() => {
    mail.put("m2", { text: "two" });
    sent.put("s1", "changed", 3);
  });
  store.transaction(() => mail.delete("m1"));
  database.flush();
  const rows = database.read<{ collection: string; key: string }>("SELECT collection, key FROM document ORDER BY 1, 2");
  expect(rows.map(({ collection, key }) => `${collection} ${key}`)).toEqual(["format ", "mail m2", "page ", "sent s1"]);
  const later = openPage();
  expect([later.mail.entries(), later.sent.read("s1"), later.sent.read("s2")]).toEqual([[["m2", 3]], "changed", "second"]);
});

test("[CELL9] how far an owner has come that rests is written with what is written next, before what it commits later", async () => {
  const { database, written, of } = open();
  const { journal, transaction } = of("task/a");
  transaction(() => void journal.append("{}", 1));
  const endTurn = () => new Promise((resolve) => setImmediate(resolve));
  await endTurn();
  written.length = 0;
  journal.move("sent", 1);
  journal.saveLater();
  await endTurn();
  expect([written, journal.hasMoved()]).toEqual([[], false]);
  const other = of("task/b");
  other.transaction(() => void other.journal.append("{}", 1));
  expect(written).toEqual([]);
  database.flush();
  expect(written).toHaveLength(2);
  // Whoever comes back finds it.
  journal.move("projected", 1);
  journal.saveLater();
  expect(["sent", "projected"].map(of("task/a").journal.position)).toEqual([1, 1]);
  journal.move("sent", 2);
  journal.saveLater();
  transaction(() => {
    journal.carry("fact", true);
    journal.save();
  });
  const later = of("task/a").journal;
  expect([later.position("sent"), later.carried("fact")]).toEqual([2, true]);
});

test("[CELL9] with many that rest and nothing else to write it is written all the same", async () => {
  const { database, written, of } = open();
  const owners = Array.from({ length: cellLimits.laterAtMost }, (_, index) => of(`task/${index}`));
  for (const { transaction, journal } of owners) transaction(() => void journal.append("{}", 1));
  database.flush();
  written.length = 0;
  for (const { journal } of owners) {
    journal.move("sent", 1);
    journal.saveLater();
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toHaveLength(Math.ceil(cellLimits.laterAtMost / 20));
});

test("[CELL14] who reads a document by its key in mid-wave is told what was committed, and nothing is written for it", () => {
  const { database, written, of } = open();
  const store = of("task/a");
  const texts = store.keyed<string>("text");
  store.transaction(() => {
    texts.put("kept", "before");
    texts.put("gone", "before");
  });
  database.flush();
  // In a later life its keys are not known.
  const later = of("task/a").keyed<string>("text");
  const laterStore = of("task/a");
  const put = laterStore.keyed<string>("text");
  laterStore.transaction(() => {
    put.put("kept", "after");
    put.put("new", "after");
    put.delete("gone");
  });
  written.length = 0;
  expect(["kept", "new", "gone", "never"].map((key) => later.read(key))).toEqual(["after", "after", undefined, undefined]);
  expect(new Map(later.readMany(["kept", "new", "gone", "never"]))).toEqual(
    new Map([
      ["kept", "after"],
      ["new", "after"],
    ]),
  );
  // What a failed transaction would have stored is nobody's.
  expect(() =>
    laterStore.transaction(() => {
      put.put("kept", "never");
      throw new Error("of this one");
    }),
  ).toThrow("of this one");
  expect(later.read("kept")).toBe("after");
  expect(written).toEqual([]);
  // A statement among the rows may concern any of them.
  const { storage } = openOwner(database, "task/a");
  storage.exec("DELETE FROM document WHERE owner = ? AND key = 'new'", storage.rowOwner?.() ?? "");
  expect(later.read("new")).toBeUndefined();
  database.flush();
  expect(database.read("SELECT key, body FROM document WHERE owner <> ''")).toEqual([{ key: "kept", body: '"after"' }]);
});

test("[STORE12] rows have a name for their owner, the later the greater and none given twice; what an earlier version has written is found", () => {
  const { storage } = openFormer();
  layOutCell(storage);
  const load = () => openCellDatabase({ storage, failed() {} });
  const readNames = () =>
    storage.exec("SELECT substr(owner, 7) AS address, body ->> '$' AS owner FROM cursor WHERE owner LIKE 'facts %' ORDER BY 2");
  const say = (owner: ReturnType<typeof openOwner>, address: string, text: string, after = () => {}) => {
    const store = createStore(owner.storage, address);
    const texts = store.keyed<string>("text");
    store.transaction(() => {
      texts.put("said", text);
      store.journal.append("{}", 1);
      after();
    });
  };
  let database = load();
  say(openOwner(database, "task/z"), "task/z", "first");
  expect(() =>
    say(openOwner(database, "task/failed"), "task/failed", "never", () => {
      throw new Error("of this one");
    }),
  ).toThrow("of this one");
  const emptied = openOwner(database, "task/c");
  say(emptied, "task/c", "before");
  say(openOwner(database, "task/a"), "task/a", "by its address");
  database.flush();
  expect(readNames()).toEqual([
    { address: "task/z", owner: "#0000001" },
    { address: "task/c", owner: "#0000003" },
  ]);
  emptied.storage.transaction(() => emptied.clear());
  say(emptied, "task/c", "again");
  database.flush();
  database = load();
  say(openOwner(database, "task/d"), "task/d", "in the next life");
  database.flush();
  expect(readNames()).toEqual([
    { address: "task/z", owner: "#0000001" },
    { address: "task/c", owner: "#0000003" },
    { address: "task/d", owner: "#0000004" },
  ]);
  expect(storage.exec("SELECT owner, body FROM document WHERE key = 'said' ORDER BY owner")).toEqual([
    { owner: "#0000001", body: '"first"' },
    { owner: "#0000003", body: '"again"' },
    { owner: "#0000004", body: '"in the next life"' },
    { owner: "task/a", body: '"by its address"' },
  ]);
  expect(createStore(openOwner(load(), "task/c").storage, "task/c").keyed<string>("text").read("said")).toBe("again");
  expect(measureOwner(load(), "task/d")).toBe('"in the next life"{}'.length);
  // Neither an object of its own nor a version that knows no names takes the cell for an empty one.
  expect(() => createStore(storage, "task/z")).toThrow(NewerVersionError);
});
