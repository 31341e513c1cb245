/** Work that is asked for often, and done once in a while. */
export interface Throttle {
  /** Does it now, or when the pause since the last time is over. */
  ask(): void;
  end(): void;
}

/** @param pause milliseconds between the end of one and the beginning of the next */
export function createThrottle(work: () => Promise<void>, pause: number): Throttle {
  let [busy, asked, ended] = [false, false, false];
  async function run(): Promise<void> {
    busy = true;
    while (asked && !ended) {
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
