/**
 * From one event to everything that shares its commit: the step itself, what the actor sends itself, and the pure
 * promises it waits for. Nothing is written here. Knows XState's snapshots, not the store.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { ActorEvent } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { ActorScope, Logics, MachineLogic, PendingWrite } from "./logic.ts";
import { toPlainError } from "./plain-data.ts";
import { type Step, startMachine, stepMachine } from "./step.ts";

/** A step with what came along with its event. */
export interface TakenStep extends Step {
  sidecar: unknown;
}

/**
 * @param first the event, or the input of a new actor
 * @returns the steps in order; the last one's snapshot is the actor's next
 * @throws what the machine throws, and when the steps do not come to rest
 */
export async function advance(
  machine: AnyStateMachine,
  logic: MachineLogic,
  logics: Logics,
  scope: ActorScope,
  from: { snapshot: AnyMachineSnapshot; event: ActorEvent; sidecar?: unknown } | { input: unknown },
): Promise<TakenStep[]> {
  const steps: TakenStep[] = [];
  const events: { event: ActorEvent; sidecar: unknown }[] = [];
  const promises = new Map<string, { src: string; input: unknown }>();
  const pure = new Set<string>();
  const writes: PendingWrite[] = [];

  const take = (step: Step, sidecar: unknown): void => {
    steps.push({ ...step, sidecar });
    for (const effect of step.effects) {
      if (effect.type === "send" && "self" in effect.to && effect.delay === undefined)
        events.push({ event: effect.event, sidecar: undefined });
      else if (effect.type === "stop") {
        promises.delete(effect.id);
        if (pure.delete(effect.id)) effect.settled = true;
      } else if (effect.type === "write") writes.push({ name: effect.name, params: effect.params, event: step.event, sidecar });
      else if (effect.type === "spawn") {
        const target = logics.get(logic.actors[effect.src] ?? "");
        if (target?.type === "promise" && target.mode === "pure") {
          promises.set(effect.id, { src: effect.src, input: effect.input });
          pure.add(effect.id);
        }
      }
    }
  };

  if ("input" in from) take(startMachine(machine, from.input as never), undefined);
  else take(stepMachine(machine, from.snapshot, from.event), from.sidecar);

  for (;;) {
    if (steps.length > hostLimits.stepsPerCommit)
      throw new Error(`more than ${hostLimits.stepsPerCommit} steps follow from one event: the machine does not come to rest`);
    const last = steps.at(-1) as TakenStep;
    if (last.snapshot.status !== "active") return steps;
    const next = events.shift() ?? (await settleNext(promises, logic, logics, scope, writes));
    if (!next) return steps;
    take(stepMachine(machine, last.snapshot, next.event), next.sidecar);
  }
}

async function settleNext(
  promises: Map<string, { src: string; input: unknown }>,
  logic: MachineLogic,
  logics: Logics,
  scope: ActorScope,
  writes: readonly PendingWrite[],
): Promise<{ event: ActorEvent; sidecar: unknown } | undefined> {
  const [id, { src, input }] = promises.entries().next().value ?? [undefined, { src: "", input: undefined }];
  if (id === undefined) return undefined;
  promises.delete(id);
  const target = logics.get(logic.actors[src] ?? "");
  if (target?.type !== "promise") throw new Error(`${src} is no promise`);
  try {
    const { output, sidecar } = await runBounded(src, (signal) => target.run(input as never, scope, writes, signal));
    return { event: { type: `xstate.done.actor.${id}`, output, actorId: id }, sidecar };
  } catch (error) {
    return { event: { type: `xstate.error.actor.${id}`, error: toPlainError(error), actorId: id }, sidecar: undefined };
  }
}

/** While a pure promise runs the object takes no other event: one that never settles must not block it for ever. */
async function runBounded<T>(src: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let clock: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    clock = setTimeout(() => {
      const error = new Error(`the pure promise ${src} took longer than ${hostLimits.purePromise} ms`);
      abort.abort(error);
      reject(error);
    }, hostLimits.purePromise);
  });
  try {
    return await Promise.race([run(abort.signal), tooLong]);
  } finally {
    clearTimeout(clock);
  }
}
