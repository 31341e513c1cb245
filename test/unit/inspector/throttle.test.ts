import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createThrottle } from "../../../src/inspector/data/throttle.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("[INSP22] what is asked for often is done at once and then once a pause; sequels follow the last, ever later, and none once it has ended", async () => {
  const done = { plain: 0, sequel: 0 };
  const plain = createThrottle(async () => {
    done.plain += 1;
  }, 100);
  const sequel = createThrottle(
    async () => {
      done.sequel += 1;
    },
    100,
    true,
  );
  const askBoth = (): void => {
    plain.ask();
    sequel.ask();
  };
  for (let ask = 0; ask < 5; ask += 1) askBoth();
  expect(done).toEqual({ plain: 1, sequel: 1 });
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toEqual({ plain: 2, sequel: 2 });
  // 100, 200, 400 and 800 milliseconds later.
  for (const [milliseconds, sequels] of [
    [100, 3],
    [200, 4],
    [399, 4],
    [1, 5],
    [800, 6],
    [10_000, 6],
  ] as const) {
    await vi.advanceTimersByTimeAsync(milliseconds);
    expect(done).toEqual({ plain: 2, sequel: sequels });
  }
  askBoth();
  await vi.advanceTimersByTimeAsync(450);
  expect(done, "with two sequels").toEqual({ plain: 3, sequel: 9 });
  askBoth();
  await vi.advanceTimersByTimeAsync(0);
  expect(done, "at once, while a sequel is waited for").toEqual({ plain: 4, sequel: 10 });
  askBoth();
  sequel.end();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(done).toEqual({ plain: 5, sequel: 10 });
});
