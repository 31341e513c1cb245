/** How long to wait before trying again. */
import { clientLimits } from "./limits.ts";

/**
 * Exponential back-off with full jitter: a fleet that lost its server at once must not come back at once.
 * @param attempt 0 for the first delay
 * @param random from 0 up to 1
 * @returns milliseconds, at least a tenth of the bound, so that bad luck is no busy loop
 */
export function computeBackoff(attempt: number, random: () => number): number {
  const bound = Math.min(clientLimits.backoffMaxMs, clientLimits.backoffBaseMs * 2 ** Math.min(attempt, 20));
  return Math.round(bound * Math.max(0.1, random()));
}
