/**
 * What was answered to orders that carry an idempotency key: the same order again, after a lost answer, gets the first answer and
 * does nothing. Kept for a time and up to a number. Knows documents and the clock, no order.
 */
import { countBytes } from "../../contract/limits.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import type { Committer } from "../host/committer.ts";
import type { Clock } from "../host/ports.ts";
import type { Store } from "../host/store/store.ts";
import type { Once } from "../protocol/parts.ts";

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

/** By key: the order that came under it, and its answer; null: it was not kept. */
interface KeyDocument {
  hash: string;
  answer: Result<unknown> | null;
  /** Milliseconds since the epoch. */
  at: number;
  /** Grows with each that is written. */
  place: number;
}

/** Its storage format has this name. */
export const controlKeyCollection = "control";

export function createControlKeys({
  store,
  clock,
  committer,
}: {
  store: Store;
  clock: Clock;
  committer: () => Pick<Committer, "commit">;
}): ControlKeys {
  const keys = store.indexed(controlKeyCollection, ({ at, place }: KeyDocument) => ({ at, place }));
  const running = new Map<string, Promise<unknown>>();

  function write({ key, hash }: Once, answer: Result<unknown> | undefined): void {
    const isKept = answer && countBytes(JSON.stringify(answer)) <= controlKeyLimits.answerBytes;
    const now = clock.now();
    const before = keys.entries().sort(([, a], [, b]) => b.place - a.place);
    keys.put(key, { hash, answer: isKept ? answer : null, at: now, place: (before[0]?.[1].place ?? 0) + 1 });
    const others = before.filter(([other]) => other !== key);
    for (const [place, [other, { at }]] of others.entries())
      if (at <= now - controlKeyLimits.age || place >= controlKeyLimits.count - 1) keys.delete(other);
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
      const known = (keys.facts(once.key)?.at ?? 0) > since ? keys.read(once.key) : undefined;
      if (known && known.hash !== once.hash)
        return refuse("id_conflict", "This idempotency key came before with another order; take a new key for a new order.");
      if (known) return known.answer === null ? show() : (known.answer as Result<T>);
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
