/** The bounds of presence, each beside its reason. */
export const presenceLimits = {
  /** Milliseconds of silence that make an agent without any part away: the usual heartbeat, 30 s three times. */
  idle: 90_000,
  /** Parts whose threads are told in one commit; the alarm rings again for the rest. */
  partsAtOnce: 500,
  /**
   * Milliseconds, within half of the silence that counts, by which an alarm may be late before the server is taken to have been
   * unable to hear: between what a busy machine does and what a restart takes.
   */
  lateLeast: 2_000,
  lateMost: 5_000,
  /** Share of the shortest silence after which a sign is worth a write: what a crash forgets, each part is granted back. */
  writeShare: 1 / 3,
  /** Days after which a claim without a verdict takes no slot any more: offers are never open for so long. */
  claimDays: 8,
} as const;
