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
  /** The call's answer, unless the life ends before. */
  race<T>(call: Promise<T>): Promise<T>;
  end(): void;
}

export function createLife(address: string): Life {
  /** Calls that are not answered: what was answered is not kept. */
  const waiting = new Set<(error: Error) => void>();
  const ended = (): Error => new Error(`${address} was ended`);
  const life: Life = {
    alive: true,
    race(call) {
      if (!life.alive) return Promise.reject(ended());
      return new Promise((resolve, reject) => {
        waiting.add(reject);
        call.then(resolve, reject).finally(() => waiting.delete(reject));
      });
    },
    end() {
      life.alive = false;
      for (const reject of waiting) reject(ended());
      waiting.clear();
    },
  };
  return life;
}

export type CoreOf = AgentCore | Admission | ThreadRoot | TaskDoor;

export interface Core {
  life: Life;
  core: CoreOf;
}

/** What one object is given of its cluster. */
export interface CorePorts {
  world: World;
  registry: Registry;
  board: BoardRpc;
  /** A call to another object, with what may become of it. */
  ask<T>(to: string, question: (core: CoreOf) => T | Promise<T>): Promise<T>;
  /** The same, to the board. */
  travel<T>(arrive: () => Promise<T>): Promise<T>;
  /** Agents that are connected. */
  connections: ReadonlyMap<string, { pinged?: number }>;
  common: {
    project(rows: ProjectionRow[]): Promise<undefined>;
    settle(): Promise<void>;
    later(milliseconds: number, work: () => void): void;
  };
}

/** Makes the object of an address, with the ways that it has to others. */
export function makeCore(address: string, ports: CorePorts): CoreOf {
  const { world, registry, board, travel, ask, connections, common } = ports;
  const name = address.slice(address.indexOf("/") + 1);
  if (address.startsWith("agent/")) {
    const core = createAgentCore(name, {
      world,
      registry,
      board: travelTo(board, travel),
      threadActor: (to) => ({ take: (...given) => ask(to, (core) => (core as ThreadRoot | TaskDoor).take(...given)) }),
      outcomes: (workflow, refs) => ask(`workflow/${workflow}`, (core) => (core as Admission).outcomes(refs)),
      holders: (thread, viewer) => ask(`recruitment/${thread}`, (core) => (core as ThreadRoot).recruitment.holders(viewer)),
      askRoom: (agent, source, bytes) => ask(`agent/${agent}`, (core) => (core as AgentCore).room(source, bytes)),
      countCommit: () => {},
      connections: () => {
        const connection = connections.get(name);
        return { count: connection ? 1 : 0, pinged: connection?.pinged };
      },
      ...common,
    });
    return core;
  }
  if (address.startsWith("workflow/")) return createAdmission({ name, world, registry, countCommit: () => {}, ...common });
  const given = {
    world,
    registry,
    random: () => 0.5,
    card: (agent: string) => ask(`agent/${agent}`, (core) => (core as AgentCore).card()),
    counted: () => {},
    ...common,
  };
  if (address.startsWith("task/")) {
    const core = createTaskDoor({
      name: () => name,
      storage: world.storage,
      make: () => createThreadTask(given),
      empty: () => Promise.reject(new Error("no thread is archived here")),
      isBuried: () => false,
      oldTask: (place) => ask(`recruitment/${name}`, (core) => (core as ThreadRoot).oldTask(place)),
    });
    return core;
  }
  const core = createThreadRoot({
    ...given,
    board: travelTo(board, travel),
    hint: (agent, hint) => ask(`agent/${agent}`, (core) => (core as AgentCore).hint(JSON.parse(JSON.stringify(hint)))),
    remoteTask: (to) => askTask(ports, to),
    admission: (workflow) => ask(`workflow/${workflow}`, (core) => (core as Admission).admission()),
    standing: (agent, offer) => ask(`agent/${agent}`, (core) => (core as AgentCore).standing(offer)),
  });
  return core;
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

function askTask({ ask: askCore }: CorePorts, to: string): TaskRpc {
  const ask = <T>(question: (task: TaskDoor) => Promise<T>): Promise<T> => askCore(to, (core) => question(core as TaskDoor));
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
