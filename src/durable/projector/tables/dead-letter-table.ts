/** Events that could not be run: a row stands unless a greater revision number comes. */
import type { ProjectedTable } from "../projected-table.ts";

const upsertDeadLetter = `
INSERT INTO parked (id, revision_number, gone, thread, actor, type, code, error, at)
SELECT value ->> 'id', value ->> 'revisionNumber', value ->> 'gone', value ->> 'thread', value ->> 'actor', value ->> 'type', value ->> 'code',
  value ->> 'error', value ->> 'at'
FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET
  revision_number = excluded.revision_number, gone = excluded.gone, error = excluded.error, at = excluded.at
WHERE excluded.revision_number > parked.revision_number`;

export const deadLetterTable: ProjectedTable<"parked"> = {
  newest: ({ id, revisionNumber }) => ({ key: id, order: revisionNumber }),
  statements: [upsertDeadLetter],
};
