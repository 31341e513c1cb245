/** Retention of the projection: what ended long ago leaves D1, in steps small enough for its one writer. */

const millisecondsPerDay = 86_400_000;

export interface PruneOptions {
  /** Milliseconds since 1970. */
  now: number;
  /** Days after its end that a thread, and after its recording that an event, is kept. */
  days: number;
  /** Rows of one statement: other writes wait for it. */
  rows?: number;
  /** Statements of one run; what is left is the next run's. */
  steps?: number;
}

const ended = "('completed', 'failed', 'cancelled', 'dropped')";

// The events of a thread that still lives are its history, however old.
const deleteEvents = `
DELETE FROM event WHERE position IN (
  SELECT e.position FROM event e WHERE e.recorded_at < ? AND NOT EXISTS (
    SELECT 1 FROM thread t WHERE t.id = e.thread AND t.status NOT IN ${ended})
  ORDER BY e.recorded_at LIMIT ?) RETURNING position`;

const findThreads = `SELECT position FROM thread WHERE status IN ${ended} AND updated_at < ? LIMIT ?`;

const deleteTurns = `
DELETE FROM turn WHERE (turn, attempt) IN (SELECT turn, attempt FROM turn WHERE ended_at < ? ORDER BY ended_at LIMIT ?) RETURNING attempt`;

/** Deletes what is past its time; answers how many rows went. */
export async function pruneProjection(db: D1Database, options: PruneOptions): Promise<{ events: number; threads: number; turns: number }> {
  const { now, days, rows = 1_000, steps = 20 } = options;
  const before = now - days * millisecondsPerDay;
  const repeat = async (step: () => Promise<number>) => {
    let total = 0;
    for (let done = rows, taken = 0; done === rows && taken < steps; taken++) {
      done = await step();
      total += done;
    }
    return total;
  };
  const events = await repeat(async () => (await db.prepare(deleteEvents).bind(before, rows).all()).results.length);
  const threads = await repeat(async () => {
    const { results } = await db.prepare(findThreads).bind(new Date(before).toISOString(), rows).all<{ position: number }>();
    const positions = JSON.stringify(results.map(({ position }) => position));
    await db.batch([
      db
        .prepare("DELETE FROM thread_audience WHERE thread IN (SELECT id FROM thread WHERE position IN (SELECT value FROM json_each(?)))")
        .bind(positions),
      db.prepare("DELETE FROM thread_agent WHERE thread IN (SELECT value FROM json_each(?))").bind(positions),
      db.prepare("DELETE FROM thread WHERE position IN (SELECT value FROM json_each(?))").bind(positions),
    ]);
    return results.length;
  });
  const turns = await repeat(async () => (await db.prepare(deleteTurns).bind(before, rows).all()).results.length);
  return { events, threads, turns };
}
