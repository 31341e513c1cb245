/** The index of threads, and who takes part: a row stands unless a greater revision number comes. */
import type { ProjectedTable } from "../projected-table.ts";

const upsertThreads = `
INSERT INTO thread (id, revision_number, workflow, revision, status, initiator, key, waiting, parent, agents, created_at, updated_at)
SELECT value ->> 'id', value ->> 'revisionNumber', value ->> 'workflow', value ->> 'revision', value ->> 'status', value ->> 'initiator',
  value ->> 'key', value ->> 'waiting', value ->> 'parent', value ->> 'agents', value ->> 'createdAt', value ->> 'updatedAt'
FROM json_each(?) WHERE true
ON CONFLICT (id) DO UPDATE SET
  revision_number = excluded.revision_number, workflow = excluded.workflow, revision = excluded.revision, status = excluded.status,
  initiator = excluded.initiator, key = excluded.key, waiting = excluded.waiting, parent = excluded.parent, agents = excluded.agents,
  updated_at = excluded.updated_at
WHERE excluded.revision_number > thread.revision_number`;

// Before the upsert, while the row that is replaced still says who took part.
const deleteAgents = `
DELETE FROM thread_agent WHERE (agent, thread) IN (
  SELECT a.value, t.position FROM json_each(?1) given CROSS JOIN thread t ON t.id = given.value ->> 'id' CROSS JOIN json_each(t.agents) a
  WHERE given.value ->> 'revisionNumber' > t.revision_number
    AND a.value NOT IN (SELECT value FROM json_each(given.value ->> 'agents')))`;

// After it, `thread.agents` is the newest row's, whichever that was.
const insertAgents = `
INSERT INTO thread_agent (agent, thread)
SELECT DISTINCT a.value, t.position FROM json_each(?) given JOIN thread t ON t.id = given.value ->> 'id', json_each(t.agents) a WHERE true
ON CONFLICT (agent, thread) DO NOTHING`;

export const threadTable: ProjectedTable<"thread"> = {
  newest: ({ id, revisionNumber }) => ({ key: id, order: revisionNumber }),
  statements: [deleteAgents, upsertThreads, insertAgents],
};
