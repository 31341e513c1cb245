/** Charts after the W3C's SCXML tests and XState's own: where order, history, parallel regions and children meet. */
import {
  type AnyActorRef,
  assign,
  cancel,
  enqueueActions,
  fromPromise,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
} from "xstate";
import { chart, type Statechart } from "./statechart.ts";

interface Context {
  seen: string[];
  n: number;
}
type Event = { type: string; [fact: string]: unknown };

const parent = ({ self }: { self: AnyActorRef }): AnyActorRef => self._parent as AnyActorRef;

/** Says its name at its start and end, answers, and ends with an output of its input. */
const child = setup({
  types: {} as { context: { name: string; n: number }; input: { name: string } | undefined; events: Event },
}).createMachine({
  context: ({ input }) => ({ name: input?.name ?? "nameless", n: 0 }),
  entry: sendTo(parent, ({ context }) => ({ type: "child.began", name: context.name })),
  exit: sendTo(parent, ({ context }) => ({ type: "child.left", name: context.name })),
  initial: "on",
  states: {
    on: {
      on: {
        "ask.*": {
          actions: [
            assign({ n: ({ context }) => context.n + 1 }),
            sendTo(parent, ({ context, event }) => ({ type: "child.said", name: `${context.name} ${context.n} ${event.type}` })),
          ],
        },
        end: "off",
      },
    },
    off: { type: "final" },
  },
  output: ({ context }) => ({ name: context.name, asked: context.n }),
});
const fails = fromPromise<never>(async () => {
  throw Object.assign(new Error("no"), { status: 418 });
});
const gives = fromPromise<unknown, { give: unknown }>(async ({ input }) => ({ given: input.give }));

const base = setup({
  types: {} as { context: Context; events: Event; input: { n?: number } | undefined },
  actors: { child, fails, gives },
  actions: {
    see: assign({ seen: ({ context }, { what }: { what: string }) => [...context.seen, what] }),
    count: assign({ n: ({ context }) => context.n + 1 }),
    hear: assign({ seen: ({ context, event }) => [...context.seen, `${event.type} ${event["name"] ?? ""}`] }),
  },
  guards: { below: ({ context }, { most }: { most: number }) => context.n < most },
});
const context = (): Context => ({ seen: [], n: 0 });
const see = (what: string) => ({ type: "see" as const, params: { what } });
const hears = { "child.*": { actions: "hear" } } as const;

