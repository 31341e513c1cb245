/** The audit log in D1: who decided what, on what, and what came of it. */

import type { Json } from "../contract/event.ts";
import type { AuditEntry } from "../contract/views/log.ts";
import { cutToOrigin } from "../contract/webhook-address.ts";

/** Days that a decision is kept: a year and a month, for a yearly look back. */
const auditDays = 400;
/** Rows that are kept at most, newest first: a busy year, in some 30 MB of D1's 10 GB. */
const auditRows = 100_000;
/** Rows that one statement deletes: other writes wait for it. */
const pruneRows = 1_000;

/** A decision about to be carried out. */
export interface Decision {
  /** An operator's name, or `enrolments/<id>` where a code spoke. */
  operator: string;
  /** e.g. `threads.cancel`. */
  action: string;
  target: string | null;
  path: string;
  /** What was asked, where it is short. */
  detail?: Json | undefined;
}

export interface AuditQuery {
  operator?: string | undefined;
  /** An action, or a prefix `x.*`. */
  action?: string | undefined;
  target?: string | undefined;
  after?: number | undefined;
  limit: number;
}

/** Writes down what is about to be done; returns its position for {@link finishDecision}. */
export async function beginDecision(db: D1Database, decision: Decision, now: number): Promise<number> {
  const { operator, action, target, path } = decision;
  const row = await db
    .prepare("INSERT INTO audit (at, operator, action, target, path) VALUES (?, ?, ?, ?, ?) RETURNING position")
    .bind(now, operator, action, target, path)
    .first<{ position: number }>();
  if (!row) throw new Error("The audit log took no row.");
  return row.position;
}

/** Adds what came of it, and what was known only then. */
export async function finishDecision(
  db: D1Database,
  position: number,
  end: { status: number; code: string | null; target: string | null; detail: Json | undefined },
): Promise<void> {
  await db
    .prepare("UPDATE audit SET status = ?, code = ?, target = coalesce(target, ?), detail = ? WHERE position = ?")
    .bind(end.status, end.code, end.target, end.detail === undefined ? null : JSON.stringify(end.detail), position)
    .run();
}

/** A page of decisions, newest first. */
export async function listDecisions(db: D1Database, query: AuditQuery): Promise<{ decisions: AuditEntry[]; next: number | null }> {
  const { operator, action, target, after, limit } = query;
  const conditions: [sql: string, ...values: (string | number)[]][] = [["1"]];
  if (operator !== undefined) conditions.push(["operator = ?", operator]);
  // A range uses the index; "/" is what follows ".".
  if (action?.endsWith(".*")) conditions.push(["action >= ? AND action < ?", action.slice(0, -1), `${action.slice(0, -2)}/`]);
  else if (action !== undefined) conditions.push(["action = ?", action]);
  if (target !== undefined) conditions.push(["target = ?", target]);
  if (after !== undefined) conditions.push(["position < ?", after]);
  const { results } = await db
    .prepare(
      `SELECT position, at, operator, action, target, path, detail, status, code FROM audit
       WHERE ${conditions.map(([sql]) => sql).join(" AND ")} ORDER BY position DESC LIMIT ?`,
    )
    .bind(...conditions.flatMap(([, ...values]) => values), limit + 1)
    .all<Omit<AuditEntry, "at" | "detail" | "result"> & { at: number; detail: string | null }>();
  const page = results.slice(0, limit);
  return {
    decisions: page.map(({ at, detail, ...row }) => ({
      ...row,
      at: new Date(at).toISOString(),
      detail: detail === null ? null : (JSON.parse(detail) as Json),
      result: judgeStatus(row.status),
    })),
    next: results.length > limit ? (page.at(-1)?.position ?? null) : null,
  };
}

/** A decision as it is shown to who may only read: of the addresses that webhooks are sent to, their origins, also of one misspelt. */
export function hideAddresses(entry: AuditEntry): AuditEntry {
  if (!entry.action.startsWith("webhooks.") || entry.detail === null || entry.detail === undefined) return entry;
  const hidden = JSON.stringify(entry.detail, (name, value: Json) => {
    const isAddress = typeof value === "string" && (name === "url" || value.includes("://"));
    return isAddress ? cutToOrigin(value) : value;
  });
  return { ...entry, detail: JSON.parse(hidden) as Json };
}

function judgeStatus(status: number | null): AuditEntry["result"] {
  if (status === null) return "unknown";
  if (status < 400) return "done";
  return status < 500 ? "refused" : "failed";
}

/** Deletes what is too old or too much, in steps, until nothing is left of it; answers how many rows went. */
export async function pruneDecisions(db: D1Database, now: number, keep = auditRows): Promise<number> {
  let total = 0;
  for (;;) {
    const { results } = await db
      .prepare(
        `DELETE FROM audit WHERE position IN (SELECT position FROM audit
           WHERE at < ? OR position <= (SELECT max(position) FROM audit) - ? ORDER BY position LIMIT ?) RETURNING position`,
      )
      .bind(now - auditDays * 86_400_000, keep, pruneRows)
      .all();
    total += results.length;
    if (results.length < pruneRows) break;
  }
  return total;
}
