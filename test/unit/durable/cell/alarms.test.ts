/** Alarms of many owners behind the one of the platform. */
import { expect, test } from "vitest";
import { type CellAlarms, createCellAlarms } from "../../../../src/durable/cell/cell-alarms.ts";
import { type CellDatabase, openCellDatabase } from "../../../../src/durable/cell/cell-database.ts";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { createTimerQueue } from "../../../../src/durable/cell/timer-queue.ts";
import type { Storage } from "../../../../src/durable/host/ports.ts";
import { createHandWorld, type HandWorld } from "./stage.ts";

interface Stage {
  world: HandWorld;
  database: CellDatabase;
  alarms: CellAlarms;
  rung: [owner: string, at: number][];
  /** Times for which the platform's alarm was set. */
  guards: number[];
  /** Owners whose handler was ended. */
  givenUp: string[];
  stored(): { [owner: string]: number };
}

function open(world: HandWorld, ring: (owner: string) => Promise<void> = async () => {}, paused = false): Stage {
  const guards: number[] = [];
  const storage: Storage = {
    exec: world.storage.exec,
    transaction: world.storage.transaction,
    setAlarm(at) {
      guards.push(at);
      world.storage.setAlarm(at);
    },
  };
  const opened = openCellDatabase({ storage, failed: () => {} });
  let within = false;
  const written = (): void => {
    if (!within) opened.flush();
  };
  // What a turn of the event loop is to the cell, each call is here.
  const database: CellDatabase = {
    ...opened,
    transaction(body) {
      within = true;
      try {
        return opened.transaction(body);
      } finally {
        within = false;
        written();
      }
    },
  };
  const rung: Stage["rung"] = [];
  const givenUp: string[] = [];
  const made = createCellAlarms({
    database,
    now: world.now,
    timers: createTimerQueue(world.later, world.now, () => {}),
    async ring(owner) {
      rung.push([owner, world.now()]);
      await ring(owner);
    },
    giveUp: (owner) => void givenUp.push(owner),
    background: world.background,
    warn: (entry) => world.warnings.push(entry),
    paused,
  });
  written();
  const alarms: CellAlarms = {
    get: made.get,
    rang: made.rang,
    set: (owner, at) => [made.set(owner, at)].forEach(written),
    postpone: (owner, at) => [made.postpone(owner, at)].forEach(written),
    clear: (owner) => [made.clear(owner)].forEach(written),
    size() {
      return made.size();
    },
  };
  return {
    ...{ world, database, alarms, rung, guards, givenUp },
    stored() {
      database.flush();
      const rows = database.read<{ name: string; seq: number }>("SELECT name, seq FROM cursor WHERE owner = ''");
      return Object.fromEntries(rows.map(({ name, seq }) => [name, seq]));
    },
  };
}

test("[CELL3] each rings at its time; the platform's one alarm is moved seldom, and is there for who crashed", async () => {
  const world = createHandWorld();
  const begun = world.now();
  const { alarms, rung, guards } = open(world);
  for (let index = 0; index < 100; index++) alarms.set(`task/t${index}`, begun + 1_000 - index * 5);
  expect(guards.length).toBeLessThan(3);
  await world.pass(1_000);
  expect(rung).toHaveLength(100);
  expect(rung.every(([owner, at]) => at === begun + 1_000 - Number(owner.slice("task/t".length)) * 5)).toBe(true);
});

test("[CELL3] what is due later than a few seconds waits for the platform's alarm at its very time, so that the object may sleep", async () => {
  const world = createHandWorld();
  const at = world.now() + 3_600_000;
  const { alarms, guards, rung } = open(world);
  alarms.set("task/t1", at);
  expect(guards).toEqual([at]);
  expect(world.waiting).toBe(0);
  await world.pass(3_600_000);
  alarms.rang();
  expect(rung).toEqual([["task/t1", at]]);
});

test("[CELL3] an alarm of a transaction that is rolled back is as it was before, and so is its row", () => {
  const world = createHandWorld();
  const { alarms, database, stored } = open(world);
  const at = world.now() + 500;
  alarms.set("task/t1", at);
  expect(() =>
    database.transaction(() => {
      alarms.set("task/t1", at - 100);
      alarms.set("task/t2", at);
      alarms.clear("task/t1");
      throw new Error("no");
    }),
  ).toThrow("no");
  expect([alarms.get("task/t1"), alarms.get("task/t2")]).toEqual([at, undefined]);
  expect(stored()).toEqual({ "task/t1": at });
  expect(alarms.size()).toBe(1);
});

test("[CELL3] a transaction that is rolled back takes the platform's alarm back, and the next one that needs it sets it again", () => {
  const world = createHandWorld();
  const { alarms, database } = open(world);
  const at = world.now() + 3_600_000;
  alarms.set("task/t1", 2 * at);
  const fail = () =>
    database.transaction(() => {
      alarms.set("task/t2", at);
      throw new Error("no");
    });
  expect(fail).toThrow("no");
  expect(world.storage.alarm).toBe(2 * at);
  database.transaction(() => alarms.set("task/t2", at));
  expect(world.storage.alarm).toBe(at);
});

test("[CELL3] a time is stored where it moves earlier or has passed, and a later one costs no row; who wakes rings what was stored", async () => {
  const world = createHandWorld();
  const begun = world.now();
  const first = open(world);
  first.alarms.set("task/t1", begun + 500);
  first.alarms.set("task/t1", begun + 900);
  expect(first.stored()).toEqual({ "task/t1": begun + 500 });
  first.alarms.set("task/t1", begun + 300);
  expect(first.stored()).toEqual({ "task/t1": begun + 300 });
  const woken = open(world);
  expect(woken.alarms.get("task/t1")).toBe(begun + 300);
  await world.pass(400);
  expect(woken.rung).toEqual([["task/t1", begun + 300]]);
  woken.alarms.set("task/t1", begun + 1_000);
  expect(woken.stored(), "the time of before had passed").toEqual({ "task/t1": begun + 1_000 });
});

