/**
 * What was answered to orders that carry an idempotency key: the same order again, after a lost answer, gets the first answer and
 * does nothing. Kept for a time and up to a number. Knows rows and the clock, no order.
 */
import { type Result, refuse } from "../../contract/problem.ts";
import type { Committer } from "../host/committer.ts";
import type { Clock, Row, Storage } from "../host/ports.ts";
import type { Once } from "../protocol/parts.ts";

export const controlKeyMigrations: readonly string[] = [
  "CREATE TABLE control_key (key TEXT PRIMARY KEY, hash TEXT NOT NULL, answer TEXT, at INTEGER NOT NULL);",
];

export const controlKeyLimits = {
  /** Milliseconds for which a key is known: a retry comes within minutes, a script that was run again within the day. */
  age: 24 * 60 * 60 * 1_000,
  /** Keys that one object knows: more orders than that in a day are a program's, whose retries follow at once. */
  count: 100,
  /** Bytes of an answer that is kept; of a larger one, whoever asks again is shown the present state. */
  answerBytes: 64 * 1024,
} as const;

export interface ControlKeys {
  /**
   * Follows the order, unless it was followed before.
   * @param order calls `remember` in the transaction of its consequence, with the answer where it is known by then
   * @param show answers a repeat whose first answer was not kept
   */
  run<T>(
    once: Once | undefined,
    order: (remember: (answer?: Result<T>) => void) => Promise<Result<T>>,
    show: () => Promise<Result<T>>,
  ): Promise<Result<T>>;
}

interface KeyRow extends Row {
  hash: string;
  answer: string | null;
}

export function createControlKeys({
  storage,
  clock,
  committer,
}: {
  storage: Storage;
  clock: Clock;
  committer: () => Pick<Committer, "commit">;
}): ControlKeys {
  const running = new Map<string, Promise<unknown>>();

  function write({ key, hash }: Once, answer: Result<unknown> | undefined): void {
    const text = answer && JSON.stringify(answer);
    const kept = text !== undefined && new TextEncoder().encode(text).length <= controlKeyLimits.answerBytes ? text : null;
    const now = clock.now();
    storage.exec("INSERT OR REPLACE INTO control_key VALUES (?, ?, ?, ?)", key, hash, kept, now);
    storage.exec("DELETE FROM control_key WHERE at <= ?", now - controlKeyLimits.age);
    storage.exec(
      "DELETE FROM control_key WHERE key NOT IN (SELECT key FROM control_key ORDER BY rowid DESC LIMIT ?)",
      controlKeyLimits.count,
    );
  }

  return {
    async run<T>(
      once: Once | undefined,
      order: (remember: (answer?: Result<T>) => void) => Promise<Result<T>>,
      show: () => Promise<Result<T>>,
    ): Promise<Result<T>> {
      if (!once) return order(() => {});
      // Wait for an order of the same key that is still being carried out.
      for (let before = running.get(once.key); before; before = running.get(once.key)) await before;
      const since = clock.now() - controlKeyLimits.age;
      const known = storage.exec<KeyRow>("SELECT hash, answer FROM control_key WHERE key = ? AND at > ?", once.key, since)[0];
      if (known && known.hash !== once.hash)
        return refuse("id_conflict", "This idempotency key came before with another order; take a new key for a new order.");
      if (known) return known.answer === null ? show() : (JSON.parse(known.answer) as Result<T>);
      const followed = order((answer) => write(once, answer));
      running.set(
        once.key,
        followed.catch(() => {}).then(() => void running.delete(once.key)),
      );
      const answer = await followed;
      // Don't keep a retryable refusal: the same order may be sent again under its key.
      if (answer.ok || !answer.problem.retryable) committer().commit(() => write(once, answer));
      return answer;
    },
  };
}
