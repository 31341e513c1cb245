/** What became of each turn, for the agent that had it: written behind with the commit that ends the turn. Knows rows and reasons. */
import { type EngineStatus, isEngineStatus } from "../../../contract/language.ts";
import type { TurnOutcome } from "../../../contract/statuses.ts";

/** The engine's status by which a turn was taken back, as an outcome. */
const byStatus: Record<EngineStatus, TurnOutcome> = {
  $TIMEOUT: "timeout",
  $FAILED: "failed",
  $UNFILLED: "revoked",
  $OFFLINE: "lost",
  $MAX_ROUNDS: "revoked",
  $ACKED: "revoked",
  $PARTIAL: "revoked",
};

/** The machine's own reasons that are the agent's doing. Others, and what people give as theirs, are nobody's. */
const byReason = new Map<string, TurnOutcome>([
  ["turn_failed", "failed"],
  ["invalid_output", "failed"],
  ["turn_timeout", "timeout"],
  ["lost", "lost"],
  ["deleted", "lost"],
  ["undeliverable", "lost"],
]);

/** @param reason of `turn.revoked` */
export function readTurnOutcome(reason: string): TurnOutcome {
  return isEngineStatus(reason) ? byStatus[reason] : (byReason.get(reason) ?? "revoked");
}
