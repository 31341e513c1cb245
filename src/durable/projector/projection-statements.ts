/**
 * Rows of the projection as D1 statements. Rows travel as one JSON parameter that SQLite unfolds: D1 binds at most 100
 * parameters a statement, and takes thousands of rows a second this way where single inserts are hundreds.
 */
import type { ProjectionRow } from "../rpc.ts";
import type { SizedRow } from "./projection-batcher.ts";

/** A row as JSON, as the statements read it. */
export type EncodedRow = SizedRow & { json: string } & ({ table: "event" } | { table: "thread"; id: string; revisionNumber: number });

/** Bytes of one JSON parameter: half of D1's 2 MB for a bound value, so that any one row fits too. */
const parameterBytes = 1_000_000;

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON.
const insertEvents = `
INSERT INTO event (source, id, type, thread, correlation, cause, time, recorded_at, body)
SELECT value ->> 'source', value ->> 'id', value ->> 'type', value ->> 'thread', value ->> 'correlation', value ->> 'cause',
  value ->> 'time',
  CAST(unixepoch('subsec') * 1000 AS INTEGER), value ->> 'body'
FROM json_each(?) WHERE true
ON CONFLICT (source, id) DO NOTHING`;

const upsertThreads = `
INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, key, waiting, parent, agents, created_at, updated_at)
SELECT value ->> 'id', value ->> 'revisionNumber', value ->> 'workflow', value ->> 'revision', value ->> 'status', value ->> 'initiator',
  value ->> 'key', value ->> 'waiting', value ->> 'parent', value ->> 'agents', value ->> 'createdAt', value ->> 'updatedAt'
FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET
  revision_number = excluded.revision_number, workflow = excluded.workflow, revision = excluded.revision, status = excluded.status,
  initiator = excluded.initiator, key = excluded.key, waiting = excluded.waiting, parent = excluded.parent, agents = excluded.agents,
  updated_at = excluded.updated_at
WHERE excluded.revision_number > thread.revision_number`;

// After the upsert, `thread.agents` is the newest row's, whichever that was: who takes part is made equal to it.
const deleteAgents = `
DELETE FROM thread_agent WHERE thread IN (SELECT t.position FROM json_each(?) given JOIN thread t ON t.id = given.value ->> 'id')
  AND agent NOT IN (SELECT a.value FROM thread t, json_each(t.agents) a WHERE t.position = thread_agent.thread)`;

const insertAgents = `
INSERT INTO thread_agent (agent, thread)
SELECT DISTINCT a.value, t.position FROM json_each(?) given JOIN thread t ON t.id = given.value ->> 'id', json_each(t.agents) a WHERE true
ON CONFLICT (agent, thread) DO NOTHING`;

/** Prepares a row for {@link prepareProjection}. */
export function encodeRow(row: ProjectionRow): EncodedRow {
  if (row.table === "event") {
    const { event, thread } = row;
    const columns = {
      source: event.source,
      id: event.id,
      type: event.type,
      thread,
      correlation: event.correlationid === undefined || event.correlationid === thread ? null : event.correlationid,
      cause: event.causationid ?? null,
      time: event.time,
    };
    // The body is a string within the JSON, so that SQLite neither parses nor rewrites what was sent.
    const json = JSON.stringify({ ...columns, body: JSON.stringify(event) });
    return { table: "event", json, bytes: countBytes(json) };
  }
  const { table, agents, ...columns } = row;
  const json = JSON.stringify({ ...columns, agents: JSON.stringify(agents) });
  return { table, id: row.id, revisionNumber: row.revisionNumber, json, bytes: countBytes(json) };
}

/**
 * The statements, for one batch, that write these rows. Idempotent: an event is kept once per source and id, and a thread's
 * row stands unless a greater revision number comes.
 */
export function prepareProjection(db: D1Database, rows: EncodedRow[]): D1PreparedStatement[] {
  const events = rows.filter((row) => row.table === "event");
  const threads = keepNewest(rows.filter((row) => row.table === "thread"));
  return [
    ...packRows(events).map((json) => db.prepare(insertEvents).bind(json)),
    ...packRows(threads).flatMap((json) => [upsertThreads, deleteAgents, insertAgents].map((sql) => db.prepare(sql).bind(json))),
  ];
}

function countBytes(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

/** Of a thread that changed several times meanwhile, only the newest row is worth a write. */
function keepNewest<Row extends { id: string; revisionNumber: number }>(rows: Row[]): Row[] {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    if ((newest.get(row.id)?.revisionNumber ?? -1) < row.revisionNumber) newest.set(row.id, row);
  }
  return [...newest.values()];
}

/** Joins rows into JSON arrays within the bound. */
function packRows(rows: { json: string; bytes: number }[]): string[] {
  const packs: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (bytes + row.bytes > parameterBytes) {
      packs.push([]);
      bytes = 0;
    }
    packs.at(-1)?.push(row.json);
    bytes += row.bytes + 1;
  }
  return packs.map((pack) => `[${pack.join(",")}]`);
}
