/** What the engine's own words mean, for people. */
import type { EngineStatus } from "../compile/check/engine-statuses.ts";

/** Statuses that the engine gives. */
export const engineStatusMeanings: Record<EngineStatus, string> = {
  $TIMEOUT: "The turn's time and its retries are used up.",
  $FAILED: "The turn failed for good: the agent gave up, its third answer was refused, or an awaited child failed.",
  $UNFILLED: "Nobody took the role.",
  $OFFLINE: "The holder is lost.",
  $MAX_ROUNDS: "The turn would be one too many; must lead to `$END`.",
  $ACKED: "Enough of those who got the broadcast have answered.",
  $PARTIAL: "Enough answers cannot be had any more, or time is up.",
};

/** Targets that are no roles. */
export const targetMeanings = {
  $END: "The thread ends.",
  $SUSPEND: "The thread is suspended until it is resumed.",
} as const;

/** Keys of `$START`. */
export const startMeanings = {
  new: "A thread starts.",
  resume: "An ended thread goes on.",
} as const;
