/**
 * Gives a named action its meaning: a plain function from context, event and params to steps, resolved inside the
 * machine to XState's own actions. So the vocabulary is data in, data out, and never touches an actor.
 */
import { type AnyMachineSnapshot, emit, raise, sendTo, spawnChild } from "xstate";
import { address, PARENT, parentAddress } from "./address.ts";
import type { Write } from "./messages.ts";

/** An event as actions and guards read it: facts of any type, each checked where it is used. */
export interface Facts {
  type: string;
  [fact: string]: unknown;
}

/** Params of a named action or guard: static JSON of the config. */
export interface Params {
  [param: string]: unknown;
}

/** What an action may do. */
export type Step<Context> =
  | { assign: Partial<Context> }
  /** To an address, or `parent`. */
  | { send: string; event: { type: string } }
  /** To the child of that id, which must be there. */
  | { tell: string; event: { type: string } }
  | { raise: { type: string } }
  | { emit: { type: string } }
  | { spawn: string; input: object }
  | { write: Write };

/** The meaning of an action. */
export type ActionMeaning<Context> = (context: Context, event: Facts, params: Params) => Step<Context>[];

/** The meaning of a guard. */
export type GuardMeaning<Context> = (context: Context, event: Facts, params: Params) => boolean;

/** What XState asks of an action while it computes a step, of which its own types say nothing to others. */
interface Resolving {
  (): void;
  type: string;
  /** Gives the snapshot after it, the params of what is executed, and the actions that it comes to. */
  resolve(
    scope: unknown,
    snapshot: AnyMachineSnapshot,
    args: { context: unknown; event: unknown },
    params: unknown,
  ): [AnyMachineSnapshot, undefined, unknown[]];
}

/** What leaves by a step, as XState's own actions. */
function listActions<Context>(step: Exclude<Step<Context>, { assign: unknown }>): unknown {
  if ("write" in step) return step.write;
  if ("send" in step) {
    const marker = step.send === parentAddress ? PARENT : address(step.send);
    return sendTo(() => marker as never, step.event as never);
  }
  if ("tell" in step) return sendTo(step.tell, step.event as never);
  if ("raise" in step) return raise(step.raise);
  if ("emit" in step) return emit(step.emit);
  return spawnChild(step.spawn, { id: step.spawn, input: step.input });
}

/**
 * Turns the meaning of an action into XState's implementation of it: as `enqueueActions` does it, which makes eight functions each time.
 * None of its steps sees what another assigned; so they are assigned at once, and the states that are active stay as XState has them.
 */
export function implementAction<Context>(mean: ActionMeaning<Context>): unknown {
  const action: Resolving = () => {};
  action.type = "xstate.enqueueActions";
  action.resolve = (_scope, snapshot, { context, event }, params) => {
    let assigned: object | undefined;
    const actions: unknown[] = [];
    for (const step of mean(context as Context, event as Facts, (params ?? {}) as Params))
      if ("assign" in step) assigned = Object.assign(assigned ?? { ...snapshot.context }, step.assign);
      else actions.push(listActions(step));
    return [assigned ? { ...snapshot, context: assigned } : snapshot, undefined, actions];
  };
  return action;
}

/** Turns the meaning of a guard into XState's implementation of it. */
export function implementGuard<Context>(mean: GuardMeaning<Context>): unknown {
  return ({ context, event }: { context: Context; event: Facts }, params: unknown) => mean(context, event, (params ?? {}) as Params);
}
