import { expect, test } from "vitest";
import { formatTime } from "../../../src/contract/format-time.ts";
import { createRandom } from "../../fuzz/mutate-text.ts";

test("[EVENT14] every moment is written as the language itself does, whatever was written before", () => {
  const random = createRandom(14);
  const now = Date.parse("2026-11-26T20:00:00.000Z");
  const moments = [
    0,
    -1,
    -999,
    -1000,
    -1001,
    1,
    999,
    1000,
    8.64e15,
    -8.64e15,
    253_402_300_800_000,
    -62_167_219_200_001,
    now + 0.5,
    now - 0.5,
  ];
  for (let round = 0; round < 5_000; round++) {
    const far = Math.floor((random() - 0.5) * 2 ** (10 + (round % 40)));
    moments.push(now + far, now + far + 64_000, far);
  }
  for (const at of moments) expect(formatTime(at), String(at)).toBe(new Date(at).toISOString());
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1]) expect(() => formatTime(at)).toThrow(RangeError);
});
