/** The bounds of a cell, each beside its reason. */
export const cellLimits = {
  /** Actors in memory, and their bytes: a share of the 128 MB of an isolate, beside the board, loaded machines and frames on their way. */
  owners: 500,
  bytes: 28_000_000,
  /** Bytes of an actor that stores next to nothing: its closures and indexes, as V8's heap has them (`npm run bench -- --open 1000 --heap --placement cell`). */
  ownerBytes: 50_000,
  /** Characters of an actor's that may have replaced others, at least, before it may be looked how many it stores: that reads all of its rows. */
  countedBytes: 50_000,
  /**
   * Milliseconds after which what was taken alone gathers nothing any more, stored or not: it may wait for others. About as long as
   * gathering takes.
   */
  aloneAtMost: 2,
  /** Characters of what was committed in one turn of the event loop, from which on it is written at once: they are in memory beside what actors know. */
  waveCharacters: 4_000_000,
  /**
   * Microtasks in which nobody commits, after which the turn of the event loop is taken to be over: more than lie between two commits of
   * which one follows from the other, and a few microseconds. The platform tells nobody that a turn ends, and its timers take a millisecond.
   */
  quietMicrotasks: 150,
  /**
   * Microtasks for which an actor gathers what others tell it: what two threads do until they tell an agent something differs by some
   * dozens. Far less than {@link cellLimits.quietMicrotasks}, or what is told would be written in a turn of its own; and a few microseconds.
   */
  gatherMicrotasks: 50,
  /** Rows in no hurry that wait for others to be written: what a crash may forget of ended threads, each of which would be loaded again. */
  laterAtMost: 64,
  /**
   * Actors that are looked at for one that rests, from those that were not asked for longest, or by a commit for how many characters they
   * store: with more at work nobody should walk them all.
   */
  looked: 64,
  /** Milliseconds between two warnings that more are at work than fit. */
  warned: 60_000,
  /** Milliseconds ahead for which an alarm waits in memory; what is due later may find the object asleep, which costs nothing. */
  awake: 10_000,
  /**
   * Milliseconds by which the platform's alarm may be behind the earliest that waits in memory: it is for who crashed, and moving it
   * is an fsync in another database.
   */
  guardSlack: 5_000,
  /** Alarms that are begun in one turn of the event loop: after a long sleep thousands are due. */
  ringsAtOnce: 32,
  /** Milliseconds after which an alarm's handler is ended: the platform's own limit for an object's is a quarter of an hour, and no handler of ours takes minutes. */
  ringsAtMost: 300_000,
  /** First and last pause, in milliseconds, before an alarm that threw rings again. */
  retryFirst: 1_000,
  retryLast: 60_000,
  /** Stored times of alarms that have rung, which are deleted together. */
  spentAlarms: 64,
  /** Bytes of rows that are copied when a cell of an earlier version is laid out anew: a second or so, in which its callers wait. */
  copiedBytes: 64_000_000,
  /** Rows and characters of one page of a move, and calls of one share: an invocation may make a thousand, and its caller waits. */
  moveRows: 500,
  moveCharacters: 1_000_000,
  moveCalls: 200,
} as const;
