/** Charts after the W3C's SCXML tests and XState's own: where order, history and parallel regions meet. Children are in scxml-actors.ts. */
import { cancel, enqueueActions, raise, sendTo, stateIn } from "xstate";
import { base, context, see } from "./scxml-base.ts";
import { chart, type Statechart } from "./statechart.ts";
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
];
