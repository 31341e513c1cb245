/** What a step leads to, as plain data: nothing here was executed. Knows XState's actions, not the store. */
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, ExecutableActionsFrom } from "xstate";
import { readAddress } from "../../../machines/address.ts";
import type { Json } from "../../wire/event.ts";
import { toJson, toTravellingJson } from "./plain-data.ts";

/** An event of a machine, as plain data. */
export interface ActorEvent {
  type: string;
  [fact: string]: Json | undefined;
}

/** Whom a message goes to. */
export type Receiver = { child: string } | { parent: true } | { self: true } | { address: string };

/** `id` of what is delayed: what `cancel` names; absent where the machine gave none. `delay` in milliseconds, finite or infinite. */
export type Effect =
  | { type: "spawn"; id: string; src: string; input: Json | undefined }
  /** `settled`: a pure promise, that ended before anything of it was stored. */
  | { type: "stop"; id: string; settled?: true }
  | { type: "send"; to: Receiver; event: ActorEvent; id?: string; delay?: number }
  | { type: "timer"; id?: string; event: ActorEvent; delay: number }
  | { type: "cancel"; id: string }
  | { type: "emit"; event: ActorEvent }
  | { type: "write"; name: string; params: { [key: string]: Json } };

type Action = ExecutableActionsFrom<AnyStateMachine>;
/** The union of XState's executable actions is open (named actions are any string), so params are read by key. */
type Params = Record<string, unknown>;

/** Effects with the references that they were read from: what was spawned here is compared with the snapshot's children. */
export interface ReadEffects {
  effects: Effect[];
  spawned: Set<AnyActorRef>;
}

/**
 * Reads the actions of a pure transition as effects, in order; but what is sent to a child before its spawn (an entry
 * action's send to the state's own invoke) comes right after it. An immediate raise is left out: XState has already taken it.
 * @throws when an action says what this host refuses (a systemId, a child without a name, a reference that is neither child, parent, self nor an address)
 */
export function readEffects(actions: readonly Action[], before: AnyMachineSnapshot | undefined): ReadEffects {
  const effects: Effect[] = [];
  const spawned = new Set<AnyActorRef>();
  const early = new Map<AnyActorRef, Effect[]>();
  for (const action of actions) if (action.type === "xstate.spawnChild") spawned.add(readParams(action).actorRef as AnyActorRef);
  const pending = new Set(spawned);

  for (const action of actions) {
    const params = readParams(action);
    switch (action.type as string) {
      case "xstate.spawnChild": {
        const child = params.actorRef as AnyActorRef;
        effects.push(readSpawn(params, child));
        pending.delete(child);
        effects.push(...(early.get(child) ?? []));
        break;
      }
      case "xstate.stopChild": {
        // The params are the reference itself; without one there was nothing to stop.
        const child = action.params as unknown as AnyActorRef | undefined;
        if (child) effects.push({ type: "stop", id: child.id });
        break;
      }
      case "xstate.sendTo": {
        const child = params.to as AnyActorRef;
        const known = (): boolean => spawned.has(child) || Object.values(before?.children ?? {}).includes(child);
        const effect: Effect = {
          type: "send",
          to: readReceiver(child, action.info.self, known),
          event: readEvent(params.event),
          ...readDelay(params),
        };
        if (pending.has(child)) early.set(child, [...(early.get(child) ?? []), effect]);
        else effects.push(effect);
        break;
      }
      case "xstate.raise": {
        const { delay, id } = readDelay(params);
        if (delay !== undefined) effects.push({ type: "timer", event: readEvent(params.event), delay, ...(id !== undefined && { id }) });
        break;
      }
      case "xstate.cancel":
        effects.push({ type: "cancel", id: String(params.sendId) });
        break;
      case "xstate.emit":
        effects.push({ type: "emit", event: readEvent(params.event) });
        break;
      case "xstate.log":
        break;
      default:
        effects.push({ type: "write", name: action.type as string, params: (toJson(action.params) ?? {}) as { [key: string]: Json } });
    }
  }
  return { effects, spawned };
}

function readParams(action: Action): Params {
  return (action.params ?? {}) as unknown as Params;
}

function readSpawn(params: Params, child: AnyActorRef | undefined): Effect {
  const { src } = params;
  if (typeof src !== "string" || src.startsWith("xstate.invoke."))
    throw new Error("a child's logic must have a name, for its object is made by that name: use setup({ actors })");
  if (!child) throw new Error(`the actor ${src} has no implementation`);
  if (params.id === undefined) throw new Error(`the child ${src} was spawned without an id, by which it is stored: give it one`);
  if (params.systemId !== undefined) throw new Error("a systemId cannot be kept across objects: address the child by its id");
  if ((child as AnyActorRef & { _syncSnapshot?: boolean })._syncSnapshot)
    throw new Error(`the child ${child.id} has syncSnapshot, but a child's snapshots stay with the child`);
  return { type: "spawn", id: child.id, src, input: toTravellingJson(params.input, `the input of the child ${child.id}`) };
}

function readReceiver(to: unknown, self: unknown, known: () => boolean): Receiver {
  const address = readAddress(to);
  if (address === "parent") return { parent: true };
  if (address !== undefined) return { address };
  if (to === self) return { self: true };
  if (known()) return { child: (to as AnyActorRef).id };
  throw new Error(`sendTo ${String((to as AnyActorRef | undefined)?.id ?? to)}: neither a child, the parent, itself nor an address`);
}

function readDelay(params: Params): { delay?: number; id?: string } {
  if (params.delay === undefined) return {};
  const delay = Number(params.delay);
  if (Number.isNaN(delay)) throw new Error(`the delay of ${String((params.event as ActorEvent | undefined)?.type)} is not a number`);
  return { delay: Math.max(0, delay), ...(params.id !== undefined && { id: String(params.id) }) };
}

function readEvent(event: unknown): ActorEvent {
  return toTravellingJson(event, `the event ${String((event as ActorEvent | undefined)?.type)}`) as unknown as ActorEvent;
}
