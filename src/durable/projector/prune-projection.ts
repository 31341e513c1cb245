/** Retention of the projection: what ended long ago leaves D1, in steps small enough for its one writer. */
import { matchPattern, type Retention } from "./retention.ts";

export interface PruneOptions {
  /** Milliseconds since 1970. */
  now: number;
  retention: Retention;
  /** Rows of one statement: other writes wait for it. */
  rows?: number;
  /** Statements of one run and rule; what is left is the next run's. */
  steps?: number;
}

const ended = "('completed', 'failed', 'cancelled', 'dropped')";

/** The events of a thread that still lives are its history, however old. */
const ofNoLiving = `NOT EXISTS (SELECT 1 FROM thread t WHERE t.id = e.thread AND t.status NOT IN ${ended})`;

/** What is archived stays in the index for as long as its archive. */
const findThreads = `
SELECT position, id FROM thread WHERE status IN ${ended} AND updated_at < ?1
  AND NOT EXISTS (SELECT 1 FROM thread_archive a WHERE a.thread = thread.id AND a.at >= ?2) LIMIT ?3`;

/** Ended threads that are past their time and not yet archived by their objects. */
const findUnarchived = `
SELECT position, id FROM thread WHERE status IN ${ended} AND updated_at < ?1 AND position > ?2
  AND NOT EXISTS (SELECT 1 FROM thread_archive a WHERE a.thread = thread.id) ORDER BY position LIMIT ?3`;

const deleteTurns = `
DELETE FROM turn WHERE (turn, attempt) IN (SELECT turn, attempt FROM turn WHERE ended_at < ? ORDER BY ended_at LIMIT ?) RETURNING attempt`;

/** Each takes the moment before which things are too old, in milliseconds, and how many rows it may delete. */
const deleteOthers: readonly string[] = [
  // A dead letter stays, for somebody has to settle it, unless the object that kept it is gone.
  `DELETE FROM parked WHERE id IN (SELECT id FROM parked
     WHERE at < ?1 AND (gone = 1 OR thread IN (SELECT thread FROM thread_archive)) ORDER BY at LIMIT ?2) RETURNING 1`,
  `DELETE FROM unreachable WHERE (sender, receiver) IN (SELECT sender, receiver FROM unreachable WHERE messages = 0 AND at < ?1 LIMIT ?2) RETURNING 1`,
  `DELETE FROM thread_archive WHERE thread IN (SELECT thread FROM thread_archive WHERE at < ?1 ORDER BY at LIMIT ?2) RETURNING 1`,
  `DELETE FROM agent_accepts WHERE agent IN (SELECT agent FROM agent_accepts
     WHERE at < ?1 AND agent NOT IN (SELECT id FROM agent) LIMIT ?2) RETURNING 1`,
];

/** Unused by any workflow or thread, archived ones included, for as long as threads are kept after their end. */
const deleteRevisions = `
DELETE FROM revision WHERE hash IN (SELECT hash FROM revision r
  WHERE r.created_at < ?1 AND r.hash NOT IN (SELECT revision FROM workflow) AND r.hash NOT IN (SELECT revision FROM thread)
    AND NOT EXISTS (SELECT 1 FROM workflow w WHERE w.name = r.workflow AND w.updated_at >= ?2) LIMIT ?3) RETURNING 1`;

/** Milliseconds after a publish in which threads may still begin with the revision before it. */
const settling = 86_400_000;

