/** Every bound of the proxy that misbehaves, each beside its reason. Durations are milliseconds. */
export const chaosLimits = {
  /** Bytes of one exchange that are on their way in one direction: the largest batch, several times. Past it the exchange is dropped, as a bad line would. */
  heldBytes: 16 * 1024 * 1024,
  /** Bytes of one request, message or answer that are read for the events in it: the largest batch. What is larger passes unread. */
  readBytes: 8 * 1024 * 1024,
  /** Turns that are remembered: more than a day of an agent behind a bad line. Past it the oldest are counted and forgotten. */
  turns: 10_000,
  /** Event ids remembered of one turn: each is an answer, and a turn takes three. */
  answersOfTurn: 16,
  /** A fault that finds nothing to strike gives way to the next after so many times its span. */
  spansAtMost: 3,
  /** From the word that the server is asked for until it counts as not there. */
  lookMs: 10_000,
  /** The shortest span of a fault: below it nothing of it would be seen. */
  everyMinMs: 100,
  /** The longest: more than any timer of Node can wait is none. */
  everyMaxMs: 24 * 60 * 60 * 1000,
} as const;
