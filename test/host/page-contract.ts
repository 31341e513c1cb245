/** What documents promise that share a row, over any SQLite: run on node:sqlite and in a Durable Object. */
import { describe, expect, test } from "vitest";
import type { SqlValue, Storage } from "../../src/durable/host/ports.ts";
import { createPage, pageLimits } from "../../src/durable/host/store/page.ts";
import { createStore } from "../../src/durable/host/store/store.ts";
import { createRandom } from "../../src/explore/create-random.ts";
import type { OnStorage } from "./store-contract.ts";

interface Note {
  text: string;
  rank: number;
}

function open(storage: Storage) {
  const store = createStore(storage, "agent/a");
  const page = createPage(store);
  return {
    store,
    few: page.resident<Note>("few"),
    indexed: page.indexed<Note, { length: number }>("indexed", ({ text }) => ({ length: text.length })),
    many: page.keyed<Note>("many"),
  };
}

type Opened = ReturnType<typeof open>;
type Model = Record<"few" | "indexed" | "many", Map<string, Note>>;

const names = ["few", "indexed", "many"] as const;
const keys = Array.from({ length: 30 }, (_, at) => `k${at}`);

/** What is read by every way there is. */
function compare({ few, indexed, many }: Opened, model: Model): void {
  const sorted = (of: Map<string, Note>) => [...of].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(few.entries()).toEqual(sorted(model.few));
  expect(new Set(few.values())).toEqual(new Set(model.few.values()));
  expect([few.size(), indexed.size()]).toEqual([model.few.size, model.indexed.size]);
  expect(indexed.entries()).toEqual(sorted(model.indexed).map(([key, { text }]) => [key, { length: text.length }]));
  expect(indexed.readMany(keys)).toEqual(keys.flatMap((key) => (model.indexed.has(key) ? [[key, model.indexed.get(key)]] : [])));
  for (const key of keys) {
    expect(few.get(key)).toEqual(model.few.get(key));
    expect(indexed.facts(key)?.length).toBe(model.indexed.get(key)?.text.length);
    expect(many.read(key)).toEqual(model.many.get(key));
  }
}

function countRows(storage: Storage, collection: string): number {
  return storage.exec("SELECT 1 FROM document WHERE collection = ?", collection).length;
}

export function describePage(name: string, onStorage: OnStorage): void {
  describe(name, () => {
    test.each([1, 2, 3])(
      "[PAGE1] documents in a page are read as those with rows are, in every life and after every undoing (seed %i)",
      (seed) =>
        onStorage((storage) => {
          const random = createRandom(seed);
          const below = (limit: number): number => Math.floor(random() * limit);
          let model: Model = { few: new Map(), indexed: new Map(), many: new Map() };
          let opened = open(storage);
          for (let step = 0; step < 150; step++) {
            const next: Model = { few: new Map(model.few), indexed: new Map(model.indexed), many: new Map(model.many) };
            const isUndone = below(5) === 0;
            const commit = (): void =>
              opened.store.transaction(() => {
                for (let change = below(6); change >= 0; change--) {
                  const which = names[below(3)] ?? "few";
                  const key = keys[below(keys.length)] ?? "";
                  const action = below(10);
                  const note = { text: "x".repeat(below(8) === 0 ? pageLimits.documentBytes + 1 : below(900)), rank: below(100) };
                  if (action < 7) {
                    if (which === "many") opened.many.put(key, note, note.rank);
                    else opened[which].put(key, note);
                    next[which].set(key, note);
                  } else {
                    opened[which].delete(key);
                    next[which].delete(key);
                  }
                  if (which !== "many") expect(opened[which].size()).toBe(next[which].size);
                }
                if (isUndone) throw new Error("undone");
              });
            if (isUndone) expect(commit).toThrow("undone");
            else {
              commit();
              model = next;
            }
            if (below(10) === 0) {
              opened.store.transaction(() => opened.many.deleteBelow(20, 1_000));
              for (const [key, { rank }] of model.many) if (rank < 20) model.many.delete(key);
            }
            if (below(4) === 0) opened = open(storage);
            compare(opened, model);
          }
          expect(countRows(storage, "few") + countRows(storage, "many")).toBeGreaterThan(0);
        }),
    );

    test("[PAGE2] what changes together is one row, and what comes and goes soon never has one of its own", () =>
      onStorage((storage) => {
        const written: { sql: string; values: SqlValue[] }[] = [];
        const { store, few, indexed, many } = open({
          ...{ transaction: (body) => storage.transaction(body), setAlarm: (at) => storage.setAlarm(at) },
          exec(sql, ...values) {
            if (!sql.startsWith("SELECT")) written.push({ sql, values });
            return storage.exec(sql, ...values);
          },
        });
        store.transaction(() => few.put("before", { text: "", rank: 0 }));
        written.length = 0;
        store.transaction(() => {
          few.put("a", { text: "a", rank: 1 });
          indexed.put("b", { text: "b", rank: 2 });
          many.put("c", { text: "c", rank: 3 }, 3);
        });
        store.transaction(() => {
          few.delete("a");
          indexed.delete("b");
        });
        expect(written.map(({ values }) => values.slice(0, 3))).toEqual([
          ["agent/a", "page", ""],
          ["agent/a", "page", ""],
        ]);
      }));

    test("[PAGE3] a page is bounded: those that were put first get rows of their own, and a large one has one at once", () =>
      onStorage((storage) => {
        const { store, many } = open(storage);
        const readPage = (): string => storage.exec<{ body: string }>("SELECT body FROM document WHERE collection = 'page'")[0]?.body ?? "";
        for (let at = 0; at < 100; at++) {
          store.transaction(() => many.put(String(at), { text: "x".repeat(500), rank: at }, at));
          expect(readPage().length).toBeLessThan(pageLimits.bytes * 1.1);
        }
        expect(countRows(storage, "many")).toBeGreaterThan(60);
        expect(readPage()).toContain('"99"');
        store.transaction(() => many.put("large", { text: "x".repeat(pageLimits.documentBytes), rank: 1 }, 1));
        expect(readPage()).not.toContain("large");
        // Ranks go with them.
        expect(store.transaction(() => many.deleteBelow(90, 1_000))).toBe(91);
      }));
  });
}
