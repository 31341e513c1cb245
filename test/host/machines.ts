/** Machines that the contract runs in every world, written as somebody else would who knows XState and not this host. */
import { and, assign, cancel, emit, enqueueActions, fromPromise, not, raise, sendTo, setup, spawnChild, stateIn, stopChild } from "xstate";
import { actorAt, parentActor } from "../../src/durable/host/actor-at.ts";
import { createLogics, type Write } from "../../src/durable/host/logic.ts";
import { listHardLogics } from "./hard-machines.ts";
import { world } from "./world.ts";

/** Rows that a test reads back: written in the step's own transaction. */
const note: Write = ({ params }, { storage, actor }) => {
  storage.exec("CREATE TABLE IF NOT EXISTS note (n INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT, text TEXT)");
  storage.exec("INSERT INTO note (actor, text) VALUES (?, ?)", actor, String(params.text));
};

const counter = setup({
  types: {} as {
    context: { n: number };
    events: { type: "add"; by: number } | { type: "boom" | "noted" | "crash" | "tell" | "shout" | "spread" | "end" | "bad" | "ref" };
  },
  actions: { note: (_, _params: { text: string }) => {}, crash: () => {} },
}).createMachine({
  context: { n: 0 },
  initial: "open",
  states: {
    open: {
      tags: "counting",
      on: {
        add: {
          actions: [
            assign({ n: ({ context, event }) => context.n + event.by }),
            { type: "note", params: ({ event }) => ({ text: `+${event.by}` }) },
          ],
        },
        boom: {
          actions: [
            assign({ n: 99 }),
            { type: "note", params: { text: "boom" } },
            assign(() => {
              throw new Error("boom");
            }),
          ],
        },
        crash: { actions: [assign({ n: ({ context }) => context.n + 1 }), { type: "note", params: { text: "crash" } }, "crash"] },
        tell: { actions: sendTo(() => actorAt("actor/nobody"), { type: "hello" }) },
        shout: { actions: emit({ type: "shouted" }) },
        bad: { actions: assign({ n: () => new Map() as never }) },
        ref: {
          actions: sendTo(
            () => parentActor,
            ({ self }) => ({ type: "me", self }),
          ),
        },
        end: "closed",
      },
    },
    closed: { type: "final" },
  },
  output: ({ context }) => ({ total: context.n }),
});

/** Hears of refusals, and of nothing else. */
const sender = setup({
  types: {} as {
    context: { refusals: string[]; got: number };
    events: { type: "send"; to: string; n?: number } | { type: "delivery.refused"; to: string; message: string } | { type: "got" };
  },
}).createMachine({
  context: { refusals: [], got: 0 },
  on: {
    send: {
      actions: sendTo(
        ({ event }) => actorAt(event.to),
        ({ event }) => ({ type: "add", by: event.n ?? 1 }),
      ),
    },
    "delivery.refused": { actions: assign({ refusals: ({ context, event }) => [...context.refusals, `${event.message} to ${event.to}`] }) },
    got: { actions: assign({ got: ({ context }) => context.got + 1 }) },
  },
});

const grandchild = setup({
  types: {} as { context: { asked: number }; output: { from: string } },
  actors: {
    never: fromPromise(async () => {
      throw new Error("the grandchild failed");
    }),
  },
}).createMachine({
  context: { asked: 0 },
  initial: "waiting",
  states: {
    waiting: {
      on: {
        ask: { actions: [assign({ asked: ({ context }) => context.asked + 1 }), sendTo(() => parentActor, { type: "answer" })] },
        finish: "done",
        fail: { target: "broken" },
      },
    },
    broken: { invoke: { src: "never", id: "never" } },
    done: { type: "final" },
  },
  output: { from: "grandchild" },
});

const child = setup({
  types: {} as { context: { answers: number; input: unknown }; input: { greeting: string } },
  actors: { grandchild },
}).createMachine({
  context: ({ input }) => ({ answers: 0, input: input?.greeting }),
  initial: "busy",
  states: {
    busy: {
      // Sent before the spawn, as XState orders entry actions: it must still arrive.
      entry: sendTo("g", { type: "ask" }),
      invoke: { src: "grandchild", id: "g", onDone: "done" },
      on: {
        answer: { actions: [assign({ answers: ({ context }) => context.answers + 1 }), sendTo(() => parentActor, { type: "heard" })] },
        finish: { actions: sendTo("g", { type: "finish" }) },
        fail: { actions: sendTo("g", { type: "fail" }) },
      },
    },
    done: { type: "final" },
  },
  output: ({ context }) => ({ answers: context.answers, greeting: context.input }),
});

