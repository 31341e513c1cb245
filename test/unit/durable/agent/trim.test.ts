/** [RET5] What an object forgets by age goes in bounded steps, until nothing is left that is too old. */
import { expect, test } from "vitest";
import { createTrim, trimLimits } from "../../../../src/durable/agent/mailbox/trim.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";

const day = 86_400_000;

test("[RET5] no alarm deletes more than a step, each says when the next is due, and none looks again at once", () => {
  const storage = createNodeStorage();
  const store = createStore(storage, "agent/alice");
  const documents = store.keyed("sent");
  const count = 2 * trimLimits.documents + 10;
  store.transaction(() => {
    for (let at = 0; at < count; at++) documents.put(`old${at}`, {}, 0);
    documents.put("young", {}, 40 * day);
  });
  let now = 50 * day;
  const trim = createTrim({ now: () => now }, [{ documents, days: 30 }]);
  const left = () => documents.list({ limit: count + 1 }).length;
  for (const expected of [trimLimits.documents + 11, 11, 1]) {
    store.transaction(trim.run);
    expect(left()).toBe(expected);
    if (expected === 1) break;
    expect(trim.due()).toBe(now + trimLimits.pauseFull);
    store.transaction(trim.run);
    expect(left()).toBe(expected);
    now += trimLimits.pauseFull;
  }
  expect(trim.due()).toBe(undefined);
  storage.close();
});
