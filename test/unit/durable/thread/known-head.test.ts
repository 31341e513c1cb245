/** By which version of the registry a thread's own events are routed. */
import { expect, test } from "vitest";
import { createKnownHead } from "../../../../src/durable/thread/known-head.ts";

const never = (): Promise<never> => new Promise(() => {});
const atOnce = (_milliseconds: number, work: () => void): void => work();
const later = (): void => {};

test("[WFLOW11] a version is good for what happened before it was asked, whenever the answer came", async () => {
  let now = 1_000;
  const known = createKnownHead({ now: () => now });
  await known.learn(async () => {
    now = 2_000;
    return { id: "r", version: 1 };
  });
  expect([known.since(1_000), known.since(1_001)]).toEqual([{ id: "r", version: 1 }, undefined]);
  // A projector of a version before says none.
  await known.learn(async () => undefined);
  expect(known.since(1_000)).toEqual({ id: "r", version: 1 });
});

test("[WFLOW11] an answer that was asked for earlier and comes later changes nothing", async () => {
  let now = 1_000;
  const known = createKnownHead({ now: () => now });
  const early = Promise.withResolvers<{ id: string; version: number }>();
  const first = known.learn(() => early.promise);
  now = 2_000;
  await known.learn(async () => ({ id: "r", version: 2 }));
  early.resolve({ id: "r", version: 1 });
  await first;
  expect(known.since(2_000)).toEqual({ id: "r", version: 2 });
});

test("[WFLOW11] what is asked anyhow is waited for, but not for long, and nothing is asked where the version is known", async () => {
  const known = createKnownHead({ now: () => 1_000 });
  expect(await known.wait(1_000, never, atOnce)).toBeUndefined();
  const ask = () => known.learn(async () => ({ id: "r", version: 1 }));
  expect(await known.wait(1_000, ask, later)).toEqual({ id: "r", version: 1 });
  expect(await known.wait(1_000, () => Promise.reject(new Error("asked again")), later)).toEqual({ id: "r", version: 1 });
});
