/** Cloudflare's price list for what is counted, in US dollars per million, beyond what the paid plan includes. */
import { addCounts, type Counts } from "./counts.ts";

/** As read on this day from the pricing pages of Durable Objects and D1. */
export const pricesOf = "2026-11-26";

/** Dollars per million. An object's duration is not counted: it depends on time, and hibernating objects have none. */
export const prices = {
  rowsWritten: 1,
  rowsRead: 0.001,
  d1RowsWritten: 1,
  d1RowsRead: 0.001,
  requests: 0.15,
  /** Frames that come in by socket are billed as a twentieth of a request. */
  frames: 0.15 / 20,
} satisfies Partial<Record<keyof Counts, number>>;

/** What the counts of one turn come to for a million of them, by item, in dollars. */
export function priceMillion(counts: Counts): Record<keyof typeof prices, number> {
  const items = Object.entries(prices).map(([key, price]) => [key, counts[key as keyof typeof prices] * price]);
  return Object.fromEntries(items) as Record<keyof typeof prices, number>;
}

/** Turns of the review that begin and end are shared out over. */
export const turnsOfReview = 10;

/** What a turn costs with its share of its thread's begin and end. */
export function shareOut({ turn, beginAndEnd }: { turn: Counts; beginAndEnd: Counts }): Counts {
  return addCounts(turn, beginAndEnd, 1 / turnsOfReview);
}

/** Dollars for a million turns of ten-turn reviews. */
export function priceMillionTurns(measured: { turn: Counts; beginAndEnd: Counts }): number {
  return Object.values(priceMillion(shareOut(measured))).reduce((sum, dollars) => sum + dollars, 0);
}
