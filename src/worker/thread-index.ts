/** Reads the index of threads in D1. It may be behind; a thread's own object never is. */
import type { ThreadView } from "../durable/rpc.ts";

/** Every state of a thread, in the order of its life. */
export const threadStatuses = [
  "queued",
  "recruiting",
  "running",
  "suspended",
  "completed",
  "failed",
  "cancelled",
  "dropped",
] as const satisfies ThreadView["status"][];

/** A thread as it is listed. */
export interface ThreadEntry {
  id: string;
  workflow: string;
  revision: string;
  status: ThreadView["status"];
  createdAt: string;
  updatedAt: string;
  initiator: string;
  key: string | null;
  agents: string[];
  waiting: string | null;
  parent: string | null;
}

export interface ThreadQuery {
  workflow?: string | undefined;
  status?: ThreadView["status"] | undefined;
  agent?: string | undefined;
  waiting?: string | undefined;
  /** A cursor that `next` gave. */
  after?: number | undefined;
  limit: number;
}

type ThreadRow = Omit<ThreadEntry, "agents" | "createdAt" | "updatedAt"> & {
  position: number;
  agents: string;
  created_at: string;
  updated_at: string;
};

/**
 * A page of threads, newest first.
 * @param viewer null for an operator; an agent sees those it takes part in
 */
export async function listThreads(
  db: D1Database,
  viewer: string | null,
  query: ThreadQuery,
): Promise<{ threads: ThreadEntry[]; next: number | null }> {
  const equal = { workflow: query.workflow, status: query.status, waiting: query.waiting };
  const given = Object.entries(equal).filter(([, value]) => value !== undefined) as [string, string][];
  const takesPart = [viewer, query.agent].filter((agent) => agent !== null && agent !== undefined);
  const conditions = [
    ...given.map(([column]) => `${column} = ?`),
    ...takesPart.map(() => "position IN (SELECT thread FROM thread_agent WHERE agent = ?)"),
    ...(query.after === undefined ? [] : ["position < ?"]),
  ];
  const values = [...given.map(([, value]) => value), ...takesPart, ...(query.after === undefined ? [] : [query.after])];
  const { results } = await db
    .prepare(
      `SELECT position, id, workflow, revision, status, initiator, key, agents, waiting, parent, created_at, updated_at FROM thread
       ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""} ORDER BY position DESC LIMIT ?`,
    )
    .bind(...values, query.limit + 1)
    .all<ThreadRow>();
  const page = results.slice(0, query.limit);
  return { threads: page.map(readThread), next: results.length > query.limit ? (page.at(-1)?.position ?? null) : null };
}

function readThread({ position: _, agents, created_at, updated_at, ...entry }: ThreadRow): ThreadEntry {
  return { ...entry, agents: JSON.parse(agents) as string[], createdAt: created_at, updatedAt: updated_at };
}

/** How many threads are in each state. */
export async function countThreads(db: D1Database): Promise<Record<ThreadView["status"], number>> {
  const { results } = await db
    .prepare("SELECT status, count(*) AS number FROM thread GROUP BY status")
    .all<{ status: ThreadView["status"]; number: number }>();
  const counts = Object.fromEntries(threadStatuses.map((status) => [status, 0])) as Record<ThreadView["status"], number>;
  for (const { status, number } of results) counts[status] = number;
  return counts;
}
