/** Reads what a thread's trace is made of: its own object's view and messages, and its events from the log, which may lag. */
import type { CloudEvent } from "../../contract/event.ts";
import { limits } from "../../contract/limits.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import type { TraceView } from "../../contract/views/log.ts";
import type { MessageView } from "../../contract/views/thread.ts";
import type { RecruitmentRpc } from "../protocol/recruitment.ts";
import { buildTrace } from "./build-trace.ts";

export const traceLimits = {
  /** Events of one trace: a long thread's, in a few megabytes. */
  events: 5_000,
  /** Pages of messages, for their decisions. */
  pages: 10,
} as const;

/** @param viewer null for an operator; an agent sees the trace of what it takes part in */
export async function readTraceOf(
  thread: string,
  viewer: string | null,
  { db, root }: { db: D1Database; root: Pick<RecruitmentRpc, "show" | "messages"> },
): Promise<Result<TraceView>> {
  const shown = await root.show(viewer);
  if (!shown.ok) return shown;
  const messages: MessageView[] = [];
  for (let page = 0, after: number | undefined; page < traceLimits.pages; page++) {
    const read = await root.messages(viewer, { ...(after !== undefined && { after }), limit: limits.pageMax });
    // The log has the rest: without the task's object only the decisions are missing.
    if (!read.ok && shown.value.unreachable) break;
    if (!read.ok) return read;
    messages.push(...read.value.messages);
    if (read.value.next === null) break;
    after = read.value.next;
  }
  const { event, workflow, status, createdAt, usage, unreachable } = shown.value;
  const { results } = await db
    .prepare(
      `SELECT body, committed_at AS at FROM log WHERE position IN (
         SELECT position FROM (SELECT position FROM event WHERE thread = ?1 ORDER BY position LIMIT ?4)
         UNION SELECT position FROM (SELECT position FROM log_entry WHERE thread = ?1 ORDER BY position LIMIT ?4)
         UNION SELECT position FROM log WHERE id = ?3 AND source = ?2)
       ORDER BY position LIMIT ?4`,
    )
    .bind(thread, event.source, event.id, traceLimits.events + 1)
    .all<{ body: string; at: number }>();
  const entries = results.slice(0, traceLimits.events).map(({ body, at }) => ({ event: JSON.parse(body) as CloudEvent, at }));
  const trace = buildTrace({ thread, workflow, status, createdAt, event, entries, messages, usage });
  return succeed({ ...trace, workflow, status, truncated: results.length > traceLimits.events, ...(unreachable && { unreachable }) });
}
