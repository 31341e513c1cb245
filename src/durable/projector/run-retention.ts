/**
 * Retention, a slice at a time until nothing is left that is too old: first the objects of ended threads are told that their
 * time is over, then D1 loses what is past its time. Knows D1 and a way to a thread's object.
 */

import { type SweepBucket, sweepArtifacts } from "../artifacts/sweep-artifacts.ts";
import type { PruneMarks } from "./prune-log.ts";
import { listEnded, type PruneProgress, pruneLimits, pruneProjection, startPruning } from "./prune-projection.ts";
import type { Retention } from "./retention.ts";

export const retentionRun = {
  /** Threads' objects that one slice wakes, and how many at once: each is a call of the run's own. */
  threads: 200,
  atOnce: 16,
  /** Rows of the index that one slice looks through for them, at most. */
  looked: 20_000,
  /** Milliseconds between two slices: other writes go in between. */
  pause: 250,
  /** Milliseconds after a slice that failed. */
  pauseFailed: 60_000,
} as const;

/** Where a run stands. Plain data, that the next slice goes on from. */
export interface RetentionProgress {
  /** The position of the last thread that was woken; null: all were. */
  after: number | null;
  prune: PruneProgress;
}

/** @param log where the runs before came to in the log */
export function startRetention(log: PruneMarks = {}): RetentionProgress {
  return { after: 0, prune: startPruning(log) };
}

export interface RetentionPorts {
  db: D1Database;
  /** Where artifacts are; absent: nowhere. */
  bucket?: SweepBucket | undefined;
  /** Tells the root of a thread that its time may be over. */
  retire(thread: string): Promise<unknown>;
  warn(entry: object): void;
}

/**
 * One slice.
 * @param progress goes on in there
 * @param now milliseconds since the epoch
 * @returns whether nothing is left that is too old
 */
export async function runRetention(
  { db, bucket, retire, warn }: RetentionPorts,
  progress: RetentionProgress,
  retention: Retention,
  now: number,
): Promise<boolean> {
  // The index says whom to wake: its rows go when all of a run's threads have been.
  for (let looked = 0; progress.after !== null; looked += pruneLimits.rows) {
    if (looked === retentionRun.looked) return false;
    const before = now - (retention.threads ?? retention.default);
    const ended = await listEnded(db, { before, after: progress.after, limit: retentionRun.threads, rows: pruneLimits.rows });
    for (let at = 0; at < ended.threads.length; at += retentionRun.atOnce) {
      const results = await Promise.allSettled(ended.threads.slice(at, at + retentionRun.atOnce).map(({ id }) => retire(id)));
      for (const result of results) if (result.status === "rejected") warn({ at: "retention", error: String(result.reason) });
    }
    progress.after = ended.next;
    if (ended.threads.length) return false;
  }
  const { done } = await pruneProjection(db, { now, retention, marks: progress.prune });
  // Last, for what only forgotten threads referred to goes with them.
  if (done) await sweepArtifacts(db, bucket, now);
  return done;
}
