/** Time in a cell: many timers by one, who is due first, and what is gathered. */
import { expect, test } from "vitest";
import { createDueOrder, type Due } from "../../../../src/durable/cell/due-order.ts";
import { createTimerQueue } from "../../../../src/durable/cell/timer-queue.ts";
import { createWave } from "../../../../src/durable/cell/wave.ts";
import { createRandom } from "../../../../src/explore/create-random.ts";
import { createHandWorld } from "./stage.ts";

test("[CELL1] ten thousand timers need a few of the platform's, run in order of time, and one that throws stops no other", async () => {
  const world = createHandWorld();
  const failed: unknown[] = [];
  const queue = createTimerQueue(world.later, world.now, (error) => failed.push(error));
  const random = createRandom(1);
  const ran: number[] = [];
  let most = 0;
  for (let index = 0; index < 10_000; index++) {
    const milliseconds = Math.floor(random() * 5_000);
    queue.add(milliseconds, () => {
      ran.push(milliseconds);
      if (index === 50) throw new Error("of one");
    });
    most = Math.max(most, world.waiting);
  }
  expect(most).toBeLessThan(50);
  const drop = queue.add(10, () => ran.push(-1));
  drop();
  await world.pass(5_000);
  expect(ran).toHaveLength(10_000);
  expect(ran).toEqual(ran.toSorted((a, b) => a - b));
  expect(failed.map(String)).toEqual(["Error: of one"]);
});

test("[CELL1] however often one is due at once beside one that is due later, the platform has two", async () => {
  const world = createHandWorld();
  const queue = createTimerQueue(world.later, world.now, () => {});
  const ran: string[] = [];
  queue.add(5_000, () => ran.push("later"));
  let most = 0;
  for (let times = 0; times < 1_000; times++) {
    queue.add(0, () => ran.push("now"));
    most = Math.max(most, world.waiting);
    await world.pass(1);
  }
  expect(most).toBe(2);
  await world.pass(5_000);
  expect(world.waiting).toBe(0);
  expect(ran.filter((what) => what === "now")).toHaveLength(1_000);
  expect(ran.at(-1)).toBe("later");
});

test("[CELL1] what a timer sets for now runs in a later turn of the event loop", async () => {
  const world = createHandWorld();
  const queue = createTimerQueue(world.later, world.now, () => {});
  const ran: string[] = [];
  queue.add(0, () => {
    ran.push("first");
    queue.add(0, () => ran.push("third"));
  });
  queue.add(0, () => ran.push("second"));
  await world.pass(0);
  expect(ran).toEqual(["first", "second", "third"]);
});

test("[CELL1] times that move again and again leave nothing behind", () => {
  const owners = Array.from({ length: 10 }, (): Due => ({ at: undefined }));
  const order = createDueOrder<Due>(() => owners.length);
  for (let round = 10_000; round > 0; round--)
    for (const [index, owner] of owners.entries()) {
      owner.at = round * 10 + index;
      order.add(owner, owner.at);
    }
  expect(order.first()).toBe(owners[0]);
  (owners[0] as Due).at = undefined;
  expect(order.first()).toBe(owners[1]);
});

test("[CELL2] at rest nobody waits; what comes at once is taken together, in its order, until it comes alone again", () => {
  const turns: (() => void)[] = [];
  const wave = createWave((work) => turns.push(work));
  const turn = (): void => {
    for (const work of turns.splice(0)) work();
  };
  expect(wave.enter()).toBeUndefined();
  turn();
  expect(wave.enter(), "the one before was alone").toBeUndefined();
  const second = wave.enter();
  const third = wave.enter();
  expect(second).toBeInstanceOf(Promise);
  expect(third).toBe(second);
  turn();
  const fourth = wave.enter();
  expect(fourth, "much came with the last").toBeInstanceOf(Promise);
  turn();
  expect(wave.enter(), "it came alone").toBeUndefined();
});
