/**
 * Reads the log of events in D1: what was accepted, by attribute and position. It may be behind what was answered. What no index
 * answers is looked up in so many rows at most, and the answer says where to go on.
 */

import type { CloudEvent } from "../contract/event.ts";
import type { LogBound, LogEntry } from "../contract/views/log.ts";
import { type LogTable, logTables } from "../durable/projector/prune-log.ts";
import { type Condition, findPrefix, type LogFilter, type LogPlan, limitRows, matchStream, planLog, type Stream } from "./log-streams.ts";

export interface LogQuery extends LogFilter {
  after?: number | undefined;
  before?: number | undefined;
  /** Recorded at or after, and before: milliseconds of the log's own clock, since an event's `time` is its sender's claim. */
  since?: number | undefined;
  until?: number | undefined;
  limit: number;
}

export const logLimits = {
  /** Rows that one question looks into where no index has its answer: some ten megabytes of D1's file. */
  examined: 10_000,
  /** Kinds of a prefix that are asked for one by one; of more, the log is read on. */
  kinds: 20,
  /** Threads of an agent that are asked for one by one; of more, the log is read on: much of it is the agent's then. */
  threads: 2_000,
  /** Positions within which an agent's own are looked for first; where that gives no page, in ever more. */
  window: 5_000,
} as const;

export interface LogPage {
  events: LogEntry[];
  /** The position to go on from, with the same parameter; null at the end. */
  next: number | null;
  /** The page ends before it is full, for so much was looked at. */
  bound?: LogBound;
  /** The position up to which all was looked at. */
  through: number;
}

interface Place {
  position: number;
}

/** Positions between these, in one direction. */
export interface Span {
  after: number;
  before: number;
  backwards: boolean;
}

const order = ({ backwards }: Span): string => (backwards ? "DESC" : "ASC");

/**
 * A page of the log, oldest first; with `before` alone, the page that ends there.
 * @param viewer null for an operator
 */
export async function queryEvents(db: D1Database, viewer: string | null, query: LogQuery): Promise<LogPage> {
  const { after, before, limit } = query;
  const whole: Span = {
    after: after ?? -1,
    before: before ?? Number.MAX_SAFE_INTEGER,
    backwards: before !== undefined && after === undefined,
  };
  const prefix = findPrefix(query);
  const listed = prefix === undefined ? undefined : await listKinds(db, prefix);
  const plan = planLog(query, viewer, listed?.kinds);
  if (plan.threadsOf !== undefined && (await takesPartInMany(db, plan.threadsOf)))
    Object.assign(plan, { streams: [null], rest: [limitRows(plan.threadsOf)], threadsOf: undefined } satisfies Partial<
      Record<keyof LogPlan, unknown>
    >);
  const { spans, newest: timed } = await narrowByTime(db, whole, query);
  const places = spans.flatMap(({ table, span }) => plan.streams.map((stream) => ({ table, span, stream })));

  // What comes while the page is made is no part of it, and what goes meanwhile moves no end.
  const [last, ...read] = await db.batch<Place>([
    selectNewest(db),
    ...places.map(({ table, span, stream }) => selectStream(db, table, stream, { rest: plan.rest, span, limit: limit + 1 })),
    ...(plan.rest.length ? places.map(({ table, span, stream }) => selectEnd(db, table, stream, span)) : []),
  ]);
  // Of a later event nobody knows whether it was looked for: its kind, or its time, may not have been there when these were read.
  const newest = Math.min(last?.results[0]?.position ?? 0, listed?.newest ?? Infinity, timed ?? Infinity);
  const found = read.slice(0, places.length).flatMap(({ results }) => results);
  if (plan.threadsOf !== undefined)
    for (const { table, span } of spans)
      found.push(...(await readThreadsOf(db, table, plan.threadsOf, { span, newest, limit: limit + 1 })));
  const ends = read.slice(places.length);
  const { backwards } = whole;
  const stops = ends.flatMap(({ results }) => results.map(({ position }) => position)).filter((position) => backwards || position < newest);
  const stop = stops.length ? (backwards ? Math.max(...stops) : Math.min(...stops)) : undefined;

  const positions = [...new Set(found.map(({ position }) => position))]
    .filter((position) => position <= newest)
    .filter((position) => stop === undefined || (backwards ? position >= stop : position <= stop))
    .sort((a, b) => (backwards ? b - a : a - b));
  const page = positions.slice(0, limit);
  const events = await readEntries(db, page);
  if (positions.length > limit) {
    const next = page.at(-1) ?? 0;
    return { events, next, through: next };
  }
  if (stop === undefined) return { events, next: null, through: newest };
  const { examined } = logLimits;
  const detail = `No index answers this question: ${examined} events were looked at. Go on from \`next\`; \`correlationid\`, \`source\` or another \`type\` make it quick.`;
  return { events, next: stop, bound: { examined, detail }, through: stop };
}

