/** Charts of what goes wrong: machines that throw end in error, as in XState, where their option says so. */
import { type AnyActorRef, assign, fromPromise, raise, sendTo, setup } from "xstate";
import { chart, type Statechart } from "./statechart.ts";

const thrown = (error: unknown): never => {
  throw error;
};
const fail = { options: { throws: "fail" as const } };
const open = setup({ types: {} as { context: { n: number; error: unknown }; events: { type: string; [fact: string]: unknown } } });
const context = () => ({ n: 0, error: null });

/** Each way in which a machine's own code can throw. */
const places: [string, object][] = [
  ["an action", { on: { go: { actions: assign(() => thrown(new Error("assign"))) } } }],
  ["a guard", { on: { go: { guard: () => thrown(new Error("guard")), actions: assign({ n: 1 }) } } }],
  ["a guard that uses self", { on: { go: { guard: ({ self }: { self: { id: string } }) => self.id === "x", target: ".b" } } }],
  ["an entry action", { on: { go: ".b" }, states: { b: { entry: assign(() => thrown(new Error("entry"))) } } }],
  ["an exit action", { on: { go: ".b" }, states: { a: { exit: assign(() => thrown(new Error("exit"))) } } }],
  ["a delay", { on: { go: { actions: raise({ type: "x" } as never, { delay: () => thrown(new Error("delay")) }) } } }],
  ["an event", { on: { go: { actions: raise(() => thrown(new Error("event"))) } } }],
  ["a receiver", { on: { go: { actions: sendTo(() => thrown(new Error("to")), { type: "x" } as never) } } }],
  ["params", { on: { go: { actions: { type: "x", params: () => thrown(new Error("params")) } } } }],
  ["an output", { on: { go: ".z" }, output: () => thrown(new Error("output")) }],
  [
    "a state's output",
    { on: { go: ".p" }, states: { p: { initial: "q", states: { q: { type: "final", output: () => thrown(new Error("output")) } } } } },
  ],
  ["an input of a child", { on: { go: ".i" }, states: { i: { invoke: { src: "work", input: () => thrown(new Error("input")) } } } }],
  ["an always after it", { on: { go: ".w" }, states: { w: { always: { guard: () => thrown(new Error("always")), target: "a" } } } }],
  ["a self-made loop", { on: { go: ".l" }, options: { maxIterations: 50 }, states: { l: { always: "m" }, m: { always: "l" } } }],
];

const values: [string, unknown][] = [
  ["an Error with fields", Object.assign(new Error("no"), { status: 503, retry: { after: [1] } })],
  ["a text", "no"],
  ["null", null],
  ["nothing", undefined],
  ["a number", 7],
  ["a record", { code: "E_NO", why: ["x"] }],
];

const work = fromPromise<unknown, { fail?: unknown; give?: unknown }>(async ({ input }) =>
  "fail" in input ? thrown(input.fail) : input.give,
);

export const failures: Statechart[] = [
  ...places.map(([what, config]) => {
    const { states = {}, ...rest } = config as { states?: Record<string, object> };
    return chart(
      `${what} that throws ends the actor`,
      () =>
        setup({ actors: { work }, actions: { x: assign({}) } }).createMachine({
          context,
          initial: "a",
          ...rest,
          states: { a: {}, b: {}, z: { type: "final" }, ...states },
        } as never),
      ["go", "go"],
      fail,
    );
  }),
  ...values.map(([what, value]) =>
    chart(
      `a child that throws ${what} comes up at onError`,
      () =>
        setup({
          types: {} as { context: { n: number; error: unknown } },
          actors: { child: open.createMachine({ context, on: { break: { actions: assign(() => thrown(value)) } } }) },
        }).createMachine({
          context,
          initial: "a",
          states: {
            a: {
              invoke: {
                src: "child",
                id: "c",
                onError: { target: "b", actions: assign({ error: ({ event }) => readFacts(event.error) }) },
              },
              on: { go: { actions: sendTo("c", { type: "break" }) } },
            },
            b: {},
          },
        }),
      ["go", "go"],
      fail,
    ),
  ),
  ...values.map(([what, value]) =>
    chart(
      `a promise that rejects with ${what} comes up at onError`,
      () =>
        setup({
          types: {} as { context: { n: number; error: unknown } },
          actors: { work: fromPromise(async () => thrown(value)) },
        }).createMachine({
          context,
          initial: "a",
          states: {
            a: { on: { go: "b" } },
            b: { invoke: { src: "work", onError: { target: "c", actions: assign({ error: ({ event }) => readFacts(event.error) }) } } },
            c: {},
          },
        }),
      ["go"],
    ),
  ),
  chart(
    "a first step that throws gives an actor in error, of which nothing leaves",
    () =>
      setup({
        types: {} as { context: { n: number; error: unknown } },
        actors: {
          child: open.createMachine({
            context,
            entry: [sendTo(({ self }) => self._parent as AnyActorRef, { type: "heard" }), assign(() => thrown(new Error("first")))],
          }),
        },
      }).createMachine({
        context,
        initial: "a",
        on: { heard: { actions: assign({ n: ({ context: { n } }) => n + 1 }) } },
        states: {
          a: { invoke: { src: "child", onError: { target: "b", actions: assign({ error: ({ event }) => readFacts(event.error) }) } } },
          b: {},
        },
      }),
    ["go"],
  ),
  chart(
    "an error that nobody takes goes up through every level",
    () => {
      const inner = open.createMachine({
        context,
        on: { break: { actions: assign(() => thrown(Object.assign(new Error("deep"), { level: 3 }))) } },
      });
      const middle = setup({ types: {} as { events: { type: "break" } }, actors: { inner } }).createMachine({
        invoke: { src: "inner", id: "i" },
        on: { break: { actions: sendTo("i", { type: "break" }) } },
      });
      return setup({ types: {} as { context: { n: number; error: unknown } }, actors: { middle } }).createMachine({
        context,
        initial: "a",
        states: {
          a: {
            invoke: {
              src: "middle",
              id: "m",
              onError: { target: "b", actions: assign({ error: ({ event }) => readFacts(event.error) }) },
            },
            on: { go: { actions: sendTo("m", { type: "break" }) } },
          },
          b: {},
        },
      });
    },
    ["go"],
    fail,
  ),
];

/** What a machine reads of an error: its message and its fields, by name. XState gives the error itself, the host its data. */
function readFacts(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return { thrown: error === undefined ? "undefined" : error };
  const { message, name } = error as { message?: string; name?: string };
  return { ...error, ...(message !== undefined && { message }), ...(name !== undefined && { name }) };
}
