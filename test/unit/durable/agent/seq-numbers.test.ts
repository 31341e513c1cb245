/** How many writes a mailbox's numbers cost, and that none is given twice. */
import { beforeEach, expect, test } from "vitest";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import {
  createSeqNumbers,
  type NotedNumbers,
  type ReservedNumbers,
  type SeqNumbers,
} from "../../../../src/durable/agent/mailbox/seq-numbers.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore, type Store } from "../../../../src/durable/host/store/store.ts";

let storage: NodeStorage;
let store: Store;
/** What is noted beside the socket that is open. */
let noted: NotedNumbers | undefined;
let writes: number;

beforeEach(() => {
  storage = createNodeStorage();
  noted = undefined;
  writes = 0;
});

/** @param asleep the object slept beside its socket; else it crashed, and the socket with it */
function wake(asleep: boolean): SeqNumbers {
  store = createStore(storage, "agent/alice");
  const seqs: SeqNumbers = createSeqNumbers(store.resident<ReservedNumbers>("seq"), () => {
    noted = seqs.noted();
  });
  seqs.resume(asleep ? [noted] : []);
  noted = seqs.noted();
  return seqs;
}

function take(seqs: SeqNumbers): number {
  if (!seqs.hasReserved()) {
    store.transaction(() => seqs.reserve(seqs.last() + 1));
    writes += 1;
  }
  const seq = seqs.take();
  seqs.note(seq);
  return seq;
}

test("[BOARD15] an object that wakes beside its socket goes on with its numbers and writes nothing; none is given twice", () => {
  const given: number[] = [];
  for (let life = 0; life < 5; life++) {
    const seqs = wake(true);
    for (let index = 0; index < 3; index++) given.push(take(seqs));
  }
  expect(new Set(given).size).toBe(given.length);
  expect(given).toEqual(given.toSorted((a, b) => a - b));
  expect(writes).toBe(1);
  expect(given.at(-1)).toBeLessThan(5 * (agentLimits.seqNoted + 3));
});

test("[BOARD15] after a crash numbers begin behind all that may have been shown, and what an older socket says of another block counts for nothing", () => {
  const before = wake(true);
  const last = [take(before), take(before)].at(-1) as number;
  const older = noted;
  const seqs = wake(false);
  expect(take(seqs)).toBeGreaterThan(last + agentLimits.seqNoted);
  expect(writes).toBe(2);
  const newest = take(seqs);
  noted = older;
  expect(take(wake(true))).toBeGreaterThan(newest);
});

test("[BOARD15] what is noted is good for all numbers that are taken until it changes", () => {
  const seqs = wake(true);
  for (let index = 0; index < 3 * agentLimits.seqNoted; index++) expect(take(seqs)).toBeLessThanOrEqual(noted?.through ?? 0);
});
