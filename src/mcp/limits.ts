/** Every bound of `nerveflare mcp`, each beside its reason. Durations are milliseconds. */
export const mcpLimits = {
  /** For `wait_for_turn` unless told: clients give a call up after 60 s that shows no progress, Codex and the SDK's own among them. */
  waitMs: 45_000,
  /** The longest that a call may ask for: a person who stops their model waits no longer for it to notice. */
  waitMaxMs: 30 * 60_000,
  /** Between two notifications of progress while a call waits: clients begin their 60 s anew with each. */
  progressMs: 10_000,
  /** For an answer, a claim or an event to be settled before a call returns all the same: within the 60 s of a client, twice over. */
  settleMs: 25_000,
  /** For the verdict on a claim: most come within a second; some roles gather claims for longer. */
  verdictMs: 10_000,
  /** For the server to take a turn back whose role was released. */
  revokeMs: 2_000,
  /** For a turn that the server calls open to be given to a process that has just connected. */
  givenMs: 5_000,
  /** For roles to be given back when the client is gone. Clients kill what has not ended after a few seconds. */
  closeMs: 4_000,

  /** Bytes of the parts of a turn, as a tool's result shows them: all together some 36 kB, 10,000 tokens, which clients take without a warning. */
  promptBytes: 12 * 1024,
  roleBytes: 4 * 1024,
  eventBytes: 3 * 1024,
  lastBytes: 5 * 1024,
  handoverBytes: 5 * 1024,
  schemaBytes: 6 * 1024,
  /** Bytes of a page of such a part, and of a thread's steps: what a model can still read whole. */
  pageBytes: 24 * 1024,
  /** Bytes of what a model is told of one event, such as a broadcast. */
  newsBytes: 2 * 1024,
  /** Events and notes that one result tells of, so that they do not hide what it is about. */
  news: 10,
  /** Offers that one result lists. */
  offers: 20,
  /** Bytes of what a schema says in the list of tools: all of it is sent with every request to a model. */
  listedSchemaBytes: 12 * 1024,
  /** The same of all turns together. */
  listedSchemasBytes: 24 * 1024,
  /** Bytes of a resource: the largest event; more of a thread is on its next page. */
  resourceBytes: 256 * 1024,
  /** Steps of a thread that one call of the API gives. */
  steps: 50,

  /** Turns that are over and are remembered, to say so to a model that answers one. */
  endedTurns: 1_000,
  /** Offers that were seen: more than are open at a time for one agent. */
  offersSeen: 256,
  /** Notes to the model that wait for the next result; past it the oldest are forgotten. */
  notices: 20,
  /** Bytes of the line for people in a report, and of reasons: the server takes 1,024. */
  noteBytes: 1_000,
  /** Bytes that an answer's event has beside the output: ids of 128 characters, attributes, trace context. */
  envelopeBytes: 4 * 1024,
} as const;
