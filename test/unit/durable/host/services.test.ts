/** [HOST33] What logics find of the object that runs them, though they are made once for all objects. */
import { expect, test, vi } from "vitest";
import { type AnyStateMachine, emit, fromPromise, sendTo, setup } from "xstate";
import { actorAt } from "../../../../src/durable/host/actor-at.ts";
import { createActorHost } from "../../../../src/durable/host/actor-host.ts";
import { createLogics, type LogicEntry } from "../../../../src/durable/host/logic.ts";
import type { World } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";

interface Services {
  log(text: string): void;
}

const machine = setup({
  actions: { note: (_, _params: { [key: string]: string }) => {} },
  actors: { judge: fromPromise<string>(async () => ""), work: fromPromise<string>(async () => "") },
}).createMachine({
  initial: "idle",
  states: {
    idle: { on: { go: "judging" } },
    judging: {
      entry: [{ type: "note", params: {} }, emit({ type: "told" }), sendTo(() => actorAt("other/a"), { type: "hello" })],
      invoke: { src: "judge", id: "judge", onDone: "working" },
    },
    working: { invoke: { src: "work", id: "work", onDone: "done" } },
    done: { type: "final" },
  },
}) as unknown as AnyStateMachine;

const entry: LogicEntry<Services> = {
  load: () => machine,
  options: {
    actors: { judge: "judge", work: "work" },
    started: (_along, { services }) => services.log("started"),
    writes: { note: (_write, { services }) => services.log("write") },
    emitted: (_event, { services }) => services.log("emitted"),
    expand(event, _to, { services }) {
      services.log("expand");
      return event as { type: string };
    },
  },
};

async function say(services: Services, text: string) {
  services.log(text);
  return { output: null };
}

const logics = createLogics<Services>({
  m: entry,
  judge: { type: "promise", mode: "pure", run: (_input, { services }) => say(services, "pure promise") },
  work: { type: "promise", mode: "effectful", run: (_input, { services }) => say(services, "promise") },
});

function createWorld(name: string): World {
  return {
    address: `actor/${name}`,
    storage: createNodeStorage(),
    clock: { now: () => 0 },
    scheduler: { background: (work) => void work.catch(() => {}) },
    transport: { deliver: async () => ({ status: "stored" }) },
  };
}

test("[HOST33] each object's actors find the services that it gave its host", async () => {
  const said: Record<string, string[]> = { a: [], b: [] };
  for (const [name, log] of Object.entries(said)) {
    const services: Services = { log: (text) => void log.push(text) };
    const host = createActorHost(createWorld(name), logics, { services, definitions: async () => ({}) });
    await host.start({ actor: name, logic: "m", definition: "d" });
    await host.send(name, { type: "go" });
    await vi.waitFor(() => expect(log).toEqual(["started", "pure promise", "write", "emitted", "expand", "promise"]));
  }
  expect(said.a).toHaveLength(6);
});

test("[HOST33] logics that ask for services are given to no host without them", () => {
  // @ts-expect-error the services are missing
  expect(createActorHost(createWorld("a"), logics)).toBeDefined();
});
