/**
 * The product's Worker with objects that can be broken while it runs. Nothing of the product knows of it. `PUT /faults` says
 * which objects are broken how; `GET /faults` how often that struck.
 */
import { Liquid } from "liquidjs";
import { AgentEndpoint } from "../../src/durable/agent/agent-endpoint.ts";
import { type EndpointClass, listMethods } from "../../src/durable/endpoint.ts";
import type { ObjectContext } from "../../src/durable/host/storage/object-context.ts";
import * as objects from "../../src/durable/objects.ts";
import { RecruitmentEndpoint } from "../../src/durable/thread/recruitment-endpoint.ts";
import { TaskEndpoint } from "../../src/durable/thread/task-endpoint.ts";
import worker from "../../src/worker/index.ts";
import type { BrokenObjects, FaultKind } from "./broken-objects.ts";

type ObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject;

let broken: BrokenObjects = {};
let struck = 0;

function strike(object: string, kind: FaultKind): void {
  if (broken[object] !== kind) return;
  struck += 1;
  throw new Error(`injected: ${object}, ${kind}`);
}

/** Whose store it is. */
const owners = new WeakMap<object, string>();
let storeIsWrapped = false;

/** All objects of an isolate share the prototype of their store. */
function wrapStore(sql: SqlStorage): void {
  if (storeIsWrapped) return;
  storeIsWrapped = true;
  const prototype = Object.getPrototypeOf(sql) as { exec: (...args: unknown[]) => unknown };
  const { exec } = prototype;
  prototype.exec = function (this: object, ...args) {
    const owner = owners.get(this);
    if (owner !== undefined) strike(owner, "storage");
    return exec.apply(this, args);
  };
}

function makeBreakable(kind: string, original: unknown): ObjectClass {
  const base = original as ObjectClass;
  const breakable = class extends base {
    readonly address: string;
    constructor(ctx: DurableObjectState, env: never) {
      const address = `${kind}/${ctx.id.name}`;
      strike(address, "constructor");
      owners.set(ctx.storage.sql, address);
      wrapStore(ctx.storage.sql);
      super(ctx, env);
      this.address = address;
    }
  };
  for (const name of Object.getOwnPropertyNames(base.prototype)) {
    const { value: method } = Object.getOwnPropertyDescriptor(base.prototype, name) ?? {};
    if (name === "constructor" || typeof method !== "function") continue;
    Object.defineProperty(breakable.prototype, name, {
      value(this: InstanceType<typeof breakable> & { ctx: DurableObjectState }, ...args: unknown[]): unknown {
        strike(this.address, "calls");
        // It is in memory: gone, it has to be constructed again.
        if (broken[this.address] === "constructor") this.ctx.abort("injected");
        return method.apply(this, args);
      },
    });
  }
  return breakable;
}

/** A cell's actor has its storage in its context; what all have committed is written together, and fails with the disk alone. */
function wrapContext(ctx: ObjectContext, address: string): void {
  const { storage } = ctx;
  if (owners.has(storage)) return;
  owners.set(storage, address);
  const { exec, transaction } = storage;
  storage.exec = (...args) => {
    strike(address, "storage");
    return exec(...args);
  };
  storage.transaction = (body) => {
    strike(address, "storage");
    return transaction(body);
  };
}

/** Milliseconds. */
const waits = 30_000;

/** Breaks an actor wherever it lives. */
function breakEndpoint(kind: string, made: EndpointClass): void {
  const { prototype } = made;
  for (const name of listMethods(made)) {
    const method: (...args: unknown[]) => unknown = Reflect.get(prototype, name);
    Object.defineProperty(prototype, name, {
      value(this: object, ...args: unknown[]): unknown {
        const ctx: ObjectContext = Reflect.get(this, "ctx");
        const address = `${kind}/${ctx.name}`;
        wrapContext(ctx, address);
        strike(address, "calls");
        if (broken[address] !== "waits") return method.apply(this, args);
        struck += 1;
        return new Promise((resolve) => setTimeout(resolve, waits)).then(() => method.apply(this, args));
      },
    });
  }
}

breakEndpoint("agent", AgentEndpoint);
breakEndpoint("recruitment", RecruitmentEndpoint);
breakEndpoint("task", TaskEndpoint);

/** A moderator whose prompt this is never settles. */
const { _render: render } = Liquid.prototype;
Liquid.prototype._render = function* (...given) {
  const text: unknown = yield render.apply(this, given);
  if (text === "Never settles.") {
    struck += 1;
    yield new Promise(() => {});
  }
  return text;
};

export class CellObject extends objects.CellObject {
  constructor(...[ctx, env]: ConstructorParameters<typeof objects.CellObject>) {
    wrapStore(ctx.storage.sql);
    super(ctx, env);
  }
}

export const AgentObject = makeBreakable("agent", objects.AgentObject);
export const WorkflowObject = makeBreakable("workflow", objects.WorkflowObject);
export const RecruitmentObject = makeBreakable("recruitment", objects.RecruitmentObject);
export const TaskObject = makeBreakable("task", objects.TaskObject);
export const { ProjectorObject, RegistryObject, WebhookObject, HookObject } = objects;

type Env = Parameters<typeof worker.fetch>[1];
type Fetched = Parameters<typeof worker.fetch>[0];

export default {
  async fetch(request: Fetched, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== "/faults") return worker.fetch(request, env, ctx);
    if (request.method === "PUT") broken = (await request.json()) as BrokenObjects;
    const read = struck;
    if (request.method === "PUT") struck = 0;
    return Response.json({ struck: read });
  },
  scheduled: worker.scheduled,
};
