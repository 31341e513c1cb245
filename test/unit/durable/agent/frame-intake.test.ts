/** [FAIR] What one connection sends is dealt with a few frames at a time, and others are let in between. */
import { expect, test } from "vitest";
import { agentLimits } from "../../../../src/durable/agent/agent-schema.ts";
import { createFrameIntake } from "../../../../src/durable/agent/connection/frame-intake.ts";
import { createPacer } from "../../../../src/durable/agent/connection/pacer.ts";

const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

/** An intake whose pauses end when the test says so. */
function open(handle: (connection: string, frame: string) => Promise<void> = async () => {}) {
  const handled: string[] = [];
  const pauses: (() => void)[] = [];
  const pacer = createPacer(() => new Promise((resolve) => pauses.push(resolve)));
  const intake = createFrameIntake<string>(async (connection, frame) => {
    handled.push(`${connection}${frame}`);
    await handle(connection, String(frame));
  }, pacer);
  return {
    ...{ intake, pacer, handled, pauses },
    async resume() {
      for (const end of pauses.splice(0)) end();
      await settle();
    },
  };
}

test("[FAIR1] a flood is dealt with a few frames at a time, with a pause after each few, in order", async () => {
  const { intake, handled, pauses, resume } = open();
  const count = 20 * agentLimits.paceSteps;
  for (let frame = 0; frame < count; frame++) void intake.take("a", String(frame));
  await settle();
  expect(handled).toHaveLength(agentLimits.paceSteps);
  for (let round = 2; round <= 20; round++) {
    expect(pauses).toHaveLength(1);
    await resume();
    expect(handled).toHaveLength(round * agentLimits.paceSteps);
  }
  expect(handled).toEqual(Array.from({ length: count }, (_, frame) => `a${frame}`));
});

test("[FAIR1] who sends a few at a time, with others let in between, waits for no pause", async () => {
  const { intake, handled, resume } = open();
  for (let round = 1; round <= 20; round++) {
    for (let frame = 0; frame < agentLimits.paceSteps / 2; frame++) void intake.take("a", String(frame));
    await settle();
    expect(handled).toHaveLength((round * agentLimits.paceSteps) / 2);
    await resume();
  }
});

test("[FAIR1] where timers of others ring meanwhile it needs no pause of its own, and takes no more at once", async () => {
  let rings = 0;
  let pauses = 0;
  const pause = (): Promise<void> => {
    pauses += 1;
    return new Promise(() => {});
  };
  const pacer = createPacer(pause, () => rings);
  for (let round = 0; round < 20; round++) {
    for (let step = 1; step < agentLimits.paceSteps / 2; step++) expect(pacer.takeNow()).toBe(true);
    rings += 1;
  }
  expect(pauses).toBe(0);
  for (let step = 0; step < agentLimits.paceSteps; step++) expect(pacer.takeNow()).toBe(true);
  expect(pacer.takeNow()).toBe(false);
  pacer.owe(agentLimits.paceSteps);
  rings += 1;
  expect(pacer.takeNow(), "what it owes is paid for first").toBe(false);
  rings += 1;
  expect(pacer.takeNow()).toBe(true);
  expect(pauses).toBe(1);
});

test("[FAIR2] two connections take turns, however much one of them has sent", async () => {
  const { intake, handled, resume } = open();
  for (let frame = 0; frame < 100; frame++) void intake.take("a", String(frame));
  for (let frame = 0; frame < 3; frame++) void intake.take("b", String(frame));
  for (let round = 0; round < 3; round++) await resume();
  expect(handled.filter((each) => each.startsWith("b"))).toEqual(["b0", "b1", "b2"]);
});

test("[FAIR3] beyond its window a connection is refused; another's is its own, and what was dealt with makes room", async () => {
  const { intake, resume } = open();
  const first = intake.take("a", "0");
  for (let frame = 1; frame < agentLimits.framesUnderWay; frame++) expect(intake.take("a", String(frame))).toBeDefined();
  expect(intake.take("a", "one too many")).toBeUndefined();
  expect(intake.take("b", "0")).toBeDefined();
  await resume();
  await first;
  expect(intake.take("a", "one more")).toBeDefined();
});

test("[FAIR4] frames that wait are bounded by their size too, and a large one counts as several", async () => {
  const { intake, handled, resume } = open();
  const large = "x".repeat(1024 * 1024);
  let taken = 0;
  while (intake.take("a", large)) taken += 1;
  // The first is dealt with at once.
  expect(taken).toBe(1 + agentLimits.framesBytes / large.length);
  await settle();
  const before = handled.length;
  for (let round = 0; round < 5; round++) await resume();
  expect(handled.length - before).toBeLessThanOrEqual(5);
  intake.drop("a");
  expect(intake.take("a", large)).toBeDefined();
});

test("[FAIR5] no more frames wait for other objects than may be; what a closed connection sent is not looked at", async () => {
  const ends: (() => void)[] = [];
  const { intake, handled, resume } = open(() => new Promise((resolve) => void ends.push(resolve)));
  const waiting = Array.from({ length: 200 }, (_, frame) => intake.take("a", String(frame)));
  for (let round = 0; round < 50; round++) await resume();
  expect(handled).toHaveLength(agentLimits.framesAtOnce);
  ends.shift()?.();
  for (let round = 0; round < 5; round++) await resume();
  expect(handled).toHaveLength(agentLimits.framesAtOnce + 1);
  intake.drop("a");
  // Who waits for a frame that nobody looks at is told at once, so that the object may sleep.
  for (const end of ends.splice(0)) end();
  await Promise.all(waiting);
  expect(handled).toHaveLength(agentLimits.framesAtOnce + 1);
});

test("[FAIR10] work that an event makes for others is paid for before the next is taken; one of many characters counts as several", async () => {
  const { intake, handled, pacer, resume } = open(async () => pacer.owe(2 * agentLimits.paceSteps));
  for (let frame = 0; frame < 3; frame++) void intake.take("a", String(frame));
  await settle();
  const rounds = [];
  for (let round = 0; round < 12; round++) {
    rounds.push(handled.length);
    await resume();
  }
  // The first was handled beside the others of its round, for what it owes is known only then.
  expect(handled).toHaveLength(3);
  expect(rounds.filter((count) => count < 3).length).toBeGreaterThanOrEqual(2);

  const large = open();
  for (let frame = 0; frame < 3; frame++) void large.intake.take("a", "x".repeat(agentLimits.paceSteps * agentLimits.paceCharacters));
  await settle();
  expect(large.handled).toHaveLength(1);
});
