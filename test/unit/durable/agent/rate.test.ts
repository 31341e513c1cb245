import { expect, test } from "vitest";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import { createRate, readRates } from "../../../../src/durable/agent/connection/rate.ts";

/** Takes until it is refused; how many it got. */
function drain(rate: ReturnType<typeof createRate>): number {
  let taken = 0;
  while (rate.take() === 0) taken += 1;
  return taken;
}

test("[FAIR6] a burst may come at once, then as much as fills in", () => {
  let now = 1_000_000;
  const rate = createRate(10, () => now);
  expect(drain(rate)).toBe(50);
  expect(rate.take()).toBe(100);
  now += 100;
  expect(rate.take()).toBe(0);
  expect(rate.take()).toBe(100);
  now += 3_000;
  expect(drain(rate)).toBe(30);
  now += 3_600_000;
  expect(drain(rate)).toBe(50);
});

test("[FAIR6] a clock that is set back stops nobody, and gives nobody more", () => {
  let now = 1_000_000;
  const rate = createRate(10, () => now);
  drain(rate);
  now -= 500_000;
  expect(rate.take()).toBe(100);
  now += 100;
  expect(rate.take()).toBe(0);
});

test("[FAIR6] less than one a second still lets one through", () => {
  let now = 0;
  const rate = createRate(0.1, () => now);
  expect(drain(rate)).toBe(1);
  expect(rate.take()).toBe(10_000);
  now += 10_000;
  expect(rate.take()).toBe(0);
});

test("[FAIR14] who waits as told is never taken for a flood; who does not, is after ten bursts", () => {
  let now = 0;
  const patient = createRate(10, () => now);
  for (let second = 0; second < 1_000; second++) {
    drain(patient);
    now += 1_000;
  }
  expect(patient.flooded()).toBe(false);
  const rate = createRate(10, () => now);
  drain(rate);
  for (let refused = 1; refused < 50 * agentLimits.flood; refused++) rate.take();
  expect(rate.flooded()).toBe(false);
  rate.take();
  expect(rate.flooded()).toBe(true);
});

test.each([
  [{}, agentLimits.rates],
  [
    { NERVEFLARE_RATE_EVENTS: "5", NERVEFLARE_RATE_CALLS: "0.5" },
    { events: 5, calls: 0.5 },
  ],
  [{ NERVEFLARE_RATE_EVENTS: "0", NERVEFLARE_RATE_CALLS: "-1" }, agentLimits.rates],
  [{ NERVEFLARE_RATE_EVENTS: "fast", NERVEFLARE_RATE_CALLS: "Infinity" }, agentLimits.rates],
])("[FAIR6] the settings %j give the rates %j", (variables, expected) => {
  expect(readRates(variables)).toEqual(expected);
});
