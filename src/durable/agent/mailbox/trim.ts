/** What an agent's object forgets by age: in bounded steps, and not at each alarm, for looking costs a walk over the collection. */
import type { Clock } from "../../host/ports.ts";
import type { Keyed } from "../../host/store/collections.ts";

export const trimLimits = {
  /** Documents of a collection that one alarm deletes: bounds its transaction. */
  documents: 2_000,
  /** Milliseconds until the next look, and until the next step where one was not enough. */
  pause: 600_000,
  pauseFull: 1_000,
} as const;

/** A collection that ranks by time, in milliseconds since the epoch. */
export interface Trimmed {
  documents: Pick<Keyed<unknown>, "deleteBelow">;
  days: number;
}

export interface Trim {
  /** Deletes what is too old, if it is time to look; within a transaction. */
  run(): void;
  /** When the alarm must go on; undefined: the last step was enough. */
  due(): number | undefined;
}

export function createTrim(clock: Clock, collections: readonly Trimmed[]): Trim {
  let next = 0;
  let full = false;
  return {
    run() {
      const now = clock.now();
      // If the clock went back, don't wait until it catches up.
      if (now < next && next - now <= trimLimits.pause) return;
      full = false;
      for (const { documents, days } of collections)
        full = documents.deleteBelow(now - days * 86_400_000, trimLimits.documents) === trimLimits.documents || full;
      next = now + (full ? trimLimits.pauseFull : trimLimits.pause);
    },
    due: () => (full ? next : undefined),
  };
}
