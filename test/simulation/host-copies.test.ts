/** Where caller and host share a process: what is given and read is copied, and what can't be a name is refused. */
import { expect, test } from "vitest";
import { type AnyStateMachine, assign, fromPromise, setup } from "xstate";
import { createLogics } from "../../src/durable/host/logic.ts";
import { createCluster } from "./cluster.ts";

interface Shared {
  list: number[];
}
type Event = { type: string; shared?: Shared };
const promised: Shared = { list: [1] };

const keeper = setup({
  types: {} as { context: { given: Shared; sent: Shared | null; got: unknown }; events: Event; input: Shared },
  actors: { give: fromPromise(async () => promised), giveAtOnce: fromPromise(async () => promised) },
}).createMachine({
  context: ({ input }) => ({ given: input, sent: null, got: null }),
  initial: "idle",
  states: {
    idle: {
      on: { take: { actions: assign({ sent: ({ event }) => event.shared ?? null }) }, fetch: "fetching", fetchAtOnce: "fetchingAtOnce" },
    },
    fetching: { invoke: { src: "give", onDone: { target: "idle", actions: assign({ got: ({ event }) => event.output }) } } },
    fetchingAtOnce: { invoke: { src: "giveAtOnce", onDone: { target: "idle", actions: assign({ got: ({ event }) => event.output }) } } },
  },
});

test("[HOST32] input, events, outputs and views are copies: what their owner does to them later changes no actor", async () => {
  const cluster = createCluster(createLogics({ m: { machine: keeper, options: { promises: { giveAtOnce: "pure" } } } }));
  const host = cluster.host("actor/a");
  const given: Shared = { list: [1] };
  const sent: Shared = { list: [1] };
  await host.start({ actor: "a", logic: "m", input: given as never });
  for (const type of ["take", "fetch", "fetchAtOnce"]) {
    const answer = await host.send("a", { type, shared: sent as never });
    await cluster.settle();
    if (answer.ok) (answer.view.context as unknown as { given: Shared }).given.list.push(2);
    const view = (await host.read("a")) as unknown as { context: { given: Shared; sent: Shared; got?: Shared } };
    for (const shared of [given, sent, promised, view.context.given, view.context.sent, view.context.got]) shared?.list.push(2);
    expect(await host.read("a"), type).toMatchObject({ context: { given: { list: [1] }, sent: { list: [1] } } });
    promised.list.length = 1;
  }
  expect(await host.peek("a")).toMatchObject({ context: { got: { list: [1] } } });
});

test("[HOST1] an actor with an impossible name, or with input that JSON does not keep, is refused with the reason", async () => {
  const host = createCluster(createLogics({ m: { machine: keeper } })).host("actor/a");
  for (const actor of ["", undefined, 7, "x".repeat(1_001)])
    expect(await host.start({ actor: actor as string, logic: "m" })).toMatchObject({
      ok: false,
      code: "malformed",
      detail: expect.stringContaining("id"),
    });
  expect(await host.start({ actor: "a", logic: "m", input: new Map() as never })).toMatchObject({
    ok: false,
    code: "malformed",
    detail: "input is a Map, which JSON does not keep: store plain data",
  });
  expect(await host.read("a")).toBeUndefined();
});

test.each(["constructor", "toString"])("[HOST20] a logic, a source and a child may be named like a method of objects: %s", async (name) => {
  const child = setup({}).createMachine({ initial: "a", states: { a: { on: { end: "z" } }, z: { type: "final" } } });
  const machine = setup({ actors: Object.fromEntries([[name, child]]) }).createMachine({
    initial: "a",
    states: { a: { invoke: { src: name, id: "c", onDone: "b" } }, b: {} },
  } as never) as unknown as AnyStateMachine;
  const cluster = createCluster(createLogics(Object.fromEntries([[name, { machine, options: { promises: {} } }]])));
  await cluster.host("actor/a").start({ actor: "a", logic: name });
  await cluster.settle();
  for (const address of cluster.addresses()) cluster.evict(address);
  const address = (await cluster.host("actor/a").read("a"))?.children[0]?.address ?? "";
  await cluster.host(address).send(address.slice("actor/".length), { type: "end" });
  await cluster.settle();
  expect(await cluster.host("actor/a").read("a")).toMatchObject({ value: "b" });
});
