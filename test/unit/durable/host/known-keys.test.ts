/** What is known without a query of documents that an owner does not have. */
import { expect, test } from "vitest";
import type { Row, SqlValue } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { knownKeysLimits } from "../../../../src/durable/host/store/known-keys.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";

const { misses, piece } = knownKeysLimits;

/** An owner that had stored so many documents when it was loaded, and counts what it asks for. */
function openWith(stored: number) {
  const storage = createNodeStorage();
  const before = createStore(storage, "agent/a");
  before.transaction(() => {
    const kept = before.keyed<number>("kept");
    for (let at = 0; at < stored; at++) kept.put(`k${at}`, at);
  });
  const asked: unknown[] = [];
  const store = createStore(
    {
      ...storage,
      exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
        if (sql.startsWith("SELECT body")) asked.push(values[2]);
        return storage.exec<T>(sql, ...values);
      },
    },
    "agent/a",
  );
  return { store, asked, kept: store.keyed<number>("kept"), other: store.keyed<number>("other") };
}

test("[STORE14] who has looked for many documents that it does not have asks for hardly any more of them, and finds each that it has", () => {
  const stored = 3 * piece;
  const { store, asked, kept, other } = openWith(stored);
  let at = 0;
  // Its keys are read piece by piece, and it puts and deletes documents meanwhile.
  for (; at < misses + 20; at++) {
    expect(kept.read(`missing${at}`)).toBe(undefined);
    store.transaction(() => {
      other.put(`o${at}`, at);
      kept.delete(`k${at}`);
    });
  }
  expect(() =>
    store.transaction(() => {
      other.put("undone", 1);
      throw new Error("undone");
    }),
  ).toThrow("undone");
  asked.length = 0;
  for (let missing = 0; missing < 1_000; missing++) expect(other.read(`missing${missing}`)).toBe(undefined);
  expect(asked.length).toBeLessThan(100);
  for (let key = 0; key < stored; key++) expect(kept.read(`k${key}`)).toBe(key < at ? undefined : key);
  for (let key = 0; key < at; key++) expect(other.read(`o${key}`)).toBe(key);
  expect(other.read("undone")).toBe(undefined);
  store.transaction(() => {
    kept.put("new", 1);
    expect(kept.read("new")).toBe(1);
  });
  expect(kept.read("new")).toBe(1);
});

test("[STORE14] who looks for little reads no keys", () => {
  const { asked, kept } = openWith(10);
  for (let at = 0; at < misses; at++) expect(kept.read(`missing${at}`)).toBe(undefined);
  asked.length = 0;
  expect(kept.read("missing")).toBe(undefined);
  expect(asked).toEqual(["missing"]);
});
