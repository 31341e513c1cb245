/** What a workflow's object remembers of the documents that it asks for again and again. */
import { expect, test } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { createQueue } from "../../../../src/durable/workflow/queue.ts";

test("[COUNT9] a thread that begins and ends reads nothing of its workflow's queue that was written or asked for before; a rollback forgets it", () => {
  const storage = createNodeStorage();
  const reads: string[] = [];
  const { exec } = storage;
  storage.exec = (sql, ...values) => {
    if (/^SELECT body .* key = /.test(sql)) reads.push(values.slice(1).join(" "));
    return exec(sql, ...values);
  };
  createStore(storage, "workflow/w").transaction(() => {});
  const store = createStore(storage, "workflow/w");
  const queue = createQueue(store);
  const entry = { thread: "t1", initiator: "/agents/a", priority: 0, key: "k", epoch: 1 };
  store.transaction(() => queue.begin({ ...entry, thread: "t0", key: "other" }, "running"));
  // In a life in which not all that it has put is known anyhow.
  const woken = createStore(storage, "workflow/w");
  const again = createQueue(woken);
  expect(again.findKey("k")).toBeUndefined();
  woken.transaction(() => again.begin(entry, "running"));
  expect(again.findKey("k")).toEqual({ thread: "t1", status: "running", epoch: 1 });
  woken.transaction(() => again.end("t1", 1));
  expect([again.find("t1"), again.findKey("k"), again.findEnded("k")]).toEqual([undefined, undefined, "t1"]);
  // The first end of a life looks whether there are too many keys: what memory has of them may be gone.
  expect(reads).toEqual(["key k", "live t1", "key k"]);
  expect(createQueue(createStore(storage, "workflow/w")).findEnded("k"), "what it says is stored").toBe("t1");

  const fail = () =>
    woken.transaction(() => {
      again.begin({ ...entry, thread: "t2" }, "running");
      throw new Error("no");
    });
  expect(fail).toThrow("no");
  again.reread();
  expect([again.find("t2"), again.findEnded("k")]).toEqual([undefined, "t1"]);
});
