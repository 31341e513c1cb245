/** What a field is worth where an author leaves it out, in the author's spelling. The shape tells it to people, `raise/` fills it in. */
export const defaults = {
  binding: "local",
  overflow: "queue",
  /** The workflow's object has it as `queueLimits.waiting`: a revision that says nothing follows the server's bound. */
  maxQueue: 1000,
  /** Turns of a thread. */
  maxRounds: 100,
  bind: "thread",
  recruitment: { timeout: "10m", retries: 0, backoff: "0s", group: "default", pick: "first", onUnfilled: "suspend" },
  heartbeat: { every: "30s", miss: 3 },
  turn: { timeout: "30m", retries: 0, onTimeout: "suspend", onFail: "suspend" },
  /** There is nobody else to take a named role: its agent is waited for. */
  offline: { named: { grace: "10m", then: "wait" }, others: { grace: "1m", then: "rerecruit" } },
  broadcast: { need: "all", timeout: "1h", ttl: "7d" },
  /** How long children are waited for where no time is given. */
  await: "24h",
  timezone: "UTC",
  missed: "once",
} as const;
