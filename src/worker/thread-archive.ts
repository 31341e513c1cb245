/** Threads whose objects were emptied, as D1 keeps them. */
import type { MessageView, ThreadView } from "../durable/rpc.ts";

export interface ArchivedThread {
  view: ThreadView;
  messages: MessageView[];
  /** RFC 3339. */
  archivedAt: string;
}

/**
 * @param viewer null: an operator; an agent sees only what it took part in
 * @returns undefined: nothing of the kind is kept
 */
export async function readArchive(db: D1Database, thread: string, viewer: string | null): Promise<ArchivedThread | undefined> {
  const row = await db
    .prepare(
      `SELECT a.at, a.view, a.messages, EXISTS (SELECT 1 FROM thread_audience WHERE thread = a.thread AND agent = ?2) AS asked
       FROM thread_archive a WHERE a.thread = ?1`,
    )
    .bind(thread, viewer)
    .first<{ at: number; view: string; messages: string; asked: number }>();
  if (!row) return undefined;
  const view = JSON.parse(row.view) as ThreadView;
  const takesPart =
    viewer === null ||
    row.asked === 1 ||
    view.event.source === `/agents/${viewer}` ||
    Object.values(view.roles).some(({ agent }) => agent === viewer);
  if (!takesPart) return undefined;
  return { view, messages: JSON.parse(row.messages) as MessageView[], archivedAt: new Date(row.at).toISOString() };
}
