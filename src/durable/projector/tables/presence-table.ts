/** Who is there: one row an agent, by what its object last said. */
import type { ProjectedTable } from "../projected-table.ts";

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON. A row that comes late changes nothing.
const upsert = `
INSERT INTO agent_presence (agent, state, at, ignores)
SELECT value ->> 'agent', value ->> 'state', value ->> 'order', coalesce(value ->> 'ignores', 0) FROM json_each(?) WHERE value ->> 'state' != 'deleted'
ON CONFLICT (agent) DO UPDATE SET state = excluded.state, at = excluded.at, ignores = excluded.ignores WHERE excluded.at >= agent_presence.at`;

const remove = `
DELETE FROM agent_presence WHERE agent IN (SELECT value ->> 'agent' FROM json_each(?) WHERE value ->> 'state' = 'deleted')`;

export const presenceTable: ProjectedTable<"presence"> = {
  newest: ({ agent, order }) => ({ key: agent, order }),
  statements: [upsert, remove],
};
