/**
 * How fast an agent may go: a bucket that fills by the second, in memory alone. An object that slept long enough to
 * forget it would have a full one anyhow. Knows no clock but the one it is given.
 */
import { createProblem, type Problem } from "../../../contract/problem.ts";
import { agentLimits } from "../agent-schema.ts";

export interface Rate {
  /** What it fills by, a second. */
  readonly perSecond: number;
  /** Takes one, if there is one. @returns milliseconds until there is, 0 if it was taken */
  take(): number;
  /** Refused so often and so fast that whoever asks does not listen. */
  flooded(): boolean;
}

/** How fast, a second; burst is {@link agentLimits.burstSeconds} of it. */
export interface Rates {
  events: number;
  calls: number;
}

/** @param now milliseconds */
export function createRate(perSecond: number, now: () => number): Rate {
  const burst = Math.max(1, perSecond * agentLimits.burstSeconds);
  let left = burst;
  /** Refusals, that drain as fast as the bucket fills. */
  let refused = 0;
  let at = now();

  function pass(): void {
    // A clock that went back neither adds nor removes tokens.
    const gained = (Math.max(0, now() - at) / 1000) * perSecond;
    at = now();
    left = Math.min(burst, left + gained);
    refused = Math.max(0, refused - gained);
  }

  return {
    perSecond,
    take() {
      pass();
      if (left >= 1) {
        left -= 1;
        return 0;
      }
      refused += 1;
      return Math.max(1, Math.ceil(((1 - left) / perSecond) * 1000));
    },
    flooded() {
      return refused > burst * agentLimits.flood;
    },
  };
}

/** Rates out of the Worker's variables; what is no number above 0 is as if it were not there. */
export function readRates(variables: { NERVEFLARE_RATE_EVENTS?: string; NERVEFLARE_RATE_CALLS?: string }): Rates {
  const read = (text: string | undefined, usual: number): number => {
    const rate = Number(text ?? usual);
    return Number.isFinite(rate) && rate > 0 ? rate : usual;
  };
  return {
    events: read(variables.NERVEFLARE_RATE_EVENTS, agentLimits.rates.events),
    calls: read(variables.NERVEFLARE_RATE_CALLS, agentLimits.rates.calls),
  };
}

/**
 * The refusal of what came too fast.
 * @param allowed what may come in a second, e.g. `2000 events`
 */
export function describeRate(allowed: string, wait: number): Problem {
  return createProblem("rate_limited", `This agent may send ${allowed} a second. Send the same again after the time told.`, {
    retryAfter: Math.ceil(wait / 1000),
  });
}
