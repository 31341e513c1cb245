/** [HOST20] [HOST27] Where the host is not as XState's live actor, on purpose: what each of them does, side by side (docs/actor-host.md, "What is not"). */
import { expect, test, vi } from "vitest";
import { type AnyStateMachine, assign, createActor, fromPromise, setup } from "xstate";
import { createLogics } from "../../src/durable/host/logic.ts";
import { createCluster } from "./cluster.ts";

type Event = { type: string };
interface Context {
  n: number;
  a?: unknown;
  b?: unknown;
  seen: unknown;
}
const base = setup({
  types: {} as { context: Context; events: Event },
  actors: {
    fail: fromPromise(async () => {
      throw new TypeError("no");
    }),
  },
});
const context = (): Context => ({ n: 0, seen: null });

/** What both end with: the status, and what the machine has seen or counted. */
async function runBoth(machine: AnyStateMachine, types: string[]): Promise<{ xstate: unknown[]; host: unknown[] }> {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const live = createActor(machine);
  live.subscribe({ error: () => {} });
  live.start();
  const host = createCluster(createLogics({ m: { machine } })).host("actor/a");
  await host.start({ actor: "a", logic: "m" });
  for (const type of types) {
    live.send({ type });
    await host.send("a", { type });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const show = (status: unknown, { seen, n }: Context): unknown[] => [status, seen ?? n];
  const view = (await host.read("a")) as unknown as { status: string; context: Context };
  return { xstate: show(live.getSnapshot().status, live.getSnapshot().context as Context), host: show(view.status, view.context) };
}

const charts: [what: string, machine: unknown, types: string[], xstate: unknown[], host: unknown[]][] = [
  [
    "an event that throws is a dead letter and the actor goes on",
    base.createMachine({
      context,
      on: {
        go: {
          actions: assign(() => {
            throw new Error("no");
          }),
        },
        add: { actions: assign({ n: ({ context: { n } }) => n + 1 }) },
      },
    }),
    ["go", "add"],
    ["error", 0],
    ["active", 1],
  ],
  [
    "a key that holds undefined is gone with the next event",
    base.createMachine({
      context,
      on: { go: { actions: assign({ a: undefined }) }, see: { actions: assign({ seen: ({ context: given }) => "a" in given }) } },
    }),
    ["go", "see"],
    ["active", true],
    ["active", false],
  ],
  [
    "one object in two places is two with the next event",
    base.createMachine({
      context,
      on: {
        go: {
          actions: assign(() => {
            const shared = {};
            return { a: shared, b: shared };
          }),
        },
        see: { actions: assign({ seen: ({ context: { a, b } }) => a === b }) },
      },
    }),
    ["go", "see"],
    ["active", true],
    ["active", false],
  ],
  [
    "an error is data, and no instance",
    base.createMachine({
      context,
      initial: "a",
      states: {
        a: { on: { go: "b" } },
        b: {
          invoke: {
            src: "fail",
            onError: {
              target: "a",
              actions: assign({
                seen: ({ event: { error } }) => [error instanceof TypeError, (error as Error).name, typeof (error as Error).stack].join(),
              }),
            },
          },
        },
      },
    }),
    ["go"],
    ["active", "true,TypeError,string"],
    ["active", "false,TypeError,undefined"],
  ],
];

test.each(charts)("[HOST20] %s", async (_, machine, types, xstate, host) => {
  expect(await runBoth(machine as AnyStateMachine, types)).toEqual({ xstate, host });
});

test("[HOST27] a context that is one object in the config is each actor's own, where XState's actors share it", async () => {
  const machine = base.createMachine({
    context: { n: 0, seen: [] as unknown },
    on: {
      go: {
        actions: assign(({ context: { seen } }) => {
          (seen as number[]).push(1);
          return {};
        }),
      },
    },
  });
  const cluster = createCluster(createLogics({ m: { machine: machine as unknown as AnyStateMachine } }));
  const [a, b] = [createActor(machine).start(), createActor(machine)];
  a.send({ type: "go" });
  await cluster.host("actor/a").start({ actor: "a", logic: "m" });
  await cluster.host("actor/a").send("a", { type: "go" });
  await cluster.host("actor/b").start({ actor: "b", logic: "m" });
  expect(b.getSnapshot().context.seen).toEqual([1]);
  expect(await cluster.host("actor/b").read("b")).toMatchObject({ context: { seen: [] } });
});
