/**
 * Retention, a slice at a time until nothing is left that is too old: first the objects of ended threads are told that their
 * time is over, then D1 loses what is past its time. Knows D1 and a way to a thread's object.
 */

import { listUnarchived, pruneProjection } from "./prune-projection.ts";
import type { Retention } from "./retention.ts";

export const retentionRun = {
  /** Threads' objects that one slice wakes, and how many at once: each is a call of the run's own. */
  threads: 200,
  atOnce: 16,
  /** Milliseconds between two slices: other writes go in between. */
  pause: 250,
  /** Milliseconds after a slice that failed. */
  pauseFailed: 60_000,
} as const;

/** Where a run stands: the position of the last thread that was woken. */
export interface RetentionProgress {
  after: number;
}

export interface RetentionPorts {
  db: D1Database;
  /** Tells the root of a thread that its time may be over. */
  retire(thread: string): Promise<unknown>;
  warn(entry: object): void;
}

/**
 * One slice.
 * @param now milliseconds since the epoch
 * @returns where to go on; undefined: nothing is left that is too old
 */
export async function runRetention(
  { db, retire, warn }: RetentionPorts,
  { after }: RetentionProgress,
  retention: Retention,
  now: number,
): Promise<RetentionProgress | undefined> {
  const ended = await listUnarchived(db, { before: now - retention.default, after, limit: retentionRun.threads });
  for (let at = 0; at < ended.length; at += retentionRun.atOnce) {
    const results = await Promise.allSettled(ended.slice(at, at + retentionRun.atOnce).map(({ id }) => retire(id)));
    for (const result of results) if (result.status === "rejected") warn({ at: "retention", error: String(result.reason) });
  }
  // The index says whom to wake: its rows go when all of a run's threads have been.
  const next = ended.at(-1)?.position;
  if (next !== undefined && ended.length === retentionRun.threads) return { after: next };
  const { events, threads, turns } = await pruneProjection(db, { now, retention });
  return events + threads + turns > 0 ? { after: next ?? after } : undefined;
}
