/**
 * When what comes from outside is taken. What is taken in one turn of the event loop shares one commit, so where much comes at once it is
 * gathered; at rest nobody waits. Knows time only.
 */
import { cellLimits } from "./cell-limits.ts";

export interface Wave {
  /** Runs a work now or when its wave begins, in the order in which it was asked. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * @param next runs a work in a later turn of the event loop, after what has already arrived was handed in
 * @param stored resolves when all that was written is on disk
 * @param elapsed milliseconds that only grow
 */
export function createWave(next: (work: () => void) => void, stored: () => Promise<void>, elapsed: () => number): Wave {
  /** Others came before the one that was taken at once was done with, or with the last wave. */
  let crowded = false;
  /** What was taken at once, and is not stored. */
  let alone: { since: number } | undefined;
  let gathering: { count: number; begins: Promise<void> } | undefined;

  function gather(): Promise<void> {
    if (!gathering) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wave = { count: 0, begins: promise };
      gathering = wave;
      next(() => {
        crowded = wave.count > 1;
        gathering = undefined;
        resolve();
      });
    }
    gathering.count += 1;
    return gathering.begins;
  }

  function runAlone<T>(work: () => Promise<T>): Promise<T> {
    const present = { since: elapsed() };
    alone = present;
    const taken = work();
    const end = (): void => {
      if (alone === present) alone = undefined;
    };
    // Who answers what it led to comes when it is on disk, and waits for nobody.
    taken.then(stored, () => {}).then(end, end);
    return taken;
  }

  return {
    run(work) {
      // What was taken may wait for others itself. It is asked for how long, for each timer of the platform's makes others late.
      crowded ||= alone !== undefined && elapsed() - alone.since < cellLimits.aloneAtMost;
      return gathering || crowded ? gather().then(work) : runAlone(work);
    },
  };
}
