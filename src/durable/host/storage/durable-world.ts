/** The host's ports on a Durable Object: SQLite, the one alarm, sockets, and stubs of other objects. The only file that touches `ctx.storage`. */
import type { Settle } from "../gather.ts";
import type { Row, SqlValue, Storage, Transport, World } from "../ports.ts";
import { isStored } from "../store/tables.ts";
import type { ObjectContext, ObjectSockets } from "./object-context.ts";
import { checkRows } from "./row-bound.ts";

/** Where an object keeps its own name: who is woken by an alarm or by an id may not be told it, and who calls it by its name then neither tells it. */
const nameKey = "name";

/** What a world takes of a Durable Object's `ctx`, spelt out: whoever imports the host in Node has no types of Workers. */
export interface ObjectState {
  readonly id: { readonly name?: string };
  readonly storage: {
    readonly kv: { get<T>(key: string): T | undefined; put<T>(key: string, value: T): void };
    readonly sql: { exec<T extends Row>(sql: string, ...values: SqlValue[]): { toArray(): T[] } };
    transactionSync<T>(body: () => T): T;
    setAlarm(at: number): Promise<void>;
  };
  waitUntil(work: Promise<unknown>): void;
}

/** The object's store alone. It leaves no trace until something is written. */
export function createDurableStorage({ storage }: Pick<ObjectState, "storage">): Storage {
  return {
    exec: <T extends Row>(sql: string, ...values: SqlValue[]) => {
      checkRows(sql, values);
      return storage.sql.exec<T>(sql, ...values).toArray();
    },
    transaction: (body) => storage.transactionSync(body),
    setAlarm: (at) => void storage.setAlarm(at),
  };
}

/**
 * As {@link createDurableStorage}, for an object that is aborted as soon as a transaction fails. The platform takes all that is written in
 * one turn of the event loop for one transaction, and an abort takes it back: a transaction within would be a savepoint, for which SQLite
 * keeps what each page was.
 */
export function createTurnStorage(ctx: Pick<ObjectState, "storage">): Storage {
  return { ...createDurableStorage(ctx), transaction: (body) => body() };
}

/** @param address the object's own address, e.g. `task/t123.1` */
export function createDurableWorld(ctx: ObjectState, address: string, transport: Transport): World {
  keepName(ctx, ctx.id.name);
  return {
    address,
    transport,
    clock: { now: () => Date.now() },
    scheduler: {
      background: (work) =>
        ctx.waitUntil(work.catch((error: unknown) => console.error(JSON.stringify({ at: "background", address, error: String(error) })))),
    },
    storage: createDurableStorage(ctx),
  };
}

function keepName({ storage }: Pick<ObjectState, "storage">, name: string | undefined): void {
  if (name !== undefined && storage.kv.get(nameKey) === undefined) storage.kv.put(nameKey, name);
}

/** When calls that have already arrived were handed in: after a timer of 0 ms they are more, and at rest nobody should wait for one. */
function createSettle(ctx: DurableObjectState): Settle {
  return (crowded) => (crowded ? new Promise((resolve) => setTimeout(resolve, 0)) : ctx.storage.sync());
}

/** @param tag of the object's sockets, where others' are beside them */
export function createDurableSockets(ctx: DurableObjectState, tag?: string): ObjectSockets {
  return {
    accept: (socket) => (tag === undefined ? ctx.acceptWebSocket(socket) : ctx.acceptWebSocket(socket, [tag])),
    list: () => ctx.getWebSockets(tag),
    readPing(socket) {
      try {
        return ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      } catch {
        return 0;
      }
    },
    answerPings: () => ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong")),
  };
}

/** Tables and views of the object's own, but for SQLite's and the platform's. */
const listOwn =
  "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'";

/** What an actor has of a Durable Object of its own. */
export function createDurableContext(ctx: DurableObjectState): ObjectContext {
  const { storage } = ctx;
  let told: string | undefined;
  const sql = createDurableStorage(ctx);
  return {
    get name() {
      return ctx.id.name ?? storage.kv.get<string>(nameKey) ?? told;
    },
    tellName(name) {
      told = name;
    },
    keepName: () => keepName(ctx, ctx.id.name ?? told),
    storage: sql,
    isStored: () => isStored(sql),
    facts: {
      get: (key) => storage.kv.get(key),
      put: (key, value) => storage.kv.put(key, value),
      delete: (key) => void storage.kv.delete(key),
    },
    setAlarm: (at) => storage.setAlarm(at),
    getAlarm: () => storage.getAlarm(),
    clear() {
      for (const { type, name } of sql.exec<{ type: string; name: string }>(listOwn)) sql.exec(`DROP ${type} "${name}"`);
      for (const key of [...storage.kv.list()].map(([each]) => each)) storage.kv.delete(key);
    },
    deleteAll: () => storage.deleteAll(),
    sync: () => storage.sync(),
    settle: createSettle(ctx),
    leave: (work) => work(),
    background: (work) => ctx.waitUntil(work),
    later: (milliseconds, work) => void setTimeout(work, milliseconds),
    sockets: createDurableSockets(ctx),
  };
}
