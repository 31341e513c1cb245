/** What a month costs. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { createCounts } from "../../../bench/count/counts.ts";
import { assumed, countFreeTurns, monthItems, priceMonth, sampled, sources } from "../../../bench/count/month.ts";
import { pricesOf } from "../../../bench/count/prices.ts";

/** Of which a turn of ten-turn reviews has 30 rows in objects and 20 in D1, 4 requests and 2 frames. */
const measured = {
  turn: { ...createCounts(), rowsWritten: 20, rowsRead: 60, d1RowsWritten: 18, d1RowsKept: 18, d1RowsRead: 2, requests: 3, frames: 2 },
  beginAndEnd: { ...createCounts(), rowsWritten: 100, rowsRead: 40, d1RowsWritten: 20, d1RowsKept: 20, requests: 10 },
};
const stored = { d1: 8_000, thread: 200_000 };

test("[COUNT2] a small month costs the plan alone", () => {
  const { items, dollars, days } = priceMonth(10_000, measured, stored);
  expect(dollars).toBe(5);
  expect(days).toBe(assumed.days);
  expect(items.rowsWritten).toEqual({ amount: 300_000, dollars: 0 });
  expect(items.requests.amount).toBe(10_000 * (4 + 2 / 20));
  expect(items.d1Stored.amount).toBeCloseTo(0.08);
});

test("[COUNT2] beyond what the plan includes each item costs its price, rows that retention deletes included", () => {
  const { items, dollars, days } = priceMonth(5_000_000, measured, stored);
  expect(items.rowsWritten.dollars).toBeCloseTo(150 - 50);
  // Written and deleted share what is included.
  expect(items.d1RowsWritten.dollars + items.d1RowsDeleted.dollars).toBeCloseTo(200 - 50);
  expect(items.requests.dollars).toBeCloseTo((20.5 - 1) * 0.15);
  // 1.33 GB a day: D1 holds ten of them for a week.
  expect(days).toBe(7);
  expect(items.d1Stored.amount).toBeLessThan(10);
  expect(items.d1Stored.dollars).toBeCloseTo((items.d1Stored.amount - 5) * 0.75);
  expect(items.stored.dollars).toBeCloseTo((items.stored.amount - 5) * 0.2);
  expect(dollars).toBeCloseTo(Object.values(items).reduce((sum, item) => sum + item.dollars, 0));
});

test("[COUNT2] logs, sampled as wrangler.toml says, cost nothing at the largest size, by number or by size", () => {
  const config = parse(readFileSync(join(import.meta.dirname, "../../../wrangler.toml"), "utf8")) as unknown as {
    observability: { head_sampling_rate: number };
  };
  expect(config.observability.head_sampling_rate).toBe(sampled);
  const { logEvents } = priceMonth(5_000_000, measured, stored).items;
  expect(logEvents).toEqual({ amount: 5_000_000 * 0.1 * 6, dollars: 0 });
  expect((logEvents.amount * assumed.bytesPerLogEvent) / 1e9).toBeLessThan(50);
});

test("[COUNT2] docs/deploy.md has the table of this price list, and of no older one", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/deploy.md"), "utf8");
  expect(page).toContain(`price lists as of ${pricesOf}`);
  for (const title of Object.values(monthItems)) expect(page).toContain(`| ${title} |`);
  for (const source of sources) expect(page).toContain(`(${source})`);
});

test("[COUNT2] the free plan takes as many turns a day as its first limit allows", () => {
  expect(countFreeTurns(measured)).toBe(2_500);
});
