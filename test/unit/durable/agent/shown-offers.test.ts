/** Offers that an agent is shown: under which number, when that is written, and what a crash forgets. */
import { beforeEach, expect, test } from "vitest";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import { createShownOffers, type ShownDocument, type ShownOffers } from "../../../../src/durable/agent/offers/shown-offers.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore, type Store } from "../../../../src/durable/host/store/store.ts";

let storage: NodeStorage;
let store: Store;
let now: number;

beforeEach(() => {
  storage = createNodeStorage();
  now = 1_800_000_000_000;
});

function wake(): ShownOffers {
  store = createStore(storage, "agent/alice");
  return createShownOffers(store.resident<ShownDocument>("offer"), { now: () => now });
}

const opened = (offer: string) => ({
  ...{ specversion: "1.0" as const, id: `${offer}.opened`, source: "/threads/t", type: "nerve.offer.opened" },
  ...{ time: new Date(now).toISOString(), data: { offer } },
});
const closed = (offer: string) => ({ ...opened(offer), id: `${offer}.closed`, type: "nerve.offer.closed" });
const rows = () =>
  storage.exec("SELECT 1 FROM sqlite_master WHERE name = 'document'").length
    ? storage.exec("SELECT 1 FROM document WHERE owner != ''").length
    : 0;

function show(offers: ShownOffers, offer: string, seq: number): void {
  offers.open(offer, seq, opened(offer), now + 600_000);
  offers.noteGiven(opened(offer));
}

test("[BOARD6] an offer that is over within four seconds writes nothing; one that stays open is written with what commits then", () => {
  const offers = wake();
  show(offers, "t:0:1", 1);
  offers.ack(1);
  store.transaction(offers.beforeCommit);
  offers.end("t:0:1");
  store.transaction(offers.keep);
  expect(rows()).toBe(0);
  show(offers, "t:0:2", 2);
  now += agentLimits.offersLazy;
  store.transaction(offers.beforeCommit);
  expect(rows()).toBe(1);
  expect(wake().find("t:0:2")).toMatchObject({ seq: 2 });
});

test("[BOARD6] a crash forgets what was not written, and what was written keeps its number and its acknowledgement", () => {
  let offers = wake();
  show(offers, "t:0:1", 1);
  offers.ack(1);
  store.transaction(offers.keep);
  show(offers, "t:0:2", 2);
  offers.open("t:0:3", 3, opened("t:0:3"), now + 600_000);
  offers = wake();
  expect(offers.list()).toMatchObject([{ seq: 1, offer: "t:0:1", acked: true, isOpen: true }]);
});

test("[BOARD6] that an offer has closed is said to whoever was shown it, under a number of its own, until it is acknowledged", () => {
  const offers = wake();
  show(offers, "t:0:1", 1);
  offers.decline("t:0:1");
  offers.open("t:0:2", 2, opened("t:0:2"), now + 600_000);
  expect([offers.close("t:0:1", 3, closed("t:0:1")), offers.close("t:0:2", 4, closed("t:0:2"))]).toEqual([true, false]);
  expect(offers.list()).toMatchObject([{ seq: 3, offer: "t:0:1", acked: false, isOpen: false }]);
  offers.ack(3);
  expect(offers.list()).toEqual([]);
});

test("[BOARD13] a crash forgets an offer that was shown, and that it closed meanwhile is said all the same; what closes later was not shown", () => {
  let offers = wake();
  show(offers, "t:0:1", 1);
  const meanwhile = closed("t:0:1");
  offers = wake();
  expect(offers.find("t:0:1")).toBeUndefined();
  expect(offers.mayHaveForgotten("t:0:1", meanwhile)).toBe(true);
  expect(offers.close("t:0:1", 257, meanwhile)).toBe(true);
  expect(offers.list()).toMatchObject([{ seq: 257, offer: "t:0:1", acked: false, isOpen: false }]);
  // Said once, and written.
  expect([offers.mayHaveForgotten("t:0:1", meanwhile), offers.close("t:0:1", 258, meanwhile)]).toEqual([false, false]);
  now += agentLimits.offersForgotten;
  expect(offers.close("t:0:2", 259, closed("t:0:2"))).toBe(false);
});

test("[BOARD6] an agent knows of a thousand offers at most, and of none that has expired", () => {
  const offers = wake();
  const made = Array.from({ length: 1_001 }, (_, index) => offers.open(`t:0:${index}`, index, opened("t"), now + 1_000));
  expect(made.filter(Boolean)).toHaveLength(agentLimits.offers);
  now += 1_000;
  expect(offers.list()).toEqual([]);
  expect(offers.expire()).toHaveLength(agentLimits.offers);
});

test("[BOARD6] what has closed writes nothing if it is acknowledged before it would be written, and is written if not", () => {
  const offers = wake();
  show(offers, "t:0:1", 1);
  show(offers, "t:0:2", 2);
  offers.close("t:0:1", 3, closed("t:0:1"));
  offers.close("t:0:2", 4, closed("t:0:2"));
  expect(offers.changes()).toEqual({ open: false, closed: true });
  offers.ack(3);
  offers.ack(4);
  expect(offers.changes()).toEqual({ open: false, closed: false });
  store.transaction(offers.keep);
  expect(rows()).toBe(0);
  show(offers, "t:0:3", 5);
  offers.close("t:0:3", 6, closed("t:0:3"));
  store.transaction(offers.keep);
  expect(wake().list()).toMatchObject([{ seq: 6, offer: "t:0:3", isOpen: false, acked: false }]);
  show(offers, "t:0:4", 7);
  expect(offers.changes().open).toBe(true);
});
