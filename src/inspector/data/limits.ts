/** Every bound of the page, each beside its reason. Durations are milliseconds. */
export const inspectorLimits = {
  /** For an answer: longer than the slowest question to an object that has to come into memory. */
  answer: 30_000,
  /** Without a word from the log's stream, which says something every 10 s: then the line is dead. */
  silence: 25_000,
  /** First and longest delay before the log is followed again; a random part of it, so that pages come back one by one. */
  retry: 500,
  retryMost: 20_000,
  /** Events kept for one frame: a second of 100 threads at 20 events a second, and what a hidden page need not keep. */
  batch: 2_000,
  /** Between two readings of a thread that goes on: so many are made a second at most, however fast it is. */
  rest: 250,
  /** Moments of one thread that are read: those of ten thousand steps, in memory that a phone has. */
  moments: 60_000,
  /** Lanes of a sequence diagram: more are not told apart on any screen. */
  lifelines: 12,
  /** Rows of a list: more than anybody scrolls to, and a few MB. */
  rows: 20_000,
  /** Events of the log's tail that a page holds: what scrolls by while one looks. */
  tail: 2_000,
  /** Between two readings of a list whose threads move: what the log does not say, such as what a thread waits for, is that old at most. */
  reread: 1_500,
  /** Between two countings of a list: each may have the server look at ten thousand rows. */
  recount: 5_000,
  /** Offers of which a board remembers what became of them. */
  offers: 100,
  /** For a page to be hidden: then it is shown anew rather than given all that it missed. */
  hidden: 5 * 60_000,
} as const;