const family = setup({
  types: {} as { context: { heard: number; out: unknown; error: unknown; round: number } },
  actors: { child },
}).createMachine({
  context: { heard: 0, out: null, error: null, round: 0 },
  initial: "home",
  on: { heard: { actions: assign({ heard: ({ context }) => context.heard + 1 }) } },
  states: {
    home: {
      entry: assign({ round: ({ context }) => context.round + 1 }),
      invoke: {
        src: "child",
        id: "c",
        input: { greeting: "hi" },
        onDone: { target: "proud", actions: assign({ out: ({ event }) => event.output }) },
        onError: { target: "sad", actions: assign({ error: ({ event }) => event.error as unknown }) },
      },
      on: {
        finish: { actions: sendTo("c", { type: "finish" }) },
        fail: { actions: sendTo("c", { type: "fail" }) },
        again: { target: "home", reenter: true },
        leave: "alone",
        end: "over",
      },
    },
    alone: { on: { back: "home" } },
    proud: {},
    sad: {},
    over: { type: "final" },
  },
});

/** Spawns by action, stops by action, and what may be done to children that aren't there. */
const nursery = setup({
  types: {} as {
    context: { done: string[] };
    events: { type: "spawn" | "stop"; id: string } | { type: "xstate.done.actor.*"; actorId: string };
  },
  actors: { grandchild },
}).createMachine({
  context: { done: [] },
  on: {
    spawn: { actions: enqueueActions(({ enqueue, event }) => enqueue.spawnChild("grandchild", { id: event.id })) },
    stop: { actions: stopChild(({ event }) => event.id) },
    "xstate.done.actor.*": { actions: assign({ done: ({ context, event }) => [...context.done, event.actorId] }) },
  },
});

const clock = setup({
  types: {} as { context: { rang: string[] } },
  actions: { rang: assign({ rang: ({ context }, { name }: { name: string }) => [...context.rang, name] }) },
  delays: { soon: 50 },
}).createMachine({
  context: { rang: [] },
  initial: "idle",
  states: {
    idle: {
      on: {
        after: "waiting",
        raise: {
          actions: [
            raise({ type: "ring", name: "first" } as never, { delay: "soon" }),
            raise({ type: "ring", name: "second" } as never, { delay: 50 }),
          ],
        },
        named: { actions: raise({ type: "ring", name: "named" } as never, { delay: 80, id: "named" }) },
        cancel: { actions: cancel("named") },
        later: { actions: raise({ type: "ring", name: "later" } as never, { delay: 300 }) },
        self: { actions: sendTo(({ self }) => self, { type: "ring", name: "self" } as never, { delay: 20 }) },
        far: { actions: raise({ type: "ring", name: "far" } as never, { delay: 2 ** 62, id: "far" }) },
        never: { actions: raise({ type: "ring", name: "never" } as never, { delay: Number.POSITIVE_INFINITY, id: "never" }) },
        month: { actions: raise({ type: "ring", name: "month" } as never, { delay: 45 * 86_400_000 }) },
        remote: { actions: sendTo(() => actorAt("actor/remote"), { type: "add", by: 5 }, { delay: 30, id: "remote" }) },
        ring: { actions: { type: "rang", params: ({ event }) => ({ name: (event as unknown as { name: string }).name }) } },
        broken: { actions: raise({ type: "burst" } as never, { delay: 10 }) },
        burst: {
          actions: assign(() => {
            throw new Error("burst");
          }),
        },
      },
    },
    waiting: {
      after: { 100: { target: "early", actions: { type: "rang", params: { name: "100" } } }, 60000: { target: "idle" } },
      on: { leave: "idle", restart: { target: "waiting", reenter: true } },
    },
    early: { after: { 1000: { target: "idle", actions: { type: "rang", params: { name: "1000" } } } } },
  },
});

