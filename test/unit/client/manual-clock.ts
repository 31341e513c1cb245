/** A clock that stands still until it is moved. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../src/client/clock.ts";

export interface ManualClock extends Clock {
  /** Moves time, running what falls due in its order. */
  advance(ms: number): void;
  /** Moves time in small steps, one per turn of the event loop, until something is so. */
  runUntil(predicate: () => boolean): Promise<void>;
  /** How long until each timer, shortest first. */
  due(): number[];
}

export function createManualClock(start = Date.now()): ManualClock {
  const timers = new Set<{ at: number; action: () => void }>();
  let now = start;
  const sorted = () => [...timers].sort((a, b) => a.at - b.at);
  const clock: ManualClock = {
    now: () => now,
    after(ms, action) {
      const timer = { at: now + ms, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (let next = sorted()[0]; next && next.at <= end; next = sorted()[0]) {
        timers.delete(next);
        now = next.at;
        next.action();
      }
      now = end;
    },
    async runUntil(predicate) {
      for (; !predicate(); await setImmediate()) clock.advance(10);
    },
    due: () => sorted().map(({ at }) => at - now),
  };
  return clock;
}

export function isManual(clock: Clock): clock is ManualClock {
  return "advance" in clock;
}
