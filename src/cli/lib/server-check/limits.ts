/** Limits of asking a server, each beside its reason: a check is for every day, and its server has other work. */
export const serverLimits = {
  /** Workflows and agents: each is asked for by itself. */
  workflows: 500,
  agents: 500,
  /** Kinds that agents accept, in pages. */
  schemas: 2_000,
  /** Threads of one revision that are looked at by themselves: three calls each. */
  threads: 20,
  /** Calls side by side. */
  atOnce: 8,
} as const;
