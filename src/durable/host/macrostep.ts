/**
 * A machine's step by its chart: what XState's own `transition` gives, which finds anew each time what a transition leaves and enters.
 * Actions and guards are XState's. Knows no store and no clock.
 */
import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
} from "xstate";
import { type Chart, type Configuration, chartOf, type Plan } from "./chart.ts";
import type { ChartMachine, ChartNode, End, History, MachineAction, Transition } from "./chart-nodes.ts";

/** An event as a machine takes it. */
interface Event {
  type: string;
  [fact: string]: unknown;
}

/** A snapshot, as far as a step reads and writes it. */
interface Snapshot {
  readonly status: AnyMachineSnapshot["status"];
  readonly output?: unknown;
  readonly error?: unknown;
  readonly context: unknown;
  readonly children: Readonly<Record<string, AnyActorRef>>;
  readonly value: unknown;
  readonly tags: ReadonlySet<string>;
  readonly historyValue: History;
  readonly _nodes: readonly ChartNode[];
}

/** A machine, as far as a step asks it. */
interface Machine extends ChartMachine {
  readonly options: { maxIterations?: number };
  readonly implementations: {
    readonly actions: Readonly<Record<string, Builtin | undefined>>;
    readonly actors: Readonly<Record<string, AnyActorLogic | undefined>>;
  };
  getTransitionData(snapshot: Snapshot, event: Event): Chosen;
  /** The context of an input, before any state is entered. */
  _getPreInitialState(scope: AnyActorScope, event: Event, queue: Event[]): Snapshot;
  transition(snapshot: Snapshot, event: Event, scope: AnyActorScope): Snapshot;
  getInitialSnapshot(scope: AnyActorScope, input: unknown): Snapshot;
}

/** What a step computes with. */
interface Run {
  readonly machine: Machine;
  readonly chart: Chart;
  readonly scope: AnyActorScope;
  /** What is left to be executed. */
  readonly execute: (action: { type: string | undefined; params: unknown }) => void;
  /** Events that the machine raised and has not taken. */
  readonly queue: Event[];
}

/** One of XState's own actions: how it resolves, and its own facts. */
interface Builtin {
  (...args: never[]): unknown;
  readonly type?: string;
  resolve(scope: AnyActorScope, snapshot: Snapshot, args: Args, params: unknown, builtin: Builtin, extra: Extra): Resolved;
  retryResolve?(scope: AnyActorScope, snapshot: Snapshot, params: unknown): void;
  readonly execute?: unknown;
  readonly [fact: string]: unknown;
}

/** The snapshot after an action, what it executes with, and the actions that it comes to. */
type Resolved = [Snapshot, unknown, readonly MachineAction[] | undefined];

interface Args {
  context: unknown;
  event: Event;
  self: AnyActorRef;
  system: unknown;
}

interface Extra {
  internalQueue: Event[];
  deferredActorIds: readonly string[] | undefined;
}

/** The transitions that a machine takes by an event in a state. */
export type Chosen = readonly Transition[];

// XState's types leave out what it keeps for itself, and have more for machines that are known as they are compiled.
const open = (machine: AnyStateMachine): Machine => machine as unknown as Machine;
const read = (snapshot: AnyMachineSnapshot): Snapshot => snapshot as unknown as Snapshot;
const close = (snapshot: Snapshot): AnyMachineSnapshot => snapshot as unknown as AnyMachineSnapshot;

function openRun(machine: Machine, scope: AnyActorScope): Run {
  return { machine, chart: chartOf(machine), scope, execute: scope.actionExecutor as Run["execute"], queue: [] };
}

/** @throws what a guard throws */
export function chooseTransitions(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: Event): Chosen {
  return choose(open(machine), read(snapshot), event);
}

function choose(machine: Machine, snapshot: Snapshot, event: Event): Chosen {
  const { outwards } = chartOf(machine).find(snapshot._nodes);
  if (!outwards) return machine.getTransitionData(snapshot, event);
  for (const node of outwards) {
    const chosen = node.next(snapshot, event);
    if (chosen?.length) return chosen;
  }
  return [];
}

/** Whether a machine does anything by them: a transition that leads nowhere forbids its event. */
export function doesAnything(chosen: Chosen): boolean {
  return chosen.some(({ target, actions }) => target !== undefined || actions.length > 0);
}

/** The first snapshot of an actor; one whose machine throws is in error, as in XState. */
export function begin(machine: AnyStateMachine, input: unknown, scope: AnyActorScope): AnyMachineSnapshot {
  const run = openRun(open(machine), scope);
  const event = { type: "xstate.init", input };
  let snapshot: Snapshot | undefined;
  try {
    snapshot = run.machine._getPreInitialState(scope, event, run.queue);
    return close(settle(run, follow(run, snapshot, event, run.chart.initial(), run.chart.find(snapshot._nodes)), event));
  } catch (error) {
    // Its context could not be made: XState says what such an actor is.
    return close(snapshot ? { ...snapshot, status: "error", error } : run.machine.getInitialSnapshot(scope, input));
  }
}

