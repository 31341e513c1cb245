/**
 * What an actor can be: a state machine, or a promise. Logics are registered by name before anything runs; what the
 * host cannot make durable is refused here, with the reason. Knows XState, not the store.
 */

import { type AnyActorLogic, type AnyStateMachine, StateMachine } from "xstate";
import type { Json } from "../../contract/event.ts";
import type { Message } from "../protocol/envelope.ts";
import type { ActorEvent } from "./effects.ts";
import type { PickState } from "./history.ts";
import { inspectMachine } from "./inspect-machine.ts";
import { hostLimits } from "./limits.ts";
import { checkPlain, toPlain } from "./plain-data.ts";
import type { Storage } from "./ports.ts";
import { placeholderLogic } from "./references.ts";
import { findFault } from "./step.ts";
import type { Store } from "./store/store.ts";

/**
 * What a write, a pure promise or an expansion sees of its actor. Reads of `storage` see the transaction so far.
 * `Services`: what the object gave its host, since logics are made once an isolate and an isolate runs many objects.
 */
export interface StepScope<Services = unknown> {
  actor: string;
  services: Services;
  /** The actor's definition, where it was started with one. */
  definition: unknown;
  storage: Storage;
  /** What the object keeps. */
  store: Store;
  /** Milliseconds since the epoch. */
  now: number;
  /** The revision that this step makes. */
  revision: number;
  /** The address of one of the actor's children. */
  findChild(id: string): string | undefined;
  /** In an actor's first steps: what came beside its input, which is not written yet. */
  metadata?: unknown;
}

/** An actor after a commit's steps. */
export interface SteppedActor {
  /** `active`, `done`, `error` or `stopped`. */
  status: string;
  value: Json;
  context: Json;
  /** Asked for only where it is needed. `due` in milliseconds since the epoch. */
  readonly timers: { id: string; due: number }[];
  /** Since when its state, or the part of it that `pick` returns, is what it is, in milliseconds. A part costs a look at its history. */
  since(pick?: PickState): number;
}

/** A write that waits for its commit, with what came beside the event that caused it. */
export interface PendingWrite {
  name: string;
  params: { [key: string]: Json };
  event: ActorEvent;
  metadata: unknown;
}

/** A named action: rows written in the step's own transaction. It must be synchronous and do nothing else. */
export type Write<Services = unknown> = (
  write: PendingWrite,
  scope: StepScope<Services>,
  append: (to: string, message: Message) => void,
) => void;

export interface MachineOptions<Services = unknown> {
  /** Snapshots carry it; another one is upgraded or refused. Default `1`. */
  version?: string;
  /** Kind of object that new actors of this logic live in: the first part of their address. Default `actor`. */
  place?: string;
  /** Registered logic by `src`, where its name is another. */
  actors?: Record<string, string>;
  /** How the machine's own `fromPromise` actors run. Default `effectful`. */
  promises?: Record<string, "pure" | "effectful">;
  /**
   * What an event comes to that makes the machine throw: a dead letter, and the actor goes on (`dead-letter`, the default); or the end
   * of the actor in error, of which its parent hears, as in XState (`fail`). What a write throws, or what can't be stored, is always a dead letter.
   */
  throws?: "dead-letter" | "fail";
  /** The history has what of its context each step changed: for contexts that stay small. */
  notesContext?: true;
  /** The machine's named actions that are no XState built-ins. */
  writes?: Record<string, Write<Services>>;
  /** Makes the message that leaves of the facts that the machine sent. Called in the transaction. */
  expand?: (event: ActorEvent, to: string, scope: StepScope<Services>) => Message | undefined | null;
  /** Takes what the machine emitted. Called in the transaction. `metadata`: what came beside the event that it follows from. */
  emitted?: (event: ActorEvent, scope: StepScope<Services>, append: (to: string, message: Message) => void, metadata: unknown) => void;
  /** What travels beside a child's input, for its object and not for its machine. Called in the transaction. */
  childMetadata?: (src: string, scope: StepScope<Services>) => unknown;
  /** What travels beside an actor's own end, for its parent's object and not for its machine. Called last in the transaction. */
  endMetadata?: (scope: StepScope<Services>) => unknown;
  /** Takes what came beside the input, in the transaction of the first step. */
  started?: (metadata: unknown, scope: StepScope<Services>) => void;
  /** Sees what the actor has become, last in the transaction of its steps or of its stop. */
  stepped?: (actor: SteppedActor, scope: StepScope<Services>) => void;
  /** Takes a persisted snapshot of an older version to this one, or undefined if it can't. */
  upgrade?: (snapshot: Json, from: string) => Json | undefined;
}

