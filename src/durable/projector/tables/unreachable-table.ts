/** Receivers that an object holds messages back for. The newest row counts, and one with no messages ends it. */
import type { ProjectedTable } from "../projected-table.ts";

const upsert = `
INSERT INTO unreachable (sender, receiver, at, since, messages, error, thread)
SELECT value ->> 'sender', value ->> 'receiver', value ->> 'order', value ->> 'since', value ->> 'messages', value ->> 'error', value ->> 'thread'
FROM json_each(?) WHERE true
ON CONFLICT (sender, receiver) DO UPDATE SET at = excluded.at, since = excluded.since, messages = excluded.messages, error = excluded.error
WHERE excluded.at >= unreachable.at`;

export const unreachableTable: ProjectedTable<"unreachable"> = {
  newest: ({ sender, receiver, order }) => ({ key: `${sender} ${receiver}`, order }),
  statements: [upsert],
};
