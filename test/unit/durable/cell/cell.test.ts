/** The cell with actors that are made for it: who is in memory, who waits for whom, and what a throw undoes. */
import { expect, test } from "vitest";
import type { Cell } from "../../../../src/durable/cell/cell.ts";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { type CellRpc, ownerHeader, placeInCell } from "../../../../src/durable/cell/place-in-cell.ts";
import { createGather } from "../../../../src/durable/host/gather.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import type { ObjectContext } from "../../../../src/durable/host/storage/object-context.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import type { ObjectKind, Place } from "../../../../src/durable/place.ts";
import { createHandWorld, type HandWorld, openCounted, openWith } from "./stage.ts";

/** An actor that keeps a number. */
interface Counter {
  add(by: number): Promise<number>;
  fail(): Promise<void>;
  wait(milliseconds: number): Promise<string>;
  never(): Promise<void>;
  tell(other: string, by: number): Promise<number>;
  keep(text: string): Promise<void>;
  /** Says that it has nothing to do any more, while a timer of its own runs. */
  rest(milliseconds: number): Promise<void>;
  alarm(): Promise<void>;
}

interface Stage {
  cell: Cell;
  world: HandWorld;
  made: string[];
  of(name: string): Counter;
}

function makeCounter(ctx: ObjectContext, place: Place, address: string): Counter {
  const store = createStore(ctx.storage, address);
  const numbers = store.resident<number>("number");
  const texts = store.resident<string>("text");
  function add(by: number): number {
    return store.transaction(() => {
      const n = (numbers.get("n") ?? 0) + by;
      numbers.put("n", n);
      ctx.storage.setAlarm(2_000_000);
      return n;
    });
  }
  return {
    add: async (by) => add(by),
    async fail() {
      store.transaction(() => {
        numbers.put("n", 1_000);
        ctx.storage.setAlarm(1_500_000);
        throw new Error("of this one");
      });
    },
    wait: (milliseconds) => new Promise((resolve) => ctx.later(milliseconds, () => resolve("waited"))),
    never: () => new Promise(() => {}),
    tell: (other, by) => place<Counter>("task", other).add(by),
    keep: async (text) => store.transaction(() => texts.put("text", text)),
    async rest(milliseconds) {
      ctx.later(milliseconds, () => {});
      ctx.storage.postponeAlarm?.(undefined);
    },
    async alarm() {
      add(1);
    },
  };
}

function open(limits?: { owners: number; bytes: number }, world = createHandWorld()): Stage {
  const made: string[] = [];
  const cell = openWith(world, {
    make(kind: ObjectKind, ctx, place) {
      made.push(`${kind}/${ctx.name}`);
      if (ctx.name === "damaged") throw new Error("what it stored cannot be read");
      return makeCounter(ctx, place, `${kind}/${ctx.name}`);
    },
    methods: () => ["add", "fail", "wait", "never", "tell", "keep", "rest", "alarm"],
    warn: (entry) => void world.warnings.push(entry),
    ...(limits && { limits }),
  });
  return { cell, world, made, of: (name) => cell.place<Counter>("task", name) };
}

test("[CELL5] those that rest leave first that were not asked for longest; who comes back finds what it stored", async () => {
  const { cell, made, of } = open({ owners: 3, bytes: 1_000_000 });
  for (const name of ["a", "b", "c", "a", "d"]) await of(name).add(1);
  expect(cell.owners()).toEqual(["task/c", "task/a", "task/d"]);
  expect(await of("b").add(1)).toBe(2);
  expect(made.filter((each) => each === "task/b")).toHaveLength(2);
  expect(cell.size()).toBe(3);
});

test("[CELL5] who is at work stays: a call, a timer, work in the background; with more of them than fit it says so once, and goes on", async () => {
  const { cell, world, of } = open({ owners: 2, bytes: 1_000_000 });
  const waiting = ["a", "b", "c", "d"].map((name) => of(name).wait(30_000));
  await world.settle();
  expect(cell.size()).toBe(4);
  expect(await of("e").add(5)).toBe(5);
  expect(world.warnings).toEqual([
    expect.objectContaining({ at: "cell", owners: expect.any(Number), error: expect.stringContaining("more actors") }),
  ]);
  await world.pass(30_000);
  expect(await Promise.all(waiting)).toEqual(["waited", "waited", "waited", "waited"]);
  await of("f").add(1);
  expect(cell.size()).toBe(2);
});

