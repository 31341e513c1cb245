/**
 * When what comes from outside is taken. What is taken in one turn of the event loop shares one commit, so where much comes at once it is
 * gathered; at rest nobody waits. Knows time only.
 */

export interface Wave {
  /** Undefined: now. Else resolves when its wave begins; in the order in which it was asked. */
  enter(): Promise<void> | undefined;
}

/** @param next runs a work in a later turn of the event loop, after what has already arrived was handed in */
export function createWave(next: (work: () => void) => void): Wave {
  /** Others came in the turn of the one that was taken at once, or with the last wave. */
  let crowded = false;
  let alone = false;
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

  return {
    enter() {
      if (gathering || crowded) return gather();
      if (alone) {
        crowded = true;
        return gather();
      }
      alone = true;
      next(() => {
        alone = false;
      });
      return undefined;
    },
  };
}
