/** The real cores of a cluster's objects, and how they reach one another. */
import { type AgentCore, createAgentCore } from "../../src/durable/agent/agent-core.ts";
import type { World } from "../../src/durable/host/ports.ts";
import type { BoardRpc } from "../../src/durable/protocol/board.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import type { TaskRpc } from "../../src/durable/protocol/task.ts";
import type { Registry } from "../../src/durable/registry/registry.ts";
import { createTaskDoor, type TaskDoor } from "../../src/durable/thread/task-door.ts";
import { createThreadRoot, type ThreadRoot } from "../../src/durable/thread/thread-root.ts";
import { createThreadTask } from "../../src/durable/thread/thread-task.ts";
import { type Admission, createAdmission } from "../../src/durable/workflow/admission.ts";

export interface Life {
  alive: boolean;
  /** Rejects when it ends, and with it all calls that it has not answered. */
  over: Promise<never>;
  end(): void;
}

export function createLife(address: string): Life {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const life: Life = {
    alive: true,
    over: promise,
    end() {
      life.alive = false;
      reject(new Error(`${address} was ended`));
    },
  };
  return life;
}

export type Core = { life: Life } & (
  | { kind: "agent"; core: AgentCore }
  | { kind: "workflow"; core: Admission }
  | { kind: "recruitment"; core: ThreadRoot }
  | { kind: "task"; core: TaskDoor }
);

/** What one object is given of its cluster. */
export interface CorePorts {
  world: World;
  registry: Registry;
  board: BoardRpc;
  /** A call to another object, with what may become of it. */
  travel<T>(arrive: () => Promise<T>): Promise<T>;
  open(to: string): Core;
  /** Agents that are connected. */
  connections: ReadonlyMap<string, { pinged?: number }>;
  common: {
    project(rows: ProjectionRow[]): Promise<undefined>;
    settle(): Promise<void>;
    later(milliseconds: number, work: () => void): void;
  };
}

/** Makes the object of an address, with the ways that it has to others. */
export function makeCore(address: string, life: Life, ports: CorePorts): Core {
  const { world, registry, board, travel, open, connections, common } = ports;
  const name = address.slice(address.indexOf("/") + 1);
  if (address.startsWith("agent/")) {
    const core = createAgentCore(name, {
      world,
      registry,
      board: travelTo(board, travel),
      threadActor: (to) => ({ take: (...given) => travel(() => take(ports, to, ...given)) }),
      outcomes: (workflow, refs) => travel(async () => (open(`workflow/${workflow}`).core as Admission).outcomes(refs)),
      holders: (thread, viewer) => travel(() => findThread(open, `recruitment/${thread}`).recruitment.holders(viewer)),
      askRoom: (agent, source, bytes) => travel(async () => (open(`agent/${agent}`).core as AgentCore).room(source, bytes)),
      countCommit: () => {},
      connections: () => {
        const connection = connections.get(name);
        return { count: connection ? 1 : 0, pinged: connection?.pinged };
      },
      ...common,
    });
    return { kind: "agent", core, life };
  }
  if (address.startsWith("workflow/"))
    return { kind: "workflow", core: createAdmission({ name, world, registry, countCommit: () => {}, ...common }), life };
  const given = {
    world,
    registry,
    random: () => 0.5,
    card: (agent: string) => travel(async () => (open(`agent/${agent}`).core as AgentCore).card()),
    counted: () => {},
    ...common,
  };
  if (address.startsWith("task/")) {
    const core = createTaskDoor({
      name,
      storage: world.storage,
      make: () => createThreadTask(given),
      empty: () => Promise.reject(new Error("no thread is archived here")),
      isBuried: () => false,
      oldTask: (place) => travel(async () => findThread(open, `recruitment/${name}`).oldTask(place)),
    });
    return { kind: "task", core, life };
  }
  const core = createThreadRoot({
    ...given,
    board: travelTo(board, travel),
    hint: (agent, hint) => travel(async () => (open(`agent/${agent}`).core as AgentCore).hint(JSON.parse(JSON.stringify(hint)))),
    remoteTask: (to) => askTask(ports, to),
    admission: (workflow) =>
      travel(async () => {
        const { core } = open(`workflow/${workflow}`) as { core: Admission };
        return core.admission();
      }),
    standing: (agent, offer) => travel(async () => (open(`agent/${agent}`).core as AgentCore).standing(offer)),
  });
  return { kind: "recruitment", core, life };
}

/** The board, from another object. */
function travelTo(board: BoardRpc, travel: CorePorts["travel"]): BoardRpc {
  return {
    post: (...posting) => travel(() => board.post(...posting)),
    close: (...closing) => travel(() => board.close(...closing)),
    attend: (agent) => travel(() => board.attend(agent)),
    leave: (...leaving) => travel(() => board.leave(...leaving)),
  };
}

export function findThread(open: CorePorts["open"], to: string): ThreadRoot {
  return open(to).core as ThreadRoot;
}

async function take({ open }: CorePorts, to: string, ...given: Parameters<TaskRpc["take"]>): ReturnType<TaskRpc["take"]> {
  const { core, life } = open(to) as { core: ThreadRoot | TaskDoor; life: Life };
  return await Promise.race([core.take(...given), life.over]);
}

function askTask({ open, travel }: CorePorts, to: string): TaskRpc {
  const ask = <T>(question: (task: TaskDoor) => Promise<T>): Promise<T> =>
    travel(() => {
      const { core, life } = open(to) as { core: TaskDoor; life: Life };
      return Promise.race([question(core), life.over]);
    });
  return {
    adopt: () => ask((task) => task.adopt()),
    peek: (name) => ask((task) => task.peek(name)),
    asked: (agent) => ask((task) => task.asked(agent)),
    steps: (range) => ask((task) => task.steps(range)),
    take: (...given) => ask((task) => task.take(...given)),
    messages: (page) => ask((task) => task.messages(page)),
    history: (name, page) => ask((task) => task.history(name, page)),
    settleDeadLetter: (order, id) => ask((task) => task.settleDeadLetter(order, id)),
    deliver: (envelope) => ask((task) => task.deliver(envelope)),
  };
}
