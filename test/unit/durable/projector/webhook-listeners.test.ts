/** How webhooks hear that the log has something for them. */
import { expect, test } from "vitest";
import { createWebhookListeners } from "../../../../src/durable/projector/webhook-listeners.ts";

function setUp() {
  const stage = {
    listeners: [
      { id: "pr", kinds: ["pr.*"] },
      { id: "all", kinds: ["*"] },
    ],
    reads: 0,
    woken: [] as string[],
    fails: 0,
    held: undefined as Promise<void> | undefined,
    timers: [] as (() => void)[],
    warned: [] as object[],
  };
  const { tell } = createWebhookListeners({
    async read() {
      stage.reads += 1;
      return stage.listeners;
    },
    async wake(id) {
      stage.woken.push(id);
      if (stage.fails-- > 0) throw new Error("overloaded");
      await stage.held;
    },
    later: (_, work) => void stage.timers.push(work),
    background: (work) => void work.catch(() => {}),
    warn: (entry) => stage.warned.push(entry),
  });
  return {
    stage,
    async tell(version: number, ...kinds: string[]) {
      tell(version, kinds);
      await settle();
      return stage.woken.splice(0).sort();
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
