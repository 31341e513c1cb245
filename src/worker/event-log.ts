/** Reads the log of events in D1: what was accepted, by attribute and position. It may be behind what was answered. */

import type { CloudEvent } from "../contract/event.ts";
import type { LogEntry } from "../contract/views/log.ts";

export interface LogQuery {
  /** A kind, or a prefix `x.*`. */
  type?: string | undefined;
  source?: string | undefined;
  correlationid?: string | undefined;
  causationid?: string | undefined;
  after?: number | undefined;
  before?: number | undefined;
  /** Recorded at or after, and before: milliseconds of the log's own clock, since an event's `time` is its sender's claim. */
  since?: number | undefined;
  until?: number | undefined;
  limit: number;
}

interface EventRow {
  position: number;
  body: string;
}

/** A condition and what it binds. */
type Condition = [sql: string, ...values: (string | number)[]];

/** What an agent may see: what it sent, and what belongs to a thread it takes part in. */
function limitToViewer(viewer: string): Condition {
  return [
    `(source = ? OR thread IN (SELECT t.id FROM thread_agent ta JOIN thread t ON t.position = ta.thread WHERE ta.agent = ?)
      OR thread IN (SELECT thread FROM thread_audience WHERE agent = ?))`,
    `/agents/${viewer}`,
    viewer,
    viewer,
  ];
}

function matchType(type: string): Condition {
  if (!type.endsWith(".*")) return ["type = ?", type];
  const prefix = type.slice(0, -1);
  // A range uses the index, which LIKE with its own rules on case does not; "/" is what follows ".".
  return ["type >= ? AND type < ?", prefix, `${prefix.slice(0, -1)}/`];
}

function readEntries(rows: EventRow[]): LogEntry[] {
  return rows.map(({ position, body }) => ({ event: JSON.parse(body) as CloudEvent, position }));
}

/**
 * A page of the log, oldest first; with `before` alone, the page that ends there.
 * @param viewer null for an operator
 * @returns `next`: the position to go on from, with the same parameter; null at the end
 */
export async function queryEvents(
  db: D1Database,
  viewer: string | null,
  query: LogQuery,
): Promise<{ events: LogEntry[]; next: number | null }> {
  const { type, source, correlationid, causationid, after, before, since, until, limit } = query;
  const backwards = before !== undefined && after === undefined;
  const conditions: Condition[] = [["1"]];
  if (viewer !== null) conditions.push(limitToViewer(viewer));
  if (type !== undefined) conditions.push(matchType(type));
  if (source !== undefined) conditions.push(["source = ?", source]);
  if (correlationid !== undefined) conditions.push(["(thread = ? OR correlation = ?)", correlationid, correlationid]);
  if (causationid !== undefined) conditions.push(["cause = ?", causationid]);
  if (after !== undefined) conditions.push(["position > ?", after]);
  if (before !== undefined) conditions.push(["position < ?", before]);
  if (since !== undefined) conditions.push(["recorded_at >= ?", since]);
  if (until !== undefined) conditions.push(["recorded_at < ?", until]);
  const { results } = await db
    .prepare(
      `SELECT position, body FROM event WHERE ${conditions.map(([sql]) => sql).join(" AND ")} ORDER BY position ${backwards ? "DESC" : "ASC"} LIMIT ?`,
    )
    .bind(...conditions.flatMap(([, ...values]) => values), limit + 1)
    .all<EventRow>();
  const page = results.slice(0, limit);
  const next = results.length > limit ? (page.at(-1)?.position ?? null) : null;
  return { events: readEntries(backwards ? page.reverse() : page), next };
}

/** Events with this id that the viewer may see: one per source that used it, at most 20. */
export async function findEvents(db: D1Database, viewer: string | null, id: string, source?: string): Promise<LogEntry[]> {
  const conditions: Condition[] = [["id = ?", id]];
  if (viewer !== null) conditions.push(limitToViewer(viewer));
  if (source !== undefined) conditions.push(["source = ?", source]);
  const { results } = await db
    .prepare(`SELECT position, body FROM event WHERE ${conditions.map(([sql]) => sql).join(" AND ")} ORDER BY position LIMIT 20`)
    .bind(...conditions.flatMap(([, ...values]) => values))
    .all<EventRow>();
  return readEntries(results);
}

/** The newest position, 0 in an empty log: what comes after it is yet to happen. */
export async function readEnd(db: D1Database): Promise<number> {
  return (await db.prepare("SELECT coalesce(max(position), 0) AS end FROM event").first<{ end: number }>())?.end ?? 0;
}
