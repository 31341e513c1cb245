/** Machines that do what their authors did not mean to: throw, change in place, hold what JSON does not keep. */
import { type AnyActorRef, assign, emit, enqueueActions, fromPromise, raise, sendTo, setup } from "xstate";
import { actorAt } from "../../src/durable/host/actor-at.ts";
import type { LogicEntry, MachineOptions } from "../../src/durable/host/logic.ts";

type Event = { type: string; [fact: string]: unknown };
const parent = ({ self }: { self: AnyActorRef }): AnyActorRef => self._parent as AnyActorRef;

/** What no machine may keep or say, by name, and what the refusal calls it. */
export const unkept: Record<string, { make: () => unknown; says: string }> = {
  map: { make: () => new Map([[1, 2]]), says: "a Map" },
  set: { make: () => new Set([1]), says: "a Set" },
  date: { make: () => new Date(0), says: "Date, which" },
  instance: { make: () => new (class Point {})(), says: "a Point" },
  error: { make: () => new Error("no"), says: "an Error" },
  nan: { make: () => Number.NaN, says: "NaN" },
  infinity: { make: () => Number.NEGATIVE_INFINITY, says: "-Infinity" },
  bigint: { make: () => 10n, says: "10n" },
  symbol: { make: () => Symbol("s"), says: "Symbol(s)" },
  function: { make: () => () => 1, says: "a function" },
  symbolKey: { make: () => ({ [Symbol("k")]: 1 }), says: "an object with a symbol for a key" },
  hole: { make: () => Object.assign(Array(3), { 0: 1, 2: 3 }), says: "missing" },
  undefinedItem: { make: () => [undefined], says: "undefined" },
  arrayWithField: { make: () => Object.assign([1], { extra: 2 }), says: "an array with the field extra" },
  cycle: {
    make: () => {
      const cycle: { self?: unknown } = {};
      cycle.self = [cycle];
      return cycle;
    },
    says: "a part of itself",
  },
  address: { make: () => actorAt("actor/x"), says: "an address" },
};
const make = (event: Event): unknown => unkept[String(event["what"])]?.make();

function flood(self: unknown): void {
  const { _parent } = self as { _parent: { send(event: Event): void } };
  for (;;) _parent.send({ type: "nobody takes this" });
}

class StatusError extends Error {
  override name = "StatusError";
  readonly status = 503;
  readonly headers = { "retry-after": "1" };
  readonly circular = this;
  constructor() {
    super("unavailable", { cause: new Error("the disk is full") });
  }
}
const rejections: Record<string, () => unknown> = {
  error: () => new StatusError(),
  text: () => "a text",
  nothing: () => undefined,
  record: () => ({ status: 404 }),
  response: () => new Response("", { status: 429, statusText: "slow down" }),
  long: () => Object.assign(new Error("x".repeat(1_000_000)), { big: "y".repeat(1_000_000), status: 1 }),
  map: () => new Map(),
  bigint: () => 5n,
};

/** Throws in every way, and changes what it has before it does. */
const fragile = setup({
  types: {} as { context: { n: number; list: number[]; got: unknown }; events: Event },
  actors: {
    reject: fromPromise<unknown, { what: string }>(async ({ input }) => {
      throw rejections[input.what]?.();
    }),
    rejectAtOnce: fromPromise<unknown, { what: string }>(async ({ input }) => {
      throw rejections[input.what]?.();
    }),
    give: fromPromise<unknown, Event>(async ({ input }) => ({ inside: make(input) })),
    giveAtOnce: fromPromise<unknown, Event>(async ({ input }) => ({ inside: make(input) })),
    flood: fromPromise<unknown, Event>(async ({ self }) => flood(self)),
    floodAtOnce: fromPromise<unknown, Event>(async ({ self }) => flood(self)),
  },
}).createMachine({
  context: { n: 0, list: [], got: null },
  initial: "open",
  states: {
    open: {
      on: {
        add: { actions: assign({ n: ({ context, event }) => context.n + Number(event["by"] ?? 1) }) },
        guarded: {
          guard: () => {
            throw new Error("the guard threw");
          },
          actions: assign({ n: 100 }),
        },
        selfish: { guard: (given) => (given as unknown as { self: { id: string } }).self.id === "x", actions: assign({ n: 100 }) },
        inPlace: {
          actions: [
            assign(({ context: { list }, event }) => {
              list.push(1);
              (event["items"] as number[]).push(2);
              return {};
            }),
            assign(() => {
              throw new Error("after the change");
            }),
          ],
        },
        kind: { actions: assign({ list: ({ context: { list } }) => list }) },
        keep: { actions: assign({ got: ({ event }) => ({ in: [make(event)] }) }) },
        say: {
          actions: sendTo(
            ({ self }) => self,
            ({ event }) => ({ type: "add", inside: make(event) }),
          ),
        },
        later: { actions: raise(({ event }) => ({ type: "add", inside: make(event) }), { delay: 10 }) },
        emit: { actions: emit(({ event }: { event: Event }) => ({ type: "out", inside: make(event) })) as never },
        note: { actions: { type: "note", params: ({ event }: { event: Event }) => ({ text: make(event) }) } as never },
        noEvent: {
          actions: sendTo(
            ({ self }) => self,
            () => undefined as never,
          ),
        },
        stopSelf: {
          actions: assign(({ self }) => {
            (self as unknown as { stop(): void }).stop();
            return {};
          }),
        },
        reject: "rejecting",
        rejectAtOnce: "rejectingAtOnce",
        give: "giving",
        giveAtOnce: "givingAtOnce",
        flood: "flooding",
        floodAtOnce: "floodingAtOnce",
        half: { actions: raise({ type: "add" }, { delay: 0.5 }) },
        end: { target: "closed", actions: assign({ got: ({ event }) => event["what"] }) },
      },
    },
    rejecting: invoke("reject"),
    rejectingAtOnce: invoke("rejectAtOnce"),
    giving: invoke("give"),
    givingAtOnce: invoke("giveAtOnce"),
    flooding: invoke("flood"),
    floodingAtOnce: invoke("floodAtOnce"),
    closed: { type: "final" },
  },
  output: ({ context: { got } }) => ({ inside: make({ type: "end", what: got }) }),
});

