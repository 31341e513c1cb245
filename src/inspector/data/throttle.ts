/** Work that is asked for often, and done once in a while. */
export interface Throttle {
  /** Does it now, or when the pause since the last time is over. */
  ask(): void;
  end(): void;
}

/**
 * @param pause milliseconds between the end of one and the beginning of the next
 * @param hasSequel does it once more a pause after the last that was asked for: where what was heard may be ahead of what is read
 */
export function createThrottle(work: () => Promise<void>, pause: number, hasSequel = false): Throttle {
  let [busy, asked, ended, owed] = [false, false, false, false];
  async function run(): Promise<void> {
    busy = true;
    while ((asked || owed) && !ended) {
      owed = hasSequel && asked;
      asked = false;
      await work().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    busy = false;
  }
  return {
    ask() {
      asked = true;
      if (!busy) void run();
    },
    end() {
      ended = true;
    },
  };
}