test("[CELL5] actors are counted by what they store as well, and find it when they come back", async () => {
  const { cell, world, of } = open({ owners: 100, bytes: 1_000_000 });
  for (let index = 0; index < 20; index++) await of(`t${index}`).keep("x".repeat(100_000));
  await of("t0").add(1);
  expect(cell.size()).toBeLessThan(10);
  expect(cell.memory()).toMatchObject({ owners: cell.size(), overfull: 0 });
  // What the last one read comes on top, until the next is asked.
  expect(cell.memory().bytes).toBeLessThan(1_100_000);
  expect(cell.memory().bytes).toBeGreaterThan(7 * 100_000);
  expect(world.warnings).toEqual([]);
});

test("[CELL5] one that is always at work and writes the same again and again counts once, and takes nobody's place", async () => {
  const { cell, world, of } = open({ owners: 100, bytes: 1_000_000 });
  void of("busy").never();
  for (let index = 0; index < 10; index++) await of(`t${index}`).add(1);
  for (let turn = 0; turn < 200; turn++) await of("busy").keep("x".repeat(20_000 + turn));
  await of("t0").add(1);
  expect(cell.size()).toBe(11);
  expect(world.warnings).toEqual([]);
});

test("[CELL9] one that has nothing to do any more makes room at once, when nothing of it is under way; who asks it again keeps it", async () => {
  const { cell, world, made, of } = open({ owners: 100, bytes: 1_000_000 });
  for (const name of ["a", "b", "c"]) await of(name).add(1);
  await of("a").rest(100);
  await of("b").rest(100);
  expect(cell.size()).toBe(3);
  await of("b").add(1);
  await world.pass(100);
  expect(cell.owners()).toEqual(["task/c", "task/b"]);
  expect([cell.alarms.get("task/a"), cell.alarms.get("task/c")]).toEqual([undefined, 2_000_000]);
  expect(await of("a").add(1)).toBe(2);
  expect(made.filter((each) => each === "task/a")).toHaveLength(2);
});

test("[CELL6] with more stored by those at work than fits it says so, counts it, and goes on with what rests elsewhere", async () => {
  const { cell, world, of } = open({ owners: 100, bytes: 500_000 });
  for (let index = 0; index < 8; index++) {
    void of(`busy${index}`).never();
    await of(`busy${index}`).keep("x".repeat(100_000));
  }
  expect(await Promise.all(Array.from({ length: 30 }, (_, index) => of(`t${index}`).add(index)))).toEqual(
    Array.from({ length: 30 }, (_, index) => index),
  );
  await of("t0").add(1);
  expect(cell.memory().overfull).toBeGreaterThan(0);
  expect(world.warnings).toEqual([
    expect.objectContaining({
      at: "cell",
      owners: expect.any(Number),
      bytes: expect.any(Number),
      error: expect.stringContaining("more actors"),
    }),
  ]);
  expect(cell.owners().filter((owner) => owner.startsWith("task/busy"))).toHaveLength(8);
  expect(cell.size()).toBeLessThan(12);
  expect(await Promise.all(Array.from({ length: 30 }, (_, index) => of(`t${index}`).add(0)))).toEqual(
    Array.from({ length: 30 }, (_, index) => (index === 0 ? 1 : index)),
  );
});

test("[STORE6] of actors that commit at the same time the one whose row is too large is told so, and the others commit", async () => {
  const { cell, world, of } = open();
  const [large, ...others] = await Promise.allSettled([of("a").keep("x".repeat(2_000_001)), of("b").add(1), of("c").add(2)]);
  expect(large).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("SQLITE_TOOBIG") } });
  expect(others.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  cell.flush();
  expect(
    world.storage.exec(
      "SELECT substr(cursor.owner, 7) AS owner FROM document JOIN cursor ON cursor.name = 'rows' AND cursor.body ->> '$' = document.owner WHERE collection IN ('number', 'text') ORDER BY 1",
    ),
  ).toEqual([{ owner: "task/b" }, { owner: "task/c" }]);
});

