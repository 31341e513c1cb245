/** Every limit of the host, each beside its reason. */
export const hostLimits = {
  /** Steps that one event may lead to before its commit (own sends, pure promises): more is a loop. */
  stepsPerCommit: 100,
  /** Steps that an actor's history keeps: enough for any thread within `max_rounds`, and a bounded table. */
  historyRows: 1_000,
  /** Messages in an actor's parking lot; beyond it the object refuses, so that nothing is dropped unseen. */
  parkedRows: 1_000,
  /** Attempts of a delivery before the receiver is told to park it unrun: a message that kills its receiver must not for ever. */
  deliveryAttempts: 5,
  /** Receivers of one message that are asked at once: bounds open calls, of which the platform allows few. */
  fanOut: 64,
  /** First and last pause between attempts of a delivery, in milliseconds. */
  retryFirst: 100,
  retryLast: 60_000,
  /** Milliseconds after a commit at which the alarm looks whether its messages left: the bound on a stall after a crash. */
  safetyNet: 5_000,
  /** Timers that one alarm runs before it is set again: bounds one call. */
  timersPerAlarm: 1_000,
  /** Machines kept loaded in one isolate: about 50 KB each. */
  machinesCached: 200,
  /** Runs of an effectful promise that crashes end; then its actor gets an error. */
  jobAttempts: 5,
  /** Bytes of an error message that is kept. */
  errorBytes: 2_000,
} as const;
