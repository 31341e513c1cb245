/** [QUE1] Who is next: the highest priority, the ring of initiators, the oldest of each; against a model that is a list. */
import { expect, test } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";
import { formerWorkflowTables, queueMigrations } from "../../../../src/durable/workflow/former-tables.ts";
import { createQueue, type Queue } from "../../../../src/durable/workflow/queue.ts";
import { createRandom } from "../../../../src/explore/create-random.ts";
import { makeFormer } from "../../../host/stored.ts";

interface Waiting {
  thread: string;
  initiator: string;
  priority: number;
}

/** Each change is a transaction of its own. */
function open(storage = createNodeStorage()): Pick<Queue<string>, "join" | "next" | "remove" | "waiting" | "order"> {
  const store = createStore(storage, "workflow/w", formerWorkflowTables);
  const queue = createQueue<string>(store);
  return {
    ...queue,
    join: (entry) => store.transaction(() => queue.join(entry)),
    next: () => store.transaction(queue.next),
    remove: (thread) => store.transaction(() => queue.remove(thread)),
  };
}

function join(queue: Pick<Queue<string>, "join">, { thread, initiator, priority }: Waiting): void {
  queue.join({ thread, initiator, priority, key: null, start: thread, epoch: 1 });
}

/** The rule in words, on lists. */
function createModel() {
  const waiting: Waiting[] = [];
  const ring: string[] = [];
  const leave = (entry: Waiting): void => {
    waiting.splice(waiting.indexOf(entry), 1);
  };
  const has = (initiator: string): boolean => waiting.some((each) => each.initiator === initiator);
  return {
    waiting,
    join(entry: Waiting): void {
      waiting.push(entry);
      if (!ring.includes(entry.initiator)) ring.push(entry.initiator);
    },
    next(): string | undefined {
      const highest = Math.max(...waiting.map(({ priority }) => priority));
      const best = waiting.filter(({ priority }) => priority === highest);
      const initiator = ring.find((each) => best.some((entry) => entry.initiator === each));
      const served = best.find((entry) => entry.initiator === initiator);
      if (!served || initiator === undefined) return undefined;
      leave(served);
      ring.splice(ring.indexOf(initiator), 1);
      if (has(initiator)) ring.push(initiator);
      return served.thread;
    },
    remove(entry: Waiting): void {
      leave(entry);
      if (!has(entry.initiator)) ring.splice(ring.indexOf(entry.initiator), 1);
    },
  };
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "[QUE1] the queue does what the rule says, over any number of lives, seed %i",
  (seed) => {
    const random = createRandom(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    const storage = createNodeStorage();
    let queue = open(storage);
    const model = createModel();
    for (let step = 0; step < 120; step++) {
      const drawn = random();
      // It is read anew from what is stored.
      if (drawn > 0.95) queue = open(storage);
      if (drawn < 0.55) {
        const entry = { thread: `t${step}`, initiator: `i${pick(5)}`, priority: pick(3) };
        join(queue, entry);
        model.join(entry);
      } else if (drawn < 0.65 && model.waiting.length) {
        const gone = model.waiting[pick(model.waiting.length)] as Waiting;
        queue.remove(gone.thread);
        model.remove(gone);
      } else expect(queue.next()).toBe(model.next());
      expect(queue.waiting()).toBe(model.waiting.length);
    }
    // What is shown is what then comes.
    const shown = queue.order();
    for (const thread of shown) expect(queue.next()).toBe(thread);
    expect(shown.toSorted()).toEqual(model.waiting.map(({ thread }) => thread).toSorted());
  },
);

test("[QUE2] nobody of k initiators waits longer than k starts, however many threads another has queued", () => {
  const queue = open();
  for (let index = 0; index < 50; index++) join(queue, { thread: `busy${index}`, initiator: "busy", priority: 0 });
  for (const initiator of ["a", "b", "c"]) join(queue, { thread: initiator, initiator, priority: 0 });
  expect([queue.next(), queue.next(), queue.next(), queue.next(), queue.next()]).toEqual(["busy0", "a", "b", "c", "busy1"]);
});

test("[QUE3] a higher priority goes first, and its initiator then stands back", () => {
  const queue = open();
  join(queue, { thread: "a1", initiator: "a", priority: 0 });
  join(queue, { thread: "b1", initiator: "b", priority: 0 });
  join(queue, { thread: "a2", initiator: "a", priority: 5 });
  expect(queue.order()).toEqual(["a2", "b1", "a1"]);
});

test("[QUE12] threads that waited before there were priorities still wait in their order", () => {
  const storage = createNodeStorage();
  makeFormer(storage, { admission: queueMigrations.slice(0, 1) });
  for (const [thread, source] of [
    ["t1", "/agents/a"],
    ["t2", "/agents/a"],
    ["t3", "/agents/b"],
  ])
    storage.exec(
      "INSERT INTO admitted (thread, status, start, at) VALUES (?, 'queued', ?, 0)",
      thread as string,
      JSON.stringify({ event: { source } }),
    );
  expect(open(storage).order()).toEqual(["t1", "t3", "t2"]);
});
