/** Webhooks in D1: who gets what. How each goes is its object's. */
import type { WebhookRecord } from "../contract/views/webhook.ts";

/** Webhooks of a deployment: each is told of every write that has something for it. */
export const webhooksAtMost = 100;

const columns = "id, url, kinds, workflow, role, agent, links, note, created_by, created_at";

interface WebhookRow extends Pick<WebhookRecord, "id" | "url" | "workflow" | "role" | "agent" | "links" | "note"> {
  kinds: string;
  created_by: string;
  created_at: number;
}

// By it whoever writes the log knows that the list is another.
const raiseVersion = "UPDATE registry SET webhooks = webhooks + 1";

/** False: there are too many. */
export async function addWebhook(db: D1Database, webhook: Omit<WebhookRecord, "createdAt">, now: number): Promise<boolean> {
  const { id, url, kinds, workflow, role, agent, links, note, createdBy } = webhook;
  const [added] = await db.batch<{ id: string }>([
    db
      .prepare(`INSERT INTO webhook (${columns}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM webhook) < ? RETURNING id`)
      .bind(id, url, JSON.stringify(kinds), workflow, role, agent, links, note, createdBy, now, webhooksAtMost),
    db.prepare(raiseVersion),
  ]);
  return (added?.results.length ?? 0) > 0;
}

export async function readWebhook(db: D1Database, id: string): Promise<WebhookRecord | undefined> {
  const row = await db.prepare(`SELECT ${columns} FROM webhook WHERE id = ?`).bind(id).first<WebhookRow>();
  return row ? toRecord(row) : undefined;
}

/** A page, in the order of ids. */
export async function listWebhooks(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
): Promise<{ webhooks: WebhookRecord[]; next: string | null }> {
  const { results } = await db
    .prepare(`SELECT ${columns} FROM webhook WHERE id > ? ORDER BY id LIMIT ?`)
    .bind(query.after ?? "", query.limit + 1)
    .all<WebhookRow>();
  const page = results.slice(0, query.limit).map(toRecord);
  return { webhooks: page, next: results.length > query.limit ? (page.at(-1)?.id ?? null) : null };
}

/** False: there is none. */
export async function removeWebhook(db: D1Database, id: string): Promise<boolean> {
  const [removed] = await db.batch<{ id: string }>([
    db.prepare("DELETE FROM webhook WHERE id = ? RETURNING id").bind(id),
    db.prepare(raiseVersion),
  ]);
  return (removed?.results.length ?? 0) > 0;
}

function toRecord({ kinds, created_by, created_at, ...row }: WebhookRow): WebhookRecord {
  return { ...row, kinds: JSON.parse(kinds) as string[], createdBy: created_by, createdAt: new Date(created_at).toISOString() };
}
