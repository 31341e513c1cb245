/** Operators in D1, beside the one whose token is the Worker's secret. */
import type { OperatorRecord } from "../contract/views/log.ts";
import { equalText } from "../durable/agent/token-hash.ts";

/** `read` may look at everything, `admin` may change it. */
export type Access = "read" | "admin";

/** False if there is one of that name. */
export async function addOperator(
  db: D1Database,
  operator: { name: string; access: Access; tokenHash: string; createdBy: string },
  now: number,
): Promise<boolean> {
  const { name, access, tokenHash, createdBy } = operator;
  const row = await db
    .prepare(
      "INSERT INTO operator (name, access, token_hash, created_by, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING name",
    )
    .bind(name, access, tokenHash, createdBy, now)
    .first();
  return row !== null;
}

/** False if there is none. */
export async function removeOperator(db: D1Database, name: string): Promise<boolean> {
  return (await db.prepare("DELETE FROM operator WHERE name = ? RETURNING name").bind(name).first()) !== null;
}

/** A page of operators by name. */
export async function listOperators(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
): Promise<{ operators: OperatorRecord[]; next: string | null }> {
  const { results } = await db
    .prepare("SELECT name, access, created_by, created_at FROM operator WHERE name > ? ORDER BY name LIMIT ?")
    .bind(query.after ?? "", query.limit + 1)
    .all<{ name: string; access: Access; created_by: string; created_at: number }>();
  const page = results.slice(0, query.limit).map(({ name, access, created_by, created_at }) => ({
    name,
    access,
    createdBy: created_by,
    createdAt: new Date(created_at).toISOString(),
  }));
  return { operators: page, next: results.length > query.limit ? (page.at(-1)?.name ?? null) : null };
}

/** What the holder of a token of this hash may do; undefined if it is not this operator's. Asked each time, so that a removal acts at once. */
export async function proveOperator(db: D1Database, name: string, tokenHash: string): Promise<Access | undefined> {
  const row = await db
    .prepare("SELECT access, token_hash FROM operator WHERE name = ?")
    .bind(name)
    .first<{ access: Access; token_hash: string }>();
  return row && equalText(tokenHash, row.token_hash) ? row.access : undefined;
}
