/** Every bound on what a hook's object takes, makes and keeps, each beside its reason. */
export const hookLimits = {
  /** Milliseconds that a signature's time may be from now, either way: what Standard Webhooks and Stripe advise. A later replay is refused. */
  tolerance: 300_000,
  /** Signatures of one delivery that are tried, and secrets: senders that exchange a secret send two, and a few schemes beside. */
  signatures: 8,
  /** Events that a map makes of one delivery: each costs what a posted one does. */
  events: 20,
  /** Headers that a map sees, and characters of each. */
  headers: 64,
  headerLength: 1_024,
  /** Characters of a delivery's id: what is put behind it must fit an event's id too. */
  deliveryLength: 120,
  /** Days for which a delivery is known again: as long as an event's id. */
  memoryDays: 30,
  /** Deliveries that are accepted between two looks for those that are older, and how many one look deletes: a look walks them all. */
  lookEvery: 500,
  lookDeletes: 2_000,
  /** Refusals that are kept of each code, and characters of each: so many of one kind push out none of another. */
  refusals: 5,
  detail: 500,
  /** Milliseconds between two writes of what nobody has proven: a flood of forged deliveries is counted in memory. */
  unprovenWrites: 10_000,
} as const;
