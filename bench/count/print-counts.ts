/** Prints counts and what they cost, for people. */
import { printTable } from "../print-table.ts";
import { type Counts, sumCalls } from "./counts.ts";
import type { Measured } from "./measure-counts.ts";
import { assumed, countFreeTurns, type Item, type Month, monthItems, type Stored, sampled, sources } from "./month.ts";
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
  ["D1 rows that stay, and are pruned", ({ d1RowsKept }) => d1RowsKept],
];

/** The scenario, and where actors lived if not each in an object of its own. */
export function nameMeasured({ scenario, placement }: Pick<Measured, "scenario" | "placement">): string {
  return placement === "own" ? scenario.name : `${scenario.name}, ${placement}`;
}

/** A column for a turn and one for begin and end, of each scenario; then the calls by kind. */
export function printCounts(measured: readonly Measured[]): void {
  for (const [part, title] of [
    ["turn", "Per turn"],
    ["beginAndEnd", "Begin and end of a thread"],
  ] as const) {
    console.log(`\n${title}`);
    printTable(
      ["", ...measured.map(nameMeasured)],
      rows.map(([name, read]) => [name, ...measured.map((each) => read(each[part]).toFixed(1))]),
    );
    const kinds = [...new Set(measured.flatMap((each) => Object.keys(each[part].calls)))].sort();
    const called = kinds.filter((kind) => measured.some((each) => (each[part].calls[kind] ?? 0) >= 0.05));
    if (called.length > 0)
      printTable(
        ["  calls", ...measured.map(nameMeasured)],
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
    ["", ...measured.map(nameMeasured)],
    [
      ...items.map((item) => [item, ...costs.map((cost) => cost[item].toFixed(2))]),
      ["total", ...measured.map((each) => priceMillionTurns(each).toFixed(2))],
    ],
  );
}

/** What months of several sizes cost, as a table of Markdown: docs/deploy.md has it. */
export function printMonths(months: readonly Month[], measured: Measured, { d1, thread }: Stored): void {
  const amount = (value: number): string => new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
  const cell = (item: keyof typeof monthItems, { amount: much, dollars }: Item): string => {
    if (item === "plan") return `$${dollars.toFixed(2)}`;
    return dollars === 0 ? amount(much) : `${amount(much)}: $${dollars.toFixed(2)}`;
  };
  const row = (cells: string[]): void => console.log(`| ${cells.join(" | ")} |`);
  row(["a month", ...months.map(({ turns }) => `${turns.toLocaleString("en")} turns`)]);
  row(["---", ...months.map(() => "---")]);
  for (const [key, title] of Object.entries(monthItems) as [keyof typeof monthItems, string][])
    row([title, ...months.map(({ items }) => cell(key, items[key]))]);
  row(["**together**", ...months.map(({ dollars }) => `**$${dollars.toFixed(2)}**`)]);
  row(["kept for, as D1 holds 10 GB", ...months.map(({ days }) => `${days} days`)]);
  console.log(`
US dollars on Cloudflare's price lists as of ${pricesOf} (${sources.join(", ")}); reviews of ten turns, scenario "${measured.scenario.name}".
Measured: ${d1.toFixed(0)} bytes of D1 a turn, ${(thread / 1000).toFixed(0)} kB of an object a thread.
Assumed: ${assumed.secondsPerRequest * 1000} ms of duration a request, ${sampled * 100} % of requests logged, ${assumed.bytesPerLogEvent / 1000} kB a log event.
From 2026-12-01 logs are billed by size, 50 GB a month included: ${months.map(({ items }) => `${((items.logEvents.amount * assumed.bytesPerLogEvent) / 1e9).toFixed(2)} GB`).join(", ")}.
The free plan's 100,000 rows a day, in objects and in D1 each, are ${countFreeTurns(measured).toLocaleString("en")} turns a day.`);
}
