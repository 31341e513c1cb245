/**
 * All actors of a deployment in one object: each an endpoint in memory for as long as there is room, with its rows, its alarm and its
 * timers among the others'. Actors call one another here, within the turn of the event loop in which they were asked, so that what an
 * event leads to is one commit. Knows ports, not the platform: a simulated world runs it as well.
 */
import type { Storage } from "../host/ports.ts";
import type { ObjectContext, ObjectSockets } from "../host/storage/object-context.ts";
import type { ObjectKind, Place } from "../place.ts";
import { type CellAlarms, createCellAlarms } from "./cell-alarms.ts";
import { createOwnerDatabase, measureOwner, openCellDatabase } from "./cell-database.ts";
import { cellLimits } from "./cell-limits.ts";
import { createLiveOwners, type LiveOwners, type OwnerLife } from "./live-owners.ts";
import type { TimerQueue } from "./timer-queue.ts";

/** An actor's object as it is called: its methods by name. */
export type CellEndpoint = object;

export interface CellPorts {
  /** The database of all, whose alarm is the platform's one. */
  storage: Storage;
  /** Milliseconds since the epoch. */
  now(): number;
  /** For all timers of the cell, whoever sets them: the platform rings one of its own in each turn of its event loop. */
  timers: TimerQueue;
  /** Keeps the cell alive until the work ends. */
  background(work: Promise<unknown>): void;
  /** Resolves when all that was written is on disk. */
  sync(): Promise<void>;
  sockets(owner: string): ObjectSockets;
  /** Makes an actor's object. */
  make(kind: ObjectKind, ctx: ObjectContext, place: Place): CellEndpoint;
  /** Methods of a kind that others may call. */
  methods(kind: ObjectKind): readonly string[];
  warn(entry: { [fact: string]: unknown }): void;
  limits?: { owners: number; bytes: number };
  /** The disk failed: what the actors have committed last is lost, and nobody outside has heard of it. The cell is of no more use. */
  failed(error: unknown): void;
  /** Nothing rings. */
  paused?: boolean;
}

/** What of the actors is in memory. */
export interface CellMemory {
  owners: number;
  /** As they are counted, not as the platform measures them. */
  bytes: number;
  /** How often more were at work than fit. */
  overfull: number;
}

export interface Cell {
  /** Actors, for those that live here. */
  place: Place;
  /** An actor, in memory from now on until it rests and room is needed. */
  open(owner: string): CellEndpoint;
  /** Calls a method of an actor's. @throws what it throws, or that there is no such method */
  call(owner: string, method: string, given: readonly unknown[]): Promise<unknown>;
  /** The platform's alarm rang. */
  alarm(): void;
  size(): number;
  /** Addresses of those that are in memory. */
  owners(): string[];
  memory(): CellMemory;
  alarms: Pick<CellAlarms, "get" | "size">;
  /** An actor leaves memory if it rests. @returns whether it did */
  evict(owner: string): boolean;
  /** Writes what the actors have committed: before anything leaves that follows from it. */
  flush(): void;
  /** Resolves when all that the actors have committed is written. */
  written(): Promise<void>;
  /** Nothing of an actor reads or writes any more, until it is asked again. */
  endAll(): void;
}

/** Who knows what is stored nowhere: the registry's keepers have the board, the projector callers that wait. */
const stays = (owner: string): boolean => owner.startsWith("registry/") || owner.startsWith("projector/");

export const readKind = (owner: string): ObjectKind => owner.slice(0, owner.indexOf("/")) as ObjectKind;

