/** Retention of the projection: what ended long ago leaves D1, in steps small enough for its one writer. */
import { deleteThreadEvents, type PruneBounds, type PruneMarks, pruneLog } from "./prune-log.ts";
import type { Retention } from "./retention.ts";

/** How far a run came; null: to the end. */
export interface PruneProgress {
  /** Of the log: kept from run to run. */
  log: PruneMarks;
  /** Of the index: the position of the last thread that was looked at. */
  threads: number | null;
  /** Of agents' past turns: agent, workflow and role. */
  turns: [string, string, string] | null;
}

export interface PruneOptions extends Partial<PruneBounds> {
  /** Milliseconds since 1970. */
  now: number;
  retention: Retention;
  /** Goes on in there. */
  marks?: PruneProgress;
}

export const pruneLimits = {
  /** Rows of one statement: other writes wait for it. */
  rows: 1_000,
  /** Statements of one slice and kind of rows; what is left is the next slice's. */
  steps: 20,
  /** Threads whose rows go in one statement: what the log has of them goes before. */
  threads: 200,
} as const;

const ended = "('completed', 'failed', 'cancelled', 'dropped')";

const deleteTurns = `
DELETE FROM turn WHERE (turn, attempt) IN (SELECT turn, attempt FROM turn WHERE ended_at < ? ORDER BY ended_at LIMIT ?) RETURNING attempt`;

/** Each takes the moment before which things are too old, in milliseconds, and how many rows it may delete. */
const deleteOthers: readonly string[] = [
  // A dead letter stays, for somebody has to settle it, unless the object that kept it is gone.
  `DELETE FROM parked WHERE id IN (SELECT id FROM parked
     WHERE at < ?1 AND (gone = 1 OR EXISTS (SELECT 1 FROM thread_archive a WHERE a.thread = parked.thread)) ORDER BY at LIMIT ?2) RETURNING 1`,
  `DELETE FROM unreachable WHERE (sender, receiver) IN (SELECT sender, receiver FROM unreachable WHERE messages = 0 AND at < ?1 LIMIT ?2) RETURNING 1`,
  `DELETE FROM agent_accepts WHERE agent IN (SELECT agent FROM agent_accepts
     WHERE at < ?1 AND agent NOT IN (SELECT id FROM agent) LIMIT ?2) RETURNING 1`,
];

/** Unused by any workflow or thread, archived ones included, for as long as threads are kept after their end. */
const deleteRevisions = `
DELETE FROM revision WHERE hash IN (SELECT hash FROM revision r
  WHERE r.created_at < ?1 AND r.hash NOT IN (SELECT revision FROM workflow) AND NOT EXISTS (SELECT 1 FROM thread t WHERE t.revision = r.hash)
    AND NOT EXISTS (SELECT 1 FROM workflow w WHERE w.name = r.workflow AND w.updated_at >= ?2) LIMIT ?3) RETURNING 1`;

/** Milliseconds after a publish in which threads may still begin with the revision before it. */
const settling = 86_400_000;

/**
 * One slice: deletes what is past its time. A kind that a rule names is deleted from live threads as well.
 * @returns rows deleted, and whether nothing is left that is past its time
 */
export async function pruneProjection(
  db: D1Database,
  { now, retention, marks = startPruning(), rows = pruneLimits.rows, steps = pruneLimits.steps }: PruneOptions,
): Promise<{ events: number; threads: number; turns: number; done: boolean }> {
  const log = await pruneLog(db, { now, retention, marks: marks.log, rows, steps });
  const before = now - retention.default;
  const threads = await pruneThreads(db, { now, retention, marks, rows, steps });
  let turns = await repeat(rows, steps, async () => (await db.prepare(deleteTurns).bind(before, rows).all()).results.length);
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
  const aged = await pruneAgentTurns(db, { before, marks, rows, steps });
  turns += aged.turns;
  return { events: log.events, threads: threads.deleted, turns, done: log.done && threads.done && aged.done };
}

export function startPruning(log: PruneMarks = {}): PruneProgress {
  return { log, threads: 0, turns: ["", "", ""] };
}

/** Rows of threads that are past their time: the archived ones, and those whose objects are gone without a word. */
async function pruneThreads(
  db: D1Database,
  { now, retention, marks, rows, steps }: Required<PruneOptions>,
): Promise<{ deleted: number; done: boolean }> {
  const keepArchive = retention.archive ?? retention.default;
  const most = Math.min(rows, pruneLimits.threads);
  let deleted = 0;
  for (let left = steps; left > 0; left -= 1) {
    const archived = await selectArchived(db, now - keepArchive, most).all<{ id: string }>();
    const ids = archived.results.map(({ id }) => id);
    if (ids.length < most && marks.threads !== null) {
      const before = now - (retention.threads ?? retention.default) - keepArchive;
      const walked = await listEnded(db, { before, after: marks.threads, limit: most - ids.length, rows });
      ids.push(...walked.threads.map(({ id }) => id));
      marks.threads = walked.next;
    }
    if (ids.length) {
      if (!(await deleteThreadEvents(db, ids, { now, retention, rows }))) continue;
      await db.batch(prepareThreadDeletes(db, ids));
      deleted += ids.length;
    }
    if (ids.length < most && marks.threads === null) return { deleted, done: true };
  }
  return { deleted, done: false };
}

