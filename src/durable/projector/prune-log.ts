/**
 * Retention of the log: a walk from its beginning, in steps small enough for D1's one writer, that remembers how far it came. Positions
 * grow with the log's clock, so a walk ends at the first event that is young enough. Knows D1, no objects.
 */
import { matchPattern, type Retention } from "./retention.ts";

/** The tables of the log: the present one, and what a Worker of before has logged. */
export const logTables = ["event", "log_entry"] as const;
export type LogTable = (typeof logTables)[number];

/** How far each walk came, by its table and condition: what lies before was judged. */
export type PruneMarks = { [walk: string]: number };

/** How much one call may do. */
export interface PruneBounds {
  /** Rows that one statement looks at and may delete: other writes wait for it. */
  rows: number;
  /** Statements that delete; what is left is the next call's. */
  steps: number;
}

interface Walk {
  /** Milliseconds that its events are kept. */
  keep: number;
  sql: string;
  values: readonly string[];
}

/** The events of a thread that still lives are its history, however old; they go with the thread's row. */
const ofNoLiving = `NOT EXISTS (SELECT 1 FROM thread t WHERE t.id = e.thread AND t.status NOT IN ('completed', 'failed', 'cancelled', 'dropped'))`;

/** Milliseconds by which an event may be in the future: one further ahead was logged by a wrong clock, and ends no walk. */
const future = 86_400_000;

/** Which of the log's events no rule names. */
function matchRest({ rules }: Retention): { sql: string; values: string[] } {
  const all = rules.map(({ pattern }) => matchPattern(pattern));
  return { sql: ["true", ...all.map(({ sql }) => `NOT ${sql}`)].join(" AND "), values: all.flatMap(({ values }) => values) };
}

/** A walk for each time that the setting names. What a rule names is deleted from threads that live as well. */
function listWalks(retention: Retention): Walk[] {
  const { rules } = retention;
  const byKeep = new Map<number, { sql: string; values: string[] }[]>();
  for (const [index, { pattern, keep }] of rules.entries()) {
    // Rules are sorted by length: only those before this one take precedence.
    const own = matchPattern(pattern);
    const others = rules.slice(0, index).map((rule) => matchPattern(rule.pattern));
    const sql = `(${[own.sql, ...others.map((other) => `NOT ${other.sql}`)].join(" AND ")})`;
    byKeep.set(keep, [...(byKeep.get(keep) ?? []), { sql, values: [...own.values, ...others.flatMap(({ values }) => values)] }]);
  }
  const named = [...byKeep].map(([keep, each]) => ({
    keep,
    sql: `(${each.map(({ sql }) => sql).join(" OR ")})`,
    values: each.flatMap(({ values }) => values),
  }));
  const rest = matchRest(retention);
  return [...named, { keep: retention.default, sql: `${ofNoLiving} AND ${rest.sql}`, values: rest.values }];
}

/**
 * Deletes events that are past their time.
 * @param marks where the walks stand; they go on in there
 * @returns events deleted, and whether every walk came to what is young enough
 */
export async function pruneLog(
  db: D1Database,
  { now, retention, marks, rows, steps }: PruneBounds & { now: number; retention: Retention; marks: PruneMarks },
): Promise<{ events: number; done: boolean }> {
  const walks = listWalks(retention).flatMap((walk) => logTables.map((table) => ({ ...walk, table, key: JSON.stringify([table, walk]) })));
  const keys = new Set(walks.map(({ key }) => key));
  for (const key of Object.keys(marks)) if (!keys.has(key)) delete marks[key];
  let events = 0;
  let left = steps;
  for (const walk of walks) {
    for (let over = false; !over; ) {
      if (left === 0) return { events, done: false };
      const before = marks[walk.key] ?? 0;
      const step = await takeStep(db, walk, { after: before, now, rows });
      marks[walk.key] = step.through;
      events += step.deleted;
      over = step.over;
      if (step.through > before) left -= 1;
    }
  }
  return { events, done: true };
}

