/** Enrolment codes in D1: each lets one machine register one agent, once, until its time is over. */

import type { AgentCard, EnrolmentRecord } from "../contract/views/agent.ts";
import { parseAgentCard } from "../durable/registry/create-d1-registry.ts";

/** Milliseconds that a code which was used or ran out is still listed: long enough to be asked about. */
const enrolmentKept = 30 * 86_400_000;

interface EnrolmentRow {
  id: string;
  agent: string;
  capabilities: string;
  roles: string | null;
  kinds: string | null;
  created_by: string;
  created_at: number;
  expires_at: number;
  redeemed_at: number | null;
}

const columns = "id, agent, capabilities, roles, kinds, created_by, created_at, expires_at, redeemed_at";

export async function addEnrolment(
  db: D1Database,
  enrolment: { id: string; codeHash: string; card: AgentCard; createdBy: string; expires: number },
  now: number,
): Promise<void> {
  const { id, codeHash, card, createdBy, expires } = enrolment;
  const encode = (list: string[] | null) => (list === null ? null : JSON.stringify(list));
  await db
    .prepare(
      "INSERT INTO enrolment (id, code_hash, agent, capabilities, roles, kinds, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id, codeHash, card.id, JSON.stringify(card.capabilities), encode(card.roles), encode(card.kinds), createdBy, now, expires)
    .run();
}

/** Uses the code up, and says for whom it was; undefined if it is none, was used, or ran out. */
export async function takeEnrolment(db: D1Database, codeHash: string, now: number): Promise<{ id: string; card: AgentCard } | undefined> {
  const row = await db
    .prepare(`UPDATE enrolment SET redeemed_at = ? WHERE code_hash = ? AND redeemed_at IS NULL AND expires_at > ? RETURNING ${columns}`)
    .bind(now, codeHash, now)
    .first<EnrolmentRow>();
  return row ? { id: row.id, card: { ...parseAgentCard(row), id: row.agent } } : undefined;
}

/** Makes the code good again, after the agent could not be registered with it. */
export async function giveBackEnrolment(db: D1Database, id: string): Promise<void> {
  await db.prepare("UPDATE enrolment SET redeemed_at = NULL WHERE id = ?").bind(id).run();
}

/** False if there is none. */
export async function removeEnrolment(db: D1Database, id: string): Promise<boolean> {
  return (await db.prepare("DELETE FROM enrolment WHERE id = ? RETURNING id").bind(id).first()) !== null;
}

/** A page of codes by id. */
export async function listEnrolments(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
  now: number,
): Promise<{ enrolments: EnrolmentRecord[]; next: string | null }> {
  const { results } = await db
    .prepare(`SELECT ${columns} FROM enrolment WHERE id > ? ORDER BY id LIMIT ?`)
    .bind(query.after ?? "", query.limit + 1)
    .all<EnrolmentRow>();
  const page = results.slice(0, query.limit).map((row) => recordEnrolment(row, now));
  return { enrolments: page, next: results.length > query.limit ? (page.at(-1)?.id ?? null) : null };
}

function recordEnrolment(row: EnrolmentRow, now: number): EnrolmentRecord {
  const open = row.expires_at > now ? "open" : "expired";
  return {
    ...parseAgentCard(row),
    id: row.id,
    agent: row.agent,
    state: row.redeemed_at === null ? open : "redeemed",
    createdBy: row.created_by,
    createdAt: new Date(row.created_at).toISOString(),
    expires: new Date(row.expires_at).toISOString(),
    redeemedAt: row.redeemed_at === null ? null : new Date(row.redeemed_at).toISOString(),
  };
}

/** Deletes codes that were used or ran out long ago. */
export async function pruneEnrolments(db: D1Database, now: number): Promise<void> {
  const before = now - enrolmentKept;
  await db.prepare("DELETE FROM enrolment WHERE expires_at < ? OR redeemed_at < ?").bind(before, before).run();
}
