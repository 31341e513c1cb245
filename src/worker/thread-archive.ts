/** Threads whose objects were emptied, as D1 keeps them. */
import type { MessageView, ThreadView } from "../contract/views/thread.ts";
import type { AppPorts } from "./app-ports.ts";

export interface ArchivedThread {
  view: ThreadView;
  messages: MessageView[];
  /** RFC 3339. */
  archivedAt: string;
  /** RFC 3339: what is kept of it goes then. Null: nobody knows. */
  keptUntil: string | null;
}

/** A page of the messages that are kept, the newest of the thread. */
export function pageMessages(
  { messages, archivedAt, keptUntil }: ArchivedThread,
  { after = 0, limit }: { after?: number; limit: number },
): { messages: MessageView[]; next: number | null; archivedAt: string; keptUntil: string | null } {
  const rest = messages.filter(({ round }) => round > after);
  const shown = rest.slice(0, limit);
  return { messages: shown, next: rest.length > limit ? (shown.at(-1)?.round ?? null) : null, archivedAt, keptUntil };
}

/**
 * @param viewer null: an operator; an agent sees only what it took part in
 * @returns undefined: nothing of the kind is kept
 */
export async function readArchive(
  { db, keepArchives }: Pick<AppPorts, "db" | "keepArchives">,
  thread: string,
  viewer: string | null,
): Promise<ArchivedThread | undefined> {
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
  return {
    view,
    messages: JSON.parse(row.messages) as MessageView[],
    archivedAt: new Date(row.at).toISOString(),
    keptUntil: keepArchives === undefined ? null : new Date(row.at + keepArchives).toISOString(),
  };
}