export const scxml: Statechart[] = [
  chart(
    "W3C 387, 388: deep and shallow history of a parallel state, with defaults, after leaving twice",
    () =>
      base.createMachine({
        context,
        initial: "out",
        states: {
          out: { on: { deep: "p.deep", shallow: "#left.shallow" } },
          p: {
            type: "parallel",
            on: { leave: "out" },
            states: {
              deep: { type: "history", history: "deep" },
              left: {
                id: "left",
                initial: "a",
                states: {
                  shallow: { type: "history", target: "b" },
                  a: { entry: see("a"), on: { next: "b" } },
                  b: { entry: see("b"), initial: "x", states: { x: { on: { next: "y" } }, y: { entry: see("y") } } },
                },
              },
              right: { initial: "c", states: { c: { on: { next: "d" } }, d: { entry: see("d") } } },
            },
          },
        },
      }),
    ["shallow", "leave", "deep", "next", "leave", "deep", "leave", "shallow", "next", "next", "leave", "deep"],
  ),
  chart(
    "W3C 417: nested parallel states are done from the inside out, each once",
    () =>
      base.createMachine({
        context,
        initial: "p",
        states: {
          p: {
            type: "parallel",
            onDone: { target: "end", actions: see("p") },
            states: {
              one: {
                initial: "q",
                onDone: { actions: see("one") },
                states: {
                  q: {
                    type: "parallel",
                    onDone: { target: "f", actions: see("q") },
                    states: {
                      l: { initial: "i", states: { i: { on: { l: "f" } }, f: { type: "final" } }, onDone: { actions: see("l") } },
                      r: { initial: "i", states: { i: { after: { 30: "f" } }, f: { type: "final" } }, onDone: { actions: see("r") } },
                    },
                  },
                  f: { type: "final" },
                },
              },
              two: { initial: "i", states: { i: { on: { two: "f" } }, f: { type: "final" } } },
            },
          },
          end: { type: "final" },
        },
        output: ({ context: { seen } }) => seen.join(),
      }),
    ["two", 20, "l", 10],
  ),
  chart(
    "W3C 505, 506: internal and external transitions of a compound state to itself and to its child",
    () =>
      base.createMachine({
        context,
        initial: "s",
        states: {
          s: {
            entry: see("+s"),
            exit: see("-s"),
            initial: "a",
            on: {
              none: { actions: see("none") },
              inner: { target: ".b", actions: see("inner") },
              outer: { target: ".b", reenter: true, actions: see("outer") },
              self: { target: "s", actions: see("self") },
              again: { target: "s", reenter: true, actions: see("again") },
            },
            states: { a: { entry: see("+a"), exit: see("-a") }, b: { entry: see("+b"), exit: see("-b"), after: { 10: "a" } } },
          },
        },
      }),
    ["none", "inner", 5, "inner", 5, 5, "outer", "self", "again", "inner", 10],
  ),
  chart(
    "W3C 421: what is raised in exit, transition and entry is taken in that order, before what comes from outside",
    () =>
      base.createMachine({
        context,
        initial: "a",
        on: { "r.*": { actions: "hear" }, outside: { actions: "hear" } },
        states: {
          a: {
            exit: raise({ type: "r.exit" }),
            on: { go: { target: "b", actions: [sendTo(({ self }) => self, { type: "outside" }), raise({ type: "r.way" })] } },
          },
          b: {
            entry: [raise({ type: "r.entry" }), raise({ type: "r.second" })],
            always: { target: "c", guard: { type: "below", params: { most: 5 } }, actions: see("always") },
          },
          c: { entry: raise({ type: "r.c" }), on: { "r.c": { actions: [see("own"), raise({ type: "r.deep" })] }, back: "a" } },
        },
      }),
    ["go", "back", "go"],
  ),
  chart(
    "W3C 411: stateIn sees regions as they are while others move",
    () =>
      base.createMachine({
        context,
        type: "parallel",
        states: {
          l: { initial: "a", states: { a: { on: { go: "b" } }, b: { id: "lb", on: { go: "a" } } } },
          m: {
            initial: "a",
            states: {
              a: {
                on: { go: [{ target: "b", guard: stateIn("#lb"), actions: see("was in b") }, { actions: see("was not") }] },
                always: { target: "c", guard: stateIn({ l: "b", r: "y" }) },
              },
              b: { always: { target: "a", guard: stateIn({ l: "a" }), actions: see("follows") } },
              c: { entry: see("both") },
            },
          },
          r: { initial: "x", states: { x: { on: { turn: "y" } }, y: {} } },
        },
      }),
    ["go", "go", "go", "turn", "go", "go"],
  ),
  chart(
    "W3C 208, 175: delayed sends cancelled by a computed id, from another state, too late, and sent again",
    () =>
      base.createMachine({
        context,
        initial: "a",
        on: { tick: { actions: "hear" } },
        states: {
          a: {
            entry: raise(({ context: { n } }) => ({ type: "tick", name: `of ${n}` }), { id: "t", delay: ({ context: { n } }) => 10 + n }),
            exit: "count",
            on: { go: "b", stop: { actions: cancel(() => "t") }, again: { target: "a", reenter: true } },
          },
          b: { on: { stop: { actions: cancel("t") }, go: "a" } },
        },
      }),
    ["go", 5, "stop", 20, "go", 11, "stop", "again", 6, "again", 12, 1, "go", 20],
  ),
  chart(
    "W3C 233, 234: each of two invoked children of one logic is heard under its own name, and ends by itself",
    () =>
      base.createMachine({
        context,
        type: "parallel",
        on: { ...hears, ask: { actions: [sendTo("one", { type: "ask.a" }), sendTo("two", { type: "ask.b.c" })] } },
        states: {
          l: {
            initial: "on",
            states: {
              on: {
                invoke: {
                  src: "child",
                  id: "one",
                  input: { name: "1" },
                  onDone: {
                    target: "off",
                    actions: assign({ seen: ({ context: { seen }, event }) => [...seen, JSON.stringify(event.output)] }),
                  },
                },
                on: { end: { actions: sendTo("one", { type: "end" }) } },
              },
              off: {},
            },
          },
          r: {
            initial: "on",
            states: {
              on: {
                invoke: { src: "child", id: "two", input: ({ context: { n } }) => ({ name: `n${n}` }), onDone: "off" },
                on: { quit: "off" },
              },
              off: { on: { anew: "on" } },
            },
          },
        },
      }),
    ["ask", "ask", "end", "quit", "anew", "quit"],
  ),
  chart(
    "W3C 252, 237: a child that is left is heard no more, and its name is free at once",
    () =>
      base.createMachine({
        context,
        initial: "a",
        on: { ...hears, ask: { actions: sendTo("c", { type: "ask" }) } },
        states: {
          a: { invoke: { src: "child", id: "c", input: { name: "a" } }, on: { go: "b" } },
          b: { invoke: { src: "child", id: "c", input: { name: "b" } }, on: { go: "a", again: { target: "b", reenter: true } } },
        },
      }),
    ["ask", "go", "ask", "again", "go"],
  ),
  chart(
    "onError with an error's fields, and a promise's output of an object, each by input of the event",
    () =>
      base.createMachine({
        context,
        initial: "idle",
        states: {
          idle: { on: { fail: "failing", give: "giving" } },
          failing: {
            invoke: {
              src: "fails",
              onError: {
                target: "idle",
                actions: assign({ seen: ({ context: { seen }, event }) => [...seen, String((event.error as { status?: number }).status)] }),
              },
            },
          },
          giving: {
            invoke: {
              src: "gives",
              input: ({ event }) => ({ give: event["what"] }),
              onDone: {
                target: "idle",
                actions: assign({ seen: ({ context: { seen }, event }) => [...seen, JSON.stringify(event.output)] }),
              },
            },
          },
        },
      }),
    ["fail", { type: "give", what: [1, { a: null }] }, "fail", { type: "give", what: "漢" }],
  ),
  chart(
    "spawnChild and stopChild by computed names, enqueued under a condition",
    () =>
      base.createMachine({
        context,
        on: {
          ...hears,
          more: {
            actions: enqueueActions(({ context: { n }, enqueue, check }) => {
              if (!check({ type: "below", params: { most: 2 } })) return enqueue({ type: "see", params: { what: "enough" } });
              enqueue.spawnChild("child", { id: `c${n}`, input: { name: `c${n}` } });
              enqueue("count");
              enqueue.sendTo(`c${n}`, { type: "ask.first" });
            }),
          },
          less: { actions: [stopChild(({ event }) => String(event["which"])), see("stopped")] },
          ask: { actions: sendTo(({ event }) => String(event["which"]), { type: "ask.x" }) },
        },
      }),
    [
      "more",
      "more",
      "more",
      { type: "ask", which: "c1" },
      { type: "less", which: "c0" },
      { type: "less", which: "c0" },
      { type: "ask", which: "c1" },
    ],
  ),
  chart(
    "enqueueActions that raise at once and later, cancel, look at a state and end in their order, from entry and exit",
    () =>
      base.createMachine({
        context,
        initial: "a",
        on: { "t.*": { actions: "hear" } },
        states: {
          a: {
            entry: enqueueActions(({ enqueue, check }) => {
              enqueue.raise({ type: "t.late" }, { id: "late", delay: 20 });
              enqueue.raise({ type: "t.now" });
              if (check(stateIn("#b"))) enqueue({ type: "see", params: { what: "never" } });
              enqueue.assign({ n: ({ context }) => context.n + 1 });
            }),
            exit: enqueueActions(({ enqueue, context: { n } }) => {
              if (n % 2 === 0) enqueue.cancel("late");
              enqueue.raise({ type: "t.exit" });
            }),
            on: { go: "b" },
          },
          b: { id: "b", on: { go: "a" } },
        },
      }),
    ["go", 20, "go", "go", 20, "go", 10, "go", 10],
  ),
  chart(
    "wildcards of a child state, its parent and the root: the innermost that fits wins, whatever is more exact outside",
    () =>
      base.createMachine({
        context,
        initial: "s",
        on: { "a.b": { actions: see("root a.b") }, "*": { actions: see("root any") } },
        states: {
          s: {
            initial: "i",
            on: { "a.*": { actions: see("s a.*") }, "c.d": { actions: see("s c.d") } },
            states: {
              i: {
                on: {
                  "c.*": { guard: { type: "below", params: { most: 1 } }, actions: [see("i c.*"), "count"] },
                  "a.b.c": { actions: see("i a.b.c") },
                },
              },
            },
          },
        },
      }),
    ["a", "a.b", "a.b.c", "a.b.c.d", "c", "c.d", "c.d", "c.x", "z", "ab"],
  ),
  chart(
    "a chain of always that counts until a guard stops it, and ends the machine with a computed output",
    () =>
      base.createMachine({
        context: ({ input }) => ({ seen: [], n: input?.n ?? 0 }),
        initial: "wait",
        states: {
          wait: { on: { go: "loop" } },
          loop: {
            entry: "count",
            always: [
              { target: "loop", reenter: true, guard: { type: "below", params: { most: 50 } } },
              { target: "even", guard: ({ context: { n } }) => n % 2 === 0 },
              "odd",
            ],
          },
          even: { type: "final", output: { kind: "even" } },
          odd: { type: "final" },
        },
        output: ({ context: { n }, event }) => ({ n, from: (event as { output?: unknown }).output ?? null }),
      }),
    ["go", "go"],
    { input: { n: 7 } },
  ),
  chart(
    "after within nested parallel states: left and entered again its time begins anew; the other's goes on",
    () =>
      base.createMachine({
        context,
        type: "parallel",
        states: {
          l: {
            initial: "p",
            states: {
              p: {
                type: "parallel",
                states: {
                  x: { initial: "i", states: { i: { after: { 30: { target: "j", actions: see("x") } } }, j: {} } },
                  y: { after: { 50: { actions: see("y") } } },
                },
                on: { again: { target: "p", reenter: true } },
              },
            },
          },
          r: { initial: "i", states: { i: { after: { 40: "j" } }, j: { entry: see("r"), after: { 40: "i" } } } },
        },
      }),
    [20, "again", 20, 10, "again", 30, 20, 60],
  ),
  chart(
    "a grandchild's word goes up through its parent, and all of them go with the root's end",
    () =>
      base.createMachine({
        context,
        initial: "on",
        on: { up: { actions: "hear" }, ...hears },
        states: {
          on: {
            entry: spawnChild("child", { id: "own", input: { name: "own" } }),
            on: {
              go: { actions: [sendTo("own", { type: "ask.1" }), sendTo("own", { type: "end" })] },
              "xstate.done.actor.own": {
                target: "off",
                actions: assign({ seen: ({ context: { seen }, event }) => [...seen, JSON.stringify(event["output"])] }),
              },
            },
          },
          off: { invoke: { src: "child", id: "last", input: { name: "last" } }, on: { end: "over" } },
          over: { type: "final" },
        },
        output: ({ context: { seen } }) => seen.length,
      }),
    ["go", "end"],
  ),
];
