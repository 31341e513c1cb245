/** Where changes of A2A tasks are pushed to, in D1: which webhook's object pushes which task's. Secrets are in those objects. */
import { endedStatuses } from "../contract/statuses.ts";
import type { WebhookRpc } from "../durable/protocol/webhook.ts";

export const pushLimits = {
  /** Receivers of one task: a client, and who looks after it. */
  each: 8,
  /** Receivers of all tasks together: whoever writes the log comes into memory with the list of them, and wakes each once. */
  all: 1_000,
  /** Milliseconds after which those of a task that is over are taken away, however they stand: a receiver is given up before that. */
  kept: 7 * 86_400_000,
  /** Of these, how many one run of the cron takes away: each is a call to an object. */
  pruned: 100,
} as const;

export interface PushRow {
  thread: string;
  id: string;
  webhook: string;
  url: string;
  /** Of the credentials that are sent; empty: none are. */
  scheme: string;
}

const columns = "thread, id, webhook, url, scheme";

// By it whoever writes the log knows that the list is another.
const raiseVersion = "UPDATE registry SET webhooks = webhooks + 1";

/** Adds it, or changes the one of its id. @returns the webhook whose it is; undefined: there are too many */
export async function putPush(db: D1Database, { thread, id, webhook, url, scheme }: PushRow, now: number): Promise<string | undefined> {
  const [put] = await db.batch<{ webhook: string }>([
    db
      .prepare(
        `INSERT INTO a2a_push (${columns}, at) SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE EXISTS (SELECT 1 FROM a2a_push WHERE thread = ?1 AND id = ?2)
           OR ((SELECT count(*) FROM a2a_push WHERE thread = ?1) < ?7 AND (SELECT count(*) FROM a2a_push) < ?8)
         ON CONFLICT (thread, id) DO UPDATE SET url = excluded.url, scheme = excluded.scheme RETURNING webhook`,
      )
      .bind(thread, id, webhook, url, scheme, now, pushLimits.each, pushLimits.all),
    db.prepare(raiseVersion),
  ]);
  return put?.results[0]?.webhook;
}

/** Those of a task, in the order of their ids. */
export async function listPushes(db: D1Database, thread: string): Promise<PushRow[]> {
  const { results } = await db.prepare(`SELECT ${columns} FROM a2a_push WHERE thread = ? ORDER BY id`).bind(thread).all<PushRow>();
  return results;
}

export async function removePush(db: D1Database, webhook: string): Promise<void> {
  await db.batch([db.prepare("DELETE FROM a2a_push WHERE webhook = ?").bind(webhook), db.prepare(raiseVersion)]);
}

/** Takes away those of tasks that were over long ago, or that the index has forgotten. */
export async function prunePushes(db: D1Database, webhook: (id: string) => Pick<WebhookRpc, "remove">, now: number): Promise<void> {
  const before = now - pushLimits.kept;
  const { results } = await db
    .prepare(
      `SELECT p.webhook FROM a2a_push p LEFT JOIN thread t ON t.id = p.thread
       WHERE p.at < ?1 AND (t.id IS NULL OR (t.status IN (SELECT value FROM json_each(?2)) AND t.updated_at < ?3)) LIMIT ?4`,
    )
    .bind(before, JSON.stringify(endedStatuses), new Date(before).toISOString(), pushLimits.pruned)
    .all<{ webhook: string }>();
  for (const { webhook: id } of results) {
    await webhook(id).remove();
    await removePush(db, id);
  }
}
