/** Deletes all that an object stores once every caller has its answer. Knows no thread. */

/** Milliseconds between two looks whether all calls are answered, and how often; then the object is emptied another time. */
const emptyWait = 10;
const emptyWaits = 500;

export interface Emptying {
  /** It is being emptied: who asks now is answered from the archive. */
  begun(): boolean;
  /** Counts a call until it is answered: meanwhile the object is not emptied. */
  track<T>(call: Promise<T>): Promise<T>;
  /** Empties the object, unless somebody is never answered. */
  run(): Promise<void>;
}

/** @param empty forgets what is in memory, and deletes all that is stored */
export function createEmptying(empty: () => Promise<void>): Emptying {
  let calls = 0;
  let begun = false;
  return {
    begun() {
      return begun;
    },
    async track(call) {
      calls += 1;
      try {
        return await call;
      } finally {
        calls -= 1;
      }
    },
    async run() {
      // New calls are answered from the archive; wait until earlier ones have their answers.
      begun = true;
      try {
        for (let waits = 0; calls > 0; waits++) {
          if (waits === emptyWaits) return;
          await new Promise((resolve) => setTimeout(resolve, emptyWait));
        }
        await empty();
      } finally {
        begun = false;
      }
    },
  };
}
