/**
 * Which artifacts there are, who brought them and which threads refer to them, in D1. An event that names one is looked up before it is
 * taken: it is there in full, and the sender may name it. Knows rows, no content.
 */
import { type ArtifactReference, artifactLimits } from "../../contract/artifact.ts";
import { createProblem, type Result, refuse, succeed } from "../../contract/problem.ts";

/** What is known of an artifact, as one who may name it is told. */
export interface ArtifactFacts {
  /** 64 hexadecimal digits. */
  hash: string;
  size: number;
  type: string;
  name: string | null;
}

/** A reference of a thread's that was not there before. */
export interface MadeReference {
  thread: string;
  hash: string;
}

/** What a thread may refer to. */
type ThreadBounds = { readonly [Bound in "threadBytes" | "perThread"]: number };

export interface ArtifactBook {
  /**
   * What is known of each, of those that the owner may name: it brought it within the last day, or takes part in a thread that refers to it.
   * @param owner an agent's id, or `operators/<name>`, who may name all
   * @param threads that it is known to take part in, whatever the index says yet
   */
  find(owner: string, hashes: readonly string[], threads: readonly string[]): Promise<Map<string, ArtifactFacts>>;
  /**
   * From here on the threads refer to them: whoever may read one of the threads may read them, and they stay for as long.
   * @param threads also agents' mail: see `nameMail`
   * @returns `artifact_unknown` where one is gone by now, `storage_full` where a thread would refer to too much
   */
  refer(facts: readonly ArtifactFacts[], threads: readonly string[], now: number): Promise<Result<MadeReference[]>>;
  /** What was to refer to them was not taken. */
  withdraw(made: readonly MadeReference[]): Promise<void>;
}

/** `sha256:…` of a hash. */
export function nameArtifact(hash: string): string {
  return `sha256:${hash}`;
}

/** The hash in an artifact's id, which must be one. */
export function readHash(id: string): string {
  return id.slice("sha256:".length);
}

/** As it stands in an event. */
export function makeReference({ hash, size, type, name }: ArtifactFacts): ArtifactReference {
  return { $artifact: nameArtifact(hash), size, type, ...(name !== null && { name }) };
}

/** In a thread's place: what an agent was sent in none. It has it for a day. */
export function nameMail(agent: string): string {
  return `agents/${agent}`;
}

/** Threads that an agent, `?2`, takes part in, as far as the index knows, and its mail. */
export const threadsOfAgent = `
SELECT t.id FROM thread_agent p JOIN thread t ON t.position = p.thread WHERE p.agent = ?2
UNION ALL SELECT thread FROM thread_audience WHERE agent = ?2
UNION ALL SELECT 'agents/' || ?2`;

const findFacts = `
SELECT a.hash, a.size, coalesce(h.type, s.type) AS type, CASE WHEN h.hash IS NULL THEN s.name ELSE h.name END AS name
FROM json_each(?1) given JOIN artifact a ON a.hash = given.value
LEFT JOIN artifact_holder h ON h.owner = ?2 AND h.hash = a.hash
LEFT JOIN artifact_thread s ON s.hash = a.hash AND s.thread = (SELECT thread FROM artifact_thread r WHERE r.hash = a.hash AND (
  ?4 OR r.thread IN (SELECT value FROM json_each(?3)) OR r.thread IN (${threadsOfAgent})) LIMIT 1)
WHERE h.hash IS NOT NULL OR s.hash IS NOT NULL OR ?4`;

const insertReferences = `
INSERT OR IGNORE INTO artifact_thread (thread, hash, size, type, name, at)
SELECT thread.value, a.hash, a.size, given.value ->> 'type', given.value ->> 'name', ?3
FROM json_each(?1) given JOIN artifact a ON a.hash = given.value ->> 'hash' CROSS JOIN json_each(?2) thread
RETURNING thread, hash`;

/** What an agent is sent again is kept for another day. */
const keepMail = `
UPDATE artifact_thread SET at = ?3 WHERE thread IN (SELECT value FROM json_each(?2) WHERE value LIKE 'agents/%')
  AND hash IN (SELECT value ->> 'hash' FROM json_each(?1))`;

const weighThreads = `
SELECT max(bytes) AS bytes, max(number) AS number, min(number) AS least,
  (SELECT count(*) FROM artifact WHERE hash IN (SELECT value ->> 'hash' FROM json_each(?1))) AS present
FROM (SELECT sum(size) AS bytes, count(*) AS number FROM artifact_thread WHERE thread IN (SELECT value FROM json_each(?2)) GROUP BY thread)`;

export function createArtifactBook(db: D1Database, bounds: ThreadBounds = artifactLimits): ArtifactBook {
  async function withdraw(made: readonly MadeReference[]): Promise<void> {
    if (!made.length) return;
    await db
      .prepare("DELETE FROM artifact_thread WHERE (thread, hash) IN (SELECT value ->> 'thread', value ->> 'hash' FROM json_each(?))")
      .bind(JSON.stringify(made))
      .run();
  }

  return {
    async find(owner, hashes, threads) {
      const { results } = await db
        .prepare(findFacts)
        .bind(JSON.stringify([...new Set(hashes)]), owner, JSON.stringify(threads), owner.startsWith("operators/") ? 1 : 0)
        .all<Omit<ArtifactFacts, "type"> & { type: string | null }>();
      return new Map(results.map((row) => [row.hash, { ...row, type: row.type ?? "application/octet-stream" }]));
    },
    async refer(facts, threads, now) {
      if (!facts.length || !threads.length) return succeed([]);
      const [given, all] = [JSON.stringify(facts), JSON.stringify(threads)];
      const [inserted, weighed] = await db.batch<MadeReference | { bytes: number; number: number; present: number }>([
        db.prepare(insertReferences).bind(given, all, now),
        db.prepare(weighThreads).bind(given, all),
        ...(threads.some((thread) => thread.startsWith("agents/")) ? [db.prepare(keepMail).bind(given, all, now)] : []),
      ]);
      const made = (inserted?.results ?? []) as MadeReference[];
      const [weight] = (weighed?.results ?? []) as { bytes: number; number: number; present: number }[];
      const refused =
        weight === undefined || weight.present < new Set(facts.map(({ hash }) => hash)).size
          ? createProblem("artifact_unknown", "An artifact that the event names was deleted just now. Upload it again.")
          : judgeWeight(weight, bounds);
      if (!refused) return succeed(made);
      await withdraw(made);
      return { ok: false, problem: refused };
    },
    withdraw,
  };
}

function judgeWeight({ bytes, number }: { bytes: number; number: number }, { threadBytes, perThread }: ThreadBounds) {
  if (bytes > threadBytes)
    return createProblem(
      "storage_full",
      `A thread refers to at most ${threadBytes} bytes of artifacts, as does what an agent is sent in a day; this would be ${bytes}.`,
      {
        limit: threadBytes,
      },
    );
  if (number > perThread)
    return createProblem("storage_full", `A thread refers to at most ${perThread} artifacts, as does what an agent is sent in a day.`, {
      limit: perThread,
    });
  return undefined;
}

/** Where no artifacts are kept: what names one is refused. */
export const noArtifacts: ArtifactBook = {
  find: async () => new Map(),
  refer: async (facts) => (facts.length ? refuse("artifact_unknown", "This server keeps no artifacts.") : succeed([])),
  withdraw: async () => {},
};