/** Positions of one stream in the order of reading, without those that the rest of the question refuses. */
export function selectStream(
  db: D1Database,
  table: LogTable,
  stream: Stream,
  { rest, span, limit }: { rest: Condition[]; span: Span; limit: number },
): D1PreparedStatement {
  const [sql, ...values] = matchStream(stream, table);
  const ordered = `SELECT position FROM ${table} WHERE ${sql} AND position > ? AND position < ? ORDER BY position ${order(span)} LIMIT ?`;
  const range = [...values, span.after, span.before];
  if (!rest.length) return db.prepare(ordered).bind(...range, limit);
  // The inner rows come in their order, one by one as the outer ones are taken.
  return db
    .prepare(
      `SELECT e.position FROM (${ordered}) p CROSS JOIN ${table} e ON e.position = p.position
       WHERE ${rest.map(([condition]) => condition).join(" AND ")} LIMIT ?`,
    )
    .bind(...range, logLimits.examined, ...rest.flatMap(([, ...bound]) => bound), limit);
}

/** The last position of a stream that was looked at, where it goes on behind. */
export function selectEnd(db: D1Database, table: LogTable, stream: Stream, span: Span): D1PreparedStatement {
  const [sql, ...values] = matchStream(stream, table);
  return db
    .prepare(
      `SELECT position FROM ${table} WHERE ${sql} AND position > ? AND position < ? ORDER BY position ${order(span)} LIMIT 1 OFFSET ?`,
    )
    .bind(...values, span.after, span.before, logLimits.examined - 1);
}

/** Positions of the threads that an agent takes part in, looked for in an ever wider window. */
async function readThreadsOf(
  db: D1Database,
  table: LogTable,
  agent: string,
  { span, newest, limit }: { span: Span; newest: number; limit: number },
): Promise<Place[]> {
  const low = Math.max(span.after, 0);
  const high = Math.min(span.before, newest + 1);
  for (let window: number = logLimits.window; ; window *= 10) {
    const within = span.backwards
      ? { ...span, before: high, after: Math.max(span.after, high - window) }
      : { ...span, before: Math.min(high, low + window) };
    const { results } = await selectThreadsOf(db, table, agent, { span: within, limit }).all<Place>();
    if (results.length === limit || low + window >= high) return results;
  }
}

export function selectThreadsOf(
  db: D1Database,
  table: LogTable,
  agent: string,
  { span, limit }: { span: Span; limit: number },
): D1PreparedStatement {
  return db
    .prepare(
      `SELECT e.position FROM (
         SELECT t.id AS thread FROM thread_agent a CROSS JOIN thread t ON t.position = a.thread WHERE a.agent = ?1
         UNION SELECT thread FROM thread_audience WHERE agent = ?1) own
       CROSS JOIN ${table} e INDEXED BY ${table}_thread ON e.thread = own.thread AND e.position > ?2 AND e.position < ?3
       ORDER BY e.position ${order(span)} LIMIT ?4`,
    )
    .bind(agent, span.after, span.before, limit);
}

async function takesPartInMany(db: D1Database, agent: string): Promise<boolean> {
  const count = (table: string) => `(SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE agent = ?1 LIMIT ?2))`;
  const sql = `SELECT ${count("thread_agent")} + ${count("thread_audience")} AS threads`;
  const row = await db
    .prepare(sql)
    .bind(agent, logLimits.threads + 1)
    .first<{ threads: number }>();
  return (row?.threads ?? 0) > logLimits.threads;
}

function selectNewest(db: D1Database): D1PreparedStatement {
  return db.prepare("SELECT coalesce((SELECT max(position) FROM log_entry), (SELECT max(position) FROM event), 0) AS position");
}

/** The kinds that begin so, by one look each, up to the newest position; undefined: too many. */
async function listKinds(db: D1Database, prefix: string): Promise<{ kinds: string[] | undefined; newest: number | undefined }> {
  const [last, ...found] = await db.batch<Place & { type: string }>([
    selectNewest(db),
    ...logTables.map((table) => selectKinds(db, table, prefix)),
  ]);
  const kinds = [...new Set(found.flatMap(({ results }) => results.map(({ type }) => type)))];
  // Where the log is read on, every kind is met.
  if (kinds.length > logLimits.kinds) return { kinds: undefined, newest: undefined };
  return { kinds, newest: last?.results[0]?.position };
}

