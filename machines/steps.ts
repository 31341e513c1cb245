/**
 * Gives a named action its meaning: a plain function from context, event and params to steps, resolved inside the
 * machine to XState's own actions. So the vocabulary is data in, data out, and never touches an actor.
 */
import { enqueueActions } from "xstate";
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

// The vocabulary is a table of names, so the types of events and params of one entry are not XState's to infer.
interface Enqueue {
  (action: { type: string; params?: object }): void;
  assign(context: object): void;
  sendTo(to: unknown, event: object): void;
  raise(event: object): void;
  emit(event: object): void;
  spawnChild(src: string, options: { id: string; input: object }): void;
}

function enqueueStep<Context>(enqueue: Enqueue, step: Step<Context>): void {
  if ("assign" in step) enqueue.assign(step.assign);
  else if ("send" in step) {
    const marker = step.send === parentAddress ? PARENT : address(step.send);
    enqueue.sendTo(() => marker, step.event);
  } else if ("tell" in step) enqueue.sendTo(step.tell, step.event);
  else if ("raise" in step) enqueue.raise(step.raise);
  else if ("emit" in step) enqueue.emit(step.emit);
  else if ("spawn" in step) enqueue.spawnChild(step.spawn, { id: step.spawn, input: step.input });
  else enqueue(step.write);
}

/** Turns the meaning of an action into XState's implementation of it. */
export function implementAction<Context>(mean: ActionMeaning<Context>): unknown {
  return enqueueActions(({ context, event, enqueue }, params: unknown) => {
    for (const step of mean(context as Context, event as unknown as Facts, (params ?? {}) as Params))
      enqueueStep(enqueue as unknown as Enqueue, step);
  });
}

/** Turns the meaning of a guard into XState's implementation of it. */
export function implementGuard<Context>(mean: GuardMeaning<Context>): unknown {
  return ({ context, event }: { context: Context; event: Facts }, params: unknown) => mean(context, event, (params ?? {}) as Params);
}
