/** What agents say they accept: one row an agent, the newest report's. */
import type { ProjectedTable } from "../projected-table.ts";

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON.
const upsertAccepts = `
INSERT INTO agent_accepts (agent, accepts, at)
SELECT value ->> 'agent', value ->> 'accepts', value ->> 'at' FROM json_each(?) WHERE true
ON CONFLICT (agent) DO UPDATE SET accepts = excluded.accepts, at = excluded.at WHERE excluded.at >= agent_accepts.at`;

export const acceptsTable: ProjectedTable<"accepts"> = {
  newest: ({ agent, at }) => ({ key: agent, order: at }),
  statements: [upsertAccepts],
};
