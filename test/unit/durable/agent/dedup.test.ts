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
  const last = {
    ...{ [`recruitment/${thread}`]: 4, [`task/${thread}.1.0`]: 7, [`task/${thread}-2.1.0`]: 1, [`task/${thread}-3.1.0`]: 0 },
    ...{ "agent/bob": 9, "agent/eve": 0 },
  };
  for (const known of [dedup, open(storage).dedup])
    for (const [from, id] of Object.entries(last))
      expect([known.isKnown({ from, id: id || 1 }), known.isLast({ from, id }), known.isKnown({ from, id: id + 1 })]).toEqual([
        ...[id > 0, id > 0, false],
      ]);
  expect(readDocuments(storage.exec, "sender").map(({ key }) => key)).toEqual([thread, "agent/bob"]);
});

test("[MAIL21] of a thread with very many actors those that spoke last are known, also where memory holds none of them any more", () => {
  const { store, dedup } = open(createNodeStorage());
  const nameOf = (at: number): string => `task/${thread}-${at}.1.0`;
  for (let at = 0; at <= agentLimits.sendersOfThread; at++) store.transaction(() => dedup.write({ from: nameOf(at), id: 1 }));
  for (let at = 0; at <= agentLimits.sendersInMemory; at++) dedup.remember({ from: `agent/other${at}`, id: 1 });
  const known = Array.from({ length: agentLimits.sendersOfThread + 1 }, (_, at) => dedup.isKnown({ from: nameOf(at), id: 1 }));
  expect(known).toEqual([false, ...Array.from({ length: agentLimits.sendersOfThread }, () => true)]);
});

test("[MAIL22] numbers of a sender that began anew are its own, and a message of a life that is over is not taken", () => {
  const storage = createNodeStorage();
  const { store, dedup } = open(storage);
  const from = `recruitment/${thread}`;
  const minute = 60_000_000;
  const take = (id: number, life?: number): boolean => {
    const sent = { from, id, ...(life !== undefined && { life }) };
    if (dedup.isKnown(sent)) return false;
    store.transaction(() => dedup.write(sent));
    return true;
  };
  // One that did not say so at first is the same.
  expect([take(5), take(4, 10 * minute), take(6, 10 * minute), take(6)]).toEqual([true, false, true, false]);
  expect([take(1, 12 * minute), take(1, 12 * minute), take(7, 10 * minute), take(2, 12 * minute)]).toEqual([true, false, false, true]);
  // The other half of an event that the life before held is for nothing of this one.
  expect([dedup.isLast({ from, id: 2, life: 10 * minute }), dedup.isLast({ from, id: 2, life: 12 * minute })]).toEqual([false, true]);
  // Of two however near the later one lives. Clocks differ: a sender that began later and says less is told, and says more.
  expect([take(1, 12 * minute - 1), dedup.findLater({ from, id: 1, life: 12 * minute - 1 })]).toEqual([false, 12 * minute]);
  expect(take(1, 12 * minute + 1)).toBe(true);
  const next = open(storage).dedup;
  expect([next.isKnown({ from, id: 2, life: 12 * minute + 1 }), next.isKnown({ from, id: 9, life: 12 * minute })]).toEqual([false, true]);
});
