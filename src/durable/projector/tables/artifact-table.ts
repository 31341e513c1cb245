/** References that a thread gets from another: what began it, its child's output, the thread that it is a copy of. */
import type { ProjectedTable } from "../projected-table.ts";

// Only what the other thread refers to: an expression can write any hash, and gives nobody a right by it. Of a chain of threads that
// began or ended at once all rows may come together, in any order.
const insertReferences = `
WITH RECURSIVE given AS (
  SELECT value ->> 'thread' AS thread, value ->> 'from' AS source, coalesce(value ->> 'at', CAST(unixepoch('subsec') * 1000 AS INTEGER)) AS at, json_extract(value, '$.hashes') AS hashes FROM json_each(?)
), reached AS (
  SELECT g.thread, r.hash, r.size, r.type, r.name, g.at FROM given g JOIN artifact_thread r ON r.thread = g.source
    WHERE g.hashes IS NULL OR r.hash IN (SELECT value FROM json_each(g.hashes))
  UNION
  SELECT g.thread, r.hash, r.size, r.type, r.name, g.at FROM reached r JOIN given g ON g.source = r.thread
    WHERE g.hashes IS NULL OR r.hash IN (SELECT value FROM json_each(g.hashes))
)
INSERT INTO artifact_thread (thread, hash, size, type, name, at) SELECT thread, hash, size, type, name, at FROM reached WHERE true
ON CONFLICT (thread, hash) DO NOTHING`;

export const artifactTable: ProjectedTable<"artifact"> = {
  statements: [insertReferences],
};
