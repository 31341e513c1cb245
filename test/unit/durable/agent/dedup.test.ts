/** What a mailbox knows of those who sent to it. */
import { expect, test } from "vitest";
import { openAgentDocuments } from "../../../../src/durable/agent/agent-documents.ts";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import { createDedup } from "../../../../src/durable/agent/mailbox/dedup.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { readDocuments } from "../../../host/read-documents.ts";

const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";

function open(storage: ReturnType<typeof createNodeStorage>) {
  const store = createStore(storage, "agent/alice");
  const { senders } = openAgentDocuments(store);
  return { store, dedup: createDedup(senders, { now: () => 5 }) };
}

test("[MAIL21] the last number of each sender is known in the next life, and a thread's actors share a document", () => {
  const storage = createNodeStorage();
  const { store, dedup } = open(storage);
  store.transaction(() => {
    dedup.write({ from: `recruitment/${thread}`, id: 4 });
    dedup.write({ from: `task/${thread}.1.0`, id: 7 });
    dedup.write({ from: `task/${thread}-2.1.0`, id: 1 });
    dedup.write({ from: "agent/bob", id: 9 });
  });
  expect(() =>
    store.transaction(() => {
      dedup.write({ from: "agent/bob", id: 10 });
      throw new Error("undone");
    }),
  ).toThrow("undone");
  dedup.forget();
  for (const known of [dedup, open(storage).dedup])
    expect(
      [`recruitment/${thread}`, `task/${thread}.1.0`, `task/${thread}-2.1.0`, `task/${thread}-3.1.0`, "agent/bob", "agent/eve"].map(
        (from) => known.last({ from, id: 1 }),
      ),
    ).toEqual([4, 7, 1, 0, 9, 0]);
  expect(readDocuments(storage.exec, "sender").map(({ key }) => key)).toEqual([thread, "agent/bob"]);
});

test("[MAIL21] of a thread with very many actors those that spoke last are known, also where memory holds none of them any more", () => {
  const { store, dedup } = open(createNodeStorage());
  const nameOf = (at: number): string => `task/${thread}-${at}.1.0`;
  for (let at = 0; at <= agentLimits.sendersOfThread; at++) store.transaction(() => dedup.write({ from: nameOf(at), id: 1 }));
  for (let at = 0; at <= agentLimits.sendersInMemory; at++) dedup.remember({ from: `agent/other${at}`, id: 1 });
  const known = Array.from({ length: agentLimits.sendersOfThread + 1 }, (_, at) => dedup.last({ from: nameOf(at), id: 1 }));
  expect(known).toEqual([0, ...Array.from({ length: agentLimits.sendersOfThread }, () => 1)]);
});