const worker = setup({
  types: {} as { context: { out: unknown; error: unknown } },
  actors: {
    work: fromPromise<unknown, { name: string }>(({ input, signal }) => world.work(input.name, signal)),
    think: fromPromise<number, { name: string }>(async ({ input }) => {
      await world.work(input.name);
      return 7;
    }),
  },
}).createMachine({
  context: { out: null, error: null },
  initial: "idle",
  states: {
    idle: { on: { work: "working", think: "thinking" } },
    working: {
      invoke: {
        src: "work",
        id: "w",
        input: ({ event }) => ({ name: (event as unknown as { name: string }).name }),
        onDone: { target: "idle", actions: assign({ out: ({ event }) => event.output }) },
        onError: { target: "idle", actions: assign({ error: ({ event }) => event.error }) },
      },
      on: { leave: "idle", more: { target: "working", reenter: true } },
    },
    thinking: {
      invoke: {
        src: "think",
        id: "t",
        input: ({ event }) => ({ name: (event as unknown as { name: string }).name }),
        onDone: { target: "idle", actions: assign({ out: ({ event }) => event.output }) },
        onError: { target: "idle", actions: assign({ error: ({ event }) => event.error }) },
      },
    },
  },
});

/** As found in XState's own documentation, in one machine: parallel, history, final with output, wildcard, enqueueActions, guards that join guards. */
const stranger = setup({
  types: {} as { context: { loud: boolean; seen: string[]; n: number } },
  guards: { loud: ({ context }) => context.loud, playing: stateIn({ player: { on: "playing" } }) },
  actions: {
    see: enqueueActions(({ enqueue, event, check }) => {
      enqueue.assign({ seen: ({ context }) => [...context.seen, event.type] });
      if (check(({ context }) => context.loud)) enqueue.raise({ type: "echo" } as never);
      enqueue.emit({ type: "seen" } as never);
    }),
  },
}).createMachine({
  context: { loud: false, seen: [], n: 0 },
  type: "parallel",
  states: {
    player: {
      initial: "off",
      states: {
        off: { on: { power: "on.hist" }, tags: "dark" },
        on: {
          initial: "paused",
          on: { power: "off" },
          states: {
            paused: { on: { play: "playing" } },
            playing: { tags: ["bright", "moving"], on: { pause: "paused" } },
            hist: { type: "history", target: "paused" },
          },
        },
      },
    },
    volume: {
      initial: "normal",
      states: {
        normal: { on: { louder: { guard: and([not("loud"), "playing"]), target: "loud", actions: assign({ loud: true }) } } },
        loud: { on: { softer: { target: "normal", actions: assign({ loud: false }) } } },
      },
    },
    form: {
      initial: "step1",
      states: {
        step1: { on: { next: "step2" } },
        step2: {
          initial: "a",
          states: { a: { on: { next: "b" } }, b: { on: { next: "c" } }, c: { type: "final", output: { answers: 3 } } },
          onDone: { target: "sent", actions: assign({ n: ({ event }) => (event.output as { answers: number }).answers }) },
        },
        sent: { always: { guard: ({ context }) => context.n > 100, target: "step1" } },
      },
    },
    watcher: { on: { "note.*": { actions: "see" }, echo: { actions: assign({ n: ({ context }) => context.n + 10 }) } } },
  },
});

const loop = setup({}).createMachine({ initial: "rest", states: { rest: { on: { spin: "a" } }, a: { always: "b" }, b: { always: "a" } } });

const old = setup({}).createMachine({ context: { name: "old" }, initial: "one", states: { one: { on: { go: "two" } }, two: {} } });

/** Options that every machine of the contract gets: its writes, and what is emitted told to `actor/ears`. */
const options = {
  writes: {
    note,
    crash: (_, { actor }: { actor: string }): void => world.crash(actor),
  } as Record<string, Write>,
  emitted: (event: { type: string }, _scope: unknown, append: (to: string, message: { type: string }) => void): void =>
    append("actor/ears", { type: "got", of: event.type } as { type: string }),
};

export const logics = createLogics({
  ...listHardLogics(options),
  counter: { machine: counter, options },
  sender: { machine: sender, options },
  family: { machine: family, options },
  nursery: { machine: nursery, options },
  clock: { machine: clock, options },
  worker: { machine: worker, options: { ...options, promises: { think: "pure" } } },
  stranger: { machine: stranger, options },
  loop: { machine: loop, options },
  old: { machine: old, options },
  orphan: {
    machine: setup({ actors: { missing: child } }).createMachine({
      initial: "a",
      context: { error: null as unknown },
      states: {
        a: {
          entry: spawnChild("missing", { id: "x", input: { greeting: "" } }),
          on: {
            "xstate.error.actor.x": {
              target: "b",
              actions: assign({ error: ({ event }) => (event as unknown as { error: unknown }).error }),
            },
          },
        },
        b: {},
      },
    }),
    options: { ...options, actors: { missing: "broken" } },
  },
  broken: {
    load: () => {
      throw new Error("this definition is no machine");
    },
  },
});
