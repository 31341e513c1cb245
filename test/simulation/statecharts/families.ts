/** Charts of actors that have others: promises and machines, invoked and spawned, and what they say to each other. */
import { type AnyActorRef, assign, enqueueActions, fromPromise, raise, sendTo, setup, spawnChild, stopChild } from "xstate";
import { chart, type Statechart } from "./statechart.ts";

interface Context {
  seen: string[];
  out: unknown;
}
type Event = { type: string; [fact: string]: unknown };
const context = (): Context => ({ seen: [], out: null });
const parent = ({ self }: { self: AnyActorRef }): AnyActorRef => self._parent as AnyActorRef;

const work = fromPromise<unknown, { give?: unknown; fail?: string } | undefined>(async ({ input }) => {
  if (input?.fail) throw new Error(input.fail);
  return input?.give;
});
const loud = fromPromise<string, undefined>(async ({ self }) => {
  const { _parent } = self as unknown as { _parent: { send(event: Event): void } };
  _parent.send({ type: "progress", at: 1 });
  await Promise.resolve();
  _parent.send({ type: "progress", at: 2 });
  _parent.send({ type: "nobody takes this" });
  return "done";
});

/** Answers, counts, ends, starts itself anew. */
const echo = setup({
  types: {} as { context: { heard: number; greeting: unknown }; events: Event; input: { greeting?: unknown } | undefined },
}).createMachine({
  context: ({ input }) => ({ heard: 0, greeting: input?.greeting ?? null }),
  initial: "open",
  states: {
    open: {
      entry: sendTo(parent, { type: "up", of: "entry" }),
      exit: sendTo(parent, { type: "up", of: "exit" }),
      on: {
        ping: {
          actions: [
            assign({ heard: ({ context: { heard } }) => heard + 1 }),
            sendTo(parent, ({ context: { heard } }) => ({ type: "up", of: `pong ${heard}` })),
          ],
        },
        end: "closed",
        later: { actions: raise({ type: "end" }, { delay: 10 }) },
        byHand: {
          actions: assign(({ self }) => {
            (self as unknown as { _parent: { send(event: Event): void } })._parent.send({ type: "up", of: "by hand" });
            return {};
          }),
        },
      },
    },
    closed: { type: "final" },
  },
  output: ({ context: { heard, greeting } }) => ({ heard, greeting }),
});

const house = setup({ types: {} as { context: Context; events: Event }, actors: { work, loud, echo } });
const up = {
  actions: assign<Context, Event, undefined, Event, never>({ seen: ({ context: { seen }, event }) => [...seen, String(event["of"])] }),
} as never;
const keep = assign({
  out: ({ event }: { event: unknown }) =>
    (event as { output?: unknown; error?: { message: string } }).output ??
    (event as { error?: { message: string } }).error?.message ??
    "nothing",
}) as never;
const tell = (id: string, type: string) => ({ actions: sendTo(id, { type } as never) }) as never;

