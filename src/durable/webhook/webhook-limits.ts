/** Every bound on what a webhook's object holds and does, each beside its reason. */
export const webhookLimits = {
  /** Events that were taken from the log and not delivered yet: what comes after them waits in the log, which has them anyhow. */
  pending: 256,
  /** The same of an A2A task's changes: each is told before the next is looked at, for a receiver takes the last as how it is. */
  pendingPush: 1,
  /** Events of one read of the log, of 256 KB at most each: they are in memory together. */
  read: 32,
  /** Positions of the log that one read looks at: what D1 reads in some milliseconds. */
  positions: 20_000,
  /** Requests to the receiver at the same time: a small server should not be run over by what gathered while it was down. */
  atOnce: 4,
  /** Milliseconds that a receiver has to answer: what takes longer should be queued by it, as Standard Webhooks says. */
  answer: 15_000,
  /** Failures in a row after which only one event is tried, as a probe, until one is taken. */
  down: 4,
  /** Milliseconds that one alarm works before it lets the next go on: the platform ends one after a quarter of an hour. */
  run: 60_000,
  /** Milliseconds before the attempts after the first; together more than a day, for that long a receiver may be down. */
  pauses: [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600, 21_600, 21_600].map((seconds) => seconds * 1_000),
  /** Milliseconds that a receiver may ask to be left alone by `Retry-After`. */
  retryAfter: 21_600_000,
  /** Milliseconds without a delivery, while attempts fail, after which nothing is sent until somebody resumes it. */
  giveUp: 5 * 86_400_000,
  /** Events that were given up and are kept; beyond, the oldest goes. */
  deadLetters: 1_000,
  /** Characters of an error that are kept. */
  error: 300,
  /** Milliseconds that an event waits for its thread's row in the index, where the filter asks for its workflow. */
  indexLag: 60_000,
  /** Milliseconds until it is looked for again. */
  indexPause: 1_000,
  /** Milliseconds between events that were never tried, while the receiver is down, doubling: by them it is noticed when it is back. */
  freshFirst: 30_000,
  freshLast: 600_000,
  /** Milliseconds until the next try where the log can't be read. */
  faultPause: 30_000,
} as const;
