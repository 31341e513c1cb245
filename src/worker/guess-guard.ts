/**
 * Slows down who guesses at codes, by address. A code has too many bits to be guessed; what this saves is the database.
 * Kept in the isolate's memory: one more isolate is one more allowance.
 */
import { problemError } from "./problem-error.ts";

/** Attempts of one address at once, and seconds until another is allowed: a fleet's image behind one address still gets through. */
const guesses = { burst: 30, seconds: 1 };
/** Addresses that are remembered. */
const addresses = 10_000;

/**
 * @returns takes an attempt of an address
 * @throws ProblemError `rate_limited`, from what is returned
 */
export function createGuessGuard(now: () => number): (address: string) => void {
  /** When the address would have its whole allowance again. */
  const full = new Map<string, number>();
  return (address) => {
    const cost = guesses.seconds * 1000;
    const from = Math.max(full.get(address) ?? 0, now());
    const wait = from + cost - now() - guesses.burst * cost;
    if (wait > 0)
      throw problemError("rate_limited", "Too many codes were tried from here. Wait, and try again.", {
        retryAfter: Math.ceil(wait / 1000),
      });
    if (full.size >= addresses && !full.has(address)) full.clear();
    full.set(address, from + cost);
  };
}