export function selectKinds(db: D1Database, table: LogTable, prefix: string): D1PreparedStatement {
  const next = (after: string) =>
    `(SELECT type FROM ${table} WHERE ${table === "log_entry" ? "by_type = 1 AND " : ""}type ${after} AND type < ?2 ORDER BY type LIMIT 1)`;
  return db
    .prepare(
      `WITH RECURSIVE found(type) AS (SELECT ${next(">= ?1")} UNION ALL SELECT ${next("> found.type")} FROM found WHERE found.type IS NOT NULL)
       SELECT type FROM found WHERE type IS NOT NULL LIMIT ?3`,
    )
    .bind(prefix, `${prefix.slice(0, -1)}/`, logLimits.kinds + 1);
}

/** Times as positions of each table: the log's clock does not go back. */
async function narrowByTime(
  db: D1Database,
  span: Span,
  { since, until }: LogQuery,
): Promise<{ spans: { table: LogTable; span: Span }[]; newest: number | undefined }> {
  if (since === undefined && until === undefined) return { spans: logTables.map((table) => ({ table, span })), newest: undefined };
  const [last, ...read] = await db.batch<Place>([
    selectNewest(db),
    ...logTables.flatMap((table) => [since ?? 0, until ?? Number.MAX_SAFE_INTEGER].map((time) => selectPositionAt(db, table, time))),
  ]);
  const found = read.map(({ results }) => results[0]?.position ?? 0);
  const spans = logTables.map((table, index) => {
    const [from = 0, to = 0] = found.slice(index * 2);
    return { table, span: { ...span, after: Math.max(span.after, from - 1), before: Math.min(span.before, to) } };
  });
  return { spans, newest: last?.results[0]?.position };
}

/** The first position that was recorded at a time or later, by halves; past the last, where there is none. */
export function selectPositionAt(db: D1Database, table: LogTable, time: number): D1PreparedStatement {
  const at = (column: string) => `(SELECT ${column} FROM ${table} WHERE position >= (low + high) / 2 ORDER BY position LIMIT 1)`;
  return db
    .prepare(
      `WITH RECURSIVE search(low, high) AS (
         SELECT coalesce((SELECT min(position) FROM ${table}), 0), coalesce((SELECT max(position) + 1 FROM ${table}), 0)
         UNION ALL
         SELECT iif(${at("recorded_at")} < ?1, ${at("position")} + 1, low), iif(${at("recorded_at")} < ?1, high, (low + high) / 2)
         FROM search WHERE low < high)
       SELECT low AS position FROM search WHERE low >= high LIMIT 1`,
    )
    .bind(time);
}

/** Events with this id that the viewer may see: one per source that used it, at most 20. */
export async function findEvents(db: D1Database, viewer: string | null, id: string, source?: string): Promise<LogEntry[]> {
  const conditions: Condition[] = [["e.id = ?", id]];
  if (viewer !== null) conditions.push(limitRows(viewer));
  if (source !== undefined) conditions.push(["e.source = ?", source]);
  const { results } = await db
    .prepare(`SELECT position, body FROM log e WHERE ${conditions.map(([sql]) => sql).join(" AND ")} ORDER BY position LIMIT 20`)
    .bind(...conditions.flatMap(([, ...values]) => values))
    .all<EventRow>();
  return results.map(toEntry);
}

/** The newest position, 0 in an empty log: what comes after it is yet to happen. */
export async function readEnd(db: D1Database): Promise<number> {
  const sql = "SELECT max((SELECT position FROM log_start), coalesce((SELECT max(position) FROM log_entry), 0)) AS position";
  return (await db.prepare(sql).first<Place>())?.position ?? 0;
}

interface EventRow extends Place {
  body: string;
}

/** Oldest first. */
async function readEntries(db: D1Database, positions: number[]): Promise<LogEntry[]> {
  if (!positions.length) return [];
  const sql = "SELECT position, body FROM log WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position";
  return (await db.prepare(sql).bind(JSON.stringify(positions)).all<EventRow>()).results.map(toEntry);
}

function toEntry({ position, body }: EventRow): LogEntry {
  return { event: JSON.parse(body) as CloudEvent, position };
}
