/** What a month costs on Cloudflare's paid plan, and which limits it meets: counts of a turn, times turns, less what the plan includes. */
import type { Counts } from "./counts.ts";
import { prices, shareOut, turnsOfReview } from "./prices.ts";

/** Bytes that stay, of ten-turn reviews. */
export interface Stored {
  /** Of D1's file, per turn. */
  d1: number;
  /** Of a thread's object. */
  thread: number;
}

/** What is not counted but assumed, each on the dear side. */
export const assumed = {
  /** Seconds for which a request keeps an object from hibernating; most take a few milliseconds. */
  secondsPerRequest: 0.05,
  /** Bytes of a log event; Cloudflare adds what it knows of the request. */
  bytesPerLogEvent: 2_000,
  /** Days for which all is kept, the default of `NERVEFLARE_RETENTION`, where D1 holds as much. An ended thread is in its object so long. */
  days: 30,
} as const;

/** Of `[observability]` in wrangler.toml. */
export const sampled = 0.1;

/** What the paid plan includes in a month, of the pages in {@link sources}. */
const included = {
  requests: 1e6,
  duration: 400_000,
  rowsWritten: 50e6,
  rowsRead: 25e9,
  d1RowsWritten: 50e6,
  d1RowsRead: 25e9,
  stored: 5,
  d1Stored: 5,
  logEvents: 20e6,
} as const;

/** Gigabytes that one D1 database holds, on the paid plan. */
const d1Holds = 10;

/** Dollars per unit beyond that; those per million are in prices.ts. */
const beyond = {
  plan: 5,
  workerRequests: 0.3e-6,
  cpu: 0.02e-6,
  duration: 12.5e-6,
  stored: 0.2,
  d1Stored: 0.75,
  logEvents: 0.6e-6,
} as const;

/** Where prices and limits are from. */
export const sources = [
  "https://developers.cloudflare.com/workers/platform/pricing/",
  "https://developers.cloudflare.com/durable-objects/platform/pricing/",
  "https://developers.cloudflare.com/d1/platform/pricing/",
  "https://developers.cloudflare.com/d1/platform/limits/",
] as const;

/** An amount of something in a month, and what it costs. */
export interface Item {
  amount: number;
  dollars: number;
}

export interface Month {
  turns: number;
  items: Record<MonthItem, Item>;
  dollars: number;
  /** For how many days all is kept: the default, or as long as D1 holds it. */
  days: number;
}

/** In the order in which they are shown. */
export const monthItems = {
  plan: "the plan",
  rowsWritten: "rows written in objects",
  d1RowsWritten: "rows written in D1",
  d1RowsDeleted: "rows that retention deletes in D1",
  rowsRead: "rows read in objects",
  d1RowsRead: "rows read in D1",
  requests: "requests to objects, 20 frames being one",
  duration: "GB-s of objects",
  stored: "GB stored in objects",
  d1Stored: "GB stored in D1",
  logEvents: "log events",
} as const;
export type MonthItem = keyof typeof monthItems;

/** Prices a month of so many turns in reviews of ten. */
export function priceMonth(turns: number, measured: { turn: Counts; beginAndEnd: Counts }, stored: Stored): Month {
  const each = shareOut(measured);
  const threads = turns / turnsOfReview;
  const requests = turns * (each.requests + each.frames / 20);
  const duration = turns * (each.requests + each.frames) * assumed.secondsPerRequest * 0.128;
  const d1Written = turns * each.d1RowsWritten;
  const d1Daily = (turns * stored.d1) / 30 / 1e9;
  const days = Math.min(assumed.days, Math.floor(d1Holds / d1Daily));
  const gigabytes = (threads * (days / 30) * stored.thread) / 1e9;
  const million = (key: keyof typeof prices): number => prices[key] / 1e6;
  const bill = (amount: number, free: number, price: number): Item => ({ amount, dollars: Math.max(0, amount - free) * price });
  const items: Record<MonthItem, Item> = {
    plan: { amount: 1, dollars: beyond.plan },
    rowsWritten: bill(turns * each.rowsWritten, included.rowsWritten, million("rowsWritten")),
    d1RowsWritten: bill(d1Written, included.d1RowsWritten, million("d1RowsWritten")),
    // They share what of the included rows is left.
    d1RowsDeleted: bill(turns * each.d1RowsKept, Math.max(0, included.d1RowsWritten - d1Written), million("d1RowsWritten")),
    rowsRead: bill(turns * each.rowsRead, included.rowsRead, million("rowsRead")),
    d1RowsRead: bill(turns * each.d1RowsRead, included.d1RowsRead, million("d1RowsRead")),
    requests: bill(requests, included.requests, million("requests")),
    duration: bill(duration, included.duration, beyond.duration),
    stored: bill(gigabytes, included.stored, beyond.stored),
    d1Stored: bill(d1Daily * days, included.d1Stored, beyond.d1Stored),
    logEvents: bill(turns * sampled * (each.requests + each.frames), included.logEvents, beyond.logEvents),
  };
  return { turns, items, dollars: Object.values(items).reduce((sum, { dollars }) => sum + dollars, 0), days };
}

/** Turns a day that the free plan takes: its first limit that is met is the rows written in objects, or in D1, of 100,000 a day each. */
export function countFreeTurns(measured: { turn: Counts; beginAndEnd: Counts }): number {
  const { rowsWritten, d1RowsWritten, d1RowsKept } = shareOut(measured);
  // Retention deletes what stays.
  return Math.floor(100_000 / Math.max(rowsWritten, d1RowsWritten + d1RowsKept));
}
