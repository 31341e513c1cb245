/** The bounds of the board of open offers, each beside its reason. */
export const boardLimits = {
  /** Milliseconds that an offer stays without being renewed: threads renew theirs every minute. */
  kept: 90_000,
  /** Open offers, and their bytes: the share of an isolate's memory that is theirs. What finds no room is told to who is there, and to who comes later when its thread looks again. */
  offers: 10_000,
  offerBytes: 16_000_000,
  /** Milliseconds for which a new board asks the threads that wait for a claim what they offer, and between two times that it asks. */
  young: 10_000,
  asksAgain: 1_000,
  /**
   * Milliseconds for which a new board keeps what closes for those that were shown it and are not back: a client whose server was lost
   * tries again after half a minute at the latest, and a slow machine takes as long to answer.
   */
  comeBack: 60_000,
  /** Milliseconds after which it reads once more who is online: the index lags by a second or so behind who came before it began. */
  readsAgain: 4_000,
  /** Threads that it asks, and how many at once: the rest renew their offers by themselves. */
  asked: 500,
  askedAtOnce: 32,
  /** Agents that are there: with their cards, as much again. Whoever is beyond is told of nothing, and finds offers when it looks. */
  present: 50_000,
  /** Agents that one offer is told to. */
  toldAtMost: 1_000,
  /** Notes of who was shown which offer. Beyond them the oldest are forgotten, and those agents are told once more. */
  told: 500_000,
  /** Closed offers that are remembered for those who were shown them. */
  closed: 10_000,
  /**
   * Milliseconds that what has closed waits for the next hint to the same agent. A claim for it is refused meanwhile, so nobody
   * waits in vain; and an agent that is made many offers costs one call for each, not two. Half of the ten seconds after which an
   * agent's object may sleep, and forget what it has not written.
   */
  notes: 5_000,
  /**
   * Milliseconds for which an agent that comes is told once more what it was told had closed: until then its object may not have written
   * that down, and a client that lost its connection takes as long to come again. And how many such tellings are remembered.
   */
  repeated: 15_000,
  repeats: 10_000,
} as const;
