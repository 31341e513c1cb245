/** Past turns: of each agent in each role the newest, in one row. */
import type { ProjectedTable } from "../projected-table.ts";

export const turnLimits = {
  /** Turns that are kept of an agent in a role: what `stats` looks at. */
  kept: 100,
} as const;

// A union of what is there and what came: in whatever order turns come, and however often, the same ones are kept.
const mergeTurns = `
INSERT INTO agent_turns (agent, workflow, role, ended_at, oldest_at, turns)
SELECT agent, workflow, role, max(ended_at), min(ended_at),
  json_group_array(json(CASE WHEN tokens IS NULL AND cost IS NULL THEN json_array(key, outcome, given_at, ended_at)
    ELSE json_array(key, outcome, given_at, ended_at, tokens, cost) END) ORDER BY ended_at DESC, key)
FROM (
  SELECT *, row_number() OVER (PARTITION BY agent, workflow, role ORDER BY ended_at DESC, key) AS place FROM (
    SELECT value ->> 'agent' AS agent, value ->> 'workflow' AS workflow, value ->> 'role' AS role, value ->> 'key' AS key,
      value ->> 'outcome' AS outcome, value ->> 'givenAt' AS given_at, value ->> 'endedAt' AS ended_at,
      value ->> 'tokens' AS tokens, value ->> 'cost' AS cost
    FROM json_each(?1)
    UNION
    SELECT known.agent, known.workflow, known.role, past.value ->> 0, past.value ->> 1, past.value ->> 2, past.value ->> 3,
      past.value ->> 4, past.value ->> 5
    FROM (SELECT DISTINCT value ->> 'agent' AS agent, value ->> 'workflow' AS workflow, value ->> 'role' AS role FROM json_each(?1)) given
    CROSS JOIN agent_turns known ON known.agent = given.agent AND known.workflow = given.workflow AND known.role = given.role
    CROSS JOIN json_each(known.turns) past
  )
) WHERE place <= ${turnLimits.kept} GROUP BY agent, workflow, role
ON CONFLICT (agent, workflow, role) DO UPDATE SET ended_at = excluded.ended_at, oldest_at = excluded.oldest_at, turns = excluded.turns
WHERE excluded.turns <> agent_turns.turns`;

export const turnTable: ProjectedTable<"turn"> = {
  encode: ({ turn, attempt, workflow, role, agent, outcome, givenAt, endedAt, tokens, cost }) => ({
    values: {
      ...{ agent, workflow, role, key: hash(`${turn} ${attempt}`), outcome, givenAt, endedAt },
      ...(tokens !== undefined && { tokens }),
      ...(cost !== undefined && { cost }),
    },
  }),
  statements: [mergeTurns],
};

/** FNV-1a, 32 bits: tells turns of one agent apart that began and ended in the same milliseconds. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(36);
}