export const families: Statechart[] = [
  chart(
    "invoke of promises: output, error, none, state left before the end",
    () =>
      house.createMachine({
        context,
        initial: "idle",
        states: {
          idle: { on: { give: "giving", fail: "failing", none: "empty", leave: "leaving" } },
          giving: { invoke: { src: "work", input: ({ event }) => ({ give: event["what"] }), onDone: { target: "idle", actions: keep } } },
          failing: { invoke: { src: "work", input: { fail: "no" }, onDone: "idle", onError: { target: "idle", actions: keep } } },
          empty: { invoke: { src: "work", onDone: { target: "idle", actions: keep } } },
          leaving: { invoke: { src: "work", onDone: "never" }, always: "idle" },
          never: {},
        },
      }),
    [{ type: "give", what: { a: [1, "x", null] } }, "fail", "none", "leave", { type: "give", what: 0 }],
  ),
  ...(["pure", "effectful"] as const).map((mode) =>
    chart(
      `a promise that tells its machine how far it is (${mode})`,
      () =>
        house.createMachine({
          context,
          initial: "a",
          states: {
            a: { on: { go: "b" } },
            b: {
              invoke: { src: "loud", onDone: { target: "a", actions: keep } },
              on: { progress: { actions: assign({ seen: ({ context: { seen }, event }) => [...seen, `at ${event["at"]}`] }) } },
            },
          },
        }),
      ["go", "go"],
      { options: { promises: { loud: mode } } },
    ),
  ),
  chart(
    "two promises at once, and one that is invoked anew by reentering",
    () =>
      house.createMachine({
        context,
        initial: "both",
        states: {
          both: {
            invoke: [
              {
                src: "work",
                id: "one",
                input: { give: 1 },
                onDone: { actions: assign({ seen: ({ context: { seen } }) => [...seen, "one"].sort() }) },
              },
              {
                src: "work",
                id: "two",
                input: { give: 2 },
                onDone: { actions: assign({ seen: ({ context: { seen } }) => [...seen, "two"].sort() }) },
              },
            ],
            on: { again: { target: "both", reenter: true } },
          },
        },
      }),
    ["again", "again"],
  ),
  chart(
    "invoke of a machine: messages both ways, its end and its output",
    () =>
      house.createMachine({
        context,
        initial: "a",
        on: { up },
        states: {
          a: {
            invoke: { src: "echo", id: "e", input: { greeting: "hi" }, onDone: { target: "b", actions: keep } },
            on: {
              ping: tell("e", "ping"),
              byHand: tell("e", "byHand"),
              end: tell("e", "end"),
              later: tell("e", "later"),
              lost: tell("e", "nobody takes this"),
            },
          },
          b: { on: { back: "a" } },
        },
      }),
    ["ping", "lost", "byHand", "ping", "end", "ping", "back", "later", 9, 1, "back"],
  ),
  ...[null, undefined, 0, { greeting: null }].map((input) =>
    chart(
      `a child's input: ${JSON.stringify(input)}`,
      () =>
        setup({
          actors: {
            child: setup({ types: {} as { context: { got: string }; input: unknown } }).createMachine({
              context: ({ input: given }) => ({ got: given === undefined ? "undefined" : JSON.stringify(given) }),
            }),
            work: fromPromise(async ({ input: given }) => (given === undefined ? "undefined" : JSON.stringify(given))),
          },
        }).createMachine({
          context: { out: null as unknown },
          invoke: [
            { src: "child", id: "c", input: () => input as never },
            { src: "work", input: () => input as never, onDone: { actions: keep } },
          ],
        }),
      [],
    ),
  ),
  chart(
    "spawned children: by action, stopped, of one name again, more of one logic",
    () =>
      house.createMachine({
        context,
        on: {
          up,
          spawn: {
            actions: enqueueActions(({ enqueue, event }) =>
              enqueue.spawnChild("echo", { id: String(event["id"]), input: { greeting: event["id"] } }),
            ),
          },
          stop: { actions: stopChild(({ event }) => String(event["id"])) },
          ping: { actions: sendTo(({ event }) => String(event["id"]) as never, { type: "ping" } as never) },
        },
        entry: spawnChild("echo", { id: "first", input: {} }),
      }),
    [
      { type: "ping", id: "first" },
      { type: "spawn", id: "x" },
      { type: "ping", id: "x" },
      { type: "spawn", id: "y" },
      { type: "stop", id: "x" },
      { type: "stop", id: "nobody" },
      { type: "ping", id: "y" },
      { type: "spawn", id: "x" },
      { type: "ping", id: "x" },
    ],
  ),
  chart("a reference to a child in context: used, kept when the child is stopped, and of a new one of its name", () => {
    const keepReference = assign(({ self }: { self: AnyActorRef }) => ({
      out: (self.getSnapshot() as unknown as { children: Record<string, AnyActorRef> }).children["e"],
    })) as never;
    return house.createMachine({
      context,
      initial: "a",
      on: {
        up,
        keep: { actions: keepReference },
        use: { actions: sendTo(({ context: { out } }) => out as AnyActorRef, { type: "ping" }) },
        hand: {
          actions: assign(({ context: { out } }) => {
            (out as AnyActorRef).send({ type: "ping" });
            return {};
          }),
        },
        ping: { actions: assign({ seen: ({ context: { seen } }) => [...seen, "not for me"] }) },
      },
      states: { a: { invoke: { src: "echo", id: "e", input: {} }, on: { leave: "b" } }, b: { on: { back: "a" } } },
    });
  }, ["keep", "use", "hand", "leave", "use", "hand", "back", "keep", "use", "leave"]),
  chart("a child with timers and a child of its own is stopped, and nothing of it rings", () => {
    const leaf = setup({ types: {} as { context: { rang: number } } }).createMachine({
      context: { rang: 0 },
      after: { 10: { actions: [assign({ rang: ({ context: { rang } }) => rang + 1 }), sendTo(parent, { type: "rang" } as never)] } },
    });
    const branch = setup({ actors: { leaf }, types: {} as { events: Event } }).createMachine({
      invoke: { src: "leaf", id: "leaf" },
      after: { 15: { actions: sendTo(parent, { type: "up", of: "branch" } as never) } },
      on: { rang: { actions: sendTo(parent, { type: "up", of: "leaf" } as never) } },
    });
    return setup({ actors: { branch }, types: {} as { context: Context; events: Event } }).createMachine({
      context,
      initial: "a",
      on: { up },
      states: { a: { invoke: { src: "branch", id: "b" }, on: { leave: "z" } }, z: { on: { back: "a" } } },
    });
  }, [5, "leave", 50, "back", 12, "leave", 50, "back", 50]),
  chart(
    "a parent that ends takes its children along",
    () =>
      house.createMachine({
        context,
        initial: "a",
        on: { up, end: ".z" },
        states: { a: { invoke: { src: "echo", id: "e", input: {} } }, z: { type: "final" } },
        output: ({ context: { seen } }) => seen,
      }),
    ["end", "end"],
  ),
  chart(
    "what is sent to a child as it ends, or is not there, is lost",
    () =>
      house.createMachine({
        context,
        initial: "a",
        on: { up },
        states: {
          a: {
            invoke: { src: "echo", id: "e", input: {}, onDone: { actions: keep } },
            on: { twice: { actions: [sendTo("e", { type: "end" } as never), sendTo("e", { type: "ping" } as never)] } },
          },
        },
      }),
    ["twice", "twice"],
  ),
  chart(
    "W3C 236: a child's last message, and its end behind it, though the first makes its parent leave",
    () =>
      setup({
        types: {} as { context: Context; events: Event },
        actors: {
          child: setup({}).createMachine({
            initial: "end",
            states: { end: { type: "final", entry: sendTo(parent, { type: "childToParent" } as never) } },
          }),
        },
      }).createMachine({
        context,
        initial: "s0",
        states: {
          s0: { invoke: { src: "child", id: "c", onDone: "fail" }, on: { childToParent: "s1" } },
          s1: { on: { "xstate.done.actor.c": "s2", "*": "fail" } },
          s2: { after: { 20: "pass" }, on: { "*": "fail" } },
          pass: {},
          fail: {},
        },
      }),
    [19, 1],
  ),
  chart(
    "a child that says two things as it ends; its parent leaves on the first, and says something to itself",
    () =>
      setup({
        types: {} as { context: Context; events: Event },
        actors: {
          child: setup({ types: {} as { events: Event } }).createMachine({
            initial: "a",
            states: {
              a: { on: { end: { target: "z", actions: sendTo(parent, { type: "up", of: "first" } as never) } } },
              z: { type: "final", entry: sendTo(parent, { type: "up", of: "second" } as never) },
            },
            output: 7,
          }),
        },
      }).createMachine({
        context,
        initial: "a",
        on: { note: { actions: assign({ seen: ({ context: { seen } }) => [...seen, "note"] }) } },
        states: {
          a: {
            invoke: {
              src: "child",
              id: "c",
              onDone: { actions: assign({ seen: ({ context: { seen } }) => [...seen, "done while there"] }) },
            },
            on: {
              end: tell("c", "end"),
              up: { target: "b", actions: [up["actions" as never] as never, sendTo(({ self }) => self, { type: "note" })] },
            },
          },
          b: {
            on: {
              up,
              "xstate.done.actor.c": { actions: [keep, assign({ seen: ({ context: { seen } }) => [...seen, "done"] })] },
              back: "a",
            },
          },
        },
      }),
    ["end", "back", "end"],
  ),
  chart(
    "a child that fails as it says something; its parent leaves on that, and fails of the error behind it",
    () =>
      setup({
        types: {} as { context: Context; events: Event },
        actors: {
          child: setup({ types: {} as { events: Event }, actors: { work } }).createMachine({
            initial: "a",
            states: {
              a: { on: { end: "b" } },
              b: {
                invoke: { src: "work", input: { fail: "inner" } },
                on: { "xstate.error.*": { target: "z", actions: sendTo(parent, { type: "up", of: "last" } as never) } },
              },
              z: { type: "final" },
            },
          }),
        },
      }).createMachine({
        context,
        initial: "a",
        states: {
          a: {
            invoke: { src: "child", id: "c" },
            on: { end: tell("c", "end"), up: { target: "b", actions: up["actions" as never] as never } },
          },
          b: {},
        },
      }),
    ["end"],
  ),
];
