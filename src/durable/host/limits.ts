/** Every limit of the host, each beside its reason. */
export const hostLimits = {
  /** Steps that one event may lead to before its commit (own sends, pure promises): more is a loop. */
  stepsPerCommit: 100,
  /** Microsteps of one step, for machines that set no limit of their own: an `always` loop must not hang the object. */
  microsteps: 1_000,
  /** Sets of active states of one machine of which is kept what a transition makes of them: parallel regions have many. */
  configurations: 1_000,
  /** Milliseconds that a pure promise may take: while it runs, the object takes no other event. */
  purePromise: 30_000,
  /** Turns of the microtask queue that it has before a clock is set for it: most only compute, and need none. */
  purePromiseTurns: 64,
  /** Steps of an actor's history in one answer, unless fewer are asked for: enough for any thread within `max_rounds`. */
  historyRows: 1_000,
  /** Bytes of an event, and of a step's effects, that the history keeps: people read it. */
  historyBytes: 64_000,
  /** Entries of its journal that an object with actors keeps when all in them has left: the history's steps, and what was committed between them. */
  journalEntries: 2_000,
  /** Entries that are deleted at once: each costs a row, so they go in one statement with a later commit, and seldom. */
  journalTrim: 64,
  /** Bytes of one entry: a row holds 2 MB, with its cursors. */
  entryBytes: 1_900_000,
  /** Bytes of an actor with its timers, children and promises' inputs: a row holds 2 MB, and what the host notes of them comes to it. */
  actorBytes: 1_990_000,
  /** Entries, and bytes of them, that wait in memory for a reader; the rest are read from the journal when it is their turn. */
  readerEntries: 256,
  readerBytes: 4_000_000,
  /** Senders whose last number every entry carries, and the characters of their addresses: the others' cost a row. */
  inboxCarried: 16,
  inboxCharacters: 1_000,
  /** Milliseconds for which the others are known: no message is tried again for so long. */
  inboxAge: 30 * 86_400_000,
  /** Documents written between two looks for older ones, which walk them all; and so many go at once, more than came. */
  inboxLook: 100,
  inboxTrim: 1_000,
  /** Receivers that an object calls itself younger to, for its clock went back: each is one that refused it as over. */
  livesRaised: 1_000,
  /** Messages in an object's dead letters; beyond it the object refuses, so that nothing is dropped unseen. */
  deadLetters: 1_000,
  /** How many of them may be events that a state does not take; further ones are dropped, so that there is room for what throws. */
  deadLettersIgnored: 500,
  /** Failed deliveries of a message before the receiver is told to make it a dead letter, unrun: a message that kills its receiver must not do so for ever. */
  deliveryAttempts: 5,
  /** Messages of one commit that go to their receiver in one call: as many as a step leads to, and few enough to be taken while others wait. */
  together: 16,
  /** Receivers of one message that are asked at once: bounds open calls, of which the platform allows few. */
  fanOut: 64,
  /** First and last pause between attempts of a delivery, in milliseconds. */
  retryFirst: 100,
  retryLast: 60_000,
  /** Each pause is so many times the one before: five failures of the receiver's own take 34 s. */
  retryFactor: 4,
  /** Milliseconds that a receiver may fail before its messages leave the outbox for a queue of its own: longer than a deploy takes to reach every object. */
  holdBackAfter: 600_000,
  /** The same where no order with other receivers' messages is promised: longer than an object takes to start again, and so short that nobody sees the others wait. */
  holdBackSoon: 2_000,
  /** Milliseconds that a receiver may not know a message before it is told to make it a dead letter: no deploy takes so long. */
  unknownFor: 3_600_000,
  /** Messages, and bytes of them, that one object holds back for receivers; beyond it the outbox waits, so that nothing is dropped. */
  heldBackRows: 10_000,
  heldBackBytes: 64 * 1024 * 1024,
  /** Milliseconds after a commit at which the alarm looks whether its messages left: the bound on a stall after a crash. */
  safetyNet: 5_000,
  /** Milliseconds between two looks at a running effectful promise: the bound on the pause before it runs again after a crash. */
  jobWatch: 30_000,
  /** Milliseconds that an alarm is set ahead at most; then it rings and is set again: platforms differ in how far they count. */
  alarmAhead: 30 * 86_400_000,
  /** Timers that one alarm runs before it is set again: bounds one call. */
  timersPerAlarm: 1_000,
  /** Machines kept loaded in one isolate: about 50 KB each. */
  machinesCached: 200,
  /** Runs of an effectful promise that crashes end; then its actor gets an error. */
  jobAttempts: 5,
  /** Bytes of an error message that is kept. */
  errorBytes: 2_000,
  /** Characters of the message, and of all other fields together, of an error that a machine is told: it is an event, and stored. */
  errorText: 16_000,
  errorFields: 16_000,
  /** Causes within causes that an error is told with, and errors of an AggregateError: nobody reads on. */
  errorCauses: 4,
  /** Last messages of an actor that carry those behind them, and the characters of it: each is stored so often. Beyond, its parent hears them only if it stays. */
  followed: 8,
  followingText: 64_000,
  /** Events of one promise that wait to be taken: it could send without end while nothing takes them. Half of a commit's steps, for a pure one's share it. */
  promiseEvents: 50,
  /** Characters of an actor's id: its address is stored with each message, and children's are longer by a few each. */
  idLength: 1_000,
} as const;

/** The end of time, in milliseconds since the epoch: the last moment that a Date can hold. A timer there never rings. */
export const endOfTime = 8_640_000_000_000_000;
