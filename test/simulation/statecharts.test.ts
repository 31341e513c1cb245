/**
 * [HOST20] Statecharts as people write them for XState, each run on XState's own live actor and on the host, where every
 * object is evicted after every event: both must look the same after each.
 */
import { expect, test, vi } from "vitest";
import type { Actor, AnyActorRef, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { ActorView } from "../../src/durable/host/actor-host.ts";
import { createLogics } from "../../src/durable/host/logic.ts";
import { type Cluster, createCluster } from "./cluster.ts";
import { createOracle } from "./oracle-actor.ts";
import { failures } from "./statecharts/failures.ts";
import { families } from "./statecharts/families.ts";
import { scxml } from "./statecharts/scxml.ts";
import { scxmlActors } from "./statecharts/scxml-actors.ts";
import type { Statechart } from "./statecharts/statechart.ts";
import { states } from "./statecharts/states.ts";

/** An actor as both worlds can show it; of children only machines that run. */
interface Seen {
  status: string;
  value: unknown;
  context: unknown;
  tags: string[];
  output: unknown;
  error: unknown;
  children: Record<string, Seen>;
}

const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
const message = (error: unknown): unknown => (error as { message?: unknown } | undefined)?.message ?? error;

function seeLive(actor: AnyActorRef): Seen {
  const { status, value, context, tags, output, error, children } = actor.getSnapshot() as AnyMachineSnapshot;
  const running = Object.entries(children ?? {}).filter(([, child]) => {
    const snapshot = (child as AnyActorRef | undefined)?.getSnapshot() as AnyMachineSnapshot | undefined;
    return status === "active" && snapshot?.status === "active" && "machine" in snapshot;
  });
  return {
    status,
    value,
    context: plain(context),
    tags: [...(tags ?? [])].sort(),
    output: plain(output),
    error: message(error),
    children: Object.fromEntries(running.map(([id, child]) => [id, seeLive(child as AnyActorRef)])),
  };
}

async function seeHosted(cluster: Cluster, address: string): Promise<Seen> {
  const { status, value, context, tags, output, error, children } = (await cluster
    .host(address)
    .read(address.slice("actor/".length))) as ActorView;
  const seen: Record<string, Seen> = {};
  for (const child of children) {
    const inner = await seeHosted(cluster, child.address);
    if (inner.status === "active") seen[child.id] = inner;
  }
  return { status, value, context, tags: tags.sort(), output, error: message(error), children: seen };
}

/** Until nothing runs in the live actor: its promises settle by themselves. */
const rest = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function compare({ machine, input, options = {}, operations }: Statechart): Promise<void> {
  const told: unknown[] = [];
  const cluster = createCluster(
    createLogics({ m: { machine: machine(), options: { ...options, emitted: (event) => void told.push(event) } } }),
  );
  const host = () => cluster.host("actor/m");
  await host().start({ actor: "m", logic: "m", ...(input !== undefined && { input }) });
  const { actor, advance } = createOracle(machine(), { input });
  const heard: unknown[] = [];
  (actor as Actor<AnyStateMachine>).on("*", (event) => heard.push(plain(event)));
  actor.subscribe({ error: () => {} });
  actor.start();
  for (const [step, operation] of [undefined, ...operations].entries()) {
    if (operation && "wait" in operation) {
      advance(operation.wait as number);
      await cluster.advance(operation.wait as number);
    } else if (operation) {
      actor.send(operation);
      await host().send("m", operation as { type: string });
    }
    await rest();
    await cluster.settle();
    for (const address of cluster.addresses()) cluster.evict(address);
    const after = JSON.stringify(operations.slice(0, step));
    expect(await seeHosted(cluster, "actor/m"), `after ${after}, dead letters ${JSON.stringify(host().deadLetters())}`).toEqual(
      seeLive(actor),
    );
    expect(told, `emitted after ${after}`).toEqual(heard);
  }
}

test.each([...states, ...families, ...failures, ...scxml, ...scxmlActors].map((statechart) => [statechart.name, statechart] as const))(
  "[HOST20] %s",
  async (_, statechart) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.spyOn(console, "log").mockImplementation(() => {});
    await compare(statechart);
  },
);
