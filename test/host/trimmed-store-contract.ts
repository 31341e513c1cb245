/** What an owner's store promises where old documents go, and where some are damaged, over any SQLite. */
import { describe, expect, test } from "vitest";
import { numberKey } from "../../src/durable/host/store/collections.ts";
import { dump, type OnStorage, openParts } from "./store-contract.ts";

export function describeTrimmed(name: string, onStorage: OnStorage): void {
  describe(`a store that is trimmed or damaged, on ${name}`, () => {
    test("[JRNL12] what goes by its rank goes as the present transaction leaves it", () =>
      onStorage((storage) => {
        const { store, many } = openParts(storage);
        const put = (at: number, rank = at): void => many.put(numberKey(at), { text: String(at) }, rank);
        const texts = (): string[] => many.list({ limit: 100 }).map(([, { text }]) => text);
        store.transaction(() => {
          for (let at = 1; at <= 10; at += 1) put(at);
        });
        store.transaction(() => {
          put(11);
          // Was the oldest.
          put(1, 12);
          many.deleteBeyond(4);
        });
        expect(texts()).toEqual(["1", "9", "10", "11"]);
        const gone = store.transaction(() => {
          put(2);
          put(9, 20);
          many.delete(numberKey(10));
          return many.deleteBelow(12, 100);
        });
        expect(gone).toBe(2);
        expect(texts()).toEqual(["1", "9"]);
        expect(openParts(storage).many.list({ limit: 100 })).toHaveLength(2);
      }));

    test("[JRNL13] a damaged document of a collection that is in memory fails a transaction that changes that, and nothing is written", () =>
      onStorage((storage) => {
        const first = openParts(storage);
        first.store.transaction(() => {
          first.few.put("a", { text: "first" });
          first.store.journal.append('{"said":"one"}', 1);
        });
        storage.exec("UPDATE document SET body = '{' WHERE key = 'a'");
        const before = JSON.stringify(dump(storage));
        const { store, few, many } = openParts(storage);
        const change = (): void =>
          store.transaction(() => {
            store.journal.append('{"said":"two"}', 2);
            // Written over, and never read.
            few.put("b", { text: "second" });
          });
        for (let time = 0; time < 2; time += 1) {
          expect(change).toThrow("is damaged and cannot be read");
          expect(JSON.stringify(dump(storage))).toBe(before);
          expect(store.journal.last()).toBe(1);
        }
        // What needs none of it goes on.
        store.transaction(() => {
          store.journal.append('{"said":"three"}', 3);
          many.put("x", { text: "y" });
        });
        expect(store.journal.read({ after: 0, limit: 10 }).map(({ seq }) => seq)).toEqual([1, 2]);
      }));
  });
}
