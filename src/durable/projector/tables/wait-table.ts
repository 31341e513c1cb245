/** What threads wait for: of each part of a thread the newest row stands. */
import type { ProjectedTable } from "../projected-table.ts";

const upsertWaits = `
INSERT INTO wait (thread, part, at, waits_for, role, agent, since, until)
SELECT value ->> 'thread', value ->> 'part', coalesce(value ->> 'at', 0), value ->> '$.waiting.for',
  value ->> '$.waiting.role', value ->> '$.waiting.agent', value ->> '$.waiting.since', value ->> '$.waiting.until'
FROM json_each(?) WHERE true
ON CONFLICT (thread, part) DO UPDATE SET
  at = excluded.at, waits_for = excluded.waits_for, role = excluded.role, agent = excluded.agent, since = excluded.since,
  until = excluded.until
WHERE excluded.at >= wait.at`;

export const waitTable: ProjectedTable<"wait"> = {
  newest: ({ thread, part, at = 0 }) => ({ key: `${thread} ${part}`, order: at }),
  statements: [upsertWaits],
};
