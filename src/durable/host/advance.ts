/**
 * From one event to everything that shares its commit: the step itself, what the actor sends itself, and the pure
 * promises it waits for. Nothing is written here. Knows XState's snapshots, not the store.
 */

import type { Json } from "../../contract/event.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import type { ActorEvent } from "./effects.ts";
import { toErrorData } from "./error-data.ts";
import { leavesChild } from "./last-messages.ts";
import { hostLimits } from "./limits.ts";
import type { Logics, MachineLogic, PendingWrite, StepScope } from "./logic.ts";
import { copyPlain, toPlain } from "./plain-data.ts";
import type { Identity } from "./references.ts";
import type { AnyMachineSnapshot, AnyStateMachine } from "./step.ts";
import { openComputation, type Step, startMachine, stepMachine } from "./step.ts";

/** A step with what came beside its event. */
export interface TakenStep extends Step {
  metadata: unknown;
  /** The event as it was given: the machine's code has a copy. */
  given: ActorEvent;
}

/** An event that waits for its step. */
interface NextEvent {
  event: ActorEvent;
  metadata: unknown;
}

/** What leads to the steps: an event, or the input of a new actor. */
export type Cause =
  | { snapshot: AnyMachineSnapshot; event: ActorEvent; metadata?: unknown; following?: LastWords }
  | { input: Json | undefined };

/** A child's message, and what the child said behind it as it ended: heard though the message makes its parent leave it. */
export interface LastWords {
  child: string;
  events: ActorEvent[];
}

/**
 * @returns the steps in order; the last one's snapshot is the actor's next
 * @throws what the machine throws, and when the steps do not come to rest
 */
export async function advance(
  machine: AnyStateMachine,
  logic: MachineLogic,
  logics: Logics,
  scope: StepScope,
  identity: Identity,
  from: Cause,
): Promise<TakenStep[]> {
  const computation = openComputation(identity);
  const steps: TakenStep[] = [];
  const events: NextEvent[] = [];
  const promises = new Map<string, { src: string; input: Json | undefined }>();
  const pure = new Set<string>();
  const writes: PendingWrite[] = [];

  const add = (step: Step, metadata: unknown, given: ActorEvent): void => {
    steps.push({ ...step, metadata, given });
    for (const effect of step.effects) {
      if (effect.type === "send" && "self" in effect.to && effect.delay === undefined)
        events.push({ event: effect.event, metadata: undefined });
      else if (effect.type === "stop") {
        promises.delete(effect.id);
        if (pure.delete(effect.id)) effect.settled = true;
      } else if (effect.type === "write") writes.push({ name: effect.name, params: effect.params, event: step.event, metadata });
      else if (effect.type === "spawn") {
        const target = logics.get(logic.actors[effect.src] ?? "");
        if (target?.type === "promise" && target.mode === "pure") {
          promises.set(effect.id, { src: effect.src, input: effect.input });
          pure.add(effect.id);
        }
      }
    }
  };

  /** The machine gets an event of its own: what its code does to it, or keeps of it, is not the sender's. */
  const take = (snapshot: AnyMachineSnapshot, { event, metadata }: NextEvent): void => {
    const own = copyPlain(event);
    const step = (): Step => stepMachine(computation, machine, snapshot, own, event);
    add(logic.throws === "fail" ? stepOrFail(snapshot, own, step) : step(), metadata, event);
  };

  /** What throws ends the actor in error, in the state of before, as in XState. */
  const stepOrFail = (snapshot: AnyMachineSnapshot, event: ActorEvent, step: () => Step): Step => {
    try {
      return step();
    } catch (error) {
      return { event, snapshot: { ...snapshot, status: "error", output: undefined, error } as AnyMachineSnapshot, effects: [] };
    }
  };

  if ("input" in from) add(startMachine(computation, machine, from.input), undefined, { type: "xstate.init" });
  else {
    take(from.snapshot, { event: from.event, metadata: from.metadata });
    const { following } = from;
    if (following && leavesChild(steps[0] as TakenStep, following.child))
      events.unshift(...following.events.map((event) => ({ event, metadata: undefined })));
  }

  for (;;) {
    if (steps.length > hostLimits.stepsPerCommit)
      throw new Error(`more than ${hostLimits.stepsPerCommit} steps follow from one event: the machine does not come to rest`);
    const last = steps.at(-1) as TakenStep;
    if (last.snapshot.status !== "active") return steps;
    if (!events.length) events.push(...(await settleNext(promises, logic, logics, scope, writes)));
    const next = events.shift();
    if (!next) return steps;
    take(last.snapshot, next);
  }
}

/** @returns what a pure promise told its machine, then how it ended; nothing when there is none */
async function settleNext(
  promises: Map<string, { src: string; input: Json | undefined }>,
  logic: MachineLogic,
  logics: Logics,
  scope: StepScope,
  writes: readonly PendingWrite[],
): Promise<NextEvent[]> {
  if (!promises.size) return [];
  const [id, { src, input }] = promises.entries().next().value as [string, { src: string; input: Json | undefined }];
  promises.delete(id);
  const target = logics.get(logic.actors[src] ?? "");
  if (target?.type !== "promise") throw new Error(`${src} is no promise`);
  const told: NextEvent[] = [];
  const tell = (event: ActorEvent): void => {
    checkTold(src, told.length);
    told.push({ event, metadata: undefined });
  };
  try {
    const { output, metadata } = await runBounded(src, (signal) => target.run(input, scope, writes, signal, tell));
    return [
      ...told,
      { event: { type: inOnePiece(`xstate.done.actor.${id}`), output: toPlain(output, `the output of ${src}`), actorId: id }, metadata },
    ];
  } catch (error) {
    return [...told, { event: { type: `xstate.error.actor.${id}`, error: toErrorData(error), actorId: id }, metadata: undefined }];
  }
}

/** @throws into the promise, when so many of its events wait that it must stop */
export function checkTold(src: string, waiting: number): void {
  if (waiting >= hostLimits.promiseEvents)
    throw new Error(`${waiting} events of the promise ${src} wait to be taken: let it wait, or give all of it as its output`);
}

/** While a pure promise runs the object takes no other event: one that never settles must not block it for ever. */
async function runBounded<T>(src: string, run: (signal: () => AbortSignal) => Promise<T>): Promise<T> {
  const abort = createAbort();
  const running = run(abort.signal);
  let isOpen = true;
  const settled = (): void => {
    isOpen = false;
  };
  running.then(settled, settled);
  for (let turn = 0; isOpen && turn < hostLimits.purePromiseTurns; turn++) await undefined;
  return isOpen ? raceClock(src, running, abort) : running;
}

async function raceClock<T>(src: string, running: Promise<T>, { abort }: Pick<Abort, "abort">): Promise<T> {
  let clock: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    clock = setTimeout(() => {
      const error = new Error(`the pure promise ${src} took longer than ${hostLimits.purePromise} ms`);
      abort(error);
      reject(error);
    }, hostLimits.purePromise);
  });
  try {
    return await Promise.race([running, tooLong]);
  } finally {
    if (clock !== undefined) clearTimeout(clock);
  }
}

/** An abort signal that is made when it is asked for: hardly a promise looks at its own. */
interface Abort {
  signal(): AbortSignal;
  abort(reason: Error): void;
}

function createAbort(): Abort {
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  return {
    signal() {
      controller ??= new AbortController();
      if (aborted) controller.abort(aborted);
      return controller.signal;
    },
    abort(reason) {
      aborted = reason;
      controller?.abort(reason);
    },
  };
}
