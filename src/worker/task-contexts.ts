/** Tasks by the context that their first A2A message named: the index knows no attributes of events. */

export const contextLimits = {
  /** Milliseconds for which a row may be there before its thread's: the index follows the log. */
  lag: 86_400_000,
  /** Rows that one run of the cron takes away. */
  pruned: 10_000,
} as const;

/** Notes under which context a task was begun; again changes nothing. */
export async function noteContext(db: D1Database, context: string, thread: string, now: number): Promise<void> {
  await db.prepare("INSERT OR IGNORE INTO a2a_context (context, thread, at) VALUES (?, ?, ?)").bind(context, thread, now).run();
}

/** Forgets those whose threads the index has forgotten. */
export async function pruneContexts(db: D1Database, now: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM a2a_context WHERE (context, thread) IN (
         SELECT context, thread FROM a2a_context WHERE at < ? AND thread NOT IN (SELECT id FROM thread) LIMIT ?)`,
    )
    .bind(now - contextLimits.lag, contextLimits.pruned)
    .run();
}
