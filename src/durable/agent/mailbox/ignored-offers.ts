/**
 * Offers that an agent has seen and does not answer though it has slots free: a client that has lost count of its slots looks so. Looked at by
 * the alarm after offers were seen, and from then on with each commit until there are none. Knows who is free, not who is told.
 */
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";

/** Milliseconds that an agent has to answer an offer before it counts as ignored: more than a person's or a model's look at it takes. */
export const ignoredAfter = 60_000;

export interface IgnoredOffers {
  /** How many there are, as last looked at. */
  count(): number;
  /** Offers were acknowledged: they are to be looked at later. */
  noteSeen(): void;
  /** Looks. Within a transaction. @returns whether the count has changed */
  look(): boolean;
  /** The same, if there were any or it is time; last in a transaction. */
  beforeCommit(): boolean;
  due(): number | undefined;
}

export interface IgnoredOffersPorts {
  /** One document: the count. */
  counts: Resident<{ offers: number }>;
  clock: Clock;
  /** Offers that were seen before a time and are neither claimed nor over. */
  countSeen(before: number): number;
  /** Whether the agent is there and could take a role more. */
  isFree(): boolean;
}

export function createIgnoredOffers({ counts, clock, countSeen, isFree }: IgnoredOffersPorts): IgnoredOffers {
  const read = (): number => counts.get("")?.offers ?? 0;
  let lookAt: number | undefined;

  function look(): boolean {
    const offers = isFree() ? countSeen(clock.now() - ignoredAfter) : 0;
    if (offers === read()) return false;
    counts.put("", { offers });
    return true;
  }

  return {
    count() {
      return read();
    },
    noteSeen() {
      lookAt ??= clock.now() + ignoredAfter;
    },
    look() {
      lookAt = undefined;
      return look();
    },
    beforeCommit: () => read() > 0 && look(),
    due: () => lookAt,
  };
}