export function createCell(ports: CellPorts): Cell {
  const { now, timers, background, warn, make, methods } = ports;
  const database = openCellDatabase({
    storage: ports.storage,
    failed(error) {
      live.endAll();
      warn({ at: "cell", error: `nothing of what its actors have committed last could be written: ${String(error)}` });
      ports.failed(error);
    },
  });
  const live = createLiveOwners<CellEndpoint>({
    ...{ make: makeEndpoint, stays, now, warn, measure: (owner) => measureOwner(database, owner) },
    ...(ports.limits && { limits: ports.limits }),
  });
  const alarms = createCellAlarms({
    ...{ database, now, timers, background, warn },
    ring: async (owner) => void (await call(owner, "alarm", [])),
    giveUp(owner) {
      // What it has promised to write is written.
      database.flush();
      live.drop(owner);
    },
    paused: ports.paused === true,
  });
  const place = createPlace(methods, invoke);

  function makeEndpoint(life: OwnerLife): CellEndpoint {
    return make(readKind(life.owner), createContext(life), place);
  }

  function createContext(life: OwnerLife): ObjectContext {
    const { owner } = life;
    function check(): void {
      if (life.over) throw new Error(`${owner} has left memory: ask it again`);
    }
    const { storage, facts, clear, isStored } = createOwnerDatabase({
      ...{ database, owner, check },
      setAlarm: (at) => alarms.set(owner, at),
      postponeAlarm(at) {
        alarms.postpone(owner, at);
        live.rest(life);
      },
      beforeWrite: (work) =>
        database.before(runApart(holdFor(live, life, work), (error) => warn({ at: "cell", owner, error: String(error) }))),
      count: (characters, unsure) => live.count(life, characters, unsure),
    });
    return {
      name: owner.slice(owner.indexOf("/") + 1),
      tellName: () => {},
      keepName: () => {},
      storage,
      facts,
      isStored,
      clear,
      setAlarm: async (at) => alarms.set(owner, at),
      getAlarm: async () => alarms.get(owner) ?? null,
      deleteAll: async () =>
        storage.transaction(() => {
          clear();
          alarms.clear(owner);
        }),
      async sync() {
        database.flush();
        await ports.sync();
      },
      leave: database.after,
      // What has arrived was gathered at the cell's own door: what is asked here follows from it.
      settle: settleWave,
      background(work) {
        live.begin(life);
        background(work.finally(() => live.end(life)));
      },
      later: (milliseconds, work) => void timers.add(milliseconds, holdFor(live, life, work)),
      rings: timers.rings,
      sockets: ports.sockets(owner),
    };
  }

  function call(owner: string, method: string, given: readonly unknown[]): Promise<unknown> {
    if (methods(readKind(owner)).includes(method)) return invoke(owner, method, given);
    return Promise.reject(new Error(`${owner} has no ${method}`));
  }

  /** @param method that there is */
  async function invoke(owner: string, method: string, given: readonly unknown[]): Promise<unknown> {
    // Never within the caller's transaction.
    await undefined;
    const { life, held } = live.open(owner);
    live.begin(life);
    try {
      return await (held as { [method: string]: (...given: unknown[]) => unknown })[method]?.(...given);
    } finally {
      live.end(life);
    }
  }

  return {
    place,
    open: (owner) => live.open(owner).held,
    call,
    alarm: alarms.rang,
    size() {
      return live.size();
    },
    owners: live.owners,
    memory: () => ({ owners: live.size(), bytes: live.bytes(), overfull: live.overfull() }),
    alarms,
    evict: live.evict,
    flush: database.flush,
    written: () => new Promise((resolve) => database.after(resolve)),
    endAll() {
      try {
        database.flush();
      } finally {
        live.endAll();
      }
    },
  };
}

/** @returns does the work unless this life of the actor is over by then; until then the actor is at work */
function holdFor(live: Pick<LiveOwners<CellEndpoint>, "begin" | "end">, life: OwnerLife, work: () => void): () => void {
  live.begin(life);
  return () => {
    try {
      if (!life.over) work();
    } finally {
      live.end(life);
    }
  };
}

/** @returns does the work, which throws into nobody else's: what others have committed is written with it */
function runApart(work: () => void, failed: (error: unknown) => void): () => void {
  return () => {
    try {
      work();
    } catch (error) {
      failed(error);
    }
  };
}

/**
 * Resolves once what was taken together has come about as far: what several threads tell one actor in one turn of the event loop is one
 * commit of its, though some of them had more to do before they came to it.
 */
async function settleWave(): Promise<void> {
  for (let left = cellLimits.gatherMicrotasks; left > 0; left -= 1) await undefined;
}

/** An actor as others call it: an object with its kind's methods. Made for each call, so it must cost little. */
function createPlace(methods: CellPorts["methods"], invoke: Cell["call"]): Place {
  const facades = new Map<ObjectKind, new (owner: string) => object>();

  function makeFacade(kind: ObjectKind): new (owner: string) => object {
    class Facade {
      readonly owner: string;
      constructor(owner: string) {
        this.owner = owner;
      }
    }
    for (const method of methods(kind)) {
      Object.defineProperty(Facade.prototype, method, {
        value(this: Facade, ...given: unknown[]) {
          return invoke(this.owner, method, given);
        },
      });
    }
    return Facade;
  }

  return <Rpc>(kind: ObjectKind, name: string): Rpc => {
    let Facade = facades.get(kind);
    if (!Facade) {
      Facade = makeFacade(kind);
      facades.set(kind, Facade);
    }
    return new Facade(`${kind}/${name}`) as Rpc;
  };
}
