/** Time in a cell: many timers by one, who is due first, and what is gathered. */
import { describe, expect, test } from "vitest";
import { createCell } from "../../../../src/durable/cell/cell.ts";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { createDueOrder, type Due } from "../../../../src/durable/cell/due-order.ts";
import { createTimerQueue } from "../../../../src/durable/cell/timer-queue.ts";
import { createWave } from "../../../../src/durable/cell/wave.ts";
import type { ObjectContext } from "../../../../src/durable/host/storage/object-context.ts";
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

test("[CELL1] waves and actors of a cell share its timers", async () => {
  const world = createHandWorld();
  let context: ObjectContext | undefined;
  const cell = createCell({
    ...world,
    sync: async () => {},
    failed: () => {},
    sockets: () => ({ accept: () => {}, list: () => [], readPing: () => 0, answerPings: () => {} }),
    make(_, ctx) {
      context = ctx;
      return {};
    },
    methods: () => [],
    warn: () => {},
  });
  cell.open("task/a");
  const wave = createWave((work) => void world.timers.add(0, work), cell.written, world.now);
  const ran: string[] = [];
  for (let index = 0; index < 1_000; index++) {
    context?.later(index % 3, () => ran.push("actor"));
    void wave.run(async () => ran.push("wave"));
  }
  expect(world.waiting).toBe(1);
  await world.pass(10);
  expect(ran.filter((what) => what === "wave")).toHaveLength(1_000);
  expect(ran).toHaveLength(2_000);
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
    let now = 0;
    const wave = createWave(
      (work) => turns.push(work),
      () => new Promise((resolve) => stored.push(resolve)),
      () => now,
    );
    return {
      /** Turns of the event loop that were asked for and have not come. */
      turns,
      pass(milliseconds: number) {
        now += milliseconds;
      },
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
    const { run, turn, turns, pass, taken } = open();
    run("a");
    expect(taken).toEqual(["a"]);
    pass(cellLimits.aloneAtMost);
    run("b");
    expect(taken, "the one before was alone").toEqual(["a", "b"]);
    expect(turns, "who comes alone needs no timer").toEqual([]);
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
    pass(cellLimits.aloneAtMost);
    run("f");
    expect(taken, "it came alone").toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("[CELL2] as an answer to what was stored waits for no timer, and one that comes before that does", async () => {
    const { run, turn, turns, store, taken } = open();
    run("a");
    await store();
    run("b");
    expect(taken).toEqual(["a", "b"]);
    expect(turns).toEqual([]);
    await settle();
    run("c");
    await store();
    expect(taken, "b was not stored yet").toEqual(["a", "b"]);
    await turn();
    expect(taken).toEqual(["a", "b", "c"]);
  });

  test("[CELL2] waits for none that waits for others itself", async () => {
    const { run, pass, store, taken } = open();
    run("poll", new Promise(() => {}));
    await store();
    pass(cellLimits.aloneAtMost);
    run("b");
    expect(taken).toEqual(["poll", "b"]);
  });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
