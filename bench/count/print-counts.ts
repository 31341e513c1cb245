/** Prints counts and what they cost, for people. */
import { printTable } from "../print-table.ts";
import { type Counts, sumCalls } from "./counts.ts";
import type { Measured } from "./measure-counts.ts";
import { priceMillion, priceMillionTurns, prices, pricesOf, shareOut } from "./prices.ts";

const rows: [title: string, read: (counts: Counts) => number][] = [
  ["SQL statements in objects", ({ statements }) => statements],
  ["rows written in objects", ({ rowsWritten }) => rowsWritten],
  ["rows read in objects", ({ rowsRead }) => rowsRead],
  ["transactions", ({ transactions }) => transactions],
  ["calls between objects", sumCalls],
  ["JSON.stringify", ({ stringify }) => stringify],
  ["KB of JSON made", ({ stringifyCharacters }) => stringifyCharacters / 1000],
  ["D1 requests", ({ d1Requests }) => d1Requests],
  ["D1 rows written", ({ d1RowsWritten }) => d1RowsWritten],
];

/** A column for a turn and one for begin and end, of each scenario; then the calls by kind. */
export function printCounts(measured: readonly Measured[]): void {
  for (const [part, title] of [
    ["turn", "Per turn"],
    ["beginAndEnd", "Begin and end of a thread"],
  ] as const) {
    console.log(`\n${title}`);
    printTable(
      ["", ...measured.map(({ scenario }) => scenario.name)],
      rows.map(([name, read]) => [name, ...measured.map((each) => read(each[part]).toFixed(1))]),
    );
    const kinds = [...new Set(measured.flatMap((each) => Object.keys(each[part].calls)))].sort();
    const called = kinds.filter((kind) => measured.some((each) => (each[part].calls[kind] ?? 0) >= 0.05));
    if (called.length > 0)
      printTable(
        ["  calls", ...measured.map(({ scenario }) => scenario.name)],
        called.map((kind) => [`  ${kind}`, ...measured.map((each) => (each[part].calls[kind] ?? 0).toFixed(1))]),
      );
  }
}

/** What a million turns of ten-turn reviews cost, by item. */
export function printCosts(measured: readonly Measured[]): void {
  console.log(`\nA million turns, US dollars on Cloudflare's price list as of ${pricesOf} (duration and storage not counted)`);
  const costs = measured.map((each) => priceMillion(shareOut(each)));
  const items = Object.keys(prices) as (keyof typeof prices)[];
  printTable(
    ["", ...measured.map(({ scenario }) => scenario.name)],
    [
      ...items.map((item) => [item, ...costs.map((cost) => cost[item].toFixed(2))]),
      ["total", ...measured.map((each) => priceMillionTurns(each).toFixed(2))],
    ],
  );
}
