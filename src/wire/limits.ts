/** Every limit on what crosses the wire, each beside its reason. */
export const limits = {
  /** Bytes of one event: an eighth of the platform's 2 MB row, so that an event and its envelope always fit a row. */
  eventBytes: 256 * 1024,
  /** Characters of one WebSocket frame: an event and its envelope. */
  frameBytes: 260 * 1024,
  /** Events in one batch: a batch is judged event by event within one request's CPU budget. */
  batchEvents: 100,
  /** Bytes of one request body: a full batch of typical events, far under the isolate's 128 MB. */
  bodyBytes: 4 * 1024 * 1024,
  /** Bytes of one workflow file. */
  workflowBytes: 256 * 1024,
  /** Characters of one CloudEvents attribute: they are indexed. */
  attributeLength: 1024,
  /** Characters of `to`: room for 50 addresses of 128 characters. */
  toLength: 8 * 1024,
  /** Depth of nesting in `data`: deeper JSON overflows recursive readers. */
  dataDepth: 64,
  /** Rows of one page when the caller names none, and at most. */
  page: 50,
  pageMax: 200,
  /** Seconds that a poll may wait: under the 30 s at which proxies give up. */
  pollSeconds: 25,
  /** Unacknowledged rows in a mailbox: a month of a busy agent; then senders get `mailbox_full`. */
  mailboxRows: 10_000,
  /** Invalid answers to one turn before its policy acts. */
  invalidAnswers: 3,
  /** Kinds that an agent may declare to accept, and characters of their schemas: one row of the registry. */
  acceptedKinds: 256,
  acceptsLength: 64 * 1024,
  /** Days that an agent's event ids are remembered with their answer. */
  idMemoryDays: 30,
} as const;
