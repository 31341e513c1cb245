/**
 * When a connection is taken for dead: it holds events that nobody else gets, and gives no sign of life. One that holds nothing may be
 * silent for as long as it likes, asleep. Knows times, not connections.
 */
import { agentLimits } from "../agent-schema.ts";

/** A connection, as far as its silence matters. */
export interface Holder {
  /** Milliseconds since the epoch of its last sign of life; undefined: it need not give any. */
  lastSign(): number | undefined;
  /** Since when it holds what is not acknowledged; undefined: it holds nothing. */
  holdsSince(): number | undefined;
}

/** When it will have been silent for too long, if it stays so; undefined: never. */
function findSilence(holder: Holder): number | undefined {
  const [lastSign, holdsSince] = [holder.lastSign(), holder.holdsSince()];
  if (lastSign === undefined || holdsSince === undefined) return undefined;
  return Math.max(lastSign, holdsSince) + agentLimits.silentHolding;
}

/** Whether it has been silent for too long. */
export function isSilent(holder: Holder, now: number): boolean {
  return (findSilence(holder) ?? Number.POSITIVE_INFINITY) <= now;
}

/** The first moment at which one of them will have. */
export function findFirstSilence(holders: Iterable<Holder>): number | undefined {
  let first: number | undefined;
  for (const holder of holders) {
    const at = findSilence(holder);
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}