/** What a promise gave: its output, and what only the next step's writes see of it. */
export interface PromiseResult {
  output: Json | undefined;
  metadata?: unknown;
}

export type MachineLogic<Services = unknown> = MachineOptions<Services> &
  Required<Pick<MachineOptions<Services>, "version" | "place" | "actors" | "writes">> & {
    type: "machine";
    /** The machine, its children replaced by placeholders. @throws if the definition is not one */
    load(definition: unknown): AnyStateMachine;
  };

export interface PromiseLogic<Services = unknown> {
  type: "promise";
  /** `pure`: awaited before the commit; must only compute. `effectful`: run after it, again after a crash. */
  mode: "pure" | "effectful";
  /** @param signal gives the one by which it is told to stop @param tell sends its machine an event before it ends: heard as often as the promise runs, and ignored where the state does not take it */
  run(
    input: Json | undefined,
    scope: StepScope<Services>,
    pending: readonly PendingWrite[],
    signal: () => AbortSignal,
    tell: (event: ActorEvent) => void,
  ): Promise<PromiseResult>;
}

export type Logic<Services = unknown> = MachineLogic<Services> | PromiseLogic<Services>;

/** Logics by name. */
export type Logics<Services = unknown> = ReadonlyMap<string, Logic<Services>>;

/** One entry of {@link createLogics}. */
export type LogicEntry<Services = unknown> =
  | { machine: AnyStateMachine; options?: MachineOptions<Services> }
  | { load: (definition: unknown) => AnyStateMachine; options?: MachineOptions<Services> }
  | PromiseLogic<Services>;

/**
 * Registers logics by name. A machine's own children are registered with it, as `<name>/<src>`, unless `actors` names another.
 * @throws with the reason, if a machine does what cannot be made durable: sendParent, callback or observable logic,
 * inline logic, `onSnapshot`, `systemId`, a child without an id, actions that are functions, a name without an
 * implementation, context that JSON does not keep
 */
export function createLogics<Services = unknown>(entries: Record<string, LogicEntry<Services>>): Logics<Services> {
  const logics = new Map<string, Logic<Services>>();
  for (const [name, entry] of Object.entries(entries)) addEntry(logics, name, entry);
  for (const [name, logic] of logics) {
    if (logic.type !== "machine") continue;
    for (const [src, target] of Object.entries(logic.actors))
      if (!logics.has(target)) throw new Error(`${name}: the actor ${src} needs the logic ${target}, which is not registered`);
  }
  return logics;
}

