/** One step of one machine, by XState's pure functions, as plain data: the next snapshot and what left the step. */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from "xstate";
import { readAddress } from "../../machines/address.ts";

export type { AnyMachineSnapshot, AnyStateMachine };

/** An event or a message, as facts. */
export interface Fact {
  type: string;
  [fact: string]: unknown;
}

/** What left a step. */
export interface StepEffects {
  sent: { to: string; event: Fact }[];
  emitted: Fact[];
  spawned: { src: string; input: unknown }[];
  written: { type: string; params: Record<string, unknown> }[];
  timersSet: string[];
  timersCancelled: string[];
}

/** A step that was taken. */
export interface ActorStep {
  snapshot: AnyMachineSnapshot;
  effects: StepEffects;
}

interface Action {
  type: string;
  params?: unknown;
}

function readEffects(actions: readonly Action[]): StepEffects {
  const effects: StepEffects = { sent: [], emitted: [], spawned: [], written: [], timersSet: [], timersCancelled: [] };
  for (const { type, params: given } of actions) {
    const params = (given ?? {}) as Record<string, unknown>;
    switch (type) {
      case "xstate.sendTo": {
        const to = params["targetId"] ?? readAddress(params["to"]);
        if (typeof to === "string") effects.sent.push({ to, event: params["event"] as Fact });
        break;
      }
      case "xstate.emit":
        effects.emitted.push(params["event"] as Fact);
        break;
      case "xstate.spawnChild":
        effects.spawned.push({ src: String(params["src"]), input: params["input"] });
        break;
      case "xstate.raise":
        if (params["delay"] !== undefined) effects.timersSet.push(String(params["id"]));
        break;
      case "xstate.cancel":
        effects.timersCancelled.push(String(params["sendId"]));
        break;
      case "xstate.stopChild":
      case "xstate.log":
        break;
      default:
        effects.written.push({ type, params });
    }
  }
  return effects;
}

/** The machine's first step. */
export function beginActor(machine: AnyStateMachine, input: unknown): ActorStep {
  const [snapshot, actions] = initialTransition(machine, input as never);
  return { snapshot: snapshot as AnyMachineSnapshot, effects: readEffects(actions as readonly Action[]) };
}

/** A further step. @throws what an action of the machine throws */
export function stepActor(machine: AnyStateMachine, before: AnyMachineSnapshot, event: Fact): ActorStep {
  const [snapshot, actions] = transition(machine, before, event as never);
  return { snapshot: snapshot as AnyMachineSnapshot, effects: readEffects(actions as readonly Action[]) };
}

/** The timers that are set after a step. */
export function applyTimers(before: readonly string[], { timersSet, timersCancelled }: StepEffects): string[] {
  // A state that is entered anew cancels its timer first and sets it again.
  return [...new Set([...before.filter((id) => !timersCancelled.includes(id)), ...timersSet])].sort();
}
