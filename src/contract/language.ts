/**
 * The words of the workflow language: each enumeration once, each word with what it means. The intermediate form's types, the shape
 * check, the editor's schema, hovers, completion and docs/language.md derive from here. Whoever acts on a word does it by a
 * `Record` of all of them or a `switch` that ends in `satisfies never`: a word that is added here and forgotten somewhere does not compile.
 */

type Meanings = Readonly<Record<string, string>>;

/** `roles.<role>.type`. */
export const roleTypes = {
  named: "Bound to one agent, which the author names.",
  open: "Offered to every eligible agent; one of those that claim it gets it.",
  broadcast: "Every eligible agent gets the turn at once, or as many of them as a panel has.",
} as const satisfies Meanings;
export type RoleType = keyof typeof roleTypes;

/** `roles.<role>.bind`. */
export const bindModes = {
  thread: "One agent holds the role for the thread's life.",
  turn: "Each turn is claimed anew.",
} as const satisfies Meanings;
export type BindMode = keyof typeof bindModes;

/** `roles.<role>.recruitment.pick`. */
export const pickModes = {
  first: "The first claim wins.",
  best: "The highest `score` wins, when all have answered or the offer's time is up. Without `score` the bid is it, and no bid is 0.",
  sticky: "The last holder wins for the first 30 seconds, then whoever came first.",
  random: "The highest of the numbers that the server drew, one a claim, wins; each is kept with its claim.",
} as const satisfies Meanings;
export type PickMode = keyof typeof pickModes;

/** `roles.<role>.recruitment.on_unfilled`. */
export const unfilledPolicies = {
  suspend: "The thread is suspended until a person resumes it.",
  end: "The thread fails.",
  retry: "The role is offered again, for as long as it takes.",
} as const satisfies Meanings;
export type UnfilledPolicy = keyof typeof unfilledPolicies;

/** `roles.<role>.turn.on_timeout` and `on_fail`. */
export const turnPolicies = {
  retry: "The same holder is given the turn again, at most 100 times.",
  rerecruit: "The role is taken back and offered anew; where nobody is recruited it is as `suspend`.",
  suspend: "The thread is suspended until a person resumes it.",
  forfeit: "The graph goes on with the engine's status, `$TIMEOUT` or `$FAILED`; a broadcast's with `$PARTIAL`.",
  end: "The thread fails.",
} as const satisfies Meanings;
export type TurnPolicy = keyof typeof turnPolicies;

/** `roles.<role>.offline.then`. */
export const lossPolicies = {
  wait: "It is waited for, however long; the turn stays with it.",
  rerecruit: "The role is taken back and offered anew; a named role's thread is suspended.",
  suspend: "The thread is suspended until a person resumes it.",
  end: "The thread fails.",
} as const satisfies Meanings;
export type LossPolicy = keyof typeof lossPolicies;

/** `roles.<role>.broadcast.ack.need`, where it is not a number. */
export const ackNeeds = {
  all: "Everybody who was asked.",
  any: "One of them.",
  none: "Nobody: the graph goes on at once, and answers are welcome.",
} as const satisfies Meanings;
export type AckNeed = keyof typeof ackNeeds;

/** `reflexes[].kind`. */
export const reflexKinds = {
  workflow: "Starts a thread.",
  signal: "Signals the thread that has the key.",
  emit: "Sends events.",
} as const satisfies Meanings;
export type ReflexKind = keyof typeof reflexKinds;

/** `reflexes[].signal`, and what an operator may tell a thread. */
export const signals = {
  cancel: "The thread ends as cancelled; one that is queued is dropped.",
  suspend: "The thread is suspended.",
  resume: "A suspended thread goes on; one that has ended begins anew by `$START.resume`.",
} as const satisfies Meanings;
export type Signal = keyof typeof signals;

/** `reflexes[].missed`: of runs that were due while the server was down, or the workflow paused. */
export const missedPolicies = {
  skip: "None of them happens.",
  once: "The last of them happens, late.",
  all: "All of them happen, late, the last 100 at most.",
} as const satisfies Meanings;
export type MissedPolicy = keyof typeof missedPolicies;

/** `overflow`. */
export const overflowPolicies = {
  queue: "It waits for a place.",
  drop: "It is dropped, and its sender is told.",
} as const satisfies Meanings;
export type OverflowPolicy = keyof typeof overflowPolicies;

/** `binding`. */
export const bindings = {
  cloud: "nerveflare runs it.",
  local: "A nerve daemon runs it.",
} as const satisfies Meanings;
export type Binding = keyof typeof bindings;

/**
 * The statuses that the engine gives where a role's answer can't. `to`: the roles it is given to. `agents`: the step holds what agents
 * answered, so `$first` and `$last` find it.
 */
export const engineStatuses = {
  $TIMEOUT: { to: "any", agents: false, meaning: "The turn's time and its retries are used up." },
  $FAILED: {
    to: "any",
    agents: false,
    meaning: "The turn failed for good: the agent gave up, its third answer was refused, or an awaited child failed.",
  },
  $UNFILLED: { to: "any", agents: false, meaning: "Nobody took the role." },
  $OFFLINE: { to: "any", agents: false, meaning: "The holder is lost." },
  $MAX_ROUNDS: { to: "any", agents: false, meaning: "The turn would be one too many; must lead to `$END`." },
  $ACKED: { to: "broadcast", agents: true, meaning: "Enough of those who got the broadcast have answered." },
  $PARTIAL: { to: "broadcast", agents: true, meaning: "Enough answers cannot be had any more, or time is up." },
} as const satisfies Readonly<Record<string, { to: "any" | "broadcast"; agents: boolean; meaning: string }>>;
export type EngineStatus = keyof typeof engineStatuses;

/** Tells whether a status is the engine's. */
export function isEngineStatus(status: unknown): status is EngineStatus {
  return typeof status === "string" && Object.hasOwn(engineStatuses, status);
}

/** Targets of edges that are no roles. */
export const targets = {
  $END: "The thread ends.",
  $SUSPEND: "The thread is suspended until it is resumed.",
} as const satisfies Meanings;
export type Target = keyof typeof targets;

/** Tells whether an edge's target is a place of the graph, not a role. */
export function isTarget(target: string): target is Target {
  return Object.hasOwn(targets, target);
}

/** Keys of `$START`. */
export const startKeys = {
  new: "A thread starts.",
  resume: "An ended thread goes on.",
} as const satisfies Meanings;
export type StartKey = keyof typeof startKeys;

/** The words of an enumeration, in the order in which people are told them. */
export function wordsOf<Word extends string>(meanings: Readonly<Record<Word, unknown>>): [Word, ...Word[]] {
  return Object.keys(meanings) as [Word, ...Word[]];
}

/** Reads a value as one of the words; undefined where it is none. */
export function readWord<Word extends string>(value: unknown, meanings: Readonly<Record<Word, unknown>>): Word | undefined {
  return typeof value === "string" && Object.hasOwn(meanings, value) ? (value as Word) : undefined;
}