function addEntry<Services>(logics: Map<string, Logic<Services>>, name: string, entry: LogicEntry<Services>): void {
  if (logics.has(name)) throw new Error(`the logic ${name} is registered twice`);
  if ("type" in entry) {
    logics.set(name, entry);
    return;
  }
  const options = entry.options ?? {};
  const logic = (actors: Record<string, string>, load: MachineLogic["load"]): MachineLogic<Services> => ({
    ...options,
    type: "machine",
    version: options.version ?? "1",
    place: options.place ?? "actor",
    writes: options.writes ?? {},
    actors,
    load,
  });
  if ("load" in entry) {
    // Machines that are data are inspected when they are loaded, and cached by their definition's hash.
    logics.set(
      name,
      logic(options.actors ?? {}, (definition) => {
        const machine = entry.load(definition);
        inspectMachine(name, machine, Object.keys(options.writes ?? {}), Object.keys(options.actors ?? {}));
        return prepareMachine(name, machine, Object.keys(options.actors ?? {}));
      }),
    );
    return;
  }
  const actors: Record<string, string> = { ...options.actors };
  const own = Object.keys(entry.machine.implementations.actors);
  inspectMachine(name, entry.machine, Object.keys(options.writes ?? {}), [...own, ...Object.keys(actors)]);
  for (const [src, child] of Object.entries(entry.machine.implementations.actors as Record<string, AnyActorLogic>)) {
    if (Object.hasOwn(actors, src)) continue;
    actors[src] = `${name}/${src}`;
    if (child instanceof StateMachine) {
      const { place, writes, promises, throws } = options;
      addEntry(logics, `${name}/${src}`, {
        machine: child,
        options: { ...(place && { place }), ...(writes && { writes }), ...(promises && { promises }), ...(throws && { throws }) },
      });
    } else if (isPromiseLogic(child)) {
      addEntry(logics, `${name}/${src}`, adoptPromise(child, readOwn(options.promises, src) ?? "effectful"));
    } else {
      throw new Error(
        `${name}: the actor ${src} is a callback, transition or observable logic, whose state cannot be stored: use a machine or a promise`,
      );
    }
  }
  const machine = prepareMachine(name, entry.machine, Object.keys(actors));
  logics.set(
    name,
    logic(actors, () => machine),
  );
}

/** The machine as the host runs it: its children are placeholders, and a loop in it comes to an end. */
function prepareMachine(name: string, machine: AnyStateMachine, sources: string[]): AnyStateMachine {
  const actors = Object.fromEntries(sources.map((src) => [src, placeholderLogic]));
  const prepared = machine.provide({ actors } as Parameters<AnyStateMachine["provide"]>[0]);
  separateContext(name, prepared);
  prepared.options = { maxIterations: hostLimits.microsteps, ...definedOnly(prepared.options) };
  return prepared;
}

/** A context that is no function is one object: what one actor's code changes in place would be every later actor's. */
function separateContext(name: string, machine: AnyStateMachine): void {
  const { context } = machine.config as { context?: unknown };
  if (typeof context !== "object" || context === null) return;
  checkPlain(context, `${name}, context`);
  const text = JSON.stringify(context);
  machine.config = { ...machine.config, context: () => JSON.parse(text) as object };
}

/** XState's own default is spelt as an infinite limit or as none. */
function definedOnly(options: { maxIterations?: number } | undefined): { maxIterations?: number } {
  const { maxIterations } = options ?? {};
  return maxIterations !== undefined && Number.isFinite(maxIterations) ? { maxIterations } : {};
}

/** XState marks no kind of logic; only a promise's takes this event to its end. */
function isPromiseLogic(logic: AnyActorLogic): boolean {
  try {
    const end = logic.transition(
      { status: "active" } as never,
      { type: "xstate.promise.resolve", data: null } as never,
      { self: {}, emit: () => {} } as never,
    );
    return (end as { status?: string }).status === "done";
  } catch {
    return false;
  }
}

function adoptPromise(logic: AnyActorLogic, mode: "pure" | "effectful"): PromiseLogic {
  const create = (logic as unknown as { config: (given: unknown) => PromiseLike<unknown> }).config;
  return {
    type: "promise",
    mode,
    async run(input, _scope, _pending, signal, tell) {
      const given = {
        ...{ input, self: selfOf(tell), system: { get: () => undefined }, emit: () => {} },
        get signal() {
          return signal();
        },
      };
      return { output: (await create(given)) as Json | undefined };
    },
  };
}

/** A promise's `self`: it hears nothing itself, and its parent takes events. */
function selfOf(tell: (event: ActorEvent) => void): object {
  return {
    send: () => {},
    _parent: {
      send(event: unknown) {
        const fault = findFault(event);
        if (fault !== undefined) throw new Error(fault);
        tell(toPlain(event, "event") as ActorEvent);
      },
    },
  };
}

function readOwn<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
