/** How an address finds its object. */
import { expect, test, vi } from "vitest";
import { type Environment, findNeighbours } from "../../../src/durable/environment.ts";

vi.mock("cloudflare:workers", () => ({ DurableObject: class {} }));

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
  const bindings = ["AGENT", "WORKFLOW", "RECRUITMENT", "TASK", "PROJECTOR", "REGISTRY"];
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
