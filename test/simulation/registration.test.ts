/** [HOST17] What registration refuses, each with its reason: found before anything runs, not in the middle of a thread. */

import { describe, expect, test, vi } from "vitest";
import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { createLogics, type LogicEntry } from "../../src/durable/host/logic.ts";
import { makeTables } from "../../src/durable/host/store/tables.ts";
import { createCluster } from "./cluster.ts";

const inner = createMachine({ initial: "a", states: { a: {} } });
const inState = (state: object, implementations: object = {}): AnyStateMachine =>
  setup(implementations).createMachine({ initial: "a", states: { a: state } } as never) as unknown as AnyStateMachine;

const refused: [what: string, machine: () => AnyStateMachine, reason: RegExp][] = [
  ["sendParent", () => inState({ entry: sendParent({ type: "x" }) }), /state .*a: an action is sendParent, .*use sendTo/],
  [
    "sendParent by name",
    () => inState({ entry: "tell" }, { actions: { tell: sendParent({ type: "x" }) } }),
    /the action tell is sendParent/,
  ],
  ["callback logic", () => inState({}, { actors: { c: fromCallback(() => {}) } }), /the actor c is a callback, transition or observable/],
  [
    "observable logic",
    () => inState({}, { actors: { c: fromObservable(() => ({ subscribe: () => ({ unsubscribe() {} }) }) as never) } }),
    /the actor c is a callback/,
  ],
  ["transition logic", () => inState({}, { actors: { c: fromTransition((s: number) => s, 0) } }), /the actor c is a callback/],
  ["onSnapshot", () => inState({ invoke: { src: "c", id: "c", onSnapshot: {} } }, { actors: { c: inner } }), /the invoke c has onSnapshot/],
  ["systemId", () => inState({ invoke: { src: "c", id: "c", systemId: "s" } }, { actors: { c: inner } }), /the invoke c has a systemId/],
  ["inline logic", () => inState({ invoke: { src: inner } }), /a child's logic is given inline/],
  ["inline spawn", () => inState({ entry: spawnChild(inner, { id: "x" }) }), /a child's logic is given inline/],
  ["a spawn without an id", () => inState({ entry: spawnChild("c" as never) }, { actors: { c: inner } }), /spawnChild without an id/],
  [
    "a spawn with a systemId",
    () => inState({ entry: spawnChild("c" as never, { id: "x", systemId: "s" } as never) }, { actors: { c: inner } }),
    /spawnChild with a systemId/,
  ],
  [
    "syncSnapshot",
    () => inState({ entry: spawnChild("c" as never, { id: "x", syncSnapshot: true } as never) }, { actors: { c: inner } }),
    /syncSnapshot/,
  ],
  [
    "a delay that is a text",
    () => inState({ after: { soon: "a" } }, { delays: { soon: "10" } }),
    /the delay soon is neither a number nor a function/,
  ],
  ["a delay that is not a number", () => inState({ after: { soon: "a" } }, { delays: { soon: Number.NaN } }), /the delay soon is neither/],
  ["a raise after NaN", () => inState({ entry: raise({ type: "x" }, { delay: Number.NaN }) }), /a delay is not a number/],
  [
    "context that JSON does not keep",
    () => createMachine({ context: { a: [new Map()] } }) as unknown as AnyStateMachine,
    /^m, context\.a\[0\] is a Map, which JSON does not keep/,
  ],
  [
    "an invoke with the id __proto__",
    () => inState({ invoke: { src: "c", id: "__proto__" } }, { actors: { c: inner } }),
    /an invoke cannot have the id __proto__/,
  ],
  [
    "an actor named __proto__",
    () => inState({ invoke: { src: "__proto__" } }, { actors: Object.fromEntries([["__proto__", inner]]) }),
    /an actor cannot be named __proto__/,
  ],
  ["an unknown actor", () => inState({ invoke: { src: "nobody" } }), /the actor nobody has no implementation/],
  ["an unknown action", () => inState({ exit: "nothing" }), /the action nothing has no implementation/],
  ["an action named like a method of objects", () => inState({ entry: { type: "toString" } }), /the action toString has no implementation/],
  ["an unknown guard", () => inState({ on: { X: { guard: "never", target: "a" } } }), /the guard never has no implementation/],
  [
    "a guard named like a method of objects",
    () => inState({ always: { guard: "toString", target: "a" } }),
    /the guard toString has no implementation/,
  ],
  [
    "an unknown guard within and()",
    () => inState({ on: { X: { guard: and(["never" as never]), target: "a" } } }),
    /the guard never has no implementation/,
  ],
  ["an unknown delay", () => inState({ after: { sometime: "a" } }), /the delay sometime has no implementation, and would fire at once/],
  ["an unknown delay of a raise", () => inState({ entry: raise({ type: "x" }, { delay: "sometime" as never }) }), /the delay sometime/],
  ["an inline function", () => inState({ on: { X: { actions: () => {} } } }), /an inline function cannot be an effect/],
  [
    "a named function",
    () => inState({ entry: "log" }, { actions: { log: () => {} } }),
    /the action log is a function.*register it as a write/,
  ],
];

describe("[HOST17] registration refuses what cannot be made durable, with the reason:", () => {
  test.each(refused)("%s", (_, machine, reason) => {
    expect(() => createLogics({ m: { machine: machine() } })).toThrow(reason);
  });

  test("a name that is registered twice, and a logic that isn't", () => {
    const machine = inState({}, { actors: { c: inner } });
    expect(() => createLogics({ m: { machine }, "m/c": { machine: inner } })).toThrow("the logic m/c is registered twice");
    expect(() => createLogics({ m: { machine, options: { actors: { c: "elsewhere" } } } })).toThrow(
      "needs the logic elsewhere, which is not registered",
    );
  });

  test("what is registered as a write, a built-in or a promise is taken", () => {
    const entry: LogicEntry = {
      machine: inState(
        { entry: ["log", assign({}), raise({ type: "x" }, { delay: 5 })], invoke: { src: "p" } },
        { actions: { log: () => {} }, actors: { p: fromPromise(async () => 1) } },
      ),
      options: { writes: { log: () => {} } },
    };
    expect([...createLogics({ m: entry }).keys()]).toEqual(["m/p", "m"]);
  });
});

describe("[HOST17] what only a run shows is refused then, and is a dead letter:", () => {
  const cases: [what: string, actions: unknown, reason: string][] = [
    [
      "spawn in assign",
      assign({ child: ({ spawn }: { spawn: (src: string, options: object) => unknown }) => spawn("c", { id: "x" }) } as never),
      "was spawned inside assign",
    ],
    [
      "a message to who is nobody",
      sendTo(() => ({ id: "stranger" }) as never, { type: "x" } as never),
      "neither a child, the parent, itself nor an address",
    ],
    ["a delay that is no number", raise({ type: "x" }, { delay: () => Number.NaN }), "the delay of x is not a number"],
  ];
  test.each(cases)("%s", async (_, actions, reason) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const machine = inState({ on: { go: { actions } } }, { actors: { c: inner } });
    const host = createCluster(createLogics({ m: { machine } })).host("actor/a");
    await host.start({ actor: "a", logic: "m" });
    expect(await host.send("a", { type: "go" })).toMatchObject({ ok: false, code: "threw", detail: expect.stringContaining(reason) });
    expect(host.deadLetters()).toMatchObject([{ code: "threw" }]);
    expect(await host.read("a")).toMatchObject({ revision: 1 });
  });
});

test("[HOST16] a snapshot of an older version is upgraded as it is read", async () => {
  const before = createMachine({ context: { name: "x" }, initial: "one", states: { one: { on: { go: "two" } }, two: {} } });
  const after = createMachine({ context: { title: "" }, initial: "first", states: { first: { on: { go: "second" } }, second: {} } });
  const cluster = createCluster(createLogics({ m: { machine: before } }));
  await cluster.host("actor/a").start({ actor: "a", logic: "m" });
  const stored = cluster.store("actor/a").exec<{ body: string }>("SELECT body FROM document WHERE collection = 'actor'")[0]?.body ?? "";
  const upgraded = createCluster(
    createLogics({
      m: {
        machine: after,
        options: {
          version: "2",
          upgrade: (snapshot, from) =>
            from === "1"
              ? { ...(snapshot as object), value: "first", context: { title: (snapshot as { context: { name: string } }).context.name } }
              : undefined,
        },
      },
    }),
  );
  makeTables(upgraded.store("actor/a"));
  upgraded.store("actor/a").exec("INSERT INTO document VALUES ('actor/a', 'actor', 'a', NULL, ?)", stored);
  expect(await upgraded.host("actor/a").send("a", { type: "go" })).toMatchObject({
    ok: true,
    view: { value: "second", context: { title: "x" }, version: "2" },
  });
});
