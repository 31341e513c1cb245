/**
 * The states that things are in, each list once: types, schemas and dispatch tables derive from here. Plain lists, so that a client
 * needs no zod for them.
 */

/** How a thread ends once it has begun. */
export const outcomeStatuses = ["completed", "failed", "cancelled"] as const;
export type OutcomeStatus = (typeof outcomeStatuses)[number];

/** Where a thread stands. `dropped`: it had to wait for a place and never began. */
export const threadStatuses = ["queued", "recruiting", "running", "suspended", ...outcomeStatuses, "dropped"] as const;
export type ThreadStatus = (typeof threadStatuses)[number];

/** How a thread ends, whether it has begun or not. */
export const endedStatuses = [...outcomeStatuses, "dropped"] as const satisfies ThreadStatus[];
export type EndedStatus = (typeof endedStatuses)[number];

/** What became of a turn, for the agent that had it. */
export const turnOutcomes = ["answered", "failed", "timeout", "lost", "revoked"] as const;
export type TurnOutcome = (typeof turnOutcomes)[number];

/** `away`: silent for too long, nothing new is awarded to it. `lost`: away for so long that it lost what it held. */
export const presenceStates = ["online", "away", "lost"] as const;
export type PresenceState = (typeof presenceStates)[number];

/** How a span of a thread's trace ended, or that it has not. */
export const spanStatuses = ["ok", "error", "open"] as const;
export type SpanStatus = (typeof spanStatuses)[number];