async function takeStep(
  db: D1Database,
  { table, keep, sql, values }: Walk & { table: LogTable },
  { after, now, rows }: { after: number; now: number; rows: number },
): Promise<{ through: number; deleted: number; over: boolean }> {
  const slice = await selectSlice(db, table, { after, before: now - keep, now, rows }).first<Slice>();
  const through = slice?.young ? slice.young - 1 : (slice?.last ?? after);
  const over = !slice || slice.young !== null || slice.looked < rows;
  if (through <= after) return { through: after, deleted: 0, over };
  const deleted = await deleteEvents(db, table, [
    `e.position > ? AND e.position <= ? AND e.recorded_at < ? AND ${sql}`,
    after,
    through,
    now - keep,
    ...values,
  ]);
  return { through, deleted, over };
}

interface Slice {
  last: number | null;
  /** The first that is not past its time. */
  young: number | null;
  looked: number;
}

export function selectSlice(
  db: D1Database,
  table: LogTable,
  { after, before, now, rows }: { after: number; before: number; now: number; rows: number },
): D1PreparedStatement {
  return db
    .prepare(
      `SELECT max(position) AS last, min(CASE WHEN recorded_at >= ? AND recorded_at < ? THEN position END) AS young, count(*) AS looked
       FROM (SELECT position, recorded_at FROM ${table} WHERE position > ? ORDER BY position LIMIT ?)`,
    )
    .bind(before, now + future, after, rows);
}

/** Deletes the events that a condition names, and keeps in mind which positions were given. */
export async function deleteEvents(
  db: D1Database,
  table: LogTable,
  [sql, ...values]: [sql: string, ...values: (string | number)[]],
): Promise<number> {
  const [, deleted] = await db.batch(prepareDelete(db, table, [sql, ...values]));
  return deleted?.results.length ?? 0;
}

export function prepareDelete(
  db: D1Database,
  table: LogTable,
  [sql, ...values]: [sql: string, ...values: (string | number)[]],
): D1PreparedStatement[] {
  const newest = "(SELECT max(position) FROM log_entry)";
  return [
    db.prepare(`UPDATE log_start SET position = ${newest} WHERE position < ${newest}`),
    db.prepare(`DELETE FROM ${table} WHERE position IN (SELECT e.position FROM ${table} e WHERE ${sql}) RETURNING 1`).bind(...values),
  ];
}

/**
 * Deletes events that were archived: up to a position, recorded before a time, and of no thread that lives.
 * @returns how many; 0: nothing of the kind is left
 */
export async function pruneArchived(
  db: D1Database,
  { through, until, rows = 1_000, steps = 20 }: { through: number; until: number } & Partial<PruneBounds>,
): Promise<number> {
  let deleted = 0;
  let left = steps;
  for (const table of logTables) {
    for (let after = 0; left > 0 && after < through; ) {
      const row = await selectSlice(db, table, { after, before: until, now: until, rows }).first<Slice>();
      const last = Math.min(row?.last ?? through, through);
      const condition = `e.position > ? AND e.position <= ? AND e.recorded_at < ? AND ${ofNoLiving}`;
      const gone = await deleteEvents(db, table, [condition, after, last, until]);
      deleted += gone;
      // What is kept is passed over, and not counted: else a long history in front would be taken for the end.
      if (gone > 0) left -= 1;
      after = last;
      if (!row || row.looked < rows) break;
    }
  }
  return deleted;
}

/** Deletes what the log still has of threads whose rows go: what no rule keeps, and is past its time. @returns whether all is gone */
export async function deleteThreadEvents(
  db: D1Database,
  threads: readonly string[],
  { now, retention, rows }: { now: number; retention: Retention; rows: number },
): Promise<boolean> {
  const rest = matchRest(retention);
  for (const table of logTables) {
    const condition = `e.position IN (SELECT e.position FROM json_each(?) given CROSS JOIN ${table} e ON e.thread = given.value
      WHERE e.recorded_at < ? AND ${rest.sql} LIMIT ?)`;
    const values = [JSON.stringify(threads), now - retention.default, ...rest.values, rows];
    if ((await deleteEvents(db, table, [condition, ...values])) === rows) return false;
  }
  return true;
}