/** Deletes what is past its time. A kind that a rule names is deleted from live threads as well. @returns rows deleted */
export async function pruneProjection(db: D1Database, options: PruneOptions): Promise<{ events: number; threads: number; turns: number }> {
  const { now, retention, rows = 1_000, steps = 20 } = options;
  const { rules } = retention;
  let events = 0;
  for (const [index, { pattern, keep }] of rules.entries()) {
    // Rules are sorted by length: only those before this one take precedence.
    const own = matchPattern(pattern);
    const others = rules.slice(0, index).map((rule) => matchPattern(rule.pattern));
    const sql = [own.sql, ...others.map((other) => `NOT ${other.sql}`)].join(" AND ");
    events += await deleteEvents(db, sql, [...own.values, ...others.flatMap(({ values }) => values)], now - keep, { rows, steps });
  }
  const all = rules.map(({ pattern }) => matchPattern(pattern));
  const rest = [ofNoLiving, ...all.map(({ sql }) => `NOT ${sql}`)].join(" AND ");
  const values = all.flatMap((each) => each.values);
  events += await deleteEvents(db, rest, values, now - retention.default, { rows, steps });
  const before = now - retention.default;
  const threads = await repeat(rows, steps, () => deleteThreads(db, before, rows));
  const turns = await repeat(rows, steps, async () => (await db.prepare(deleteTurns).bind(before, rows).all()).results.length);
  for (const sql of deleteOthers) await repeat(rows, steps, async () => (await db.prepare(sql).bind(before, rows).all()).results.length);
  await repeat(rows, steps, async () => {
    const unused = [before - retention.default, now - settling, rows] as const;
    return (
      await db
        .prepare(deleteRevisions)
        .bind(...unused)
        .all()
    ).results.length;
  });
  return { events, threads, turns };
}

/**
 * Ids of ended threads whose time is over and whose objects are still there, as far as the index knows.
 * @param before milliseconds since 1970
 * @param after the position of the last that was listed
 */
export async function listUnarchived(
  db: D1Database,
  { before, after, limit }: { before: number; after: number; limit: number },
): Promise<{ position: number; id: string }[]> {
  const moment = new Date(before).toISOString();
  return (await db.prepare(findUnarchived).bind(moment, after, limit).all<{ position: number; id: string }>()).results;
}

/** Deletes events that were archived: up to a position, recorded before a time, and of no thread that lives. */
export async function pruneArchived(
  db: D1Database,
  { through, until, rows = 1_000, steps = 20 }: { through: number; until: number; rows?: number; steps?: number },
): Promise<number> {
  return deleteEvents(db, `e.position <= ? AND ${ofNoLiving}`, [through], until, { rows, steps });
}

async function deleteEvents(
  db: D1Database,
  condition: string,
  values: (string | number)[],
  before: number,
  { rows, steps }: { rows: number; steps: number },
): Promise<number> {
  const sql = `DELETE FROM event WHERE position IN (
    SELECT e.position FROM event e WHERE e.recorded_at < ? AND ${condition} ORDER BY e.recorded_at LIMIT ?) RETURNING position`;
  return repeat(
    rows,
    steps,
    async () =>
      (
        await db
          .prepare(sql)
          .bind(before, ...values, rows)
          .all()
      ).results.length,
  );
}

async function deleteThreads(db: D1Database, before: number, rows: number): Promise<number> {
  const { results } = await db
    .prepare(findThreads)
    .bind(new Date(before).toISOString(), before, rows)
    .all<{ position: number; id: string }>();
  const positions = JSON.stringify(results.map(({ position }) => position));
  const ids = JSON.stringify(results.map(({ id }) => id));
  await db.batch([
    db.prepare("DELETE FROM thread_audience WHERE thread IN (SELECT value FROM json_each(?))").bind(ids),
    db.prepare("DELETE FROM thread_agent WHERE thread IN (SELECT value FROM json_each(?))").bind(positions),
    db.prepare("DELETE FROM wait WHERE thread IN (SELECT value FROM json_each(?))").bind(ids),
    db.prepare("DELETE FROM thread WHERE position IN (SELECT value FROM json_each(?))").bind(positions),
  ]);
  return results.length;
}

/** Repeats a step until it deletes less than a full batch, or the limit of steps is reached. @returns rows deleted */
async function repeat(rows: number, steps: number, step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let done = rows, taken = 0; done === rows && taken < steps; taken++) {
    done = await step();
    total += done;
  }
  return total;
}
