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

// After the upsert, `thread.agents` is the newest row's, whichever that was: who takes part is made equal to it.
const deleteAgents = `
DELETE FROM thread_agent WHERE thread IN (SELECT t.position FROM json_each(?) given JOIN thread t ON t.id = given.value ->> 'id')
  AND agent NOT IN (SELECT a.value FROM thread t, json_each(t.agents) a WHERE t.position = thread_agent.thread)`;

const insertAgents = `
INSERT INTO thread_agent (agent, thread)
SELECT DISTINCT a.value, t.position FROM json_each(?) given JOIN thread t ON t.id = given.value ->> 'id', json_each(t.agents) a WHERE true
ON CONFLICT (agent, thread) DO NOTHING`;

export const threadTable: ProjectedTable<"thread"> = {
  encode: ({ table: _, at: __, agents, ...columns }) => ({
    values: { ...columns, agents: JSON.stringify(agents) },
    newest: { key: columns.id, order: columns.revisionNumber },
  }),
  statements: [upsertThreads, deleteAgents, insertAgents],
};
