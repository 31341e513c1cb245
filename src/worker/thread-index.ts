/** Reads the index of threads in D1. It may be behind; a thread's own object never is. */

import { threadStatuses } from "../contract/statuses.ts";
import type { ThreadCounts, ThreadEntry, ThreadView } from "../contract/views/thread.ts";
import type { Wait } from "../contract/views/wait.ts";
import { describeWait, oldWaitWords, type WaitFacts, type WaitFor } from "../contract/waits.ts";

export interface ThreadQuery {
  workflow?: string | undefined;
  status?: ThreadView["status"] | undefined;
  agent?: string | undefined;
  /** Only what this thread spawned. */
  parent?: string | undefined;
  /** Only what waits for this, or for anything; those that wait longest come first. */
  waiting?: WaitFor | "any" | undefined;
  /** Only what waits for this agent. */
  on?: string | undefined;
  /** A cursor that `next` gave. */
  after?: string | undefined;
  limit: number;
}

interface ThreadRow {
  position: number;
  id: string;
  workflow: string;
  revision: string;
  status: ThreadView["status"];
  initiator: string;
  key: string | null;
  agents: string;
  reason: string | null;
  parent: string | null;
  created_at: string;
  updated_at: string;
  waits_for: WaitFor | null;
  role: string | null;
  agent: string | null;
  since: number | null;
  until: number | null;
}

/** A stored word as it is called now. */
const word = `CASE w.waits_for ${Object.entries(oldWaitWords)
  .map(([old, now]) => `WHEN '${old}' THEN '${now}'`)
  .join(" ")} ELSE w.waits_for END`;

// A task's wait goes before its recruitment's, for a thread that runs is waited on in its turn; where the turn's holder is away, that
// is said first, as in `describeThreadWaits`. Of a suspended thread the task's row names the turn. Milliseconds of a text as SQLite has it.
const listed = `
SELECT t.position, t.id, t.workflow, t.revision, t.status, t.initiator, t.key, t.agents, t.waiting AS reason, t.parent, t.created_at, t.updated_at,
  CASE WHEN t.status IN ('completed', 'failed', 'cancelled', 'dropped') THEN NULL WHEN t.status = 'queued' THEN 'place'
    WHEN t.status = 'suspended' THEN 'person' ELSE coalesce(${word}, 'decision') END AS waits_for,
  w.role, w.agent,
  CASE WHEN t.status IN ('recruiting', 'running') AND w.since IS NOT NULL THEN w.since
    ELSE CAST(unixepoch(t.updated_at, 'subsec') * 1000 AS INTEGER) END AS since,
  w.until
FROM thread t LEFT JOIN wait w ON w.thread = t.id
  AND (t.status IN ('recruiting', 'running') OR (t.status = 'suspended' AND w.part = 'task' AND w.waits_for = 'person')) AND w.part = (
  SELECT part FROM wait p WHERE thread = t.id AND waits_for IS NOT NULL ORDER BY (waits_for = 'holder' AND EXISTS (
    SELECT 1 FROM wait turn WHERE turn.thread = p.thread AND turn.part = 'task' AND turn.waits_for = 'answer' AND turn.role = p.role)) DESC,
    part DESC LIMIT 1)`;

const live = "t.status IN ('queued', 'recruiting', 'running', 'suspended')";

/**
 * A page of threads, newest first; with `waiting` or `on`, those that wait, longest first.
 * @param viewer null for an operator; an agent sees those it takes part in
 */
export async function listThreads(
  db: D1Database,
  viewer: string | null,
  query: ThreadQuery,
): Promise<{ threads: ThreadEntry[]; next: string | null }> {
  const waits = query.waiting !== undefined || query.on !== undefined;
  const { inner, outer } = matchThreads(viewer, query);
  if (query.after !== undefined) {
    const [first = 0, second = 0] = query.after.split(".").map(Number);
    if (waits) outer.push(["(since, position) > (?, ?)", first, second]);
    else inner.push(["t.position < ?", first]);
  }
  const { results } = await db
    .prepare(
      `SELECT * FROM (${listed} WHERE ${inner.map(([sql]) => sql).join(" AND ")}) WHERE ${outer.map(([sql]) => sql).join(" AND ")}
       ORDER BY ${waits ? "since, position" : "position DESC"} LIMIT ?`,
    )
    .bind(...[...inner, ...outer].flatMap(([, ...values]) => values), query.limit + 1)
    .all<ThreadRow>();
  const page = results.slice(0, query.limit);
  const last = results.length > query.limit ? page.at(-1) : undefined;
  return { threads: page.map(readThread), next: last ? (waits ? `${last.since}.${last.position}` : String(last.position)) : null };
}

type Conditions = [sql: string, ...values: (string | number)[]][];