export function selectArchived(db: D1Database, before: number, limit: number): D1PreparedStatement {
  return db.prepare("SELECT thread AS id FROM thread_archive WHERE at < ? ORDER BY at LIMIT ?").bind(before, limit);
}

function prepareThreadDeletes(db: D1Database, threads: readonly string[]): D1PreparedStatement[] {
  const ids = JSON.stringify(threads);
  return [
    "DELETE FROM thread_audience WHERE thread IN (SELECT value FROM json_each(?))",
    // Before the rows that say who took part.
    `DELETE FROM thread_agent WHERE (agent, thread) IN (SELECT a.value, t.position
       FROM json_each(?) given CROSS JOIN thread t ON t.id = given.value CROSS JOIN json_each(t.agents) a)`,
    "DELETE FROM wait WHERE thread IN (SELECT value FROM json_each(?))",
    "DELETE FROM artifact_thread WHERE thread IN (SELECT value FROM json_each(?))",
    "DELETE FROM thread WHERE id IN (SELECT value FROM json_each(?))",
    "DELETE FROM thread_archive WHERE thread IN (SELECT value FROM json_each(?))",
  ].map((sql) => db.prepare(sql).bind(ids));
}

export interface EndedThreads {
  threads: { position: number; id: string }[];
  /** Where to go on; null: every thread behind is too young. */
  next: number | null;
}

/**
 * Ended threads whose time is over and that are not archived, as far as the index knows: a walk in the order in which threads began.
 * @param before milliseconds since 1970
 * @param after the position of the last that was looked at
 */
export async function listEnded(
  db: D1Database,
  { before, after, limit, rows }: { before: number; after: number; limit: number; rows: number },
): Promise<EndedThreads> {
  const moment = new Date(before).toISOString();
  const [slice, found] = await db.batch([
    db
      .prepare(
        `SELECT max(position) AS last, count(*) AS looked, min(created_at) AS eldest
         FROM (SELECT position, created_at FROM thread WHERE position > ? ORDER BY position LIMIT ?)`,
      )
      .bind(after, rows),
    selectEnded(db, { moment, after, limit, rows }),
  ]);
  const [row] = (slice?.results ?? []) as { last: number | null; looked: number; eldest: string | null }[];
  const { last = null, looked = 0, eldest = null } = row ?? {};
  const threads = (found?.results ?? []) as { position: number; id: string }[];
  // A thread that began after that moment did not end before it.
  if (threads.length < limit && (looked < rows || (eldest ?? moment) >= moment)) return { threads, next: null };
  return { threads, next: threads.length === limit ? (threads.at(-1)?.position ?? after) : last };
}

export function selectEnded(
  db: D1Database,
  { moment, after, limit, rows }: { moment: string; after: number; limit: number; rows: number },
): D1PreparedStatement {
  // The sign keeps SQLite from taking the index of states: it would sort all that ever ended.
  return db
    .prepare(
      `SELECT position, id FROM thread WHERE position > ?1
         AND position <= (SELECT max(position) FROM (SELECT position FROM thread WHERE position > ?1 ORDER BY position LIMIT ?2))
         AND +status IN ${ended} AND updated_at < ?3 AND NOT EXISTS (SELECT 1 FROM thread_archive a WHERE a.thread = thread.id)
       ORDER BY position LIMIT ?4`,
    )
    .bind(after, rows, moment, limit);
}

/** Turns that are too old leave the rows of their agents: a walk over these. */
async function pruneAgentTurns(
  db: D1Database,
  { before, marks, rows, steps }: { before: number; marks: PruneProgress; rows: number; steps: number },
): Promise<{ turns: number; done: boolean }> {
  const key = "(agent, workflow, role)";
  let turns = 0;
  for (let left = steps; left > 0; left -= 1) {
    const after = marks.turns;
    if (after === null) return { turns, done: true };
    const last = await db
      .prepare(`SELECT agent, workflow, role FROM agent_turns WHERE ${key} > (?, ?, ?) ORDER BY agent, workflow, role LIMIT 1 OFFSET ?`)
      .bind(...after, rows - 1)
      .first<{ agent: string; workflow: string; role: string }>();
    const through: [string, string, string] | null = last && [last.agent, last.workflow, last.role];
    const range = `${key} > (?, ?, ?)${through ? ` AND ${key} <= (?, ?, ?)` : ""}`;
    const bounds = [...after, ...(through ?? [])];
    const young = "FROM json_each(turns) WHERE value ->> 3 >= ?";
    const changed = await db.batch([
      db.prepare(`DELETE FROM agent_turns WHERE ${range} AND ended_at < ? RETURNING 1`).bind(...bounds, before),
      db
        .prepare(
          `UPDATE agent_turns SET turns = (SELECT json_group_array(json(value)) ${young}), oldest_at = (SELECT min(value ->> 3) ${young})
           WHERE ${range} AND oldest_at < ? RETURNING 1`,
        )
        .bind(before, before, ...bounds, before),
    ]);
    turns += changed.reduce((sum, { results }) => sum + results.length, 0);
    marks.turns = through;
  }
  return { turns, done: marks.turns === null };
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
