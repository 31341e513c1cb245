/** Every limit of routing, each beside its reason. */
export const routingLimits = {
  /** Reflexes, edges and threads between the first event of a chain and the last: what goes deeper is a loop. */
  chainDepth: 16,
  /** Events that the reflexes of one accepted event publish, chains included: they share its commit. */
  emitted: 64,
  /** Bytes of all of them as JSON: they are rows of one transaction. */
  emittedBytes: 1024 * 1024,
  /** Agents that one event reaches: the sender's outbox waits until all of them have stored it. */
  recipients: 1_000,
  /** Workflows that one event names: each is a thread that begins with it. */
  named: 8,
  /** Verdicts kept with an event: what people read when they ask why. */
  verdicts: 100,
  /** Characters of a verdict's detail. */
  detail: 500,
  /** Milliseconds for which an answer waits for the queues to have the event: then it says `pending`. */
  outcomeMs: 2_000,
  /** Verdicts in the sender's answer: more than any sender reads. */
  told: 20,
  /** Kinds among which a nearest one is looked for. */
  kinds: 1_000,
  /** Notes in the sender's answer. */
  notes: 50,
} as const;