/** @param judged what {@link chooseTransitions} gave for this very event, if it was asked */
export function transition(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: Event,
  scope: AnyActorScope,
  judged?: Chosen,
): AnyMachineSnapshot {
  const run = openRun(open(machine), scope);
  const snapshot = read(before);
  const chosen = judged ?? choose(run.machine, snapshot, event);
  // An error that nobody takes ends the actor, and so does being stopped: seldom, and by XState's own way.
  if (event.type === "xstate.stop" || (!chosen.length && event.type.startsWith("xstate.error.actor")))
    return close(run.machine.transition(snapshot, event, scope));
  return close(settle(run, microstep(run, snapshot, event, chosen), event));
}

/** Takes what follows without an event, and the events that the machine raised, until nothing follows. */
function settle(run: Run, from: Snapshot, cause: Event): Snapshot {
  const { machine, chart, queue } = run;
  const most = machine.options.maxIterations ?? Number.POSITIVE_INFINITY;
  let snapshot = from;
  let event = cause;
  let isChanged = true;
  for (let count = 1; snapshot.status === "active"; count++) {
    if (count > most) throw new Error(describeLoop(most));
    let chosen: Chosen = isChanged ? chooseAlways(chart, snapshot, event) : [];
    const previous = chosen.length ? snapshot : undefined;
    if (!chosen.length) {
      const next = queue.shift();
      if (!next) break;
      event = next;
      chosen = choose(machine, snapshot, event);
    }
    snapshot = microstep(run, snapshot, event, chosen);
    isChanged = snapshot !== previous;
  }
  if (snapshot.status !== "active")
    for (const child of Object.values(snapshot.children)) run.execute({ type: "xstate.stopChild", params: child });
  return sortNodes(chart, snapshot);
}

/** As XState says it. */
function describeLoop(most: number): string {
  return `Infinite loop detected: the machine has processed more than ${most} microsteps without reaching a stable state. This usually happens when there's a cycle of transitions (e.g., eventless transitions or raised events causing state A -> B -> C -> A).`;
}

/** In document order, as they are when what is stored comes back: XState keeps them in the order in which they were entered. */
function sortNodes(chart: Chart, snapshot: Snapshot): Snapshot {
  const from = chart.find(snapshot._nodes);
  const to = chart.sort(from);
  return to === from ? snapshot : { ...snapshot, _nodes: to.nodes };
}

function chooseAlways(chart: Chart, snapshot: Snapshot, event: Event): Chosen {
  const from = chart.find(snapshot._nodes);
  if (!from.always.length) return [];
  const args = { context: snapshot.context, event };
  const chosen = new Set<Transition>();
  for (const outwards of from.always) {
    const first = outwards.find(({ guard }) => !guard || guard.check(snapshot, args, guard));
    if (first) chosen.add(first.transition);
  }
  return chart.withoutConflicts(from, [...chosen], snapshot.historyValue);
}

function microstep(run: Run, before: Snapshot, event: Event, chosen: Chosen): Snapshot {
  if (!chosen.length) return before;
  const { chart } = run;
  const { historyValue } = before;
  const from = chart.find(before._nodes);
  return follow(run, before, event, chart.plan(from, chart.withoutConflicts(from, chosen, historyValue), historyValue), from);
}

function follow(run: Run, before: Snapshot, event: Event, plan: Plan, from: Configuration): Snapshot {
  const { exits, actions, entries, next, remembered } = plan;
  let snapshot = before;
  for (const group of exits) snapshot = act(run, snapshot, event, group);
  snapshot = act(run, snapshot, event, actions);
  for (const entered of entries) {
    snapshot = act(run, snapshot, event, entered.actions, entered.invokes);
    if (entered.end) snapshot = end(run, snapshot, event, entered.node, entered.end);
  }
  if (snapshot.status === "done")
    snapshot = act(
      run,
      snapshot,
      event,
      [...run.chart.sort(next).nodes].reverse().flatMap(({ exit }) => exit),
    );
  if (!remembered && next === from) return snapshot;
  const historyValue = remembered ? { ...before.historyValue, ...remembered } : before.historyValue;
  return { ...snapshot, _nodes: next.nodes, value: next.value, tags: next.tags, historyValue };
}

