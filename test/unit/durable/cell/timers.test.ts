/** Time in a cell: many timers by one, who is due first, and what is gathered. */
import { describe, expect, test } from "vitest";
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

describe("[CELL2] what reaches a cell", () => {
  function open() {
    const turns: (() => void)[] = [];
    const stored: (() => void)[] = [];
    const taken: string[] = [];
    const wave = createWave(
      (work) => turns.push(work),
      () => new Promise((resolve) => stored.push(resolve)),
    );
    return {
      taken,
      /** @param done what it waits for after it was taken */
      run: (name: string, done: Promise<void> = Promise.resolve()) =>
        void wave.run(() => {
          taken.push(name);
          return done;
        }),
      /** The event loop's next turn. */
      async turn() {
        for (const work of turns.splice(0)) work();
        await settle();
      },
      async store() {
        await settle();
        for (const resolve of stored.splice(0)) resolve();
        await settle();
      },
    };
  }

  test("[CELL2] is taken at once at rest; what comes at once is taken together, in its order, until it comes alone again", async () => {
    const { run, turn, taken } = open();
    run("a");
    expect(taken).toEqual(["a"]);
    await turn();
    run("b");
    expect(taken, "the one before was alone").toEqual(["a", "b"]);
    run("c");
    run("d");
    await settle();
    expect(taken).toEqual(["a", "b"]);
    await turn();
    expect(taken).toEqual(["a", "b", "c", "d"]);
    run("e");
    await settle();
    expect(taken, "much came with the last").toHaveLength(4);
    await turn();
    run("f");
    expect(taken, "it came alone").toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("[CELL2] as an answer to what was stored waits for no timer, and one that comes before that does", async () => {
    const { run, turn, store, taken } = open();
    run("a");
    await store();
    run("b");
    expect(taken).toEqual(["a", "b"]);
    await settle();
    run("c");
    await store();
    expect(taken, "b was not stored yet").toEqual(["a", "b"]);
    await turn();
    expect(taken).toEqual(["a", "b", "c"]);
  });

  test("[CELL2] waits for none that waits for others itself", async () => {
    const { run, turn, store, taken } = open();
    run("poll", new Promise(() => {}));
    await store();
    await turn();
    run("b");
    expect(taken).toEqual(["poll", "b"]);
  });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
