/**
 * What of artifacts goes: uploads that nobody finished, what nobody refers to, references of threads that are forgotten. A row says that an
 * object is to go before it goes, so that a crash between the two leaves nothing behind.
 */
import { artifactLimits } from "../../contract/artifact.ts";

export const sweepLimits = {
  /** Rows of a kind that one sweep takes, and objects that R2 deletes in one call: its own limit. */
  rows: 1_000,
  /** Uploads that one sweep aborts: each is a call. */
  aborts: 100,
} as const;

/** What of R2 the sweep needs. */
export type SweepBucket = Pick<R2Bucket, "delete" | "resumeMultipartUpload">;

/**
 * One sweep.
 * @param bucket undefined: only rows go, and the objects with the next sweep that has one
 * @param now milliseconds since 1970
 * @returns objects that are gone
 */
export async function sweepArtifacts(db: D1Database, bucket: SweepBucket | undefined, now: number): Promise<number> {
  const before = now - artifactLimits.keptMs;
  const most = sweepLimits.rows;
  const unused =
    "SELECT hash FROM artifact a WHERE NOT EXISTS (SELECT 1 FROM artifact_holder h WHERE h.hash = a.hash) AND NOT EXISTS (SELECT 1 FROM artifact_thread t WHERE t.hash = a.hash)";
  await db.batch([
    db
      .prepare(
        "INSERT OR IGNORE INTO artifact_waste (object, multipart) SELECT object, multipart FROM artifact_upload WHERE expires_at <= ? LIMIT ?",
      )
      .bind(now, most),
    db.prepare("DELETE FROM artifact_upload WHERE object IN (SELECT object FROM artifact_waste)"),
    db
      .prepare(
        "DELETE FROM artifact_holder WHERE (owner, hash) IN (SELECT owner, hash FROM artifact_holder WHERE at <= ? ORDER BY at LIMIT ?)",
      )
      .bind(before, most),
    db
      .prepare("DELETE FROM artifact_finished WHERE upload IN (SELECT upload FROM artifact_finished WHERE at <= ? ORDER BY at LIMIT ?)")
      .bind(before, most),
    // A thread's row may come after the reference; once it had a day to come, the thread is forgotten or never began.
    db
      .prepare(
        "DELETE FROM artifact_thread WHERE (thread, hash) IN (SELECT thread, hash FROM artifact_thread r WHERE r.at <= ? AND NOT EXISTS (SELECT 1 FROM thread t WHERE t.id = r.thread) LIMIT ?)",
      )
      .bind(before, most),
    db.prepare(`INSERT OR IGNORE INTO artifact_waste (object) SELECT object FROM artifact WHERE hash IN (${unused} LIMIT ?)`).bind(most),
    db.prepare("DELETE FROM artifact WHERE object IN (SELECT object FROM artifact_waste)"),
  ]);
  return bucket ? emptyWaste(db, bucket) : 0;
}

/** Deletes of R2 what is noted as waste. */
export async function emptyWaste(db: D1Database, bucket: SweepBucket): Promise<number> {
  const { results } = await db
    .prepare("SELECT object, multipart FROM artifact_waste LIMIT ?")
    .bind(sweepLimits.rows)
    .all<{ object: string; multipart: string | null }>();
  const gone: string[] = [];
  let aborts = 0;
  for (const { object, multipart } of results) {
    if (multipart !== null && aborts++ >= sweepLimits.aborts) continue;
    // One that was finished, or that R2 has given up itself, is none any more.
    if (multipart !== null)
      await bucket
        .resumeMultipartUpload(object, multipart)
        .abort()
        .catch(() => {});
    gone.push(object);
  }
  if (!gone.length) return 0;
  await bucket.delete(gone);
  await db.prepare("DELETE FROM artifact_waste WHERE object IN (SELECT value FROM json_each(?))").bind(JSON.stringify(gone)).run();
  return gone.length;
}