test("[CELL12] what actors commit in one turn of the event loop is one transaction, and nothing leaves the cell before it is written", async () => {
  const world = createHandWorld();
  const contexts = new Map<string, ObjectContext>();
  const { cell, countTransactions } = openCounted(world, {
    make(kind, ctx, place) {
      contexts.set(String(ctx.name), ctx);
      return makeCounter(ctx, place, `${kind}/${ctx.name}`);
    },
    methods: () => ["add", "fail", "tell"],
  });
  const left: string[] = [];
  const leave = (name: string, what: string) => contexts.get(name)?.leave(() => left.push(what));
  const of = (name: string) => cell.place<Counter>("task", name);
  expect(await of("a").tell("b", 1)).toBe(1);
  await expect(of("c").fail()).rejects.toThrow("of this one");
  leave("b", "b says 1");
  expect(await of("b").add(1)).toBe(2);
  leave("b", "b says 2");
  expect([countTransactions(), left]).toEqual([0, []]);
  expect(world.storage.exec("SELECT 1 FROM document WHERE owner <> '' UNION SELECT 1 FROM cursor")).toEqual([]);
  await world.settle();
  expect(countTransactions()).toBe(1);
  expect(left).toEqual(["b says 1", "b says 2"]);
  expect(
    world.storage.exec(
      "SELECT cursor.owner, document.body FROM document JOIN cursor ON cursor.name = 'rows' AND cursor.body ->> '$' = document.owner WHERE collection = 'number'",
    ),
  ).toEqual([{ owner: "facts task/b", body: "2" }]);
  leave("b", "at once");
  expect(left.at(-1)).toBe("at once");
});

test("[CELL13] what several actors tell one in one turn of the event loop is one commit of its, though each of them had more or less to do before", async () => {
  const world = createHandWorld();
  const batches: number[][] = [];
  const { cell, countTransactions } = openCounted(world, {
    make(kind, ctx, place) {
      const counter = makeCounter(ctx, place, `${kind}/${ctx.name}`);
      const hear = createGather<number, number>(ctx.settle, (numbers) => {
        batches.push(numbers);
        void counter.add(numbers.length);
        return numbers;
      });
      return {
        hear,
        async work(steps: number) {
          await counter.add(steps);
          for (let left = steps; left > 0; left -= 1) await undefined;
          return place<{ hear(steps: number): Promise<number> }>("agent", "a").hear(steps);
        },
      };
    },
    methods: () => ["hear", "work"],
  });
  const steps = [0, 7, 30, 40];
  const of = (name: string) => cell.place<{ work(steps: number): Promise<number> }>("task", name);
  expect(await Promise.all(steps.map((each) => of(`t${each}`).work(each)))).toEqual(steps);
  expect(batches).toEqual([steps]);
  await world.settle();
  // With what they were told for.
  expect(countTransactions()).toBe(1);
  expect(await of("t1").work(1)).toBe(1);
  expect(batches.at(-1)).toEqual([1]);
});

test("[CELL12] who reads what it has stored finds what it committed before, and with more waiting than memory should hold it is written at once", async () => {
  const { cell, world, of } = open({ owners: 1, bytes: 100_000_000 });
  await of("a").add(1);
  await of("b").add(1);
  expect(await of("a").add(1)).toBe(2);
  const rows = () => world.storage.exec("SELECT owner FROM document WHERE collection = 'text'").length;
  const texts = Math.ceil(cellLimits.waveCharacters / 1_000_000) + 1;
  const kept = Promise.all(Array.from({ length: texts }, (_, index) => of(`t${index}`).keep("x".repeat(1_000_000))));
  await kept;
  expect(rows()).toBeGreaterThan(0);
  cell.flush();
  expect(rows()).toBe(texts);
});

