/** What a step leads to, as plain data: nothing here was executed. Knows XState's actions, not the store. */
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, ExecutableActionsFrom } from "xstate";
import { readAddress } from "../../../machines/address.ts";
import type { Json } from "../../wire/event.ts";

/** An event of a machine, as plain data. */
export interface ActorEvent {
  type: string;
  [fact: string]: Json | undefined;
}

/** Whom a message goes to. */
export type Receiver = { child: string } | { parent: true } | { self: true } | { address: string };

export type Effect =
  | { type: "spawn"; id: string; src: string; input: Json | undefined }
  | { type: "stop"; id: string }
  | { type: "send"; to: Receiver; event: ActorEvent; id?: string; delay?: number }
  | { type: "timer"; id: string; event: ActorEvent; delay: number }
  | { type: "cancel"; id: string }
  | { type: "emit"; event: ActorEvent }
  | { type: "write"; name: string; params: { [key: string]: Json } };

type Action = ExecutableActionsFrom<AnyStateMachine>;

/**
 * Reads the actions of a pure transition as effects, in order. An immediate raise is left out: XState has already taken it.
 * @throws when an action says what this host refuses (a systemId, a reference that is neither child, parent, self nor an address)
 */
export function readEffects(actions: readonly Action[], next: AnyMachineSnapshot): Effect[] {
  const effects: Effect[] = [];
  for (const action of actions) {
    const effect = readEffect(action, next);
    if (effect) effects.push(effect);
  }
  return effects;
}

function readEffect(action: Action, next: AnyMachineSnapshot): Effect | undefined {
  // The union of XState's executable actions is open (named actions are any string), so params are read by key.
  const params = (action.params ?? {}) as unknown as Record<string, unknown>;
  switch (action.type as string) {
    case "xstate.spawnChild": {
      if (params.systemId !== undefined) throw new Error("a systemId cannot be kept across objects: address the child by its id");
      return { type: "spawn", id: String(params.id), src: String(params.src), input: toJson(params.input) };
    }
    case "xstate.stopChild":
      return { type: "stop", id: String((action.params as unknown as { id: string }).id) };
    case "xstate.sendTo":
      return {
        type: "send",
        to: readReceiver(params, action.info.self, next),
        event: toEvent(params.event),
        ...(params.delay === undefined ? {} : { delay: Number(params.delay), id: String(params.id) }),
      };
    case "xstate.raise":
      return params.delay === undefined
        ? undefined
        : { type: "timer", id: String(params.id), event: toEvent(params.event), delay: Number(params.delay) };
    case "xstate.cancel":
      return { type: "cancel", id: String(params.sendId ?? action.params) };
    case "xstate.emit":
      return { type: "emit", event: toEvent(params.event) };
    case "xstate.log":
      return undefined;
    default:
      return { type: "write", name: action.type as string, params: toJson(params) as { [key: string]: Json } };
  }
}

function readReceiver(params: Record<string, unknown>, self: unknown, next: AnyMachineSnapshot): Receiver {
  if (typeof params.targetId === "string") return { child: params.targetId };
  const to = params.to;
  const address = readAddress(to);
  if (address === "parent") return { parent: true };
  if (address !== undefined) return { address };
  if (to === self) return { self: true };
  const id = (to as AnyActorRef | undefined)?.id;
  if (id !== undefined && Object.hasOwn(next.children, id)) return { child: id };
  throw new Error(`sendTo ${String(id ?? to)}: neither a child, the parent, itself nor an address`);
}

/** Plain data: what JSON keeps of a value. */
export function toJson(value: unknown): Json | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value) ?? "null") as Json);
}

function toEvent(event: unknown): ActorEvent {
  return toJson(event) as unknown as ActorEvent;
}

/** An error as plain data: `JSON.stringify` makes `{}` of an Error. */
export function toPlainError(error: unknown): { name: string; message: string } {
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: typeof error === "string" ? error : (JSON.stringify(error) ?? String(error)) };
}
