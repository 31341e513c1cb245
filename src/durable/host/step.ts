/**
 * The pure step: a machine, a snapshot and an event give the next snapshot and the effects, executing nothing.
 * Knows no store and no clock.
 */

import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Json } from "../../contract/event.ts";
import type { DeadLetterCode } from "../../contract/refusals.ts";
import { type Action, type ActorEvent, type Effect, readEffects } from "./effects.ts";
import { toErrorData } from "./error-data.ts";
import { begin, type Chosen, chooseTransitions, doesAnything, transition } from "./macrostep.ts";
import { checkContext, checkPlain } from "./plain-data.ts";
import { collectSent, createSelf, type Identity, isChildReference, listGone, prepareChildren, setSnapshot } from "./references.ts";

/** For whoever hands them on and does not look inside. */
export type { AnyMachineSnapshot, AnyStateMachine };

export interface Step {
  event: ActorEvent;
  snapshot: AnyMachineSnapshot;
  effects: Effect[];
}

/** Computes the steps that share a commit: XState's `self` is made once for all of them. */
export interface Computation {
  self: AnyActorRef;
  scope: AnyActorScope;
  /** What the present step is to do. */
  actions: Action[];
}

const ignore = (): void => {};

/** @param identity whose steps they are */
export function openComputation(identity: Identity): Computation {
  const self = createSelf(identity);
  const actions: Computation["actions"] = [];
  const computation: Computation = {
    self,
    actions,
    // As XState's own `transition` has it, which makes an actor and two systems for each step.
    scope: {
      ...{ self, system: self.system, id: "", sessionId: "" },
      ...{ defer: ignore, logger: ignore, stopChild: ignore, emit: ignore },
      actionExecutor: (action) => void computation.actions.push(action as Action),
    },
  };
  return computation;
}

/** The first step of an actor. One that throws gives an actor in error, of which nothing leaves, as in XState. */
export function startMachine(computation: Computation, machine: AnyStateMachine, input: Json | undefined): Step {
  return compute(computation, undefined, { type: "xstate.init" }, () => begin(machine, input, computation.scope));
}

/**
 * A further step.
 * @param given the event of which `event` is the machine's own copy: if it was judged last, it is not judged again
 */
export function stepMachine(
  computation: Computation,
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: ActorEvent,
  given: ActorEvent,
): Step {
  const chosen = judged && judged.event === given && judged.snapshot === before ? judged.chosen : undefined;
  judged = undefined;
  return compute(computation, before, event, () => transition(machine, before, event, computation.scope, chosen));
}

function compute(computation: Computation, before: AnyMachineSnapshot | undefined, event: ActorEvent, run: () => AnyMachineSnapshot): Step {
  const { self } = computation;
  setSnapshot(self, before);
  computation.actions = [];
  const { result: snapshot, sent } = collectSent(run);
  if (snapshot.status === "error" && !before) return { event, snapshot, effects: [] };
  const { effects, spawned } = readEffects(computation.actions, before, self, sent);
  for (const id in snapshot.children) {
    const child = snapshot.children[id];
    // A child without a spawn action comes from spawn() inside assign: nobody would start it.
    if (before?.children[id] !== child && !spawned.has(child as AnyActorRef))
      throw new Error(`the child ${id} was spawned inside assign; use invoke or spawnChild`);
  }
  return { event, snapshot, effects };
}

/**
 * Puts the active states into document order. XState keeps them in the order in which they were entered, forgets that
 * order when it stores them, and looks for eventless transitions in it: without this an eviction could change what a
 * parallel machine does next.
 */
export function orderNodes<Snapshot extends AnyMachineSnapshot>(snapshot: Snapshot): Snapshot {
  snapshot._nodes.sort((a, b) => a.order - b.order);
  return snapshot;
}

/** A snapshot as it is stored. */
export interface StoredSnapshot {
  text: string;
  /** Whether what is read back is this snapshot in all that a machine can see. */
  exact: boolean;
}

/** @throws when what is read back would not be equal, with the path */
export function persistSnapshot(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): StoredSnapshot {
  const { children } = snapshot;
  const gone = new Set<string>();
  const exact = checkContext(snapshot.context, (reference) => {
    if (!isChildReference(reference))
      throw new Error("context holds a reference to no child, which would be lost with the object's memory: store the actor's id");
    const { id } = reference as AnyActorRef;
    if (!Object.hasOwn(children, id)) gone.add(id);
    return gone.has(id) || children[id] === reference;
  });
  if (snapshot.output !== undefined) checkPlain(snapshot.output, "output");
  const persisted = machine.getPersistedSnapshot(snapshot);
  const stored: StoredFacts = {
    ...persisted,
    ...(persisted.error !== undefined && { error: toErrorData(persisted.error) }),
    ...(gone.size > 0 && { gone: [...gone] }),
  };
  return { text: JSON.stringify(stored), exact };
}

/** What the host adds to XState's persisted snapshot. */
interface StoredFacts {
  /** Ids of children that are there no more, and that context still refers to. */
  gone?: string[];
}

/**
 * The snapshot of what was stored.
 * @throws when it names a state that the machine does not have
 */
export function restoreSnapshot(machine: AnyStateMachine, stored: Json): AnyMachineSnapshot {
  const { gone = [], children } = stored as StoredFacts & { children?: object };
  const whole = { ...(stored as object), children: { ...children, ...listGone(gone) } };
  const snapshot = machine.restoreSnapshot(whole as never, { self: undefined } as never) as AnyMachineSnapshot;
  prepareChildren(snapshot.children, gone);
  return orderNodes(snapshot);
}

/** Why an event is refused. */
export type RefusalCode = Exclude<DeadLetterCode, "threw" | "poison">;

/**
 * Whether the actor takes an event that somebody sends: it is active, its machine names the type, and its present state
 * has a transition for it. It is an event, as {@link findFault} knows. Types that no machine names are not even asked about: XState would remember each for ever.
 * @throws what a guard throws
 */
export function judgeEvent(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: ActorEvent): RefusalCode | undefined {
  // `xstate.route.*` are the only events of XState's own that may be sent from outside.
  if (event.type.startsWith("xstate.") && event.type !== "xstate.route") return "reserved_event";
  if (snapshot.status !== "active") return "not_active";
  if (!namesEvent(machine, event.type)) return "unknown_event";
  const chosen = chooseTransitions(machine, snapshot, event);
  judged = { snapshot, event, chosen };
  return doesAnything(chosen) ? undefined : "not_taken";
}

/** What was judged last: it is taken next, as a rule. */
let judged: { snapshot: AnyMachineSnapshot; event: ActorEvent; chosen: Chosen } | undefined;

/** Why something is no event. */
export function findFault(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return "an event is an object with a type";
  const { type } = event as { type?: unknown };
  if (typeof type !== "string" || type === "") return "an event's type is a text";
  if (type === "*") return "an event's type cannot be *, which stands for all";
  try {
    checkPlain(event, "event");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function namesEvent(machine: AnyStateMachine, type: string): boolean {
  const known = machine.events as string[];
  return (
    known.includes(type) ||
    known.some((name) => name.endsWith("*") && (name === "*" || type.startsWith(name.slice(0, -1)) || type === name.slice(0, -2)))
  );
}
