import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createThrottle } from "../../../src/inspector/data/throttle.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("[INSP22] what is asked for often is done at once and then once a pause; a sequel follows the last, and none once it has ended", async () => {
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
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual({ plain: 2, sequel: 3 });
  askBoth();
  sequel.end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toEqual({ plain: 3, sequel: 4 });
});
