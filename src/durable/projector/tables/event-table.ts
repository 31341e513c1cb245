/** The log: a row an accepted event, kept once per source and id. */
import { commonKinds } from "../common-kinds.ts";
import type { ProjectedTable } from "../projected-table.ts";

// Positions go on from the greatest that was ever given. The log's clock does not go back, so that time can be asked by position; one
// that was wrong by more than a day is not followed. What a Worker of before has logged stays where it is. Each row is parsed once: of
// a text SQLite would render and parse the whole event again for every column. The body is what was sent, for its JSON is kept as it is.
const insertEvents = `
WITH given AS MATERIALIZED (SELECT key, jsonb(value) AS row FROM json_each(?1))
INSERT INTO log_entry (position, recorded_at, committed_at, by_source, by_type, id, source, type, thread, correlation, cause, routing, body)
SELECT 1 + given.key + (SELECT max(position) FROM (SELECT position FROM log_start UNION ALL SELECT max(position) FROM log_entry)),
  (SELECT CASE WHEN last > now AND last < now + 86400000 THEN last ELSE now END FROM (
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now,
      coalesce((SELECT recorded_at FROM log_entry ORDER BY position DESC LIMIT 1), 0) AS last)),
  coalesce(row ->> 'at', CAST(unixepoch(row ->> '$.event.time', 'subsec') * 1000 AS INTEGER), 0),
  coalesce(row ->> '$.event.source' <> '/threads/' || (row ->> 'thread'), 1),
  row ->> '$.event.type' NOT IN (${[...commonKinds].map((kind) => `'${kind}'`).join(", ")}),
  row ->> '$.event.id', row ->> '$.event.source', row ->> '$.event.type', row ->> 'thread',
  nullif(row ->> '$.event.correlationid', row ->> 'thread'), row ->> '$.event.causationid', row -> 'routing', row -> 'event'
FROM given
WHERE NOT EXISTS (SELECT 1 FROM event WHERE source = row ->> '$.event.source' AND id = row ->> '$.event.id')
-- What a thread says is logged as it happens, and routed after it.
ON CONFLICT (id, source) DO UPDATE SET routing = excluded.routing WHERE log_entry.routing IS NULL AND excluded.routing IS NOT NULL`;

/** The same for what a Worker of before has logged. */
const routeOlder = `
UPDATE event SET routing = given.value -> 'routing' FROM json_each(?1) given
WHERE event.source = given.value ->> '$.event.source' AND event.id = given.value ->> '$.event.id' AND event.routing IS NULL`;

export const eventTable: ProjectedTable<"event"> = {
  statements: [insertEvents, { sql: routeOlder, needs: ({ routing }) => routing !== undefined }],
};
