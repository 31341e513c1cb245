/** [HOST10] [HOST21] The host's contract: delayed events, and the alarm that rings them. */
import { expect, test } from "vitest";
import { world } from "../world.ts";
import { type OpenStage, readCount } from "./stage.ts";

export function testTimers(open: OpenStage): void {
  test("[HOST10] `after` rings across evictions, and not when its state was left", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "after" }));
    await at(() => w.advance(99));
    expect(await w.read(a)).toMatchObject({ value: "waiting" });
    await at(() => w.advance(1));
    expect(await w.read(a)).toMatchObject({ value: "early", context: { rang: ["100"] } });
    await at(() => w.advance(1_000));
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { rang: ["100", "1000"] }, timers: [] });
    await at(() => w.send(a, { type: "after" }));
    await at(() => w.send(a, { type: "leave" }));
    await at(() => w.advance(100_000));
    expect(await w.read(a)).toMatchObject({ value: "idle", context: { rang: ["100", "1000"] } });
  });

  test("[HOST10] entering a state again starts its `after` again", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "after" }));
    await at(() => w.advance(90));
    await at(() => w.send(a, { type: "restart" }));
    await at(() => w.advance(90));
    expect(await w.read(a)).toMatchObject({ value: "waiting" });
    await at(() => w.advance(10));
    expect(await w.read(a)).toMatchObject({ value: "early" });
  });

  test("[HOST10] delayed events ring in order of time, those of one time in the order in which they were sent, cancelled ones never", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    for (const type of ["named", "raise", "self"]) await at(() => w.send(a, { type }));
    await at(() => w.advance(200));
    expect(await w.read(a)).toMatchObject({ context: { rang: ["self", "first", "second", "named"] } });
    await at(() => w.send(a, { type: "named" }));
    await at(() => w.send(a, { type: "cancel" }));
    await at(() => w.advance(200));
    expect(await w.read(a)).toMatchObject({ context: { rang: ["self", "first", "second", "named"] }, timers: [] });
  });

  test("[HOST10] a timer is on time though an earlier one was cancelled", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "after" }));
    await w.send(a, { type: "leave" });
    await w.send(a, { type: "named" });
    await w.send(a, { type: "cancel" });
    await w.send(a, { type: "later" });
    await w.advance(1_000);
    const history = await w.history(a);
    expect(history.at(-1)?.at).toBe((history.find((entry) => entry.event.type === "later")?.at as number) + 300);
  });

  test("[HOST10] a delayed sendTo goes to another object when its time comes", async () => {
    const { w, a, at } = open();
    await at(() => w.start("remote", "counter"));
    const before = await readCount(w, "remote");
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "remote" }));
    await at(() => w.advance(29));
    expect(await w.read("remote")).toMatchObject({ context: { n: before } });
    await at(() => w.advance(1));
    expect(await w.read("remote")).toMatchObject({ context: { n: before + 5 } });
  });

  test("[HOST10] delays of any size are kept: a month rings after a month, 2^62 and infinity not in our time", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    for (const type of ["far", "never", "month"]) await at(async () => expect(await w.send(a, { type })).toMatchObject({ ok: true }));
    expect(await w.alarm(a)).toBeLessThanOrEqual(w.now() + 30 * 86_400_000);
    await at(() => w.advance(45 * 86_400_000 - 1));
    expect(await w.read(a)).toMatchObject({ context: { rang: [] } });
    await at(() => w.advance(1));
    expect(await w.read(a)).toMatchObject({ context: { rang: ["month"] } });
    expect((await w.read(a))?.timers.map(({ id }) => id)).toEqual(["far", "never"]);
  });

  test("[HOST10] a clock that goes back delays timers and loses none", async () => {
    const { w, a, at } = open();
    await at(() => w.start(a, "clock"));
    await at(() => w.send(a, { type: "after" }));
    w.turnClock(-3_600_000);
    await at(() => w.advance(1_000));
    expect(await w.read(a)).toMatchObject({ value: "waiting" });
    await at(() => w.advance(3_601_000));
    expect(await w.read(a)).toMatchObject({ context: { rang: ["100", "1000"] } });
  });

  test("[HOST21] whenever something is due, an alarm is set by the same commit; a lost one is set when the object starts", async () => {
    const { w, a } = open();
    await w.start(a, "clock");
    await w.send(a, { type: "raise" });
    expect(await w.alarm(a)).toBe(w.now() + 50);
    await w.send(a, { type: "self" });
    expect(await w.alarm(a)).toBe(w.now() + 20);
    // A message that waits for its next attempt does not push the timer's alarm away.
    world.transport = () => Promise.reject(new Error("down"));
    const b = `${a}-b`;
    await w.start(b, "clock");
    await w.send(b, { type: "remote" });
    await w.advance(30);
    await w.send(b, { type: "self" });
    for (let n = 0; n < 3; n++) await w.advance(5);
    expect(await w.alarm(b)).toBeLessThanOrEqual(w.now() + 5);
    await w.advance(5);
    expect(await w.read(b)).toMatchObject({ context: { rang: ["self"] } });
  });
}
