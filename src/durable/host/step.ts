/**
 * The pure step: a machine, a snapshot and an event give the next snapshot and the effects, executing nothing
 * (XState's `initialTransition` and `transition`). Knows no store and no clock.
 */
import { type AnyActorRef, type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from "xstate";
import type { Json } from "../../wire/event.ts";
import { type ActorEvent, type Effect, readEffects } from "./effects.ts";
import { checkContext } from "./plain-data.ts";

export interface Step {
  event: ActorEvent;
  snapshot: AnyMachineSnapshot;
  effects: Effect[];
}

/** The first step of an actor. */
export function startMachine(machine: AnyStateMachine, input: Json | undefined): Step {
  const [snapshot, actions] = initialTransition(machine, input as never);
  return finish({ type: "xstate.init" }, undefined, snapshot, actions);
}

/** A further step. */
export function stepMachine(machine: AnyStateMachine, before: AnyMachineSnapshot, event: ActorEvent): Step {
  const [snapshot, actions] = transition(machine, before, event as never);
  return finish(event, before, snapshot, actions);
}

function finish(
  event: ActorEvent,
  before: AnyMachineSnapshot | undefined,
  snapshot: AnyMachineSnapshot,
  actions: Parameters<typeof readEffects>[0],
): Step {
  const { effects, spawned } = readEffects(actions, before);
  for (const [id, child] of Object.entries(snapshot.children)) {
    // A child that no action spawned came from spawn() inside assign: nobody would ever start it.
    if (before?.children[id] !== child && !spawned.has(child as AnyActorRef))
      throw new Error(`the child ${id} was spawned inside assign; use invoke or spawnChild`);
  }
  return { event, snapshot: orderNodes(snapshot), effects };
}

/**
 * Puts the active states into document order. XState keeps them in the order in which they were entered, forgets that
 * order when it stores them, and looks for eventless transitions in it: without this an eviction could change what a
 * parallel machine does next.
 */
export function orderNodes<Snapshot extends AnyMachineSnapshot>(snapshot: Snapshot): Snapshot {
  (snapshot as unknown as { _nodes: { order: number }[] })._nodes.sort((a, b) => a.order - b.order);
  return snapshot;
}

/**
 * What is stored of a snapshot.
 * @throws when it would not be the same when it is read again
 */
export function persistSnapshot(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): string {
  checkContext(snapshot.context);
  return JSON.stringify(machine.getPersistedSnapshot(snapshot));
}

/**
 * The snapshot of what was stored.
 * @throws when it names a state that the machine does not have
 */
export function restoreSnapshot(machine: AnyStateMachine, stored: Json): AnyMachineSnapshot {
  return orderNodes(machine.restoreSnapshot(stored as never, { self: undefined } as never) as AnyMachineSnapshot);
}

/** Why an event is refused. */
export type RefusalCode = "not_active" | "unknown_event" | "not_taken" | "reserved_event";

/**
 * Whether the actor takes an event that somebody sends: it is active, its machine names the type, and its present state
 * has a transition for it. Types that no machine names are not even asked about: XState would remember each for ever.
 */
export function judgeEvent(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: ActorEvent): RefusalCode | undefined {
  if (event.type.startsWith("xstate.")) return "reserved_event";
  if (snapshot.status !== "active") return "not_active";
  if (!namesEvent(machine, event.type)) return "unknown_event";
  return snapshot.can(event as never) ? undefined : "not_taken";
}

function namesEvent(machine: AnyStateMachine, type: string): boolean {
  const known = machine.events as string[];
  return (
    known.includes(type) ||
    known.some((name) => name.endsWith("*") && (name === "*" || type.startsWith(name.slice(0, -1)) || type === name.slice(0, -2)))
  );
}
