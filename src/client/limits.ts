/** Every bound of the client, each beside its reason. Durations are milliseconds. */
export const clientLimits = {
  /** Between two pings: half of the shortest usual heartbeat (30 s), less the way there. */
  pingMs: 14_000,
  /** Pings are never more frequent: a heartbeat below half a second is not kept up with. */
  pingMinMs: 250,
  /** From a ping to the word that the connection is dead, and for a poll to be late: several round trips of a bad mobile line. */
  pongMs: 10_000,
  /** From the end of a silence to the second look at it: what came meanwhile has been read by then. */
  secondLookMs: 100,
  /** The same while events come, as down a slow line, where the answer waits behind them. */
  pongMaxMs: 30_000,
  /** For a stream to be silent: the server says something every 5 s. */
  streamSilenceMs: 16_000,
  /** Bytes of one event in a stream: the largest event, its envelope, and room for a newer server. */
  streamEventBytes: 1024 * 1024,
  /** For a socket or stream to open: past it the network swallows it, and the next way is the answer. */
  openMs: 10_000,
  /** In a page, for finding out whether a server answers that the page may not read. */
  unreadMs: 5_000,
  /** For an answer to an event or an HTTP call; then the same event is sent again under the same id. */
  answerMs: 30_000,
  /** First and longest delay of the exponential back-off; each is multiplied by a random number, so that a fleet spreads. */
  backoffBaseMs: 250,
  backoffMaxMs: 30_000,
  /** A connection that lived this long was a good one: back-off starts anew. */
  stableMs: 10_000,
  /** Back-off goes no further after one that died young and yet gave events: the server is there and has work, the line is bad. At most 4 s. */
  carriedAttempts: 4,
  /** Sockets in a row that opened and died before `stableMs`: then something on the way does not bear them, and polling does. */
  shortLives: 3,
  /** While polling: until a socket is tried again, doubling to the longest. Proxies that eat sockets seldom change their mind. */
  upgradeMs: 30_000,
  upgradeMaxMs: 10 * 60_000,
  /** Before coming back after `4429` without a word on when. */
  rateMs: 10_000,
  /** Before coming back after being replaced: two processes with one identity must not throw each other out in a loop. */
  replacedMs: 30_000,
  /** A poll that came back empty sooner than this was not held open: wait, or it becomes a busy loop. */
  emptyPollMs: 1_000,
  /** Acknowledgements wait this long for company: one frame then carries many. */
  ackMs: 100,
  /** Numbers in one acknowledgement; the server takes 1,000. */
  ackBatch: 500,
  /** Events not yet accepted: 1,000 small ones, or 16 MiB of large ones. Past it `send` throws `outbox_full`. */
  outboxEvents: 1_000,
  outboxBytes: 16 * 1024 * 1024,
  /** Events under way on a socket at once: a round trip of 50 ms then still carries 1,200 a second. */
  window: 64,
  /** Bytes of one POST of several events: far under the server's 4 MiB. */
  batchBytes: 1024 * 1024,
  /** Ids of events that were dealt with: a mailbox holds 10,000 at most. */
  seenEvents: 10_000,
  /** Between two looks at whether the process lets timers run, and how late one may be: a third of the shortest usual heartbeat. */
  loopTickMs: 1_000,
  loopLateMs: 5_000,
  /** Other processes with the same token of which a note was printed. */
  notedClients: 64,
  /** From the greeting until a turn that the server calls open, and that no connection gave, is taken as given. */
  strandedMs: 2_000,
  /** Answers kept for a turn that is seen again, and their bytes. */
  answers: 1_000,
  answersBytes: 16 * 1024 * 1024,
  /** Events given and not yet dealt with, beyond the slots: at 256 KiB each, 64 MiB. Past it they stay in the mailbox, which gives them again. */
  inHand: 256,
  /** Acknowledgements kept while there is no connection; what is forgotten is given again and known as a repeat. */
  pendingAcks: 10_000,
  /** Offers kept for when a slot is free; past it the oldest is forgotten, for offers are many and short-lived. */
  waitingOffers: 256,
  /** Roles whose types were said to be stale, each once for what it is now. */
  notedTypes: 256,
  /** For a handler to end once its turn is revoked; then its place is given to the next turn. */
  revokeGraceMs: 10_000,
  /** Between two readings of `GET /v1/me` that look for slots the client wrongly holds as taken. */
  resyncMs: 10_000,
  /** The longest between two such readings while they find nothing. */
  resyncMaxMs: 60_000,
  /** Offers whose verdict is remembered: more than come between two greetings. */
  settledOffers: 1_000,
  /** For `close()` to hand in what is accepted but not sent. */
  closeMs: 5_000,
  /** For `close()` to wait for the verdict on a claim, so that the role can be given back: where the first is taken, it comes at once. */
  verdictMs: 1_000,
  /** An event older than the connection by this much may be over: it is checked first. Covers rounding of server clocks. */
  staleMs: 2_000,
  /** For one request of an artifact: ten megabytes over a slow line. */
  artifactMs: 300_000,
  /** Tries of an artifact's request that gets no further. */
  artifactTries: 8,
  /** Bytes of an error or a note that is sent: the server takes 1,024. */
  errorBytes: 1_000,
} as const;
