/** Tables of an agent's object, beside its lane's: an append-only list. */
export const agentMigrations: readonly string[] = [
  `CREATE TABLE agent (one INTEGER PRIMARY KEY CHECK (one = 1), card TEXT NOT NULL, report TEXT NOT NULL, token_hash TEXT NOT NULL, seq_reserved INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0);
   CREATE TABLE mailbox (seq INTEGER PRIMARY KEY, channel TEXT NOT NULL, event TEXT NOT NULL, held INTEGER NOT NULL, acked INTEGER NOT NULL DEFAULT 0, turn TEXT, offer TEXT, expires INTEGER);
   CREATE INDEX mailbox_turn ON mailbox (turn) WHERE turn IS NOT NULL;
   CREATE INDEX mailbox_offer ON mailbox (offer) WHERE offer IS NOT NULL;
   CREATE TABLE sender (address TEXT PRIMARY KEY, last INTEGER NOT NULL, held_seq INTEGER, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE sent (id TEXT PRIMARY KEY, hash TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE seat (thread TEXT NOT NULL, role TEXT NOT NULL, workflow TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (thread, role)) WITHOUT ROWID;`,
  `ALTER TABLE seat ADD COLUMN type TEXT NOT NULL DEFAULT 'open';`,
  `CREATE TABLE former_token (hash TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;`,
];

export const agentLimits = {
  /** Sequence numbers that one row reserves: a crash skips at most that many. */
  seqBlock: 10_000,
  /** Events that one connection is given before it acknowledges any: bounds what waits in a slow reader's socket. */
  window: 256,
  /** Polls of one agent that may wait at once. */
  polls: 8,
  /** Former tokens that may be good beside the newest: those of a rotation begun again and again. */
  formerTokens: 8,
  /** Connections of one agent. */
  sockets: 16,
  /** Milliseconds that acknowledgements and answered turns wait for a commit to ride along with. */
  lazy: 1_000,
  /**
   * Milliseconds that a turn, once given to a connection, may wait to be answered without a row of its own: its sender
   * still holds it. An agent that answers at once costs no write; one that thinks is stored.
   */
  pass: 50,
  /** Senders whose last number is kept in memory: a query less for each event of a busy thread. */
  sendersInMemory: 1_000,
  /** Days that a sender's last number is kept: no message is tried again for so long. */
  senderDays: 30,
} as const;
