import { expect, test } from "vitest";
import { createLagMeter } from "../../../../src/durable/projector/lag-meter.ts";

function setUp() {
  let now = 1_000_000;
  return {
    meter: createLagMeter(() => now),
    pass(milliseconds: number): void {
      now += milliseconds;
    },
  };
}

test("[LOG12] lag is measured from the commit to the write: the last row's, the greatest and the mean", () => {
  const { meter, pass } = setUp();
  expect(meter.read()).toMatchObject({ lagMs: null, maxMs: null, rows: 0, waiting: 0 });
  const arrival = meter.arrive([1_000_000 - 100, 1_000_000 - 40]);
  pass(20);
  meter.written(arrival);
  expect(meter.read()).toEqual({ lagMs: 60, maxMs: 120, meanMs: 90, rows: 2, waiting: 0, oldestWaiting: null, failing: null });
  pass(61_000);
  expect(meter.read()).toMatchObject({ lagMs: null, rows: 0 });
});

test("[LOG12] rows that wait are counted since their commit, and a database that takes nothing is reported until it does", () => {
  const { meter, pass } = setUp();
  const first = meter.arrive([999_000]);
  const second = meter.arrive([999_500, 999_600]);
  expect(meter.read()).toMatchObject({ waiting: 3, oldestWaiting: new Date(999_000).toISOString() });
  meter.failed(first, new Error("no such table"));
  pass(1_000);
  meter.failed(second, new Error("busy"));
  expect(meter.read()).toMatchObject({ waiting: 0, failing: { since: new Date(1_000_000).toISOString(), error: "busy" } });
  meter.written(meter.arrive([1_000_000]));
  expect(meter.read()).toMatchObject({ failing: null, lagMs: 1_000 });
});
