/** A cell's world by hand: one database in memory, one clock, timers that the test lets run. */

import { type Cell, type CellPorts, createCell } from "../../../../src/durable/cell/cell.ts";
import { createTimerQueue, type TimerQueue } from "../../../../src/durable/cell/timer-queue.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";

export interface HandWorld {
  storage: NodeStorage;
  now(): number;
  later(milliseconds: number, work: () => void): void;
  /** All that a cell sets, by {@link later}. */
  timers: TimerQueue;
  background(work: Promise<unknown>): void;
  /** Moves the clock; timers run in order of time, and what follows from each. */
  pass(milliseconds: number): Promise<void>;
  /** Waits until nothing runs. */
  settle(): Promise<void>;
  /** Timers that wait. */
  readonly waiting: number;
  warnings: { [fact: string]: unknown }[];
}

export function createHandWorld(storage = createNodeStorage(), start = 1_000_000): HandWorld {
  let now = start;
  const timers: { at: number; work: () => void }[] = [];
  const running = new Set<Promise<unknown>>();
  const later = (milliseconds: number, work: () => void): void => void timers.push({ at: now + milliseconds, work });
  const world: HandWorld = {
    storage,
    warnings: [],
    now: () => now,
    later,
    timers: createTimerQueue(
      later,
      () => now,
      (error) => void world.warnings.push({ at: "timer", error: String(error) }),
    ),
    background(work) {
      const held: Promise<unknown> = work.catch(() => {}).finally(() => running.delete(held));
      running.add(held);
    },
    async settle() {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    async pass(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        await world.settle();
        timers.sort((a, b) => a.at - b.at);
        const [first] = timers;
        if (!first || first.at > until) break;
        timers.shift();
        now = Math.max(now, first.at);
        first.work();
      }
      now = until;
      await world.settle();
    },
    get waiting() {
      return timers.length;
    },
  };
  return world;
}

/** A cell of actors that the test makes. */
export function openWith(world: HandWorld, ports: Pick<CellPorts, "make" | "methods"> & Partial<CellPorts>): Cell {
  return createCell({
    ...world,
    sync: async () => {},
    failed: () => {},
    sockets: () => ({ accept: () => {}, list: () => [], readPing: () => 0, answerPings: () => {} }),
    warn: () => {},
    ...ports,
  });
}

/** One whose transactions are counted, from its beginning on. */
export function openCounted(world: HandWorld, ports: Parameters<typeof openWith>[1]) {
  let transactions = 0;
  const { transaction } = world.storage;
  const storage = {
    ...world.storage,
    transaction<T>(body: () => T): T {
      transactions += 1;
      return transaction(body);
    },
  };
  const cell = openWith(world, { ...ports, storage });
  const atFirst = transactions;
  return { cell, countTransactions: () => transactions - atFirst };
}
