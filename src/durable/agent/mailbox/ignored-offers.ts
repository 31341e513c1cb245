/**
 * Offers that an agent has seen and does not answer though it has slots free: a client that has lost count of its slots looks so. Looked at by
 * the alarm after offers were seen, and from then on with each commit until there are none. Knows rows and assignments, not who is told.
 */
import type { Clock, Storage } from "../../host/ports.ts";

/** Milliseconds that an agent has to answer an offer before it counts as ignored: more than a person's or a model's look at it takes. */
export const ignoredAfter = 60_000;

export interface IgnoredOffers {
  /** How many there are, as last looked at. */
  readonly count: number;
  /** Offers were acknowledged: they are to be looked at later. */
  noteSeen(): void;
  /** Looks. Within a transaction. @returns whether the count has changed */
  look(): boolean;
  /** The same, if there were any or it is time; last in a transaction. */
  beforeCommit(): boolean;
  due(): number | undefined;
  /** The transaction was rolled back. */
  undo(): void;
}

export interface IgnoredOffersPorts {
  storage: Storage;
  clock: Clock;
  /** Whether the agent is there and could take a role more. */
  isFree(): boolean;
}

export function createIgnoredOffers({ storage, clock, isFree }: IgnoredOffersPorts): IgnoredOffers {
  let count = read();
  let lookAt: number | undefined;

  function read(): number {
    return storage.exec<{ offers: number }>("SELECT offers FROM ignored")[0]?.offers ?? 0;
  }

  function countRows(): number {
    if (!isFree()) return 0;
    const now = clock.now();
    return (
      storage.exec<{ n: number }>(
        "SELECT count(*) AS n FROM mailbox WHERE offer IS NOT NULL AND acked = 1 AND (expires IS NULL OR expires > ?) AND event ->> '$.time' <= ? AND offer NOT IN (SELECT offer FROM claiming)",
        now,
        new Date(now - ignoredAfter).toISOString(),
      )[0]?.n ?? 0
    );
  }

  function look(): boolean {
    const found = countRows();
    if (found === count) return false;
    count = found;
    storage.exec("INSERT OR REPLACE INTO ignored (one, offers) VALUES (1, ?)", count);
    return true;
  }

  return {
    get count() {
      return count;
    },
    noteSeen() {
      lookAt ??= clock.now() + ignoredAfter;
    },
    look() {
      lookAt = undefined;
      return look();
    },
    beforeCommit: () => count > 0 && look(),
    due: () => lookAt,
    undo() {
      count = read();
    },
  };
}
