/** What making a thread's objects costs: a statement that asks what is stored, and the tables that are kept. What their commits need not ask. */
import { expect, test, vi } from "vitest";
import type { Row, SqlValue } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { createOfferRecords } from "../../../../src/durable/thread/recruitment/offer-records.ts";
import { formerBase } from "../../../../src/durable/thread/thread-base.ts";
import { beginPair } from "./pair.ts";
import { type Stage, second } from "./stage.ts";

test("[COUNT5] a thread's new objects make the three tables of every object and no others", async () => {
  const stage = await beginPair();
  await stage.claim("ann");
  await stage.answer("ann", { $status: "read" });
  for (const store of [stage.stores.root, stage.stores.task])
    expect(store.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).toEqual(
      ["cursor", "document", "journal"].map((name) => ({ name })),
    );
});

test("[COUNT5] a store is opened by one statement where nothing is stored", () => {
  const storage = createNodeStorage();
  const said: string[] = [];
  const store = createStore(
    {
      ...storage,
      exec(sql, ...values) {
        said.push(sql);
        return storage.exec(sql, ...values);
      },
    },
    "task/t1",
    formerBase,
  );
  expect(store.journal.last()).toBe(0);
  expect([...store.resident("actor").values()]).toEqual([]);
  expect(said).toEqual([expect.stringContaining("sqlite_master")]);
});

test("[COUNT7] what an owner that had stored nothing has not put since is known without a query, and after it was loaded anew is asked", () => {
  const storage = createNodeStorage();
  const said: string[] = [];
  const watched = {
    ...storage,
    exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
      if (sql.startsWith("SELECT")) said.push(String(values[1]));
      return storage.exec<T>(sql, ...values);
    },
  };
  const open = () => {
    const store = createStore(watched, "task/t1");
    return { store, kept: store.keyed<number>("kept"), other: store.keyed<number>("other"), held: store.resident<number>("held") };
  };
  const { store, kept, other, held } = open();
  store.transaction(() => kept.put("a", 1));
  expect(() =>
    store.transaction(() => {
      kept.put("b", 2);
      other.put("b", 2);
      throw new Error("no");
    }),
  ).toThrow("no");
  said.length = 0;
  expect([kept.read("b"), other.read("b"), other.list({ limit: 5 }), kept.readMany(["b"]), held.entries()]).toEqual([
    ...[undefined, undefined, [], [], []],
  ]);
  expect(said).toEqual([]);
  expect([kept.read("a"), kept.readMany(["a", "b"])]).toEqual([1, [["a", 1]]]);
  expect(said).toEqual(["kept", "kept"]);
  // So many that nobody counts on.
  store.transaction(() => {
    for (let n = 0; n < 300; n++) other.put(`n${n}`, n);
  });
  said.length = 0;
  expect(kept.read("b")).toBe(undefined);
  expect(said).toEqual(["kept"]);
  const again = open();
  expect([again.kept.read("a"), again.other.read("n299"), again.kept.read("b")]).toEqual([1, 299, undefined]);
  expect(said).toEqual(expect.arrayContaining(["kept", "other", "kept"]));
});

/** Entries of a thread's root. */
const countEntries = (stage: Stage): number => Number(stage.stores.root.exec<{ n: number }>("SELECT count(*) AS n FROM journal")[0]?.n);

const listLogged = (stage: Stage): string[] => stage.rows.flatMap((row) => (row.table === "event" ? [row.event.type] : []));

test("[COUNT10] an offer opens and closes with the commits of the thread's steps: its start is one, and the claim that fills it another", async () => {
  const stage = await beginPair();
  expect(countEntries(stage)).toBe(1);
  await stage.claim("ann");
  expect(countEntries(stage)).toBe(2);
  await stage.pass(second);
  expect(countEntries(stage)).toBe(2);
  const opened = listLogged(stage).filter((type) => /offer|claim/.test(type));
  expect(opened).toEqual(["nerve.offer.opened", "nerve.offer.claim", "nerve.offer.closed", "nerve.claim.accepted"]);
});

test("[COUNT10] to whom an offer was made is written soon though nobody claims it, and known before", async () => {
  const stage = await beginPair();
  const readOffer = async () => {
    const explained = await stage.root().recruitment.explain();
    if (!explained.ok) throw new Error(explained.problem.detail);
    return explained.value.unfilled[0]?.offer?.offered;
  };
  const readStored = () =>
    stage.stores.root
      .exec<{ body: string }>("SELECT body FROM document WHERE collection = 'offer'")
      .map(({ body }) => JSON.parse(body).asked);
  expect([await readOffer(), readStored()]).toEqual([3, [null]]);
  await stage.pass(200);
  expect([await readOffer(), readStored()]).toEqual([3, [["ann", "bea", "cid"]]]);
  await stage.pass(second);
  expect(listLogged(stage)).toContain("nerve.offer.opened");
});

test("[COUNT11] a thread that begins reads no state of its actor that it has just made; whoever asks for it is given a copy", async () => {
  const parse = vi.spyOn(JSON, "parse");
  const stage = await beginPair();
  const states = () => parse.mock.calls.filter(([text]) => String(text).includes('"context"'));
  expect(parse.mock.calls.length).toBeGreaterThan(0);
  expect(states()).toEqual([]);
  const read = await stage.root().host.read("t1");
  expect(read?.value).toMatchObject({ open: { reader: "offering" } });
  expect(states()).toHaveLength(1);
});

test("[COUNT6] what agents said of an offer that is filled is not read for who won it, nor with each commit after", async () => {
  const stage = await beginPair();
  const { root } = stage.stores;
  const { exec } = root;
  const read: unknown[] = [];
  root.exec = (sql, ...values) => {
    if (sql.startsWith("SELECT") && values.includes("reply")) read.push(values);
    return exec(sql, ...values);
  };
  await stage.claim("ann");
  await stage.answer("ann", { $status: "unclear" });
  await stage.order("suspend");
  await stage.order("resume");
  await stage.pass(6 * second);
  expect(read).toEqual([]);
});

test("[COUNT6] who won an offer is kept with it: a thread that is loaded anew does not read it again", async () => {
  const storage = createNodeStorage();
  const read: unknown[] = [];
  const open = () => {
    const store = createStore(
      {
        ...storage,
        exec(sql, ...values) {
          if (sql.startsWith("SELECT") && values.includes("reply")) read.push(values);
          return storage.exec(sql, ...values);
        },
      },
      "recruitment/t1",
    );
    return { store, records: createOfferRecords(store) };
  };
  const { store, records } = open();
  const offer = { id: "t1:0:1", opened: 1, expires: 9, closed: null, asked: ["ann", "bea"] };
  store.transaction(() => {
    records.put("reader", offer);
    records.reply("reader", "ann", { offer: offer.id, text: "claimed", score: 1, at: 2 });
    records.noteAwarded(offer.id, "ann");
  });
  store.transaction(() => records.close(offer.id, "filled", 3));
  read.length = 0;
  const again = open();
  const [closed] = again.records.listClosed(0);
  expect(closed).toMatchObject({ role: "reader", closed: "filled" });
  expect(closed && again.records.findWinner(closed, "filled")).toBe("ann");
  expect(read).toEqual([]);
  // As an earlier version kept it.
  const { winner: _, ...earlier } = { role: "reader", ...offer, winner: null };
  expect(again.records.findWinner(earlier, "filled")).toBe("ann");
  expect(again.records.findWinner(earlier, "expired")).toBe(null);
});
