/**
 * The life that an object's messages say: when it began to speak. To a receiver that knows a later one, as after a clock went back,
 * it is one later than that. Knows no messages.
 */
import { hostLimits } from "./limits.ts";
import type { Store } from "./store/store.ts";

export interface Lives {
  /** Undefined: it has said nothing yet. */
  of(receiver: string): number | undefined;
  /**
   * A receiver knows a later life, and whoever asks is alive: what is sent to it from now on says one that is later still.
   * @returns false: nothing would change
   */
  raise(receiver: string, known: number): boolean;
}

/** @param own the object's own life @param record commits a write */
export function createLives(store: Pick<Store, "resident">, own: () => number | undefined, record: (write: () => void) => void): Lives {
  const raised = store.resident<number>("raisedLife");
  function find(receiver: string): number | undefined {
    const life = own();
    return life === undefined ? undefined : Math.max(life, raised.get(receiver) ?? 0);
  }
  return {
    of: find,
    raise(receiver, known) {
      const present = find(receiver);
      const isLess = present !== undefined && present <= known && Number.isSafeInteger(known + 1);
      if (!isLess || (raised.size() >= hostLimits.livesRaised && raised.get(receiver) === undefined)) return false;
      record(() => raised.put(receiver, known + 1));
      return true;
    },
  };
}
