/** Uploads and artifacts as D1 has them, for the routes. */
import { artifactLimits } from "../../contract/artifact.ts";
import { type ArtifactFacts, threadsOfAgent } from "../../durable/artifacts/artifact-book.ts";
import { problemError } from "../problem-error.ts";

/** An upload that is not finished. */
export interface UploadRow {
  id: string;
  owner: string;
  /** Where its content goes in R2. */
  object: string;
  multipart: string;
  size: number;
  /** What it is to hash to, 64 hexadecimal digits; null: nobody said. */
  hash: string | null;
  type: string;
  name: string | null;
  /** Bytes that are stored. */
  received: number;
  /** R2's tags of them, part by part. */
  parts: string[];
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** An artifact as who may read it is shown. */
export interface FoundArtifact extends ArtifactFacts {
  object: string;
  createdAt: number;
}

type StoredUpload = Omit<UploadRow, "parts" | "expiresAt"> & { parts: string; expires_at: number };

/** What one agent may bring. */
type AgentBounds = { readonly [Bound in "uploads" | "held" | "heldBytes"]: number };

/** @throws ProblemError `storage_full`, `rate_limited` where the owner has too much that no thread refers to, or all together have */
export async function requireRoom(
  db: D1Database,
  owner: string,
  size: number,
  total: number,
  bounds: AgentBounds = artifactLimits,
): Promise<void> {
  const row = await db
    .prepare(
      `SELECT (SELECT count(*) FROM artifact_upload WHERE owner = ?1) AS uploads,
         (SELECT coalesce(sum(size), 0) FROM artifact_upload) + (SELECT coalesce(sum(size), 0) FROM artifact) AS total,
         (SELECT coalesce(sum(size), 0) FROM artifact_upload WHERE owner = ?1) + coalesce(sum(h.size), 0) AS bytes, count(h.hash) AS held
       FROM artifact_holder h WHERE h.owner = ?1 AND NOT EXISTS (SELECT 1 FROM artifact_thread t WHERE t.hash = h.hash AND t.thread NOT LIKE 'agents/%')`,
    )
    .bind(owner)
    .first<{ uploads: number; total: number; bytes: number; held: number }>();
  if (!row) return;
  const { uploads, held, heldBytes } = bounds;
  if (row.total + size > total)
    throw problemError(
      "storage_full",
      `The server keeps at most ${total} bytes of artifacts, and has ${row.total}. Its operator can raise that by NERVEFLARE_ARTIFACT_GB.`,
      { limit: total, retryAfter: 3600 },
    );
  if (owner.startsWith("operators/")) return;
  if (row.uploads >= uploads)
    throw problemError("storage_full", `You have ${row.uploads} uploads that are not finished. Finish or delete one first.`, {
      limit: uploads,
      retryAfter: 60,
    });
  if (row.bytes + size > heldBytes || row.held >= held)
    throw problemError(
      "storage_full",
      `You have ${row.held} artifacts, ${row.bytes} bytes with what you are uploading, that no thread refers to. At most ${held} and ${heldBytes} bytes are kept, each for a day.`,
      { limit: heldBytes, retryAfter: 3600 },
    );
}

export async function addUpload(db: D1Database, { parts, expiresAt, ...row }: UploadRow): Promise<void> {
  await db
    .prepare(
      "INSERT INTO artifact_upload (id, owner, object, multipart, size, hash, type, name, received, parts, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(
      row.id,
      row.owner,
      row.object,
      row.multipart,
      row.size,
      row.hash,
      row.type,
      row.name,
      row.received,
      JSON.stringify(parts),
      expiresAt,
    )
    .run();
}

/** Undefined where there is none, or it is another's, or too old. */
export async function readUpload(db: D1Database, id: string, owner: string, now: number): Promise<UploadRow | undefined> {
  const row = await db
    .prepare("SELECT * FROM artifact_upload WHERE id = ? AND owner = ? AND expires_at > ?")
    .bind(id, owner, now)
    .first<StoredUpload>();
  if (!row) return undefined;
  const { expires_at: expiresAt, ...rest } = row;
  return { ...rest, parts: JSON.parse(row.parts) as string[], expiresAt };
}

/** Notes a part; false where another request has noted one meanwhile, or the upload is gone. */
export async function notePart(db: D1Database, before: UploadRow, after: UploadRow): Promise<boolean> {
  const { results } = await db
    .prepare("UPDATE artifact_upload SET received = ?, parts = ?, expires_at = ? WHERE id = ? AND received = ? RETURNING 1")
    .bind(after.received, JSON.stringify(after.parts), after.expiresAt, before.id, before.received)
    .all();
  return results.length > 0;
}

/** The upload ends without becoming an artifact: its object is to go. */
export async function dropUpload(db: D1Database, { id, object, multipart }: UploadRow): Promise<void> {
  await db.batch([
    db.prepare("INSERT OR IGNORE INTO artifact_waste (object, multipart) VALUES (?, ?)").bind(object, multipart),
    db.prepare("DELETE FROM artifact_upload WHERE id = ?").bind(id),
  ]);
}

/**
 * The upload becomes an artifact that its owner holds. Where the content was there already, its object is to go: it is kept once.
 * @returns false where the upload is gone by now
 */
export async function finishUpload(
  db: D1Database,
  { id, owner, object, size, type, name }: UploadRow,
  hash: string,
  now: number,
): Promise<boolean> {
  const isThere = "WHERE EXISTS (SELECT 1 FROM artifact_upload WHERE id = ?1)";
  const [finished] = await db.batch([
    db.prepare(`SELECT 1 FROM artifact_upload WHERE id = ?1`).bind(id),
    db
      .prepare(`INSERT OR IGNORE INTO artifact (hash, object, size, created_at) SELECT ?2, ?3, ?4, ?5 ${isThere}`)
      .bind(id, hash, object, size, now),
    db
      .prepare(`INSERT OR REPLACE INTO artifact_holder (owner, hash, size, type, name, at) SELECT ?2, ?3, ?4, ?5, ?6, ?7 ${isThere}`)
      .bind(id, owner, hash, size, type, name, now),
    db
      .prepare(
        `INSERT OR IGNORE INTO artifact_waste (object) SELECT ?2 ${isThere} AND NOT EXISTS (SELECT 1 FROM artifact WHERE object = ?2)`,
      )
      .bind(id, object),
    db.prepare(`INSERT INTO artifact_finished (upload, owner, hash, at) SELECT ?1, ?2, ?3, ?4 ${isThere}`).bind(id, owner, hash, now),
    db.prepare("DELETE FROM artifact_upload WHERE id = ?1").bind(id),
  ]);
  return (finished?.results.length ?? 0) > 0;
}

/** What an upload has become, as its owner named it. Undefined where it is not finished, is another's, or was a day ago. */
export async function readFinished(db: D1Database, upload: string, owner: string): Promise<ArtifactFacts | undefined> {
  const row = await db
    .prepare(
      "SELECT h.hash, h.size, h.type, h.name FROM artifact_finished f JOIN artifact_holder h ON h.owner = f.owner AND h.hash = f.hash WHERE f.upload = ? AND f.owner = ?",
    )
    .bind(upload, owner)
    .first<ArtifactFacts>();
  return row ?? undefined;
}

/** What can be read of an artifact, and by which threads. */
export interface SharedArtifact {
  found: FoundArtifact;
  /** Whether the reader brought it, or was sent it in no thread. */
  isHeld: boolean;
  /** Threads that refer to it in which the reader takes part, as far as the index knows. */
  own: string[];
  /** Others, the newest first: the index may not know yet that the reader takes part. */
  others: string[];
}

/** @param viewer null: an operator. Undefined where there is no such artifact. */
export async function findShared(db: D1Database, hash: string, viewer: string | null, owner: string): Promise<SharedArtifact | undefined> {
  const [artifact, holder, threads] = await db.batch([
    db.prepare("SELECT object, size, created_at FROM artifact WHERE hash = ?").bind(hash),
    db.prepare("SELECT type, name FROM artifact_holder WHERE hash = ?1 AND owner = ?2").bind(hash, owner),
    db
      .prepare(
        `SELECT r.thread, r.type, r.name, (?3 OR r.thread IN (${threadsOfAgent})) AS own FROM artifact_thread r WHERE r.hash = ?1 AND (r.thread NOT LIKE 'agents/%' OR r.thread = 'agents/' || ?2) ORDER BY own DESC, r.at DESC LIMIT 50`,
      )
      .bind(hash, viewer ?? "", viewer === null ? 1 : 0),
  ]);
  const [row] = (artifact?.results ?? []) as { object: string; size: number; created_at: number }[];
  if (!row) return undefined;
  const [held] = (holder?.results ?? []) as { type: string; name: string | null }[];
  const shared = (threads?.results ?? []) as { thread: string; type: string; name: string | null; own: number }[];
  const { type = "application/octet-stream", name = null } = held ?? shared[0] ?? {};
  const isMail = (thread: string): boolean => thread.startsWith("agents/");
  const inThreads = shared.filter(({ thread }) => !isMail(thread));
  return {
    found: { hash, object: row.object, size: row.size, type, name, createdAt: row.created_at },
    isHeld: held !== undefined || shared.some(({ thread, own }) => own === 1 && isMail(thread)),
    own: inThreads.filter(({ own }) => own === 1).map(({ thread }) => thread),
    others: inThreads.filter(({ own }) => own === 0).map(({ thread }) => thread),
  };
}

/** One of a list. */
export interface ListedArtifact extends ArtifactFacts {
  thread: string | null;
  at: number;
}

/** What an owner brought within a day, or what a thread refers to; newest first. */
export async function listArtifacts(
  db: D1Database,
  of: { owner: string } | { thread: string } | { all: true },
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ artifacts: ListedArtifact[]; next: string | null }> {
  const [at = Number.MAX_SAFE_INTEGER, hash = "~"] =
    after === undefined ? [] : ([Number(after.split(".")[0]), after.split(".")[1]] as const);
  const source =
    "owner" in of
      ? "SELECT hash, size, type, name, NULL AS thread, at FROM artifact_holder WHERE owner = ?1"
      : "thread" in of
        ? "SELECT hash, size, type, name, thread, at FROM artifact_thread WHERE thread = ?1"
        : `SELECT a.hash, a.size, coalesce((SELECT type FROM artifact_thread t WHERE t.hash = a.hash), (SELECT type FROM artifact_holder h WHERE h.hash = a.hash), 'application/octet-stream') AS type,
             coalesce((SELECT name FROM artifact_thread t WHERE t.hash = a.hash), (SELECT name FROM artifact_holder h WHERE h.hash = a.hash)) AS name,
             (SELECT thread FROM artifact_thread t WHERE t.hash = a.hash AND t.thread NOT LIKE 'agents/%') AS thread, a.created_at AS at FROM artifact a WHERE ?1 = ''`;
  const { results } = await db
    .prepare(`SELECT * FROM (${source}) WHERE (at, hash) < (?2, ?3) ORDER BY at DESC, hash DESC LIMIT ?4`)
    .bind("owner" in of ? of.owner : "thread" in of ? of.thread : "", at, hash, limit + 1)
    .all<ListedArtifact>();
  const page = results.slice(0, limit);
  const last = results.length > limit ? page.at(-1) : undefined;
  return { artifacts: page, next: last ? `${last.at}.${last.hash}` : null };
}
