/** Every bound of `nerveflare agent --a2a`, each beside its reason. Durations are milliseconds. */
export const bridgeLimits = {
  /** For one call of the remote agent to answer; a stream may be silent for longer. */
  callMs: 60_000,
  /** For the card to be got, when the bridge starts. */
  cardMs: 15_000,
  /** Between two looks at a task that cannot be streamed, growing from the first to the last. */
  pollFirstMs: 1_000,
  pollLastMs: 15_000,
  /** Tries in a row that fail until the turn does: with their pauses, some ten minutes in which the remote agent may be away. */
  tries: 40,
  /** For a cancellation to be heard: the turn is somebody else's by then. */
  cancelMs: 10_000,
  /** Characters of what the remote agent said that a reason or a note quotes. */
  quoteLength: 800,
  /** Characters of text and data that are read for an output: its last megabyte, as of a program's. */
  readLength: 1024 * 1024,
  /** Roles whose remote tasks are remembered: more than an agent holds at a time. */
  tasks: 1_000,
} as const;
