/** What a turn, and a thread's begin and end, cost in what the platform bills and the disk feels. Counts do not depend on the machine. */
import { describe, expect, test } from "vitest";
import { addCounts, type Counts, createCounts, sumCalls } from "../../bench/count/counts.ts";
import { type CountedServer, type Stretch, startCountedServer } from "../../bench/count/measure-counts.ts";
import { priceMillionTurns } from "../../bench/count/prices.ts";
import { scenarios } from "../../bench/count/scenarios.ts";

/** Figures that a build may not exceed: what is measured today, and a twentieth for how batches to D1 happen to fall. */
interface Bounds {
  statements: number;
  rowsWritten: number;
  transactions: number;
  calls: number;
  stringify: number;
  d1RowsWritten: number;
  /** What retention deletes in time, indexes included. */
  d1RowsKept: number;
}

const bounds: { scenario: string; turn: Bounds; beginAndEnd: Bounds; dollars: number }[] = [
  {
    scenario: "at once",
    turn: { statements: 5, rowsWritten: 4, transactions: 1.3, calls: 2.2, stringify: 9, d1RowsWritten: 8, d1RowsKept: 7.5 },
    beginAndEnd: { statements: 40, rowsWritten: 43, transactions: 20, calls: 20, stringify: 80, d1RowsWritten: 47, d1RowsKept: 42 },
    dollars: 25,
  },
  {
    // Each turn is stored in the mailbox on its way.
    scenario: "after 200 ms",
    turn: { statements: 5, rowsWritten: 6, transactions: 3, calls: 2.8, stringify: 12, d1RowsWritten: 9.5, d1RowsKept: 7.5 },
    beginAndEnd: { statements: 45, rowsWritten: 55, transactions: 25, calls: 22, stringify: 100, d1RowsWritten: 52, d1RowsKept: 42 },
    dollars: 35,
  },
];

const read = (counts: Counts): Bounds => ({ ...counts, calls: sumCalls(counts) });

/** Which figures exceed their bound, and by what. */
function exceeded(counts: Counts, bound: Bounds): string[] {
  const figures = read(counts);
  return (Object.keys(bound) as (keyof Bounds)[])
    .filter((key) => !(figures[key] <= bound[key]))
    .map((key) => `${key}: ${figures[key].toFixed(1)} > ${bound[key]}`);
}

/**
 * Whoever is on the machine too only adds to what is counted: a turn that takes longer than 50 ms is stored, and what goes in
 * batches goes in more of them. So the least of some measurements is what a figure costs; what a build adds, it adds to all.
 * @returns what each of them exceeded, as the last one did
 */
async function measureQuietly(measure: () => Promise<string[]>): Promise<string[]> {
  const readName = (fault: string): string => fault.split(":")[0] ?? "";
  let left: string[] | undefined;
  for (let tries = 1; ; tries++) {
    const faults = await measure();
    const names = left?.map(readName);
    left = names ? faults.filter((fault) => names.includes(readName(fault))) : faults;
    if (!left.length || tries === 6) return left;
    console.log(`measured again: ${left.join(", ")}`);
  }
}

const patience = { timeout: 240_000 };

/** A server of a test's own: each waits for most of its time for its server to rest, so they wait side by side. */
async function openServer(afterwards: (stop: () => Promise<void>) => void): Promise<CountedServer> {
  // One after another: starting takes all of the machine.
  const before = started;
  const { promise, resolve } = Promise.withResolvers<void>();
  started = promise;
  await before;
  try {
    const server = await startCountedServer();
    afterwards(() => server.stop());
    return server;
  } finally {
    resolve();
  }
}

/** The servers that are started until now. */
let started = Promise.resolve();

