/** The log: a row an accepted event, kept once per source and id. */
import type { ProjectedTable } from "../projected-table.ts";

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON.
const insertEvents = `
INSERT INTO event (source, id, type, thread, correlation, cause, time, committed_at, recorded_at, body, routing)
SELECT value ->> 'source', value ->> 'id', value ->> 'type', value ->> 'thread', value ->> 'correlation', value ->> 'cause',
  value ->> 'time', value ->> 'committed',
  CAST(unixepoch('subsec') * 1000 AS INTEGER), value ->> 'body', value ->> 'routing'
FROM json_each(?) WHERE true
-- What a thread says is logged as it happens, and routed after it.
ON CONFLICT (source, id) DO UPDATE SET routing = excluded.routing WHERE event.routing IS NULL AND excluded.routing IS NOT NULL`;

export const eventTable: ProjectedTable<"event"> = {
  encode({ event, thread, at, routing }) {
    const columns = {
      source: event.source,
      id: event.id,
      type: event.type,
      thread,
      correlation: event.correlationid === undefined || event.correlationid === thread ? null : event.correlationid,
      cause: event.causationid ?? null,
      time: event.time,
      committed: at ?? null,
    };
    // The body is a string within the JSON, so that SQLite neither parses nor rewrites what was sent.
    return { values: { ...columns, body: JSON.stringify(event), routing: routing ? JSON.stringify(routing) : null } };
  },
  statements: [insertEvents],
};
