/** Limits of checking folders, each beside its reason. */
export const checkLimits = {
  /** Workflow files that are checked together: all of them are in memory, and ten times the largest folder that was seen. */
  files: 5_000,
  /** Entries of a folder that are looked at: a folder that holds everything was named by mistake. */
  entries: 200_000,
  /** Milliseconds between two lines that say how far it is. */
  progressEvery: 1_000,
} as const;