describe.concurrent("[COUNT1] a turn, and a thread's begin and end, write no more than this", () => {
  test.for(bounds)("$scenario", patience, async ({ scenario: name, dollars, ...bound }, { onTestFinished }) => {
    const scenario = scenarios.find((each) => each.name === name);
    if (!scenario) throw new Error(`bench/count/scenarios.ts has no ${name}`);
    const faults = await measureQuietly(async () => {
      // A server that was measured knows agents that went away with turns of theirs.
      const server = await openServer(onTestFinished);
      const { turn, beginAndEnd } = await server.measure({ ...scenario, lengths: [2, 10] }, 2);
      // A counter that counts nothing holds every bound.
      expect(Math.min(...Object.keys(bound.beginAndEnd).map((key) => read(beginAndEnd)[key as keyof Bounds]))).toBeGreaterThan(0);
      const price = priceMillionTurns({ turn, beginAndEnd });
      return [
        ...exceeded(turn, bound.turn).map((fault) => `of a turn, ${fault}`),
        ...exceeded(beginAndEnd, bound.beginAndEnd).map((fault) => `of begin and end, ${fault}`),
        ...(price < dollars ? [] : [`dollars: ${price.toFixed(1)} > ${dollars}`]),
      ];
    });
    expect(faults).toEqual([]);
  });
});

/** Stretches of ten turns, one after another. */
const listStretches = (from: number): Stretch[] => Array.from({ length: 5 }, (_, index) => [from + 10 * index, from + 10 * index + 10]);

/** Its median over stretches: what is done in batches, and turns that the machine held up, fall into a few of them. */
function findMedian(stretches: Counts[], figure: (counts: Counts) => number): number {
  return stretches.map(figure).toSorted((a, b) => a - b)[Math.floor(stretches.length / 2)] ?? Number.NaN;
}

test.concurrent(
  "[COUNT3] a turn of a thread costs at its two-hundredth turn what it costs at its tenth",
  patience,
  async ({ onTestFinished }) => {
    const server = await openServer(onTestFinished);
    const faults = await measureQuietly(async () => {
      const measured = await server.measureStretches([...listStretches(10), ...listStretches(170)]);
      const [early, late] = [measured.slice(0, 5), measured.slice(5)];
      const faults: string[] = [];
      for (const key of ["statements", "rowsWritten", "transactions", "stringify", "stringifyCharacters", "calls"] as const) {
        const figure = (counts: Counts): number => (key === "calls" ? sumCalls(counts) : counts[key]);
        const [before, after] = [findMedian(early, figure), findMedian(late, figure)];
        expect(before, key).toBeGreaterThan(0);
        if (!(after / before < 1.2)) faults.push(`${key}: ${before.toFixed(1)} early, ${after.toFixed(1)} late`);
      }
      // Where all steps were read, it was two more for each turn.
      const more = findMedian(late, ({ rowsRead }) => rowsRead) - findMedian(early, ({ rowsRead }) => rowsRead);
      if (!(more < 30)) faults.push(`rows read: ${more.toFixed(1)} more late`);
      return faults;
    });
    expect(faults).toEqual([]);
  },
);

/** What each further eligible agent costs a thread, whose offer it leaves open; and what it costs while it is connected. */
const further: { connected: boolean; rowsWritten: number; calls: number }[] = [
  { connected: false, rowsWritten: 0.5, calls: 0.3 },
  // What has closed is told with the next offer.
  { connected: true, rowsWritten: 0.5, calls: 1.3 },
];

test.concurrent(
  "[COUNT4] a further eligible agent, connected or not, costs a thread no more than this",
  patience,
  async ({ onTestFinished }) => {
    const server = await openServer(onTestFinished);
    const agents = 20;
    // What is done once is done.
    await server.measureThread(2);
    let before = await server.measureThread(2);
    for (const { connected, ...bound } of further) {
      await server.addFurther(agents, connected);
      let after = createCounts();
      const faults = await measureQuietly(async () => {
        after = await server.measureThread(2);
        const { rowsWritten, calls } = read(addCounts(createCounts(), addCounts(after, before, -1), 1 / agents));
        return [
          ...(rowsWritten < bound.rowsWritten ? [] : [`rows of each: ${rowsWritten.toFixed(1)} > ${bound.rowsWritten}`]),
          ...(calls < bound.calls ? [] : [`calls of each: ${calls.toFixed(1)} > ${bound.calls}`]),
        ];
      });
      expect(faults, `of agents that are ${connected ? "" : "not "}connected`).toEqual([]);
      before = after;
    }
  },
);
