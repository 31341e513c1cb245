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

/** How deliveries to a webhook go. */
export const webhookStates = ["active", "failing", "stopped"] as const;
export type WebhookState = (typeof webhookStates)[number];

type Meanings = Readonly<Record<string, string>>;

/** Where an open role stands: the states of its region of recruitment. */
export const openRoleStates = {
  beginning: "Whether it is sought at once is being decided.",
  dormant: "It is not needed yet.",
  seeking: "It is about to be offered.",
  offering: "It is offered.",
  backoff: "A pause before it is offered again.",
  held: "An agent holds it.",
  unfilled: "Nobody took it in time.",
  paused: "The thread was suspended while it was sought.",
} as const satisfies Meanings;
export type OpenRoleState = keyof typeof openRoleStates;

/** Where whoever holds a role stands: the states of a named role's region, and those within `held` of an open one. */
export const holderStates = {
  here: "Of a named role: its agent is there.",
  away: "Of a named role: its agent is away.",
  gone: "Of a named role: its agent is lost, released it or was deleted.",
} as const satisfies Meanings;
export type HolderState = keyof typeof holderStates;

/** How far a broadcast is, or how it ended. */
export const broadcastStates = {
  collecting: "Of a broadcast: answers are waited for.",
  acked: "Of a broadcast: enough have answered.",
  partial: "Of a broadcast: too few have answered.",
  failed: "Of a broadcast: its thread failed first.",
  cancelled: "Of a broadcast: its thread was cancelled first.",
} as const satisfies Meanings;
export type BroadcastState = keyof typeof broadcastStates;

/** `roles.<role>.state` of a thread. */
export const roleStates = {
  open: "Nothing is known of it yet; of a broadcast: it had no turn.",
  ...openRoleStates,
  ...holderStates,
  ...broadcastStates,
} as const satisfies Meanings;
export type RoleState = keyof typeof roleStates;

/** Where a task stands within a node of the graph: names of its machine's states. `awaiting` has the edge's number behind it. */
export const nodeStates = {
  beginning: "Whether children are awaited still is being looked up.",
  seating: "Who has the role is being looked up.",
  vacant: "Nobody has the role.",
  waiting: "Its holder has the turn.",
  asking: "A broadcast's turn is being given to whoever is eligible.",
  collecting: "A broadcast's answers are waited for.",
  deciding: "Which way the graph goes is being decided.",
  exhausted: "It was one turn too many: where the graph goes then is being decided.",
  awaiting: "The children that an edge spawned are waited for.",
} as const satisfies Meanings;
export type NodeState = keyof typeof nodeStates;
