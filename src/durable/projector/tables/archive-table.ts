/** What is left of threads whose objects were emptied: the newest row counts. */
import type { ProjectedTable } from "../projected-table.ts";

const upsert = `
INSERT INTO thread_archive (thread, at, view, messages)
SELECT value ->> 'thread', value ->> 'order', value ->> 'view', value ->> 'messages' FROM json_each(?) WHERE true
ON CONFLICT (thread) DO UPDATE SET at = excluded.at, view = excluded.view, messages = excluded.messages WHERE excluded.at >= thread_archive.at`;

export const archiveTable: ProjectedTable<"archive"> = {
  newest: ({ thread, order }) => ({ key: thread, order }),
  statements: [upsert],
};
