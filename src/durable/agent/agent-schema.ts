/** The bounds of an agent's object, each beside its reason. */
export const agentLimits = {
  /** Unacknowledged events in a mailbox that one sender sent, and their bytes: a day of a busy one. Then its own are refused, nobody else's. */
  mailOfSender: 1_000,
  mailOfSenderBytes: 16 * 1024 * 1024,
  /** Those of all senders; twice as much for an operator's. The rest is for turns and what threads tell. */
  mailSent: 4_000,
  mailSentBytes: 64 * 1024 * 1024,
  /** Offers that an agent knows of at once: more than it could look at before they expire. Their bytes: under a row's 2 MB. */
  offers: 1_000,
  offerBytes: 1_000_000,
  /** Milliseconds after which a commit takes along which offers an agent was shown: most are over before, and cost no write. */
  offersLazy: 4_000,
  /**
   * Milliseconds after an object began in which an offer may close that the agent was shown in the object's life before, and that a
   * crash forgot: as long as a new board keeps for it what has closed.
   */
  offersForgotten: 60_000,
  /** Milliseconds that a connection has to acknowledge that an offer has closed until that is written: clients do so within one. */
  closedLazy: 2_000,
  /** Milliseconds for which an agent is told that an offer has closed. */
  closedKept: 3_600_000,
  /** Threads of an agent's own that are remembered until they are there to be asked. */
  threadsBegun: 1_000,
  /** Recipients of an event whose mailboxes are asked whether they have room, for the answer to say so: a call to each. */
  roomAsked: 50,
  /** Sequence numbers that one row reserves: a crash skips at most that many. */
  seqBlock: 10_000,
  /** Of them, those that one note beside the sockets is good for: a sleep skips at most that many. */
  seqNoted: 64,
  /** Events that one connection is given before it acknowledges any: bounds what waits in a slow reader's socket. */
  window: 256,
  /** Bytes of them: with 16 connections, half of what an isolate may hold. */
  windowBytes: 4 * 1024 * 1024,
  /** Rows that are read at a time to be given: of the largest, 8 MB. */
  pumpRows: 32,
  /** Milliseconds that more may wait for a connection which acknowledges nothing, until it counts as too slow. */
  slow: 60_000,
  /** Milliseconds that a poll has to acknowledge what a dropped connection had left: longer than a poll that is still there takes to come again. */
  pollHold: 60_000,
  /** Polls of one agent that may wait at once. */
  polls: 8,
  /** Former tokens that may be good beside the newest: those of a rotation begun again and again. */
  formerTokens: 8,
  /**
   * A second, of one agent: events that it sends, on any transport and whether they are good or not, and other calls and
   * frames. What a small machine can store, so that only who does not listen meets them.
   */
  rates: { events: 1_000, calls: 500 },
  /** Seconds' worth that may come at once: what a client sends after it was away. */
  burstSeconds: 5,
  /** Bursts that are refused without a pause until the connection is closed: by then nobody waits as told. */
  flood: 10,
  /** Connections of one agent. */
  sockets: 16,
  /** Milliseconds without a sign of life after which a connection gives way to another of its agent: three pings of the client's. */
  silent: 60_000,
  /** Milliseconds without a sign of life after which one that holds unacknowledged events is closed: three pings of the client's, and some. */
  silentHolding: 45_000,
  /** Frames of one socket that were not dealt with yet: what the client may have under way, events and acknowledgements, and as much again. */
  framesUnderWay: 512,
  /** Characters of such frames of all sockets: as many of the largest as the client has under way. */
  framesBytes: 16 * 1024 * 1024,
  /** Frames of one agent that wait for other objects at once: what its answers keep in memory, and how many others of its it may crowd. */
  framesAtOnce: 32,
  /**
   * Frames, or events of a batch, after which others are let in between. Each takes a millisecond of a small machine, and
   * somebody else's call waits for one such round or two. One of many characters counts as several: that many of a schema take
   * as long to look through as an event takes otherwise.
   */
  paceSteps: 8,
  paceCharacters: 4 * 1024,
  /** Steps that a thread's beginning counts as: a round of its own. A recipient counts as one. */
  paceThread: 8,
  /** Milliseconds that an agent whose connection was closed for flooding for the second time waits for another; doubles with each. */
  floodPause: 1_000,
  /** The longest such pause: a client that was mended is not kept out for longer. */
  floodPauseLongest: 30_000,
  /** Milliseconds without a flood after which earlier ones are forgotten: twice the longest pause. */
  floodForgotten: 60_000,
  /** Frames in a row that cannot be read: a client with a fault says the same again, and each is answered. */
  framesMisread: 256,
  /** Streams of one agent: each keeps its object in memory. */
  streams: 8,
  /** Bytes that wait in a stream before it is given no more: one event of the largest, and some. */
  streamBytes: 512 * 1024,
  /**
   * Milliseconds between two looks at a stream: a comment if it was quiet. The runtime tells that a client is gone only when
   * it is written to, at the second write at the latest.
   */
  streamBeat: 5_000,
  /** Milliseconds between the two writes that find out at once, when another connection of the agent opens. */
  streamProbe: 250,
  /** Looks at which a stream had something to read and nobody read it, until its client counts as too slow: 40 s. */
  streamIdleBeats: 8,
  /** Milliseconds that a browser is told to wait before it opens a stream again. */
  streamRetry: 2_000,
  /** Numbers that a stream remembers to have given, so that one that goes on after it is given the rest: four windows. */
  streamMemory: 1_024,
  /** Milliseconds that a ticket lasts: from a page's request to the connection that it opens. */
  ticketLasts: 60_000,
  /** Tickets of one agent that wait to be used. */
  tickets: 32,
  /** Milliseconds that acknowledgements and answered turns wait for a commit to ride along with. */
  lazy: 1_000,
  /**
   * Milliseconds that a turn, once given to a connection, may wait to be answered without a row of its own: its sender
   * still holds it. An agent that answers at once costs no write; one that thinks is stored.
   */
  pass: 50,
  /** Senders whose last number is kept in memory: a query less for each event of a busy thread. */
  sendersInMemory: 1_000,
  /** Actors of one thread whose last number is kept: a few of each of its last beginnings. */
  sendersOfThread: 64,
  /** Days that a sender's last number is kept: no message is tried again for so long. */
  senderDays: 30,
} as const;
