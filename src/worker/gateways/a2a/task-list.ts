/** The index of threads as a list of tasks. */
import { TaskState } from "@a2a-js/sdk";
import { type ThreadStatus, threadStatuses } from "../../../contract/statuses.ts";
import { a2aLimits } from "./limits.ts";
import { statusesOf } from "./task-states.ts";

/** What a list asks for. */
export interface TaskQuery {
  /** Null: an operator, who sees all. */
  viewer: string | null;
  /** Of these workflows; a task of another one is no task here. */
  workflows: string[];
  /** Of a directed turn: whose it is. */
  agent: string | undefined;
  contextId: string;
  state: TaskState;
  /** Milliseconds since 1970. */
  since: number | undefined;
  after: number | undefined;
  limit: number;
}

/** Ids, newest first, with where the next page begins, and how many there are, as far as they are counted. */
export async function listTaskIds(db: D1Database, query: TaskQuery): Promise<{ ids: string[]; next: number | undefined; total: number }> {
  const statuses: readonly ThreadStatus[] = query.state === TaskState.TASK_STATE_UNSPECIFIED ? threadStatuses : statusesOf(query.state);
  const conditions: [sql: string, ...values: (string | number)[]][] = [
    ["t.workflow IN (SELECT value FROM json_each(?))", JSON.stringify(query.workflows)],
    ["t.status IN (SELECT value FROM json_each(?))", JSON.stringify(statuses)],
  ];
  for (const agent of [query.viewer, query.agent])
    if (agent !== null && agent !== undefined)
      conditions.push(["(t.initiator = ? OR t.position IN (SELECT thread FROM thread_agent WHERE agent = ?))", agent, agent]);
  if (query.contextId !== "")
    conditions.push(["(t.id = ? OR t.id IN (SELECT thread FROM a2a_context WHERE context = ?))", query.contextId, query.contextId]);
  if (query.since !== undefined) conditions.push(["t.updated_at >= ?", new Date(query.since).toISOString()]);
  const where = conditions.map(([sql]) => sql).join(" AND ");
  const values = conditions.flatMap(([, ...bound]) => bound);
  const [page, counted] = await db.batch<{ id: string; position: number; total: number }>([
    db
      .prepare(`SELECT t.id, t.position FROM thread t WHERE ${where} AND t.position < ? ORDER BY t.position DESC LIMIT ?`)
      .bind(...values, query.after ?? Number.MAX_SAFE_INTEGER, query.limit + 1),
    db.prepare(`SELECT count(*) AS total FROM (SELECT 1 FROM thread t WHERE ${where} LIMIT ?)`).bind(...values, a2aLimits.counted),
  ]);
  const rows = page?.results ?? [];
  const shown = rows.slice(0, query.limit);
  return {
    ids: shown.map(({ id }) => id),
    next: rows.length > query.limit ? shown.at(-1)?.position : undefined,
    total: counted?.results[0]?.total ?? 0,
  };
}