/** What has ended is told to the machine itself, as events. */
function end({ machine, queue, scope }: Run, snapshot: Snapshot, event: Event, node: ChartNode, ended: End): Snapshot {
  const { compound, parallel, outermost, isMachine } = ended;
  const { root } = machine;
  const outputOf = ({ output }: ChartNode, cause: Event): unknown =>
    typeof output === "function" ? output({ context: snapshot.context, event: cause, self: scope.self }) : output;
  const describe = ({ id }: ChartNode, output?: unknown): Event => ({ type: `xstate.done.state.${id}`, output });
  if (compound) queue.push(describe(compound, outputOf(node, event)));
  for (const each of parallel) queue.push(describe(each));
  if (!isMachine) return snapshot;
  if (root.output === undefined) return { ...snapshot, status: "done", output: undefined };
  const cause = describe(outermost, outermost.parent ? outputOf(outermost, event) : undefined);
  return { ...snapshot, status: "done", output: outputOf(root, cause) };
}

/**
 * Resolves actions, one after another.
 * @param invokes children that come to be by these actions: what is sent to one of them is addressed when it is there
 */
function act(run: Run, before: Snapshot, event: Event, actions: readonly MachineAction[], invokes?: readonly string[]): Snapshot {
  if (!actions.length) return before;
  const retries: [Builtin, unknown][] | undefined = invokes && [];
  const snapshot = actEach(run, before, event, actions, { internalQueue: run.queue, deferredActorIds: invokes }, retries);
  if (retries) for (const [builtin, params] of retries) builtin.retryResolve?.(run.scope, snapshot, params);
  return snapshot;
}

function actEach(
  run: Run,
  before: Snapshot,
  event: Event,
  actions: readonly MachineAction[],
  extra: Extra,
  retries: [Builtin, unknown][] | undefined,
): Snapshot {
  const { scope, machine, execute } = run;
  const { self, system } = scope;
  let snapshot = before;
  for (const action of actions) {
    const name = typeof action === "string" ? action : typeof action === "object" ? action.type : action.name;
    const builtin = typeof action === "function" ? (action as Builtin) : machine.implementations.actions[name];
    const { context } = snapshot;
    const params = typeof action === "object" ? readParams(action.params, context, event) : undefined;
    if (!builtin || !("resolve" in builtin)) {
      execute({ type: name, params });
      continue;
    }
    const [next, resolved, more] = resolve(run, snapshot, { context, event, self, system }, params, builtin, extra);
    snapshot = next;
    if (builtin.retryResolve) retries?.push([builtin, resolved]);
    if (builtin.execute) execute({ type: builtin.type, params: resolved });
    if (more) snapshot = actEach(run, snapshot, event, more, extra, retries);
  }
  return snapshot;
}

function readParams(params: unknown, context: unknown, event: Event): unknown {
  return typeof params === "function" ? params({ context, event }) : params;
}

/** That a child comes or goes changes no state, for which XState finds the value of all of them anew. */
function resolve(run: Run, snapshot: Snapshot, args: Args, params: unknown, builtin: Builtin, extra: Extra): Resolved {
  const { type, src } = builtin;
  if (type === "xstate.stopChild") return resolveStop(snapshot, args, params, builtin);
  if (type === "xstate.spawnChild" && typeof src === "string" && !src.startsWith("xstate.invoke."))
    return resolveSpawn(run, snapshot, args, builtin, src);
  return builtin.resolve(run.scope, snapshot, args, params, builtin, extra);
}

function resolveSpawn(run: Run, snapshot: Snapshot, args: Args, facts: Builtin, src: string): Resolved {
  const { id: named, systemId, input: given, syncSnapshot } = facts;
  const { context, event, self } = args;
  const logic = run.machine.implementations.actors[src];
  const id = (typeof named === "function" ? named(args) : named) as string;
  if (!logic) return [withChild(snapshot, id, undefined), { id: named, systemId, actorRef: undefined, src, input: undefined }, undefined];
  const input: unknown = typeof given === "function" ? given({ context, event, self }) : given;
  const options = { id, src, parent: self, syncSnapshot, systemId, input };
  const actorRef = createActor(logic, options as Parameters<typeof createActor>[1]);
  return [withChild(snapshot, id, actorRef), { id: named, systemId, actorRef, src, input }, undefined];
}

function withChild(snapshot: Snapshot, id: string, child: AnyActorRef | undefined): Snapshot {
  return { ...snapshot, children: { ...snapshot.children, [id]: child as AnyActorRef } };
}

function resolveStop(snapshot: Snapshot, args: Args, params: unknown, { actorRef }: Builtin): Resolved {
  const named: unknown = typeof actorRef === "function" ? actorRef(args, params) : actorRef;
  const child = (typeof named === "string" ? snapshot.children[named] : named) as AnyActorRef | undefined;
  if (!child) return [snapshot, undefined, undefined];
  const { [child.id]: _, ...children } = snapshot.children;
  return [{ ...snapshot, children }, child, undefined];
}
