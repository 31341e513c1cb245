/** Who was given a broadcast's turn: they take part in the thread, and only grow. */
import type { ProjectedTable } from "../projected-table.ts";

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON.
const insertAudience = `
INSERT INTO thread_audience (agent, thread)
SELECT a.value, given.value ->> 'thread' FROM json_each(?) given, json_each(given.value ->> 'agents') a WHERE true
ON CONFLICT (agent, thread) DO NOTHING`;

export const audienceTable: ProjectedTable<"audience"> = {
  statements: [insertAudience],
};
