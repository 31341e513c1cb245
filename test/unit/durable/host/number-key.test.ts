import { expect, test } from "vitest";
import { numberKey } from "../../../../src/durable/host/store/collections.ts";

test("[STORE9] a number's key sorts as the numbers do, whichever were asked for before", () => {
  const numbers = [0, 1, 63, 64, 65, 127, 128, 1, 65, 1_000_000, 64, 2 ** 53 - 1, 0];
  const made = numbers.map(numberKey);
  expect(made).toEqual(numbers.map((number) => String(number).padStart(16, "0")));
  expect([...made].sort().map(Number)).toEqual([...numbers].sort((a, b) => a - b));
  expect(numberKey(-1)).not.toBe("");
});
