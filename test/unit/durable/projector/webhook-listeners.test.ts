/** How webhooks hear that the log has something for them. */
import { expect, test } from "vitest";
import { createWebhookListeners, type Listener } from "../../../../src/durable/projector/webhook-listeners.ts";

function setUp() {
  const stage = {
    listeners: [
      { id: "pr", kinds: ["pr.*"] },
      { id: "all", kinds: ["*"] },
    ] as Listener[],
    reads: 0,
    woken: [] as string[],
    fails: 0,
    held: undefined as Promise<void> | undefined,
    timers: [] as (() => void)[],
    warned: [] as object[],
    failsToRead: false,
    /** What is stored, and survives a life. */
    isMarked: false,
    marks: 0,
    rings: 0,
  };
  const load = () =>
    createWebhookListeners({
      async read() {
        stage.reads += 1;
        if (stage.failsToRead) throw new Error("D1 is away");
        return stage.listeners;
      },
      async wake(id) {
        stage.woken.push(id);
        if (stage.fails-- > 0) throw new Error("overloaded");
        await stage.held;
      },
      mark: {
        isSet: () => stage.isMarked,
        set() {
          stage.isMarked = true;
          stage.marks += 1;
        },
        clear() {
          stage.isMarked = false;
        },
      },
      async ring() {
        stage.rings += 1;
      },
      later: (_, work) => void stage.timers.push(work),
      background: (work) => void work.catch(() => {}),
      warn: (entry) => stage.warned.push(entry),
    });
  let listeners = load();
  return {
    stage,
    async write(version: number, kind: string, thread: string | null) {
      await listeners.tell(version, [{ kind, threads: [thread, null] }]);
      await settle();
      return stage.woken.splice(0);
    },
    async tell(version: number, ...kinds: string[]) {
      const written = kinds.map((kind) => ({ kind, threads: [null] }));
      await listeners.tell(version, written);
      await settle();
      return stage.woken.splice(0).sort();
    },
    async look() {
      await listeners.look();
      await settle();
      return stage.woken.splice(0).sort();
    },
    /** The process dies, and another begins with what is stored. */
    restart() {
      stage.timers = [];
      stage.held = undefined;
      listeners = load();
    },
  };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
}

test("[HOOK16] where there never was a webhook nobody is asked about any", async () => {
  const { stage, tell } = setUp();
  expect(await tell(0, "pr.opened")).toEqual([]);
  expect(stage.reads).toBe(0);
});

test("[ATOA16] one that is told of one thread is woken by that thread's events alone", async () => {
  const { stage, write } = setUp();
  stage.listeners = [{ id: "push", kinds: ["nerve.thread.completed"], thread: "t1" }];
  expect(await write(1, "note", null)).toEqual(["push"]);
  expect(await write(1, "nerve.thread.completed", "t2")).toEqual([]);
  expect(await write(1, "note", "t1")).toEqual([]);
  expect(await write(1, "nerve.thread.completed", "t1")).toEqual(["push"]);
});

test("[HOOK16] those are woken that listen; whoever has just come into memory wakes all, lest one has missed something", async () => {
  const { stage, tell } = setUp();
  expect(await tell(1, "note")).toEqual(["all", "pr"]);
  expect(await tell(1, "note", "note")).toEqual(["all"]);
  expect(await tell(1, "note", "pr.opened")).toEqual(["all", "pr"]);
  expect(await tell(1)).toEqual([]);
  expect(stage.reads).toBe(1);
  stage.listeners = [{ id: "pr", kinds: ["pr.*"] }];
  expect(await tell(2, "note")).toEqual([]);
  expect(stage.reads).toBe(2);
});

test("[HOOK16] one that is being woken is woken once more, however often it is told meanwhile", async () => {
  const { stage, tell } = setUp();
  await tell(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.held = promise;
  expect(await tell(1, "note")).toEqual(["all"]);
  for (let times = 0; times < 5; times++) expect(await tell(1, "note")).toEqual([]);
  resolve();
  stage.held = undefined;
  await settle();
  expect(stage.woken).toEqual(["all"]);
});

test("[HOOK16] one that could not be woken is woken again, and others are not held up", async () => {
  const { stage, tell } = setUp();
  await tell(1);
  stage.fails = 1;
  expect(await tell(1, "pr.opened")).toEqual(["all", "pr"]);
  expect(stage.warned).toMatchObject([{ at: "webhook", error: "Error: overloaded" }]);
  for (const timer of stage.timers.splice(0)) timer();
  await settle();
  expect(stage.woken).toHaveLength(1);
});

test("[HOOK29] whom a life had to wake when it died, the next one wakes, though nothing more is written", async () => {
  const { stage, tell, look, restart } = setUp();
  await tell(1, "pr.opened");
  await look();
  expect(stage.isMarked).toBe(false);
  // It dies while they are being woken: whether they heard is not known.
  stage.held = new Promise(() => {});
  await tell(1, "pr.opened");
  expect(stage.isMarked).toBe(true);
  restart();
  expect(await look()).toEqual(["all", "pr"]);
  expect(stage.isMarked).toBe(true);
  expect(await look()).toEqual([]);
  expect(stage.isMarked).toBe(false);
});

test("[HOOK29] the mark stands while one could not be woken, or who is to be could not be read", async () => {
  const { stage, tell, look, restart } = setUp();
  stage.failsToRead = true;
  await tell(1, "note");
  expect(await look()).toEqual([]);
  expect(stage.isMarked).toBe(true);
  stage.failsToRead = false;
  stage.fails = 1;
  expect(await look()).toEqual(["all", "pr"]);
  await look();
  expect(stage.isMarked).toBe(true);
  restart();
  expect(await look()).toEqual(["all", "pr"]);
  await look();
  expect(stage.isMarked).toBe(false);
});

test("[HOOK29] it costs nothing where there never was a webhook or none listens, and else one mark and alarm for all until the look", async () => {
  const { stage, tell, look } = setUp();
  await tell(0, "note");
  expect(await look()).toEqual([]);
  expect(stage).toMatchObject({ marks: 0, rings: 0, reads: 0 });
  for (let times = 0; times < 50; times++) await tell(1, "note");
  expect(stage).toMatchObject({ marks: 1, rings: 1, reads: 1 });
  await look();
  expect(stage).toMatchObject({ isMarked: false, marks: 1, rings: 1, reads: 1 });
  stage.listeners = [{ id: "pr", kinds: ["pr.*"] }];
  await tell(2, "pr.a");
  await look();
  await tell(2, "note");
  expect(stage).toMatchObject({ isMarked: false, marks: 2, rings: 2, reads: 2 });
});

test("[HOOK29] a look takes no mark away from those who are only finding out whom to wake", async () => {
  const { stage, tell, look } = setUp();
  await tell(1, "note");
  await look();
  const reading = tell(2, "note");
  await look();
  expect(stage.isMarked).toBe(true);
  await reading;
  await look();
  expect(stage.isMarked).toBe(false);
});
