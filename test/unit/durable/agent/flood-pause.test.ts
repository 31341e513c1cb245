import { expect, test } from "vitest";
import { createFloodPause } from "../../../../src/durable/agent/connection/flood-pause.ts";

test("[FAIR13] who floods again and again waits for longer each time, half a minute at the most, and is not shut out for good", () => {
  let now = 1_000_000;
  const pause = createFloodPause(() => now);
  pause.note();
  expect(pause.left()).toBe(0);
  const waits: number[] = [];
  for (let flood = 0; flood < 8; flood++) {
    pause.note();
    // What floods beside it is the same flood.
    pause.note();
    waits.push(pause.left());
    now += pause.left();
    expect(pause.left()).toBe(0);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  now += 60_001;
  pause.note();
  expect(pause.left()).toBe(0);
});

test("[FAIR13] a clock that was set back makes nobody wait for longer", () => {
  let now = 1_000_000;
  const pause = createFloodPause(() => now);
  pause.note();
  pause.note();
  now -= 500_000;
  expect(pause.left()).toBe(0);
});
