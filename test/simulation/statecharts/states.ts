/** Charts of states and transitions: what one actor does by itself. */
import { and, assign, cancel, emit, enqueueActions, log, not, or, raise, sendTo, setup, stateIn } from "xstate";
import { chart, type Statechart } from "./statechart.ts";

const base = setup({
  types: {} as { context: { seen: string[]; n: number }; events: { type: string; [fact: string]: unknown } },
  actions: {
    see: assign({ seen: ({ context }, { what }: { what: string }) => [...context.seen, what] }),
    count: assign({ n: ({ context }) => context.n + 1 }),
  },
  guards: { odd: ({ context }) => context.n % 2 === 1, big: ({ context }) => context.n > 2 },
  delays: { soon: 20, grows: ({ context }) => 10 * (context.n + 1) },
});
const context = { seen: [] as string[], n: 0 };
const see = (what: string) => ({ type: "see" as const, params: { what } });

export const states: Statechart[] = [
  chart(
    "entry, exit and transition actions in their order, over three levels",
    () =>
      base.createMachine({
        context,
        initial: "a",
        entry: see("+root"),
        states: {
          a: {
            entry: see("+a"),
            exit: see("-a"),
            initial: "one",
            states: {
              one: { entry: see("+one"), exit: see("-one"), on: { go: { target: "two", actions: see("one>two") } } },
              two: { entry: see("+two"), exit: see("-two"), on: { go: { target: "#b", actions: see("two>b") } } },
            },
          },
          b: { id: "b", entry: see("+b"), exit: see("-b"), on: { back: "a", here: { target: "b", reenter: true }, stay: { target: "b" } } },
        },
      }),
    ["go", "go", "here", "stay", "back", "go"],
  ),
  chart(
    "parallel regions, done states with output, onDone of the whole",
    () =>
      base.createMachine({
        context,
        initial: "work",
        states: {
          work: {
            type: "parallel",
            states: {
              left: {
                initial: "a",
                states: { a: { on: { left: "b" } }, b: { type: "final", output: { side: "left" } } },
                onDone: { actions: see("left done") },
              },
              right: {
                initial: "a",
                states: { a: { on: { right: "b" } }, b: { type: "final", output: ({ context: { n } }) => n } },
                onDone: { actions: assign({ seen: ({ context: { seen }, event }) => [...seen, JSON.stringify(event)] }) },
              },
            },
            onDone: "rest",
          },
          rest: { type: "final", output: "ignored" },
        },
        output: ({ context: { seen } }) => ({ seen }),
      }),
    ["right", "nothing", "left", "left"],
  ),
  chart(
    "history: shallow, deep, with and without a target",
    () =>
      base.createMachine({
        context,
        initial: "off",
        states: {
          off: { on: { shallow: "on.s", deep: "on.d", on: "on" } },
          on: {
            initial: "x",
            on: { off: "off" },
            states: {
              x: { on: { next: "y" } },
              y: { initial: "p", states: { p: { on: { next: "q" } }, q: { entry: see("+q") } } },
              s: { type: "history" },
              d: { type: "history", history: "deep", target: "y.q" },
            },
          },
        },
      }),
    ["deep", "off", "on", "next", "next", "off", "shallow", "off", "deep", "next", "off", "deep"],
  ),
  chart(
    "guards that join guards, and the state of other regions",
    () =>
      base.createMachine({
        context,
        type: "parallel",
        states: {
          counter: { on: { count: { actions: "count" } } },
          door: {
            initial: "shut",
            states: {
              shut: {
                on: {
                  open: [
                    { guard: and(["odd", not("big")]), target: "open", actions: see("odd and small") },
                    { guard: or(["big", stateIn({ light: "on" })]), target: "open", actions: see("big or light") },
                    { actions: see("refused") },
                  ],
                },
              },
              open: { on: { shut: "shut" } },
            },
          },
          light: { initial: "off", states: { off: { on: { light: "on" } }, on: {} } },
        },
      }),
    ["open", "count", "open", "shut", "count", "open", "light", "open", "shut", "count", "open"],
  ),
  chart(
    "after: named, computed, entered anew, left",
    () =>
      base.createMachine({
        context,
        initial: "a",
        states: {
          a: {
            after: { soon: { target: "b", actions: see("soon") } },
            on: { again: { target: "a", reenter: true, actions: "count" }, leave: "c" },
          },
          b: { after: { grows: { target: "c", actions: see("grown") } } },
          c: { entry: see("+c"), after: { 5: { guard: "big", target: "a" }, 7.5: { actions: see("7.5") }, 30: "a" } },
        },
      }),
    [19, "again", 19, 1, 9, 11, 4, 1, 3, 30, "leave", 3],
  ),
  chart(
    "delayed raise and sendTo self: order, cancel, one id twice, fractions",
    () =>
      base.createMachine({
        context,
        on: {
          set: {
            actions: [
              raise({ type: "ring", of: "10.7" }, { delay: 10.7 }),
              raise({ type: "ring", of: "10.2" }, { delay: 10.2 }),
              sendTo(({ self }) => self, { type: "ring", of: "self" }, { delay: 10 }),
              raise({ type: "ring", of: "named" }, { delay: 15, id: "named" }),
              raise({ type: "ring", of: "zero" }, { delay: 0 }),
            ],
          },
          cancel: { actions: cancel("named") },
          ring: { actions: assign({ seen: ({ context: { seen }, event }) => [...seen, String(event["of"])] }) },
        },
      }),
    ["set", 1, 9, 1, 3, 1, "set", "cancel", 20, "set", 11, "cancel", 20],
  ),
  chart(
    "always, raise and what they raise, in one macrostep",
    () =>
      base.createMachine({
        context,
        initial: "a",
        states: {
          a: { on: { go: { target: "b", actions: [raise({ type: "inner" }), see("go")] } } },
          b: { always: { guard: "odd", target: "c" }, entry: "count", on: { inner: { actions: see("inner in b") } } },
          c: { entry: raise({ type: "more" }), on: { inner: { actions: see("inner in c") }, more: "d" } },
          d: {
            always: [
              { guard: "big", target: "a" },
              { actions: [see("counted"), "count"], guard: not("big") },
            ],
          },
        },
      }),
    ["go", "go", "go"],
  ),
  chart(
    "wildcards: exact before partial before all, forbidden events",
    () =>
      base.createMachine({
        context,
        initial: "a",
        on: { "*": { actions: see("root *") } },
        states: {
          a: {
            on: {
              "mouse.click.left": { actions: see("left") },
              "mouse.*": { actions: see("mouse.*") },
              forbidden: undefined as never,
              go: "b",
            },
          },
          b: { on: { "*": { actions: see("b *") } } },
        },
      }),
    ["mouse.click.left", "mouse.click", "mouse", "mousetrap", "other", "go", "mouse", "forbidden"],
  ),
  chart(
    "enqueueActions, check, emit, log, tags",
    () =>
      base.createMachine({
        context,
        initial: "dim",
        states: {
          dim: { tags: ["dark", "calm"], on: { light: "lit" } },
          lit: { tags: "bright", on: { dark: "dim" } },
        },
        on: {
          act: {
            actions: [
              log("acting"),
              enqueueActions(({ enqueue, check, context: { n }, event }) => {
                enqueue.assign({ n: n + 1 });
                enqueue(see(`act ${n}`));
                if (check("odd")) enqueue.raise({ type: "light" });
                if (check(({ context: { seen } }) => seen.length > 3)) enqueue.raise({ type: "dark" }, { delay: 5 });
                enqueue.emit({ type: "acted", of: event["of"], n } as never);
              }),
              emit(({ context: { n } }) => ({ type: "counted", n })) as never,
            ],
          },
        },
      }),
    [{ type: "act", of: 1 }, { type: "act", of: { deep: [1, null] } }, "act", "act", 5, "act", 4, 1],
  ),
  chart(
    "routes",
    () =>
      base.createMachine({
        context,
        initial: "a",
        states: { a: {}, b: { id: "b", route: {}, entry: see("+b") }, c: { id: "c", route: { guard: "odd" } } },
      } as never),
    [
      { type: "xstate.route", to: "#c" },
      { type: "xstate.route", to: "#b" },
      { type: "xstate.route", to: "#nowhere" },
    ],
  ),
  chart(
    "self: sent to by hand inside assign and enqueueActions, after what is done now",
    () =>
      base.createMachine({
        context,
        on: {
          go: {
            actions: [
              assign(({ context: { seen }, self }) => {
                self.send({ type: "heard", of: "assign" });
                return { seen: [...seen, `was ${(self.getSnapshot() as { context: { n: number } }).context.n}`] };
              }),
              "count",
              enqueueActions(({ self, enqueue }) => {
                self.send({ type: "heard", of: "enqueue" });
                enqueue.raise({ type: "heard", of: "raise" });
              }),
              sendTo(({ self }) => self, { type: "heard", of: "sendTo" }),
            ],
          },
          heard: { actions: assign({ seen: ({ context: { seen }, event }) => [...seen, String(event["of"])] }) },
        },
      }),
    ["go", "go"],
  ),
  chart(
    "self sent to by hand in the first step",
    () =>
      base.createMachine({
        context,
        initial: "a",
        entry: assign(({ self }) => {
          self.send({ type: "go" });
          return {};
        }),
        states: { a: { on: { go: "b" } }, b: {} },
      }),
    ["go"],
  ),
  chart(
    "context changed in place, undefined, one object in two places",
    () =>
      setup({
        types: {} as { context: { list: { n: number }[]; first?: { n: number } | undefined; gone?: number | undefined } },
      }).createMachine({
        context: () => ({ list: [], gone: 1 }),
        on: {
          push: {
            actions: assign(({ context: { list } }) => {
              list.push({ n: list.length });
              return { list };
            }),
          },
          share: { actions: assign({ first: ({ context: { list } }) => list[0] }) },
          clear: { actions: assign({ gone: undefined, first: undefined }) },
          zero: { actions: assign({ gone: () => -0 }) },
        },
      }),
    ["push", "push", "share", "push", "clear", "zero", "push"],
  ),
  chart(
    "input: an object, kept apart from its giver's",
    () =>
      setup({ types: {} as { context: { given: unknown }; input: unknown } }).createMachine({
        context: ({ input }) => ({ given: input }),
        output: ({ context: { given } }) => given,
        initial: "a",
        states: { a: { on: { end: "z" } }, z: { type: "final" } },
      }),
    ["end"],
    { input: { a: [1, { b: null }] } },
  ),
  ...[null, 0, "", false].map((input) =>
    chart(
      `input: ${JSON.stringify(input)}`,
      () =>
        setup({ types: {} as { context: { given: string }; input: unknown } }).createMachine({
          context: ({ input: given }) => ({ given: given === undefined ? "undefined" : JSON.stringify(given) }),
        }),
      [],
      { input },
    ),
  ),
];