function invoke(src: string): never {
  const got = {
    target: "open",
    actions: assign({ got: ({ event }: { event: Event }) => event["error"] ?? event["output"] ?? "undefined" }),
  };
  return { invoke: { src, id: src, input: ({ event }: { event: Event }) => event, onDone: got, onError: got } } as never;
}

/** Tells what it can of its context: what an eviction must not change. */
const teller = setup({ types: {} as { context: { a?: unknown; b?: unknown; said: string[] }; events: Event } }).createMachine({
  context: { said: [] },
  on: {
    hold: {
      actions: assign(({ event }) => {
        const shared = { n: 1 };
        const ways: Record<string, object> = {
          shared: { a: shared, b: shared },
          undefined: { a: undefined, b: { c: undefined } },
          minusZero: { a: -0, b: [-0] },
          bare: { a: Object.assign(Object.create(null) as object, { n: 1 }) },
        };
        return ways[String(event["way"])] ?? {};
      }),
    },
    tell: {
      actions: assign(({ context: { a, b, said } }) => ({
        said: [
          ...said,
          [
            a === b,
            Object.keys({ ...(b as object) }).length,
            Object.is(a, -0),
            typeof (a as { valueOf?: unknown } | undefined)?.valueOf,
          ].join(" "),
        ],
      })),
    },
  },
});

/** Says things by hand, to itself, to its parent and to its child. */
const talker = setup({
  types: {} as { context: { heard: string[] }; events: Event },
  actors: {
    child: setup({ types: {} as { context: { heard: number }; events: Event } }).createMachine({
      context: { heard: 0 },
      on: {
        hear: {
          actions: assign(({ context: { heard }, self }) => {
            (self as AnyActorRef)._parent?.send({ type: "heard", of: `child ${heard + 1}` });
            return { heard: heard + 1 };
          }),
        },
      },
    }),
    reporter: fromPromise<string, undefined>(async ({ self }) => {
      const { _parent } = self as unknown as { _parent: { send(event: Event): void } };
      _parent.send({ type: "heard", of: "promise" });
      return "done";
    }),
  },
}).createMachine({
  context: { heard: [] },
  invoke: { src: "child", id: "c" },
  initial: "quiet",
  on: {
    go: {
      actions: assign(({ self }) => {
        self.send({ type: "heard", of: "self" });
        const { c } = (self.getSnapshot() as unknown as { children: Record<string, AnyActorRef> }).children;
        c?.send({ type: "hear" });
        return {};
      }),
    },
    heard: { actions: assign({ heard: ({ context: { heard }, event }) => [...heard, String(event["of"])] }) },
    report: ".reporting",
  },
  states: { quiet: {}, reporting: { invoke: { src: "reporter", onDone: "quiet" } } },
});

/** A child that throws after its start, and says two things as it ends. */
const guardian = setup({
  types: {} as { context: { seen: unknown[] }; events: Event },
  actors: {
    ward: setup({ types: {} as { events: Event } }).createMachine({
      initial: "a",
      states: {
        a: {
          on: {
            break: {
              actions: assign(() => {
                throw new StatusError();
              }),
            },
            end: { target: "z", actions: sendTo(parent, { type: "last" }) },
          },
        },
        z: { type: "final" },
      },
      output: "ended",
    }),
    given: setup({ types: {} as { context: { got: string }; input: unknown } }).createMachine({
      context: ({ input }) => ({ got: input === null ? "null" : typeof input }),
    }),
  },
}).createMachine({
  context: { seen: [] },
  initial: "a",
  states: {
    a: {
      invoke: { src: "ward", id: "w", onError: { target: "b", actions: assign({ seen: ({ event }) => [event.error] }) } },
      on: {
        tell: { actions: sendTo("w", ({ event }) => ({ type: String(event["what"]) })) },
        last: "b",
        give: {
          actions: enqueueActions(({ enqueue, event }) => {
            enqueue.spawnChild("given", { id: "g", input: event["input"] });
          }),
        },
      },
    },
    b: { on: { "xstate.done.actor.w": { actions: assign({ seen: ({ event }) => [event["output"]] }) } } },
  },
});

/** @param options what every machine of the contract gets */
export function listHardLogics(options: MachineOptions): Record<string, LogicEntry> {
  const promises = { rejectAtOnce: "pure", giveAtOnce: "pure", floodAtOnce: "pure" } as const;
  return {
    fragile: { machine: fragile, options: { ...options, promises } },
    brittle: { machine: fragile, options: { ...options, promises, throws: "fail" } },
    teller: { machine: teller, options },
    talker: { machine: talker, options },
    guardian: { machine: guardian, options },
    strict: { machine: guardian, options: { ...options, throws: "fail" } },
  };
}
