/** Past turns: a row each time that one ended for an agent. */
import type { ProjectedTable } from "../projected-table.ts";

// `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON.
const insertTurns = `
INSERT INTO turn (turn, attempt, thread, workflow, role, agent, outcome, given_at, ended_at)
SELECT value ->> 'turn', value ->> 'attempt', value ->> 'thread', value ->> 'workflow', value ->> 'role', value ->> 'agent',
  value ->> 'outcome', value ->> 'givenAt', value ->> 'endedAt'
FROM json_each(?) WHERE true
ON CONFLICT (turn, attempt) DO NOTHING`;

export const turnTable: ProjectedTable<"turn"> = {
  encode: ({ table: _, ...values }) => ({ values }),
  statements: [insertTurns],
};
