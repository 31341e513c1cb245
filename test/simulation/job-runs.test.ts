/** [HOST11] How often an effectful promise runs, where an object starts again while its actor's definition is slow to come. */
import { expect, test, vi } from "vitest";
import { type AnyStateMachine, fromPromise, setup } from "xstate";
import { createLogics } from "../../src/durable/host/logic.ts";
import { createCluster } from "./cluster.ts";

const worker = setup({ actors: { work: fromPromise<string>(async () => "placeholder") } }).createMachine({
  initial: "working",
  states: {
    working: { invoke: { src: "work", id: "work", onDone: "idle" }, on: { leave: "idle" } },
    idle: { on: { work: "working" } },
  },
}) as unknown as AnyStateMachine;

/** An object whose actor works, evicted and begun again; its promise's second run waits for the definition. */
async function startAnew() {
  const slow = Promise.withResolvers<object>();
  const definitions = vi.fn<(hash: string) => Promise<object>>(async () => ({}));
  const runs: AbortSignal[] = [];
  const logics = createLogics({
    worker: { load: () => worker, options: { actors: { work: "work" } } },
    work: {
      type: "promise",
      mode: "effectful",
      run: async (_input, _scope, _pending, signal) => {
        runs.push(signal());
        return new Promise<never>(() => {});
      },
    },
  });
  const cluster = createCluster(logics, { definitions, held: () => Number.POSITIVE_INFINITY });
  await cluster.host("actor/w").start({ actor: "w", logic: "worker", definition: "d" });
  await vi.waitFor(() => expect(runs).toHaveLength(1));
  cluster.evict("actor/w");
  definitions.mockImplementationOnce(() => slow.promise);
  const host = cluster.host("actor/w");
  return {
    host,
    runs,
    /** The definition arrives, and everything that waited for it goes on. */
    async arrive() {
      slow.resolve({});
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("[HOST11] a promise that an eviction ended runs again when its actor is loaded", async () => {
  const { runs, arrive } = await startAnew();
  expect(runs).toHaveLength(1);
  await arrive();
  expect(runs).toHaveLength(2);
});

test("[HOST11] a promise whose state was left while its actor was loaded does not run again", async () => {
  const { host, runs, arrive } = await startAnew();
  expect(await host.send("w", { type: "leave" })).toMatchObject({ ok: true });
  await arrive();
  expect(runs).toHaveLength(1);
});

test("[HOST11] a promise that was invoked again while its actor was loaded runs once for that, and not for the state that was left", async () => {
  const { host, runs, arrive } = await startAnew();
  await host.send("w", { type: "leave" });
  await host.send("w", { type: "work" });
  await arrive();
  expect(runs.map(({ aborted }) => aborted)).toEqual([false, false]);
});
