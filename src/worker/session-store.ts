/** Sessions in D1: a token's holder in a browser, until the session is over. Nothing in a row opens anything: both secrets are hashes. */

export const sessionLimits = {
  /** Milliseconds: a working day. Whoever leaves the browser open does not leave it open for long. */
  lasts: 12 * 3_600_000,
  /** Of one owner; past it the oldest end. More than anybody has browsers. */
  perOwner: 16,
} as const;

export interface SessionRow {
  /** An agent's id, or `operators/<name>`. */
  owner: string;
  /** SHA-256 of the token that opened it. */
  token: string;
  /** Milliseconds since 1970. */
  expires: number;
}

/** @param id SHA-256 of the cookie's value */
export async function addSession(db: D1Database, id: string, { owner, token, expires }: SessionRow): Promise<void> {
  await db.batch([
    db.prepare("INSERT INTO session (id, owner, token, expires) VALUES (?, ?, ?, ?)").bind(id, owner, token, expires),
    db
      .prepare(
        "DELETE FROM session WHERE owner = ? AND id NOT IN (SELECT id FROM session WHERE owner = ? ORDER BY expires DESC, id LIMIT ?)",
      )
      .bind(owner, owner, sessionLimits.perOwner),
  ]);
}

/** Undefined if there is none, or it is over. */
export async function readSession(db: D1Database, id: string, now: number): Promise<SessionRow | undefined> {
  const row = await db.prepare("SELECT owner, token, expires FROM session WHERE id = ? AND expires > ?").bind(id, now).first<SessionRow>();
  return row ?? undefined;
}

export async function removeSession(db: D1Database, id: string): Promise<void> {
  await db.prepare("DELETE FROM session WHERE id = ?").bind(id).run();
}

/** Removes those that are over. */
export async function pruneSessions(db: D1Database, now: number): Promise<void> {
  await db.prepare("DELETE FROM session WHERE expires <= ?").bind(now).run();
}
