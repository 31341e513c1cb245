/** What a step leads to, as plain data: nothing here was executed. Knows XState's actions, not the store. */

import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, ExecutableActionsFrom } from "xstate";
import { readAddress } from "../../../machines/address.ts";
import type { Json } from "../../contract/event.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import { toPlain } from "./plain-data.ts";
import { isChildReference, parentReference, type SentByHand } from "./references.ts";

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

/** An action that XState's pure function gives to be executed. */
export type Action = ExecutableActionsFrom<AnyStateMachine>;
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
 * @param sent by hand, while the actions were computed: before all of them, as in XState
 * @throws when an action says what this host refuses (a systemId, a child without a name, a reference that is neither
 * child, parent, self nor an address, data that JSON does not keep)
 */
export function readEffects(
  actions: readonly Action[],
  before: AnyMachineSnapshot | undefined,
  self: AnyActorRef,
  sent: readonly SentByHand[],
): ReadEffects {
  const effects: Effect[] = [];
  const spawned = new Set<AnyActorRef>();
  const early = new Map<AnyActorRef, Effect[]>();
  for (const action of actions) if (action.type === "xstate.spawnChild") spawned.add(readParams(action).actorRef as AnyActorRef);
  const pending = new Set(spawned);

  const addSend = (to: unknown, event: unknown, delay: { delay?: number; id?: string }): void => {
    const child = to as AnyActorRef;
    const known = (): boolean => spawned.has(child) || Object.values(before?.children ?? {}).includes(child);
    const receiver = readReceiver(to, self, known);
    // A stopped child gets no events, as in XState.
    if (receiver === undefined) return;
    const effect: Effect = { type: "send", to: receiver, event: readEvent(event), ...delay };
    if (pending.has(child)) early.set(child, [...(early.get(child) ?? []), effect]);
    else effects.push(effect);
  };

  for (const { to, event } of sent) addSend(to, event, {});
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
        // The params are the actor's reference; without one there is nothing to stop.
        const child = action.params as unknown as AnyActorRef | undefined;
        if (child) effects.push({ type: "stop", id: child.id });
        break;
      }
      case "xstate.sendTo":
        addSend(params.to, params.event, readDelay(params));
        break;
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
      default: {
        const name = action.type as string;
        effects.push({ type: "write", name, params: (toPlain(action.params, `the params of ${name}`) ?? {}) as { [key: string]: Json } });
      }
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
  if (params.id === undefined || child.id === child.sessionId)
    throw new Error(`the child ${src} was spawned without an id, by which it is stored: give it one`);
  if (typeof child.id !== "string" || child.id === "__proto__")
    throw new Error(`the child ${src} was spawned with the id ${String(child.id)}, by which it cannot be stored: give it another`);
  if (params.systemId !== undefined) throw new Error("a systemId cannot be kept across objects: address the child by its id");
  if ((child as AnyActorRef & { _syncSnapshot?: boolean })._syncSnapshot)
    throw new Error(`the child ${child.id} has syncSnapshot, but a child's snapshots stay with the child`);
  return { type: "spawn", id: child.id, src, input: toPlain(params.input, `the input of the child ${child.id}`) };
}

/** @returns undefined for a child that is there no more */
function readReceiver(to: unknown, self: unknown, known: () => boolean): Receiver | undefined {
  const address = readAddress(to);
  if (address === "parent" || to === parentReference) return { parent: true };
  if (address !== undefined) return { address: inOnePiece(address) };
  if (to === self) return { self: true };
  if (known()) return { child: (to as AnyActorRef).id };
  if (isChildReference(to)) return undefined;
  throw new Error(`sendTo ${String((to as AnyActorRef | undefined)?.id ?? to)}: neither a child, the parent, itself nor an address`);
}

/** Only a number is a delay, as in XState. */
function readDelay({ delay, event, id }: Params): { delay?: number; id?: string } {
  if (typeof delay !== "number") return {};
  if (Number.isNaN(delay)) throw new Error(`the delay of ${String((event as ActorEvent | undefined)?.type)} is not a number`);
  return { delay: Math.max(0, delay), ...(id !== undefined && { id: String(id) }) };
}

function readEvent(event: unknown): ActorEvent {
  const { type } = (typeof event === "object" && event !== null ? event : {}) as { type?: unknown };
  if (typeof type !== "string") throw new Error(`${describeEvent(event)} was sent, which is no event: an event is an object with a type`);
  return toPlain(event, `the event ${type}`) as ActorEvent;
}

function describeEvent(event: unknown): string {
  return typeof event === "object" && event !== null ? "an object without a type" : String(event);
}
