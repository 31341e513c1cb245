/** Time as the client sees it; a port, so that tests move it by hand. */
import { clientLimits } from "./limits.ts";

/** Now, and later. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `action` once after `ms` milliseconds. Returns what cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Runs `action` after so much silence: a timer that fires late, since the process was busy or asleep, does so before what has come meanwhile is
 * read, so that it waits until that has been. Returns what cancels it.
 */
export function afterSilence(clock: Clock, ms: number, action: () => void): () => void {
  let look: ReturnType<typeof setTimeout> | undefined;
  const stop = clock.after(ms, () => {
    look = setTimeout(action, clientLimits.secondLookMs);
  });
  return () => {
    stop();
    if (look !== undefined) clearTimeout(look);
  };
}

/** Makes a clock whose timers end together, so that a closed agent leaves none behind that would keep its process alive. */
export function createScopedClock(clock: Clock): Clock & { stopAll(): void } {
  const running = new Set<() => void>();
  let stopped = false;
  return {
    now: clock.now,
    after(ms, action) {
      if (stopped) return () => {};
      const cancel = clock.after(ms, () => {
        running.delete(cancel);
        action();
      });
      running.add(cancel);
      return () => {
        running.delete(cancel);
        cancel();
      };
    },
    stopAll() {
      stopped = true;
      for (const cancel of running) cancel();
      running.clear();
    },
  };
}
