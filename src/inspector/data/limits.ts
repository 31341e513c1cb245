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
  /** For a page to be hidden: then it is shown anew rather than given all that it missed. */
  hidden: 5 * 60_000,
} as const;
