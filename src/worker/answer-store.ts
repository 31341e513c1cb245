/**
 * What was answered to orders that many objects follow, by idempotency key: the same order again gets the first answer and does
 * nothing. An order of one object is kept there, see `durable/control/control-keys.ts`. Knows D1.
 */

import type { Json } from "../contract/event.ts";
import { countBytes } from "../contract/limits.ts";
import { controlKeyLimits } from "../durable/control/control-keys.ts";
import type { Once } from "../durable/protocol/parts.ts";
import { problemError } from "./problem-error.ts";

/** Answers that are kept, of all operators: a page each, so that ten thousands of dead letters are some hundred. */
const keptAnswers = 1_000;

interface AnswerRow {
  hash: string;
  answer: string;
}

/**
 * Follows the order, unless it was followed before. Two of one key at once are both followed and get one answer: so `order` must
 * do no harm twice.
 * @throws problem `id_conflict`: the key came with another order
 */
export async function answerOnce<T extends Json>(
  { db, now }: { db: D1Database; now: () => number },
  once: Once | undefined,
  order: () => Promise<T>,
): Promise<T> {
  if (!once) return order();
  const known = await readAnswer<T>(db, once, now());
  if (known !== undefined) return known;
  const answer = await order();
  const text = JSON.stringify(answer);
  if (countBytes(text) > controlKeyLimits.answerBytes) return answer;
  const at = now();
  await db.batch([
    db.prepare("DELETE FROM control_answer WHERE at <= ?").bind(at - controlKeyLimits.age),
    db.prepare("INSERT OR IGNORE INTO control_answer VALUES (?, ?, ?, ?)").bind(once.key, once.hash, text, at),
    db
      .prepare("DELETE FROM control_answer WHERE key IN (SELECT key FROM control_answer ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)")
      .bind(keptAnswers),
  ]);
  return (await readAnswer<T>(db, once, at)) ?? answer;
}

async function readAnswer<T extends Json>(db: D1Database, { key, hash }: Once, now: number): Promise<T | undefined> {
  const row = await db
    .prepare("SELECT hash, answer FROM control_answer WHERE key = ? AND at > ?")
    .bind(key, now - controlKeyLimits.age)
    .first<AnswerRow>();
  if (!row) return undefined;
  if (row.hash !== hash)
    throw problemError("id_conflict", "This idempotency key came before with another order; take a new key for a new order.");
  return JSON.parse(row.answer) as T;
}
