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
      const { results } = await db
        .prepare("SELECT position, recorded_at, body FROM event WHERE position > ? AND recorded_at < ? ORDER BY position LIMIT ?")
        .bind(from, until ?? Number.MAX_SAFE_INTEGER, pageRows)
        .all<ArchiveRow>();
      from = results.at(-1)?.position ?? from;
      if (results.length) controller.enqueue(encoder.encode(results.map(writeLine).join("")));
      if (results.length < pageRows) controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" } });
}

/** The body stays as it is kept. */
function writeLine({ position, recorded_at, body }: ArchiveRow): string {
  return `{"position":${position},"recordedAt":"${new Date(recorded_at).toISOString()}","event":${body}}\n`;
}
