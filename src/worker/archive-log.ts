/** The log as newline-delimited JSON, a page at a time as it is read: for keeping what retention will delete. */

interface ArchiveRow {
  position: number;
  recorded_at: number;
  body: string;
}

/** Rows of one read: a few megabytes at the largest that events are. */
const pageRows = 200;

/**
 * Every event after a position, oldest first, recorded before a time: a line each, `{"position", "recordedAt", "event"}`. Where it
 * was broken off, `after` goes on.
 */
export function streamArchive(db: D1Database, { after, until }: { after: number; until: number | undefined }): Response {
  const encoder = new TextEncoder();
  let from = after;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { results } = await selectArchive(db, from, until ?? Number.MAX_SAFE_INTEGER).all<ArchiveRow>();
      from = results.at(-1)?.position ?? from;
      if (results.length) controller.enqueue(encoder.encode(results.map(writeLine).join("")));
      if (results.length < pageRows) controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" } });
}

/** What a Worker of before has logged stands in a table of its own, below every position of the present one. */
function selectArchive(db: D1Database, after: number, until: number): D1PreparedStatement {
  const arm = (table: string) =>
    `SELECT * FROM (SELECT position, recorded_at, body FROM ${table} WHERE position > ?1 AND recorded_at < ?2 ORDER BY position LIMIT ?3)`;
  return db.prepare(`${arm("event")} UNION ALL ${arm("log_entry")} ORDER BY position LIMIT ?3`).bind(after, until, pageRows);
}

/** The body stays as it is kept. */
function writeLine({ position, recorded_at, body }: ArchiveRow): string {
  return `{"position":${position},"recordedAt":"${new Date(recorded_at).toISOString()}","event":${body}}\n`;
}
