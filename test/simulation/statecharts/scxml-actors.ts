/** Charts after the W3C's SCXML tests and XState's own: actors that are invoked and spawned. */
import { assign, enqueueActions, sendTo, spawnChild, stopChild } from "xstate";
import { base, context, hears, see } from "./scxml-base.ts";
import { chart, type Statechart } from "./statechart.ts";
export const scxmlActors: Statechart[] = [
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
