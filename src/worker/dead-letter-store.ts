/** Dead letters as D1 was told of them. It may be behind; the object that keeps one never is. */
import type { DeadLetterEntry } from "../contract/views/log.ts";

interface DeadLetterRow {
  id: string;
  thread: string;
  actor: string;
  type: string;
  code: string;
  error: string;
  at: number;
}

/** A page, oldest first. */
export async function listDeadLetters(
  db: D1Database,
  query: { thread?: string | undefined; after?: string | undefined; limit: number },
): Promise<{ deadLetters: DeadLetterEntry[]; next: string | null }> {
  const { thread = null, after = null, limit } = query;
  const { results } = await db
    .prepare(
      `SELECT id, thread, actor, type, code, error, at FROM parked WHERE gone = 0 AND (?1 IS NULL OR thread = ?1)
       AND (?2 IS NULL OR (at, id) > (SELECT at, id FROM parked WHERE id = ?2)) ORDER BY at, id LIMIT ?3`,
    )
    .bind(thread, after, limit + 1)
    .all<DeadLetterRow>();
  const page = results.slice(0, limit);
  return {
    deadLetters: page.map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() })),
    next: results.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}
