/** Past turns: of each agent in each role the newest, in one row. */
import type { ProjectedTable, RowOf } from "../projected-table.ts";

export const turnLimits = {
  /** Turns that are kept of an agent in a role: what `stats` looks at. */
  kept: 100,
} as const;

// A union of what is there and what came: in whatever order turns come, and however often, the same ones are kept. A turn is compared
// as the text that it is kept as, which begins with its key. Materialized, or SQLite would merge once for each column that is taken of it.
const mergeTurns = `
WITH merged AS MATERIALIZED (
  SELECT value ->> 'agent' AS agent, value ->> 'workflow' AS workflow, value ->> 'role' AS role,
    (SELECT json_object('newest', max(ended), 'oldest', min(ended), 'turns', '[' || group_concat(turn, ',') || ']') FROM (
      SELECT came.value AS turn, came.value ->> 3 AS ended FROM json_each(given.value, '$.turns') came
      UNION
      SELECT past.value, past.value ->> 3 FROM agent_turns known CROSS JOIN json_each(known.turns) past
      WHERE known.agent = given.value ->> 'agent' AND known.workflow = given.value ->> 'workflow' AND known.role = given.value ->> 'role'
      ORDER BY ended DESC, turn LIMIT ${turnLimits.kept})) AS kept
  FROM json_each(?1) given)
INSERT INTO agent_turns (agent, workflow, role, ended_at, oldest_at, turns)
SELECT agent, workflow, role, kept ->> 'newest', kept ->> 'oldest', kept ->> 'turns' FROM merged WHERE true
ON CONFLICT (agent, workflow, role) DO UPDATE SET ended_at = excluded.ended_at, oldest_at = excluded.oldest_at, turns = excluded.turns
WHERE excluded.turns <> agent_turns.turns`;

type TurnRow = RowOf<"turn">;
type KeptTurn = (string | number | null)[];

export const turnTable: ProjectedTable<"turn"> = {
  /** One for each agent in a role, with its turns. */
  encode(rows) {
    const groups = new Map<string, { agent: string; workflow: string; role: string; turns: KeptTurn[] }>();
    for (const row of rows) {
      const { agent, workflow, role } = row;
      const key = `${agent} ${workflow} ${role}`;
      const group = groups.get(key);
      if (group) group.turns.push(toKept(row));
      else groups.set(key, { agent, workflow, role, turns: [toKept(row)] });
    }
    return [...groups.values()].map((group) => JSON.stringify(group));
  },
  statements: [mergeTurns],
};

function toKept({ turn, attempt, outcome, givenAt, endedAt, tokens, cost }: TurnRow): KeptTurn {
  const kept: KeptTurn = [hash(`${turn} ${attempt}`), outcome, givenAt, endedAt];
  if (tokens !== undefined || cost !== undefined) kept.push(tokens ?? null, cost ?? null);
  return kept;
}

/** FNV-1a, 32 bits: tells turns of one agent apart that began and ended in the same milliseconds. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(36);
}
