/**
 * The product's Worker with objects that can be broken while it runs. Nothing of the product knows of it. `PUT /faults` says
 * which objects are broken how; `GET /faults` how often that struck.
 */
import * as objects from "../../src/durable/objects.ts";
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
    strike(owners.get(this) ?? "", "storage");
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

export const AgentObject = makeBreakable("agent", objects.AgentObject);
export const WorkflowObject = makeBreakable("workflow", objects.WorkflowObject);
export const RecruitmentObject = makeBreakable("recruitment", objects.RecruitmentObject);
export const TaskObject = makeBreakable("task", objects.TaskObject);
export const { CellObject, ProjectorObject, RegistryObject, WebhookObject } = objects;

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
