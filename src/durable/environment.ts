/** The Worker's bindings, and how an address finds its object. */

import type { AgentRpc } from "./protocol/agent.ts";
import type { BoardRpc } from "./protocol/board.ts";
import type { DeliverRpc } from "./protocol/envelope.ts";
import type { ProjectionRow, ProjectorRpc } from "./protocol/projector.ts";
import type { RecruitmentRpc, ThreadActorRpc } from "./protocol/recruitment.ts";
import { boardKeeper, type RegistryRpc, registryKeepers } from "./protocol/registry.ts";
import type { TaskRpc } from "./protocol/task.ts";
import type { WorkflowRpc } from "./protocol/workflow.ts";
import { createD1Registry } from "./registry/create-d1-registry.ts";
import type { Registry } from "./registry/registry.ts";
import { readThreadName } from "./thread/lifecycle/epochs.ts";

export interface Environment {
  DB: D1Database;
  AGENT: DurableObjectNamespace;
  WORKFLOW: DurableObjectNamespace;
  RECRUITMENT: DurableObjectNamespace;
  TASK: DurableObjectNamespace;
  PROJECTOR: DurableObjectNamespace;
  REGISTRY: DurableObjectNamespace;
  /** Events, and other calls, of one agent a second. */
  NERVEFLARE_RATE_EVENTS?: string;
  NERVEFLARE_RATE_CALLS?: string;
  /** How long what has ended is kept: see retention.ts. */
  NERVEFLARE_RETENTION?: string;
  /** Where all objects live and keep their data: `eu`, say. Objects that were made in another, or in none, are not found. */
  NERVEFLARE_JURISDICTION?: string;
  /** `true`: objects show what they have, and run nothing. */
  NERVEFLARE_PAUSED?: string;
}

/** Whether the server came up to be looked at only. Holds for as long as the isolate lives. */
export function isPaused(env: Pick<Environment, "NERVEFLARE_PAUSED">): boolean {
  return env.NERVEFLARE_PAUSED === "true";
}

/** Bindings of objects. */
type ObjectKind = "AGENT" | "WORKFLOW" | "RECRUITMENT" | "TASK" | "PROJECTOR" | "REGISTRY";

/** A stub as the interface that its class implements: the platform's own types wrap every answer for disposal. */
export function getStub<Rpc>(env: Environment, kind: ObjectKind, name: string): Rpc {
  const jurisdiction = env.NERVEFLARE_JURISDICTION as DurableObjectJurisdiction | undefined;
  const namespace = jurisdiction ? env[kind].jurisdiction(jurisdiction) : env[kind];
  return namespace.get(namespace.idFromName(name)) as unknown as Rpc;
}

/** Takes nothing and refuses nothing, so that what waits in an outbox while paused waits on, uncounted. */
const heldReceiver: DeliverRpc = { deliver: () => new Promise(() => {}) };

export interface Neighbours {
  registry: Registry;
  board: BoardRpc;
  /** The object behind any address. */
  object(address: string): DeliverRpc;
  agent(id: string): AgentRpc;
  workflow(name: string): WorkflowRpc;
  thread(id: string): RecruitmentRpc;
  task(address: string): TaskRpc;
  /** The actor that takes thread-bound events, `task/…` or `recruitment/…`. */
  threadActor(address: string): ThreadActorRpc;
  project(rows: ProjectionRow[]): Promise<void>;
  projector(): ProjectorRpc;
  /** An object that exists to be written to, so that a probe disturbs nobody. */
  probe(): Pick<ProjectorRpc, "probe">;
  /** Tells all keepers of the registry that it changed. */
  registryChanged(): Promise<void>;
}

/**
 * Everything that an object reaches from where it is.
 * @param name of the object that asks: spreads the asking over the keepers of the registry
 */
export function findNeighbours(env: Environment, name = ""): Neighbours {
  const keeper = (index: number): RegistryRpc => getStub(env, "REGISTRY", String(index));
  const ownKeeper = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % registryKeepers;
  const kinds: Record<string, ObjectKind> = { agent: "AGENT", workflow: "WORKFLOW", recruitment: "RECRUITMENT", task: "TASK" };
  const split = (address: string): [kind: string, name: string] => [
    address.slice(0, address.indexOf("/")),
    address.slice(address.indexOf("/") + 1),
  ];
  const find = <Rpc>(address: string): Rpc => {
    const [kind, name] = split(address);
    const found = kinds[kind];
    if (!found) throw new Error(`there are no objects at ${address}`);
    // All actors of a thread, of whichever epoch, are named by it: one object has its recruitment, and one its tasks.
    return getStub(env, found, found === "RECRUITMENT" || found === "TASK" ? readThreadName(name) : name);
  };
  return {
    board: bindBoard(() => getStub<RegistryRpc>(env, "REGISTRY", boardKeeper)),
    registry: createD1Registry(env.DB, { head: () => keeper(ownKeeper).head(), agents: (query) => keeper(ownKeeper).agents(query) }),
    registryChanged: async () => void (await Promise.all(Array.from({ length: registryKeepers }, (_, index) => keeper(index).changed()))),
    object: isPaused(env) ? () => heldReceiver : find,
    agent: (id) => getStub(env, "AGENT", id),
    workflow: (name) => getStub(env, "WORKFLOW", name),
    thread: (id) => getStub(env, "RECRUITMENT", id),
    task: find,
    threadActor: find,
    project: (rows) => getStub<ProjectorRpc>(env, "PROJECTOR", "log").project(rows),
    projector: () => getStub<ProjectorRpc>(env, "PROJECTOR", "log"),
    probe: () => getStub<ProjectorRpc>(env, "PROJECTOR", "probe"),
  };
}

/** The board, of which a stub is made at each call: one that failed is of no more use. */
function bindBoard(find: () => BoardRpc): BoardRpc {
  return {
    post: (...posting) => find().post(...posting),
    close: (...closing) => find().close(...closing),
    attend: (agent) => find().attend(agent),
    leave: (...leaving) => find().leave(...leaving),
  };
}
