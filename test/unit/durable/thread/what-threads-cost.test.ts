/** What making a thread's objects costs: a statement that asks what is stored, and the tables that are kept. What their commits need not ask. */
import { expect, test } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { formerBase } from "../../../../src/durable/thread/thread-base.ts";
import { beginPair } from "./pair.ts";
import { second } from "./stage.ts";

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
  expect(store.journal.last).toBe(0);
  expect([...store.resident("actor").values()]).toEqual([]);
  expect(said).toEqual([expect.stringContaining("sqlite_master")]);
});

test("[COUNT6] what agents said of an offer that was filled is not read again with each commit", async () => {
  const stage = await beginPair();
  await stage.claim("ann");
  const { root } = stage.stores;
  const { exec } = root;
  const read: unknown[] = [];
  root.exec = (sql, ...values) => {
    if (sql.startsWith("SELECT") && values.includes("reply")) read.push(values);
    return exec(sql, ...values);
  };
  await stage.answer("ann", { $status: "unclear" });
  await stage.order("suspend");
  await stage.order("resume");
  await stage.pass(6 * second);
  expect(read).toEqual([]);
});
