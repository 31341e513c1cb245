/** What a turn, and a thread's begin and end, cost in what the platform bills and the disk feels. Counts do not depend on the machine. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addCounts, type Counts, createCounts, sumCalls } from "../../bench/count/counts.ts";
import { type CountedServer, startCountedServer } from "../../bench/count/measure-counts.ts";
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
    turn: { statements: 5, rowsWritten: 4, transactions: 1.3, calls: 2.2, stringify: 23, d1RowsWritten: 8, d1RowsKept: 7.5 },
    beginAndEnd: { statements: 110, rowsWritten: 55, transactions: 28, calls: 24, stringify: 140, d1RowsWritten: 47, d1RowsKept: 42 },
    dollars: 25,
  },
  {
    // Each turn is stored in the mailbox on its way.
    scenario: "after 200 ms",
    turn: { statements: 12, rowsWritten: 10, transactions: 3, calls: 2.8, stringify: 35, d1RowsWritten: 9.5, d1RowsKept: 7.5 },
    beginAndEnd: { statements: 205, rowsWritten: 150, transactions: 28, calls: 25, stringify: 170, d1RowsWritten: 52, d1RowsKept: 42 },
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

let server: CountedServer;
beforeAll(async () => {
  server = await startCountedServer();
});
afterAll(() => server.stop());

test.for(bounds)(
  "[COUNT1] $scenario: a turn, and a thread's begin and end, write no more than this",
  async ({ scenario: name, ...bound }) => {
    const scenario = scenarios.find((each) => each.name === name);
    if (!scenario) throw new Error(`bench/count/scenarios.ts has no ${name}`);
    const { turn, beginAndEnd } = await server.measure({ ...scenario, lengths: [2, 10] }, 2);
    // A counter that counts nothing holds every bound.
    expect(Math.min(...Object.keys(bound.beginAndEnd).map((key) => read(beginAndEnd)[key as keyof Bounds]))).toBeGreaterThan(0);
    expect({ turn: exceeded(turn, bound.turn), beginAndEnd: exceeded(beginAndEnd, bound.beginAndEnd) }).toEqual({
      turn: [],
      beginAndEnd: [],
    });
    expect(priceMillionTurns({ turn, beginAndEnd })).toBeLessThan(bound.dollars);
  },
);

test("[COUNT3] a turn of a thread costs at its two-hundredth turn what it costs at its tenth", async () => {
  const [early, late] = await server.measureStretches([
    [10, 60],
    [170, 220],
  ]);
  if (!early || !late) throw new Error("two stretches were played");
  expect(Math.min(early.statements, early.rowsWritten, early.stringify)).toBeGreaterThan(0);
  // What is done in batches falls into one stretch or the other.
  for (const key of ["statements", "rowsWritten", "transactions", "stringify", "stringifyCharacters"] as const)
    expect(late[key] / early[key], key).toBeLessThan(1.2);
  // Where all steps were read, it was two more for each turn.
  expect(late.rowsRead - early.rowsRead).toBeLessThan(30);
  expect(sumCalls(late) / sumCalls(early)).toBeLessThan(1.2);
});

/** What each further eligible agent costs a thread, whose offer it leaves open; and what it costs while it is connected. */
const further: { connected: boolean; rowsWritten: number; calls: number }[] = [
  { connected: false, rowsWritten: 9.5, calls: 2.3 },
  { connected: true, rowsWritten: 10.5, calls: 2.3 },
];

test("[COUNT4] a further eligible agent, connected or not, costs a thread no more than this", async () => {
  const agents = 20;
  // What is done once is done.
  await server.measureThread(2);
  let before = await server.measureThread(2);
  for (const { connected, ...bound } of further) {
    await server.addFurther(agents, connected);
    const after = await server.measureThread(2);
    const each = addCounts(createCounts(), addCounts(after, before, -1), 1 / agents);
    expect(each.rowsWritten, `rows of each that is ${connected ? "" : "not "}connected`).toBeLessThan(bound.rowsWritten);
    expect(sumCalls(each), `calls of each that is ${connected ? "" : "not "}connected`).toBeLessThan(bound.calls);
    before = after;
  }
});
