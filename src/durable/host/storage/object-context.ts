/**
 * What an actor's object is given of where it lives: a Durable Object of its own, or a share of one that holds many. Knows neither;
 * what is the same in both stands here once.
 */
import type { Settle } from "../gather.ts";
import { hostLimits } from "../limits.ts";
import { NewerVersionError } from "../newer-version.ts";
import type { Storage, Transport, World } from "../ports.ts";
import { FormerTooLargeError } from "../store/tables.ts";

/** Small facts beside an object's tables. */
export interface ObjectFacts {
  get<T>(key: string): T | undefined;
  put<T>(key: string, value: T): void;
  delete(key: string): void;
}

/** The sockets of one object, which the platform keeps while it sleeps. */
export interface ObjectSockets {
  accept(socket: WebSocket): void;
  list(): WebSocket[];
  /** When the socket's last ping was answered without waking the object, in milliseconds since the epoch; 0: never. */
  readPing(socket: WebSocket): number;
  /** Pings of its sockets are answered without it from now on. */
  answerPings(): void;
}

export interface ObjectContext {
  /** By which others address it. Undefined only where it stores nothing: what asks for no name must answer without. */
  readonly name: string | undefined;
  /** Tells it its name as it is written on what comes for it. It counts only where nothing better is known. */
  tellName(name: string): void;
  /** Stores the name: who is woken by an alarm or by an id may not be told it. */
  keepName(): void;
  readonly storage: Storage;
  /** Whether it has stored anything. Asking stores nothing. */
  isStored(): boolean;
  readonly facts: ObjectFacts;
  setAlarm(at: number): Promise<void>;
  getAlarm(): Promise<number | null>;
  /** Deletes its rows and facts, and leaves its alarm; within a transaction. */
  clear(): void;
  /** Empties it: it stores nothing any more, no alarm either, as if it had never been called. In no transaction. */
  deleteAll(): Promise<void>;
  /** Resolves when all that was written is on disk. */
  sync(): Promise<void>;
  /** When calls that have already arrived were handed in. */
  readonly settle: Settle;
  /**
   * Does what makes something leave the object otherwise than as an answer: once all that was committed before is written, behind which
   * the platform lets it out. In the order in which it was asked.
   */
  leave(work: () => void): void;
  /** Keeps the object alive until the work ends. */
  background(work: Promise<unknown>): void;
  later(milliseconds: number, work: () => void): void;
  /** How often a timer of this or another actor has rung: what had come for anybody was handed in meanwhile. Undefined: nobody counts. */
  rings?(): number;
  readonly sockets: ObjectSockets;
}

/** @throws if it was never told: then it was made by an id that nobody has */
export function readName({ name }: Pick<ObjectContext, "name">): string {
  if (name === undefined) throw new Error("the object was never called by its name");
  return name;
}

/** @param address the object's own address, e.g. `task/t123.1` */
export function createObjectWorld(ctx: ObjectContext, address: string, transport: Transport): World {
  ctx.keepName();
  return {
    address,
    transport,
    storage: ctx.storage,
    clock: { now: () => Date.now() },
    scheduler: {
      background: (work) =>
        ctx.background(work.catch((error: unknown) => console.error(JSON.stringify({ at: "background", address, error: String(error) })))),
    },
  };
}

/** Where an emptied object keeps until when it says that it was there, in milliseconds since the epoch. */
const tombstoneFact = "tombstone";

/**
 * Empties the object but for its name and a tombstone, by which what still comes for it is known to be late. In one transaction: an
 * object that had lost its tables and had no tombstone yet could be made again, and one without its alarm would stay for ever. The
 * platform's `deleteAll` is none of it, for it ends the transaction.
 */
export async function bury(ctx: ObjectContext, until: number): Promise<void> {
  const { name } = ctx;
  ctx.storage.transaction(() => {
    ctx.clear();
    // Its alarm may wake it without.
    if (name !== undefined) {
      ctx.tellName(name);
      ctx.keepName();
    }
    ctx.facts.put(tombstoneFact, until);
    ctx.storage.setAlarm(until);
  });
  await ctx.sync();
}

/** Whether the object was emptied, and its tombstone is still there. */
export function isBuried(ctx: ObjectContext): boolean {
  return ctx.facts.get(tombstoneFact) !== undefined;
}

/**
 * The alarm of an object that has nothing but a tombstone: once its time is up nothing is left, as if the object had never been called.
 * The platform rings again where this did not come to its end.
 */
export async function clearTombstone(ctx: ObjectContext): Promise<void> {
  const until = ctx.facts.get<number>(tombstoneFact);
  if (until === undefined) return;
  if (until <= Date.now()) await ctx.deleteAll();
  else await ctx.setAlarm(until);
}

/** Milliseconds that an alarm's handler waits while paused: under the platform's quarter of an hour for one. */
const alarmHeld = 600_000;

/**
 * Holds an alarm that rings while nothing may run. It is not over until its handler is, so the next runtime rings it again at
 * once; a handler that returned would have lost it, and one that threw is called again a few times only.
 */
export async function holdAlarm(ctx: Pick<ObjectContext, "setAlarm">): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, alarmHeld));
  await ctx.setAlarm(Date.now());
}

/**
 * Runs an alarm; one that this version of the code cannot run rings again in a minute, for as long as it takes to be of the newer one.
 * That of an object which cannot be taken over does not: the first call of a version that can sets it.
 */
export async function ringAgain(ctx: Pick<ObjectContext, "name" | "setAlarm">, alarm: () => Promise<void>): Promise<void> {
  try {
    await alarm();
  } catch (error) {
    if (!(error instanceof NewerVersionError) && !(error instanceof FormerTooLargeError)) throw error;
    console.warn(JSON.stringify({ at: "alarm", object: ctx.name, error: error.message }));
    if (error instanceof NewerVersionError) await ctx.setAlarm(Date.now() + hostLimits.retryLast);
  }
}
