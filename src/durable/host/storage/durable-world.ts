/** The host's ports on a Durable Object: SQLite, the one alarm, and stubs of other objects. The only file that touches `ctx.storage`. */
import type { Settle } from "../gather.ts";
import { hostLimits } from "../limits.ts";
import { NewerVersionError } from "../newer-version.ts";
import type { Row, SqlValue, Storage, Transport, World } from "../ports.ts";
import { FormerTooLargeError, isStored as hasStored } from "../store/tables.ts";
import { checkRows } from "./row-bound.ts";

/** Where an object keeps its own name: who is woken by an alarm or by an id may not be told it, and who calls it by its name then neither tells it. */
const nameKey = "name";

/** Names of objects that store none, by their state. */
const toldNames = new WeakMap<object, string>();

/** Tells an object its name as it is written on what comes for it. It counts only where nothing better is known. */
export function tellName(ctx: DurableObjectState, name: string): void {
  toldNames.set(ctx, name);
}

/** The object's name. Undefined only where it stores nothing: what asks for no name must answer without. */
export function findName(ctx: DurableObjectState): string | undefined {
  return ctx.id.name ?? ctx.storage.kv.get<string>(nameKey) ?? toldNames.get(ctx);
}

/**
 * The object's name, by which others address it.
 * @throws if it was never told: then it was made by an id that nobody has
 */
export function readName(ctx: DurableObjectState): string {
  const name = findName(ctx);
  if (name === undefined) throw new Error(`the object ${ctx.id.toString()} was never called by its name`);
  return name;
}

/** Whether the object has stored anything but its name and a tombstone. */
export function isStored(ctx: DurableObjectState): boolean {
  return hasStored(createDurableStorage(ctx));
}

/** Milliseconds that an alarm's handler waits while paused: under the platform's quarter of an hour for one. */
const alarmHeld = 600_000;

/**
 * Holds an alarm that rings while nothing may run. It is not over until its handler is, so the next runtime rings it again at
 * once; a handler that returned would have lost it, and one that threw is called again a few times only.
 */
export async function holdAlarm(ctx: DurableObjectState): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, alarmHeld));
  await ctx.storage.setAlarm(Date.now());
}

/** When calls that have already arrived were handed in: after a timer of 0 ms they are more, and at rest nobody should wait for one. */
export function createSettle(ctx: DurableObjectState): Settle {
  return (crowded) => (crowded ? new Promise((resolve) => setTimeout(resolve, 0)) : ctx.storage.sync());
}

/** Where an emptied object keeps until when it says that it was there, in milliseconds since the epoch. */
const tombstoneKey = "tombstone";

/**
 * Empties the object but for its name and a tombstone, by which what still comes for it is known to be late. In one transaction: an
 * object that had lost its tables and had no tombstone yet could be made again, and one without its alarm would stay for ever. The
 * platform's `deleteAll` is none of it, for it ends the transaction.
 */
export async function bury(ctx: DurableObjectState, until: number): Promise<void> {
  const name = findName(ctx);
  const { kv, sql } = ctx.storage;
  ctx.storage.transactionSync(() => {
    for (const { type, name: own } of sql.exec<{ type: string; name: string }>(listOwn).toArray()) sql.exec(`DROP ${type} "${own}"`);
    for (const key of [...kv.list()].map(([each]) => each)) kv.delete(key);
    // Its alarm may wake it without.
    if (name !== undefined) kv.put(nameKey, name);
    kv.put(tombstoneKey, until);
    void ctx.storage.setAlarm(until);
  });
  await ctx.storage.sync();
}

/** Tables and views of the object's own, but for SQLite's and the platform's. */
const listOwn = `SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`;

/** Whether the object was emptied, and its tombstone is still there. */
export function isBuried(ctx: DurableObjectState): boolean {
  return ctx.storage.kv.get(tombstoneKey) !== undefined;
}

/**
 * The alarm of an object that has nothing but a tombstone: once its time is up nothing is left, as if the object had never been called.
 * The platform rings again where this did not come to its end.
 */
export async function clearTombstone(ctx: DurableObjectState): Promise<void> {
  const until = ctx.storage.kv.get<number>(tombstoneKey);
  if (until === undefined) return;
  if (until <= Date.now()) await ctx.storage.deleteAll();
  else await ctx.storage.setAlarm(until);
}

/**
 * Runs an alarm; one that this version of the code cannot run rings again in a minute, for as long as it takes to be of the newer one.
 * That of an object which cannot be taken over does not: the first call of a version that can sets it.
 */
export async function ringAgain(ctx: DurableObjectState, alarm: () => Promise<void>): Promise<void> {
  try {
    await alarm();
  } catch (error) {
    if (!(error instanceof NewerVersionError) && !(error instanceof FormerTooLargeError)) throw error;
    console.warn(JSON.stringify({ at: "alarm", object: findName(ctx), error: error.message }));
    if (error instanceof NewerVersionError) await ctx.storage.setAlarm(Date.now() + hostLimits.retryLast);
  }
}

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

/** @param address the object's own address, e.g. `task/t123.1` */
export function createDurableWorld(ctx: ObjectState, address: string, transport: Transport): World {
  const { storage } = ctx;
  const name = ctx.id.name ?? toldNames.get(ctx);
  if (name !== undefined && storage.kv.get(nameKey) === undefined) storage.kv.put(nameKey, name);
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
