/** The log: a row an accepted event, kept once per source and id. */
import { isIndexedKind } from "../common-kinds.ts";
import type { ProjectedTable } from "../projected-table.ts";

// Positions go on from the greatest that was ever given. The log's clock does not go back, so that time can be asked by position; one
// that was wrong by more than a day is not followed. What a Worker of before has logged stays where it is.
const insertEvents = `
INSERT INTO log_entry (position, recorded_at, committed_at, by_source, by_type, id, source, type, thread, correlation, cause, routing, body)
SELECT 1 + given.key + (SELECT max(position) FROM (SELECT position FROM log_start UNION ALL SELECT max(position) FROM log_entry)),
  (SELECT CASE WHEN last > now AND last < now + 86400000 THEN last ELSE now END FROM (
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now,
      coalesce((SELECT recorded_at FROM log_entry ORDER BY position DESC LIMIT 1), 0) AS last)),
  given.value ->> 'committed', given.value ->> 'bySource', given.value ->> 'byType', given.value ->> 'id', given.value ->> 'source',
  given.value ->> 'type', given.value ->> 'thread', given.value ->> 'correlation', given.value ->> 'cause', given.value ->> 'routing',
  given.value ->> 'body'
FROM json_each(?1) given
WHERE NOT EXISTS (SELECT 1 FROM event WHERE source = given.value ->> 'source' AND id = given.value ->> 'id')
-- What a thread says is logged as it happens, and routed after it.
ON CONFLICT (id, source) DO UPDATE SET routing = excluded.routing WHERE log_entry.routing IS NULL AND excluded.routing IS NOT NULL`;

/** The same for what a Worker of before has logged. */
const routeOlder = `
UPDATE event SET routing = given.value ->> 'routing' FROM json_each(?1) given
WHERE event.source = given.value ->> 'source' AND event.id = given.value ->> 'id' AND event.routing IS NULL
  AND given.value ->> 'routing' IS NOT NULL`;

export const eventTable: ProjectedTable<"event"> = {
  encode({ event, thread, at, routing }) {
    const columns = {
      id: event.id,
      source: event.source,
      type: event.type,
      thread,
      correlation: event.correlationid === undefined || event.correlationid === thread ? null : event.correlationid,
      cause: event.causationid ?? null,
      committed: at ?? (Date.parse(event.time) || 0),
      bySource: event.source === `/threads/${thread}` ? 0 : 1,
      byType: isIndexedKind(event.type) ? 1 : 0,
    };
    // The body is a string within the JSON, so that SQLite neither parses nor rewrites what was sent.
    return { values: { ...columns, body: JSON.stringify(event), routing: routing ? JSON.stringify(routing) : null } };
  },
  statements: [insertEvents, routeOlder],
};
