/** How an address finds its object. */
import { expect, test, vi } from "vitest";
import { asDurableObject } from "../../../src/durable/as-durable-object.ts";
import { Endpoint } from "../../../src/durable/endpoint.ts";
import { type Environment, findNeighbours } from "../../../src/durable/environment.ts";

vi.mock("cloudflare:workers", () => ({
  DurableObject: class {
    readonly ctx: unknown;
    readonly env: unknown;
    constructor(ctx: unknown, env: unknown) {
      this.ctx = ctx;
      this.env = env;
    }
  },
}));

/** Namespaces that note where an object was asked for. */
function createEnvironment(jurisdiction?: string): { env: Environment; asked: string[] } {
  const asked: string[] = [];
  const namespace = (binding: string, place: string): unknown => ({
    jurisdiction: (name: string) => namespace(binding, name),
    idFromName: (name: string) => name,
    get: (name: string) => {
      asked.push(`${place}:${binding}/${name}`);
      return {};
    },
  });
  const bindings = ["AGENT", "WORKFLOW", "RECRUITMENT", "TASK", "PROJECTOR", "REGISTRY", "CELL"];
  const env = Object.fromEntries(bindings.map((binding) => [binding, namespace(binding, "anywhere")]));
  return { env: { DB: {}, ...env, ...(jurisdiction && { NERVEFLARE_JURISDICTION: jurisdiction }) } as unknown as Environment, asked };
}

test("[DEPLOY1] under a jurisdiction every object is asked for there, and none elsewhere; without it, none there", () => {
  for (const [jurisdiction, place] of [
    ["eu", "eu"],
    [undefined, "anywhere"],
  ] as const) {
    const { env, asked } = createEnvironment(jurisdiction);
    const { agent, workflow, thread, task, threadActor, projector, probe, object } = findNeighbours(env);
    agent("bob");
    workflow("review");
    thread("t1");
    task("task/t1");
    threadActor("recruitment/t1");
    projector();
    probe();
    object("agent/bob");
    expect(asked.map((each) => each.split(":")[0])).toEqual(asked.map(() => place));
    expect(new Set(asked.map((each) => each.replace(/^.*:|\/.*$/g, "")))).toEqual(
      new Set(["AGENT", "WORKFLOW", "RECRUITMENT", "TASK", "PROJECTOR"]),
    );
  }
});

test("[PLACE8] an object of its own reaches objects of their own, whatever the setting says by now", () => {
  class Asking extends Endpoint {
    ask(): void {
      const { agent, workflow, thread, task, threadActor, projector, object } = this.near;
      agent("bob");
      workflow("review");
      thread("t1");
      task("task/t1");
      threadActor("recruitment/t1");
      projector();
      object("agent/bob");
    }
  }
  const { env, asked } = createEnvironment();
  const given = [
    { id: { name: "bob" }, storage: {} },
    { ...env, NERVEFLARE_PLACEMENT: "cell" },
  ];
  const made: Asking = Reflect.construct(asDurableObject(Asking), given);
  made.ask();
  expect(asked.map((each) => each.replace(/^.*:|\/.*$/g, ""))).toEqual([
    "AGENT",
    "WORKFLOW",
    "RECRUITMENT",
    "TASK",
    "RECRUITMENT",
    "PROJECTOR",
    "AGENT",
  ]);
});