test("[CELL3] an alarm that is put off rings then or not at all, and costs no row: what is stored too early is mended with others'", async () => {
  const world = createHandWorld();
  const begun = world.now();
  const { alarms, database, rung, stored } = open(world);
  const owners = Array.from({ length: cellLimits.spentAlarms }, (_, index) => `task/t${index}`);
  for (const owner of owners) alarms.set(owner, begun + 5_000);
  const before = stored();
  for (const [index, owner] of owners.entries()) alarms.postpone(owner, index % 2 ? undefined : begun + 3_600_000);
  expect(stored()).toEqual(before);
  expect(open(world, undefined, true).alarms.get("task/t1"), "a crash now has it ring for nothing, once").toBe(begun + 5_000);
  alarms.set("task/other", begun + 6_000);
  await world.pass(10_000);
  expect(rung).toEqual([["task/other", begun + 6_000]]);
  expect(stored()).toEqual({
    ...Object.fromEntries(owners.filter((_, index) => index % 2 === 0).map((owner) => [owner, begun + 3_600_000])),
    "task/other": begun + 6_000,
  });
  expect(() =>
    database.transaction(() => {
      alarms.postpone("task/t0", undefined);
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(alarms.get("task/t0")).toBe(begun + 3_600_000);
  await world.pass(3_600_000);
  alarms.rang();
  await world.pass(100);
  expect(rung).toHaveLength(1 + owners.length / 2);
});

test("[ISO1] an owner that takes long, or throws, holds up no other; who throws is rung again, ever later", async () => {
  const world = createHandWorld();
  const begun = world.now();
  const never = new Promise<void>(() => {});
  const { alarms, rung } = open(world, (owner) => {
    if (owner === "task/slow") return never;
    return owner === "task/broken" ? Promise.reject(new Error("broken")) : Promise.resolve();
  });
  alarms.set("task/slow", begun + 1);
  alarms.set("task/broken", begun + 1);
  alarms.set("task/good", begun + 2);
  await world.pass(10);
  alarms.set("task/slow", begun + 20);
  await world.pass(20_000);
  const of = (owner: string): number[] => rung.filter(([each]) => each === owner).map(([, at]) => at - begun);
  expect(of("task/good")).toEqual([2]);
  expect(of("task/slow"), "one that rings is not rung beside itself").toEqual([1]);
  expect(of("task/broken")).toEqual([1, 1_001, 3_001, 7_001, 15_001]);
  expect(world.warnings).toHaveLength(5);
});

test("[ISO3] a handler that never ends is ended after minutes, by the platform's alarm, and its owner is rung again; its late end changes nothing", async () => {
  const world = createHandWorld();
  const begun = world.now();
  const ends: (() => void)[] = [];
  const { alarms, rung, givenUp, guards } = open(world, (owner) =>
    owner === "task/slow" ? new Promise((resolve) => ends.push(resolve)) : Promise.resolve(),
  );
  alarms.set("task/slow", begun + 1);
  await world.pass(1);
  // One that takes long, and ends, is let be.
  expect(guards.at(-1)).toBeLessThanOrEqual(begun + cellLimits.guardSlack);
  await world.pass(cellLimits.guardSlack);
  alarms.rang();
  expect(guards.at(-1)).toBe(begun + 1 + cellLimits.ringsAtMost);
  expect(world.waiting, "nothing in memory waits for it").toBe(0);
  await world.pass(cellLimits.ringsAtMost - cellLimits.guardSlack - 1);
  alarms.set("task/slow", world.now() + 3_600_000);
  alarms.rang();
  expect(givenUp).toEqual([]);
  await world.pass(1);
  alarms.rang();
  expect(givenUp).toEqual(["task/slow"]);
  expect(world.warnings).toEqual([expect.objectContaining({ at: "alarm", address: "task/slow", failures: 1 })]);
  await world.pass(cellLimits.retryFirst);
  expect(rung.map(([, at]) => at - begun)).toEqual([1, 1 + cellLimits.ringsAtMost + cellLimits.retryFirst]);
  // The first one ends at last, while the second is under way.
  ends[0]?.();
  await world.settle();
  expect(alarms.get("task/slow"), "it rings still").toBeUndefined();
  alarms.set("task/slow", world.now() + 50);
  ends[1]?.();
  await world.pass(50);
  expect(rung).toHaveLength(3);
});

test("[ISO1] of thousands that are due at once all ring, a few in each turn, and their rows go", async () => {
  const world = createHandWorld();
  const before = open(world);
  before.database.transaction(() => {
    for (let index = 0; index < 1_000; index++) before.alarms.set(`task/t${index}`, world.now() + 20_000);
  });
  await world.pass(60_000);
  const { alarms, rung, stored, guards } = open(world);
  expect(guards).toHaveLength(1);
  alarms.rang();
  expect(rung.length).toBe(cellLimits.ringsAtOnce);
  await world.pass(1);
  expect(new Set(rung.map(([owner]) => owner)).size).toBe(1_000);
  expect(Object.keys(stored()).length).toBeLessThan(cellLimits.spentAlarms + cellLimits.ringsAtOnce);
});

test("[CELL3] a paused cell rings nobody, and leaves the platform's alarm", async () => {
  const world = createHandWorld();
  open(world).alarms.set("task/t1", world.now() + 10);
  const { rung, guards } = open(world, undefined, true);
  await world.pass(60_000);
  expect(guards).toEqual([]);
  expect(rung).toEqual([]);
});
