/** The statuses that the engine gives where a role's answer can't. */

/** Every engine status, and the roles it is for. */
export const engineStatuses = {
  $TIMEOUT: "any",
  $FAILED: "any",
  $UNFILLED: "any",
  $OFFLINE: "any",
  $MAX_ROUNDS: "any",
  $ACKED: "broadcast",
  $PARTIAL: "broadcast",
} as const;

export type EngineStatus = keyof typeof engineStatuses;

/** Tells whether a status is the engine's. */
export function isEngineStatus(status: string): status is EngineStatus {
  return Object.hasOwn(engineStatuses, status);
}
