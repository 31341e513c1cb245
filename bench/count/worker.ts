/**
 * The product's Worker with counters around what the platform bills and what costs time. Nothing of the product knows of it:
 * the runtime's own prototypes and bindings are wrapped before its objects are made. `GET /count` reads the counters and
 * sets them to zero.
 */
import * as objects from "../../src/durable/objects.ts";
import worker from "../../src/worker/index.ts";
import { createCounts, type ObjectKind } from "./counts.ts";
import { noteSite, noteSites } from "./sites.ts";

type ObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject;

let counts = createCounts();

/** Wraps a method of a prototype. `count` is told the result, and what it was called with. */
function wrap(prototype: object, method: string, count: (result: unknown, self: object, args: unknown[]) => void): void {
  const original = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, method, function wrapped(this: unknown, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    count(result, this as object, args);
    return result;
  });
}

let storageIsWrapped = false;

/** Whose storage it is. */
const kinds = new WeakMap<object, ObjectKind>();

/** All objects of an isolate share the prototypes of their storage. */
function wrapStorage(kind: ObjectKind, storage: DurableObjectStorage): void {
  kinds.set(storage.sql, kind);
  if (storageIsWrapped) return;
  storageIsWrapped = true;
  wrap(Object.getPrototypeOf(storage.sql), "exec", (cursor, sql, args) => {
    const { rowsRead, rowsWritten } = cursor as SqlStorageCursor<Record<string, SqlStorageValue>>;
    counts.statements += 1;
    counts.rowsWritten += rowsWritten;
    counts.rowsRead += rowsRead;
    noteSite(counts.sites, `statement ${kinds.get(sql) ?? ""}`, String(args[0]), { times: 1, rows: rowsWritten, read: rowsRead });
  });
  wrap(Object.getPrototypeOf(storage), "transactionSync", () => {
    counts.transactions += 1;
  });
  wrap(Object.getPrototypeOf(storage), "setAlarm", (_result, self) => {
    counts.rowsWritten += 1;
    noteSite(counts.sites, `alarm ${kinds.get((self as DurableObjectStorage).sql) ?? ""}`, "", { times: 1, rows: 1 });
  });
}

const stringify = JSON.stringify;
JSON.stringify = ((...args: Parameters<typeof stringify>) => {
  const text = stringify(...args);
  counts.stringify += 1;
  counts.stringifyCharacters += text?.length ?? 0;
  noteSite(counts.sites, "stringify", "", { times: 1 });
  return text;
}) as typeof JSON.stringify;

wrap(JSON, "parse", () => noteSite(counts.sites, "parse", "", { times: 1 }));
wrap(globalThis, "structuredClone", () => noteSite(counts.sites, "structuredClone", "", { times: 1 }));

function noteD1(results: D1Result[], statements: { statement?: string }[]): void {
  counts.d1Requests += 1;
  for (const [index, { meta }] of results.entries()) {
    counts.d1RowsWritten += meta.rows_written ?? 0;
    counts.d1RowsRead += meta.rows_read ?? 0;
    noteSite(counts.sites, "statement D1", statements[index]?.statement ?? "", {
      ...{ times: 1, rows: meta.rows_written ?? 0, read: meta.rows_read ?? 0 },
    });
  }
}

let d1IsWrapped = false;

function wrapD1(database: D1Database): void {
  if (d1IsWrapped) return;
  d1IsWrapped = true;
  const answered = (result: unknown, self: object, [batch]: unknown[]): void =>
    void (result as Promise<D1Result | D1Result[]>).then(
      (answer) => (Array.isArray(answer) ? noteD1(answer, batch as object[]) : noteD1([answer], [self])),
      () => undefined,
    );
  wrap(Object.getPrototypeOf(database), "batch", answered);
  const statement = Object.getPrototypeOf(database.prepare("SELECT 1"));
  for (const method of ["run", "all"]) wrap(statement, method, answered);
}

/** The namespace with its stubs' calls counted under `from → to.method`. */
function countNamespace(from: string, to: string, namespace: DurableObjectNamespace): DurableObjectNamespace {
  const countStub = (stub: object): object =>
    new Proxy(stub, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== "function" || typeof key !== "string") return method;
        return (...args: unknown[]) => {
          const name = `${from} → ${to}.${key}`;
          counts.calls[name] = (counts.calls[name] ?? 0) + 1;
          counts.requests += 1;
          return Reflect.apply(method, target, args);
        };
      },
    });
  return new Proxy(namespace, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(method, target, args);
        return key === "get" || key === "getByName" ? countStub(result as object) : result;
      };
    },
  });
}

function countEnv<Env extends object>(from: string, env: Env): Env {
  wrapD1((env as unknown as { DB: D1Database }).DB);
  const counted = Object.entries(env).map(([name, binding]) => [
    name,
    typeof binding === "object" && binding !== null && "idFromName" in binding
      ? countNamespace(from, name.toLowerCase(), binding as DurableObjectNamespace)
      : binding,
  ]);
  return Object.fromEntries(counted) as Env;
}

function countObject(kind: ObjectKind, original: unknown): ObjectClass {
  const base = original as ObjectClass;
  const counted = class extends base {
    constructor(ctx: DurableObjectState, env: never) {
      wrapStorage(kind, ctx.storage);
      super(ctx, countEnv(kind, env as object) as never);
    }
  };
  const { prototype } = base as unknown as { prototype: object };
  if ("webSocketMessage" in prototype)
    wrap(prototype, "webSocketMessage", () => {
      counts.frames += 1;
    });
  if ("alarm" in prototype)
    wrap(prototype, "alarm", () => {
      counts.requests += 1;
    });
  return counted;
}

export const AgentObject = countObject("agent", objects.AgentObject);
export const WorkflowObject = countObject("workflow", objects.WorkflowObject);
export const RecruitmentObject = countObject("recruitment", objects.RecruitmentObject);
export const TaskObject = countObject("task", objects.TaskObject);
export const ProjectorObject = countObject("projector", objects.ProjectorObject);
export const RegistryObject = countObject("registry", objects.RegistryObject);
export const WebhookObject = countObject("webhook", objects.WebhookObject);
export const HookObject = countObject("hook", objects.HookObject);
export const CellObject = countObject("cell", objects.CellObject);

type Env = Parameters<typeof worker.fetch>[1];
type Fetched = Parameters<typeof worker.fetch>[0];

const counted = new WeakMap<Env, Env>();

export default {
  async fetch(request: Fetched, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/count") {
      if (searchParams.has("by-site")) noteSites();
      const read = counts;
      counts = createCounts();
      return new Response(stringify(read));
    }
    const own = counted.get(env) ?? countEnv("worker", env);
    counted.set(env, own);
    return worker.fetch(request, own, ctx);
  },
  scheduled: worker.scheduled,
};
