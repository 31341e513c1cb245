/** Every bound of `nerveflare agent --exec`, each beside its reason. Durations are milliseconds. */
export const execLimits = {
  /** Bytes kept of the end of stdout: an output is at most an event, 256 KiB, and may be spaced out. */
  stdoutBytes: 1024 * 1024,
  /** Bytes kept of the end of stderr: it is quoted in an error of 1,000 characters. */
  stderrBytes: 4 * 1024,
  /** Characters of stderr that an error quotes. */
  quoteLength: 800,
  /** From SIGTERM to SIGKILL; less than the client waits for a handler that was revoked. */
  killAfterMs: 5_000,
  /** For pipes to stay open after the program's end: a daemon that it left behind may hold them for ever. */
  pipesLingerMs: 1_000,
  /** Turns whose unreadable answers are counted: more than are performed at a time. */
  turns: 1_000,
  /** Objects on stdout that are looked at, from the last: an answer and the log lines of a talkative program after it. */
  objects: 1_000,
  /** Of these, objects that are held against the schema, which may be a costly one. */
  judged: 100,
  /** Objects that do not parse and are remembered: one is told of. */
  brokenObjects: 100,
  /** Names remembered of an object that does not parse: enough to see whether it was to be the answer. */
  brokenNames: 64,
  /** Characters of a program's own text that are quoted to it. */
  excerptLength: 200,
  /** Characters of what it printed that a program is given back: the end, as a model's chat would show it. */
  printedLength: 4_000,
  /** Bytes that an answer's event has beside the output: ids of 128 characters, attributes, trace context. */
  envelopeBytes: 4 * 1024,
} as const;
