/** Work that is asked for often, and done once in a while. */
export interface Throttle {
  /** Does it now, or when the pause since the last time is over. */
  ask(): void;
  end(): void;
}

/** How often it is done again: a quarter of a minute, all in all, with a pause of a second. What is not read by then is read with the next event. */
const sequels = 4;

/**
 * @param pause milliseconds between the end of one and the beginning of the next
 * @param hasSequel does it again after the last that was asked for, a pause later and each time twice as long after that: where what was
 * heard may be ahead of what is read
 */
export function createThrottle(work: () => Promise<void>, pause: number, hasSequel = false): Throttle {
  let [busy, asked, ended, owed] = [false, false, false, 0];
  /** Ends the wait for a sequel. */
  let wake: (() => void) | undefined;

  /** @param pauses that it takes, of which only the first must be over before what is asked for is done */
  async function rest(pauses: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (asked || ended || pauses === 1) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, pause * (pauses - 1));
    });
    wake = undefined;
  }

  async function run(): Promise<void> {
    busy = true;
    while ((asked || owed > 0) && !ended) {
      owed = asked ? (hasSequel ? sequels : 0) : owed - 1;
      asked = false;
      await work().catch(() => {});
      await rest(owed > 0 ? 2 ** (sequels - owed) : 1);
    }
    busy = false;
  }

  return {
    ask() {
      asked = true;
      wake?.();
      if (!busy) void run();
    },
    end() {
      ended = true;
      wake?.();
    },
  };
}
