/** The Worker's bindings, and how an address finds its object. */

import { readPlacement } from "../contract/placement.ts";
import { type CellRpc, placeInCell, theCell } from "./cell/place-in-cell.ts";
import { bindings, type ObjectKind, type Place } from "./place.ts";
import type { AgentRpc } from "./protocol/agent.ts";
import type { BoardRpc } from "./protocol/board.ts";
import type { DeliverRpc } from "./protocol/envelope.ts";
import type { HookRpc } from "./protocol/hook.ts";
import type { ProjectorRpc } from "./protocol/projector.ts";
import type { RecruitmentRpc, ThreadActorRpc } from "./protocol/recruitment.ts";
import { boardKeeper, type RegistryRpc, registryKeepers } from "./protocol/registry.ts";
import type { TaskRpc } from "./protocol/task.ts";
import type { WebhookRpc } from "./protocol/webhook.ts";
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
  WEBHOOK: DurableObjectNamespace;
  HOOK: DurableObjectNamespace;
  CELL: DurableObjectNamespace;
  /** Where artifacts are kept; absent: the account has no R2. */
  ARTIFACTS?: R2Bucket;
  /** Events, and other calls, of one agent a second. */
  NERVEFLARE_RATE_EVENTS?: string;
  NERVEFLARE_RATE_CALLS?: string;
  /** How long what has ended is kept: see retention.ts. */
  NERVEFLARE_RETENTION?: string;
  /** Where all objects live and keep their data: `eu`, say. Objects that were made in another, or in none, are not found. */
  NERVEFLARE_JURISDICTION?: string;
  /** `true`: objects show what they have, and run nothing. */
  NERVEFLARE_PAUSED?: string;
  /** Where the traces of threads go when they end; absent: nowhere. */
  NERVEFLARE_OTLP_URL?: string;
  NERVEFLARE_OTLP_HEADERS?: string;
  /** Where actors live: see placement.ts. */
  NERVEFLARE_PLACEMENT?: string;
  /** `true`: webhooks may go into private networks, and over http. */
  NERVEFLARE_PRIVATE_WEBHOOKS?: string;
}

/** Whether the server came up to be looked at only. Holds for as long as the isolate lives. */
export function isPaused(env: Pick<Environment, "NERVEFLARE_PAUSED">): boolean {
  return env.NERVEFLARE_PAUSED === "true";
}

/** A stub as the interface that its class implements: the platform's own types wrap every answer for disposal. */
function getStub<Rpc>(env: Environment, binding: (typeof bindings)[ObjectKind] | "CELL", name: string): Rpc {
  const jurisdiction = env.NERVEFLARE_JURISDICTION as DurableObjectJurisdiction | undefined;
  const namespace = jurisdiction ? env[binding].jurisdiction(jurisdiction) : env[binding];
  return namespace.get(namespace.idFromName(name)) as unknown as Rpc;
}

/** The deployment's cell, made at each call: a stub that failed is of no more use. */
export function findCell(env: Environment): CellRpc {
  return getStub<CellRpc>(env, "CELL", theCell);
}

/** Each actor in an object of its own. */
export function placeOwn(env: Environment): Place {
  return (kind, name) => getStub(env, bindings[kind], name);
}

/** Where the deployment's actors live, for whoever is outside of them. */
function placeBy(env: Environment): Place {
  return readPlacement(env.NERVEFLARE_PLACEMENT) === "cell" ? placeInCell(() => findCell(env)) : placeOwn(env);
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
  project: ProjectorRpc["project"];
  projector(): ProjectorRpc;
  webhook(id: string): WebhookRpc;
  hook(name: string): HookRpc;
  /** An object that exists to be written to, so that a probe disturbs nobody. */
  probe(): Pick<ProjectorRpc, "probe">;
  /** Tells all keepers of the registry that it changed. */
  registryChanged(): Promise<void>;
}

/**
 * Everything that an object reaches from where it is.
 * @param name of the object that asks: spreads the asking over the keepers of the registry
 * @param place absent: as the deployment's setting says
 */
export function findNeighbours(env: Environment, name = "", place: Place = placeBy(env)): Neighbours {
  const keeper = (which: number | string): RegistryRpc => place("registry", String(which));
  const ownKeeper = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % registryKeepers;
  const find = <Rpc>(address: string): Rpc => {
    const { kind, name } = readAddress(address);
    return place(kind, name);
  };
  return {
    board: bindBoard(() => place<RegistryRpc>("registry", boardKeeper)),
    registry: createD1Registry(env.DB, { head: () => keeper(ownKeeper).head(), agents: (query) => keeper(ownKeeper).agents(query) }),
    registryChanged: async () =>
      void (await Promise.all([...Array(registryKeepers).keys(), boardKeeper].map((each) => keeper(each).changed()))),
    object: isPaused(env) ? () => heldReceiver : find,
    agent: (id) => place("agent", id),
    workflow: (name) => place("workflow", name),
    thread: (id) => place("recruitment", id),
    task: find,
    threadActor: find,
    project: (rows) => place<ProjectorRpc>("projector", "log").project(rows),
    projector: () => place<ProjectorRpc>("projector", "log"),
    webhook: (id) => place("webhook", id),
    hook: (name) => place("hook", name),
    probe: () => place<ProjectorRpc>("projector", "probe"),
  };
}

/** Kinds whose objects messages are sent to. */
const receivers: ReadonlySet<string> = new Set(["agent", "workflow", "recruitment", "task"] satisfies ObjectKind[]);

/** All actors of a thread, of whichever epoch, are named by it: one object has its recruitment, and one its tasks. */
function readAddress(address: string): { kind: ObjectKind; name: string } {
  const end = address.indexOf("/");
  const kind = address.slice(0, end);
  const name = address.slice(end + 1);
  if (!receivers.has(kind)) throw new Error(`there are no objects at ${address}`);
  return { kind: kind as ObjectKind, name: kind === "recruitment" || kind === "task" ? readThreadName(name) : name };
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