test("[CELL5] what is left of one that has left memory can neither read nor write", async () => {
  const stage = open();
  let context: ObjectContext | undefined;
  const cell = openWith(stage.world, {
    make(_, ctx) {
      context = ctx;
      return { hear: async () => {} };
    },
    methods: () => ["hear"],
  });
  await cell.call("task/a", "hear", []);
  expect(cell.evict("task/a")).toBe(true);
  expect(() => context?.storage.exec("SELECT 1")).toThrow("has left memory");
  expect(() => context?.storage.transaction(() => {})).toThrow("has left memory");
});

test("[ISO2] a throw undoes that actor's step alone, its alarm too; who cannot be loaded is refused, and others are served", async () => {
  const { cell, of } = open();
  expect(await of("a").add(1)).toBe(1);
  const both = [of("a").fail(), of("b").add(2), of("damaged").add(1)];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  expect(cell.alarms.get("task/a")).toBe(2_000_000);
  expect(await of("a").add(1)).toBe(2);
  await expect(cell.call("task/a", "constructor", [])).rejects.toThrow("has no constructor");
});

test("[ISO2] one that never answers holds up nobody, and neither does who waits for it", async () => {
  const { world, of } = open({ owners: 5, bytes: 1_000_000 });
  void of("stuck").never();
  void of("waits").tell("stuck", 1);
  await world.settle();
  expect(await Promise.all(Array.from({ length: 50 }, (_, index) => of(`t${index}`).add(1)))).toEqual(Array.from({ length: 50 }, () => 1));
  expect(await of("t1").tell("t2", 3)).toBe(4);
});

test("[ISO3] an actor whose alarm never ends is loaded anew, and what is left of its handler can write nothing", async () => {
  const world = createHandWorld();
  const lives: ObjectContext[] = [];
  const cell = openWith(world, {
    make(_, ctx) {
      lives.push(ctx);
      return {
        hear: () => ctx.setAlarm(world.now() + 10),
        alarm: () => (lives.length === 1 ? new Promise(() => {}) : Promise.resolve()),
      };
    },
    methods: () => ["hear", "alarm"],
  });
  await cell.call("task/a", "hear", []);
  await world.pass(10);
  for (let waited = 0; waited <= cellLimits.ringsAtMost + cellLimits.guardSlack; waited += cellLimits.guardSlack) {
    await world.pass(cellLimits.guardSlack);
    cell.alarm();
  }
  await world.pass(cellLimits.retryFirst);
  expect(lives).toHaveLength(2);
  expect(() => lives[0]?.storage.transaction(() => {})).toThrow("has left memory");
  await expect(cell.call("task/a", "hear", [])).resolves.toBeUndefined();
});

test("[CELL3] after a crash each has its alarm, and rows of one are none of another's", async () => {
  const storage = createNodeStorage();
  const before = open(undefined, createHandWorld(storage));
  await before.of("a").add(1);
  await before.of("b").add(5);
  before.cell.flush();
  const { world, cell, of } = open(undefined, createHandWorld(storage));
  expect([cell.alarms.get("task/a"), cell.alarms.get("task/b")]).toEqual([2_000_000, 2_000_000]);
  await world.pass(1_000_001);
  cell.alarm();
  await world.settle();
  expect([await of("a").add(0), await of("b").add(0)]).toEqual([2, 6]);
});

test("[CELL8] a request reaches the actor that the Worker asks for, whatever owner its caller named", async () => {
  const heard: (string | null)[] = [];
  const cell = {
    async fetch({ headers }: Request) {
      heard.push(headers.get(ownerHeader));
      return new Response();
    },
  } as Partial<CellRpc> as CellRpc;
  const bob = placeInCell(() => cell)<{ fetch(request: Request): Promise<Response> }>("agent", "bob");
  await bob.fetch(new Request("http://nerveflare.test/v1/connect", { headers: { [ownerHeader]: "agent/eve" } }));
  expect(heard).toEqual(["agent/bob"]);
});
