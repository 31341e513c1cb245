import { expect, test } from "vitest";
import { createSharedTimers, timerGrain } from "../../../../src/durable/agent/presence/shared-timers.ts";

/** A clock whose timers run as it is moved on. */
function createTime() {
  let now = 1_000_000;
  let timers: { at: number; work(): void }[] = [];
  return {
    now: () => now,
    later: (milliseconds: number, work: () => void): void => void timers.push({ at: now + milliseconds, work }),
    waiting: () => timers.length,
    pass(milliseconds: number): void {
      now += milliseconds;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { work } of due) work();
    },
  };
}

test("[FAIR8] ten thousand waits take a few timers, and each ends when it is due, a little later at most", () => {
  const time = createTime();
  const later = createSharedTimers(time.later, time.now);
  const waits: { due: number; ended?: number }[] = [];
  for (let n = 0; n < 10_000; n++) {
    const milliseconds = [250, 2_000, 5_000, 25_000][n % 4] as number;
    const wait: (typeof waits)[number] = { due: time.now() + milliseconds };
    waits.push(wait);
    later(milliseconds, () => {
      wait.ended = time.now();
    });
    if (n % 10 === 0) time.pass(1);
  }
  expect(time.waiting()).toBeLessThan((4 * 1_000) / timerGrain + 8);
  for (let passed = 0; passed < 30_000; passed++) time.pass(1);
  const late = waits.map(({ due, ended = Number.POSITIVE_INFINITY }) => ended - due);
  expect([Math.min(...late) >= 0, Math.max(...late) <= timerGrain]).toEqual([true, true]);
  expect(time.waiting()).toBe(0);
});

test("[FAIR9] what is due soon does not wait for others, and what throws keeps none of them from running", () => {
  const time = createTime();
  const later = createSharedTimers(time.later, time.now);
  const done: string[] = [];
  later(0, () => done.push("at once"));
  later(250, () => {
    throw new Error("a fault");
  });
  later(250, () => done.push("beside it"));
  time.pass(0);
  expect(done).toEqual(["at once"]);
  expect(() => time.pass(400)).toThrow("a fault");
  expect(done).toEqual(["at once", "beside it"]);
});