/** What of a thread's own row fits, and what of what it waits for. */
function matchThreads(viewer: string | null, query: Omit<ThreadQuery, "after" | "limit">): { inner: Conditions; outer: Conditions } {
  const waits = query.waiting !== undefined || query.on !== undefined;
  const inner: Conditions = [[waits ? live : "1"]];
  const outer: Conditions = [["1"]];
  if (query.workflow !== undefined) inner.push(["t.workflow = ?", query.workflow]);
  if (query.parent !== undefined) inner.push(["t.parent = ?", query.parent]);
  if (query.status !== undefined) inner.push(["t.status = ?", query.status]);
  for (const agent of [viewer, query.agent])
    if (agent !== null && agent !== undefined)
      inner.push([
        "(t.position IN (SELECT thread FROM thread_agent WHERE agent = ?) OR t.id IN (SELECT thread FROM thread_audience WHERE agent = ?))",
        agent,
        agent,
      ]);
  if (query.waiting !== undefined && query.waiting !== "any") outer.push(["waits_for = ?", query.waiting]);
  if (query.on !== undefined) outer.push(["agent = ? AND waits_for <> 'person'", query.on]);
  return { inner, outer };
}

/** Threads that one question counts: each is a row that D1 reads. */
export const countedMost = 10_000;

/** How many threads fit, by status; `status` itself narrows nothing, so that each of its values can be said. */
export async function countFitting(db: D1Database, viewer: string | null, query: Omit<ThreadQuery, "limit">): Promise<ThreadCounts> {
  const waits = query.waiting !== undefined || query.on !== undefined;
  const { inner, outer } = matchThreads(viewer, { ...query, status: undefined });
  const fit = inner.map(([sql]) => sql).join(" AND ");
  // What a thread waits for is looked up only where it is asked for.
  const rows = waits
    ? `SELECT status FROM (${listed} WHERE ${fit}) WHERE ${outer.map(([sql]) => sql).join(" AND ")}`
    : `SELECT t.status AS status FROM thread t WHERE ${fit}`;
  const { results } = await db
    .prepare(`SELECT status, count(*) AS number FROM (${rows} LIMIT ?) GROUP BY status`)
    .bind(...[...inner, ...(waits ? outer : [])].flatMap(([, ...values]) => values), countedMost + 1)
    .all<{ status: ThreadView["status"]; number: number }>();
  const byStatus = Object.fromEntries(threadStatuses.map((status) => [status, 0])) as ThreadCounts["byStatus"];
  for (const { status, number } of results) byStatus[status] = number;
  return { byStatus, more: results.reduce((sum, { number }) => sum + number, 0) > countedMost };
}

function readThread(row: ThreadRow): ThreadEntry {
  const { id, workflow, revision, status, initiator, key, reason, parent } = row;
  return {
    ...{ id, workflow, revision, status, createdAt: row.created_at, updatedAt: row.updated_at, initiator, key },
    ...{ agents: JSON.parse(row.agents) as string[], waiting: readWait(row), reason, parent },
  };
}

/** What the index knows of what comes then; an explanation names the policies. */
const then: Record<WaitFor, string> = {
  place: "it starts when a thread of its workflow ends",
  claim: "the offer is made again, or the role counts as unfilled",
  pause: "the role is offered again",
  holder: "the holder counts as lost, and its role's policy acts",
  answer: "the turn ends as $TIMEOUT and its role's policy acts",
  answered: "the broadcast ends as its policy says",
  children: "the last child's end goes on with it",
  person: "an operator or a signal resumes or cancels it",
  decision: "nobody is asked now: `nerveflare explain` says what it stands at, `nerveflare dead-letters` what could not be run",
};

function readWait({ waits_for, role, agent, since, until, reason }: ThreadRow): Wait | null {
  if (waits_for === null) return null;
  const facts: WaitFacts = { for: waits_for, ...(role !== null && { role }), ...(agent !== null && { agent }) };
  return {
    ...facts,
    ...(reason !== null && { reason }),
    text: describeWait(facts),
    since: new Date(since ?? 0).toISOString(),
    ...(until !== null && { until: new Date(until).toISOString() }),
    then: then[waits_for],
  };
}

/** How many threads that run wait, and for whom most: a wedged agent shows here first. */
export async function countWaits(db: D1Database): Promise<{ agent: string; threads: number; since: string }[]> {
  const { results } = await db
    .prepare(
      `SELECT w.agent, count(*) AS threads, min(w.since) AS since FROM thread t JOIN wait w ON w.thread = t.id AND w.part = 'task'
       WHERE t.status = 'running' AND w.waits_for = 'answer' AND w.agent IS NOT NULL GROUP BY w.agent ORDER BY min(w.since) LIMIT 10`,
    )
    .all<{ agent: string; threads: number; since: number }>();
  return results.map(({ agent, threads, since }) => ({ agent, threads, since: new Date(since).toISOString() }));
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
