/** What to do after a link has ended: take another way at once, or wait and begin with the best. */
import { computeBackoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { LinkEnd, Transport } from "./transport.ts";

/** What became of a link. */
export interface LinkLife {
  /** The place of its transport, the best first. */
  rank: number;
  openedAt?: number;
  /** Whether an event came by it. */
  carried?: true;
}

/** `rank`: the way to take at once. `wait`: milliseconds until the best one is tried again. */
export type LinkStep =
  | { rank: number; wait?: undefined; what: "streaming" | "polling" }
  | { rank?: undefined; wait: number; what: "disconnected" };

export interface LinkPolicy {
  /** Remembers how the link fared, and decides. */
  decide(life: LinkLife, end: LinkEnd): LinkStep;
}

export function createLinkPolicy({
  transports,
  clock,
  random,
}: {
  transports: readonly Pick<Transport, "name">[];
  clock: Clock;
  random: () => number;
}): LinkPolicy {
  let attempts = 0;
  /** Links in a row that opened and died young, of each transport. */
  const shortLives = transports.map(() => 0);

  /** The way to take at once instead of this one, if it is this one that is at fault. */
  function findNext(rank: number, { why }: LinkEnd): { rank: number; what: "streaming" | "polling" } | undefined {
    const atFault = why === "unsupported" || why === "slow" || (shortLives[rank] ?? 0) >= clientLimits.shortLives;
    // Who is too slow for one push is too slow for another.
    const next = transports.findIndex(({ name }, index) => index > rank && (why !== "slow" || name === "poll"));
    return atFault && next > 0 ? { rank: next, what: transports[next]?.name === "poll" ? "polling" : "streaming" } : undefined;
  }

  function judgeWait({ why, retryAfter }: LinkEnd): number {
    const wait = retryAfter === undefined ? computeBackoff(attempts++, random) : retryAfter * 1000;
    if (why === "replaced") return Math.max(wait, clientLimits.replacedMs);
    return why === "rate" && retryAfter === undefined ? Math.max(wait, clientLimits.rateMs) : wait;
  }

  return {
    decide({ rank, openedAt, carried }, end) {
      const stable = openedAt !== undefined && clock.now() - openedAt >= clientLimits.stableMs;
      if (stable) attempts = 0;
      else if (carried) attempts = Math.min(attempts, clientLimits.carriedAttempts);
      if (openedAt !== undefined) shortLives[rank] = stable ? 0 : (shortLives[rank] ?? 0) + 1;
      const next = findNext(rank, end);
      if (next === undefined) return { wait: judgeWait(end), what: "disconnected" };
      shortLives[rank] = 0;
      return next;
    },
  };
}
