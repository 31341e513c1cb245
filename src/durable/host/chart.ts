/**
 * What a transition does to the active states: which it leaves, which it enters and what runs on the way. That is the same each time
 * it is taken in the same states, so it is found once a machine, by the rules of SCXML as XState has them. Knows XState's nodes, no snapshot.
 */
import { and, spawnChild, stopChild } from "xstate";
import {
  ancestorsOf,
  asksHistory,
  byOrder,
  type ChartMachine,
  type ChartNode,
  type End,
  Entry,
  findEnd,
  type History,
  isInnermost,
  isWithin,
  listLeft,
  type MachineAction,
  rememberLeft,
  type Transition,
} from "./chart-nodes.ts";
import { hostLimits } from "./limits.ts";

/** A transition without an event, with its guard as one that can be asked. */
export interface Always {
  transition: Transition;
  guard: { check(snapshot: unknown, args: { context: unknown; event: unknown }, guard: unknown): boolean } | undefined;
}

/** Active states, and what is known of them. */
export interface Configuration {
  /** In document order, but for what was entered since the step began: in XState too that decides which region goes first. */
  readonly nodes: readonly ChartNode[];
  readonly value: unknown;
  readonly tags: ReadonlySet<string>;
  /** Of each innermost state, from it outwards. */
  readonly always: readonly (readonly Always[])[];
  /** The states from the innermost outwards, where only one is innermost. */
  readonly outwards: readonly ChartNode[] | undefined;
  readonly plans: Map<Transition, Plan>;
}

export interface Entered {
  readonly node: ChartNode;
  readonly actions: readonly MachineAction[];
  /** The children that it invokes: what is sent to them before they are there waits for them. */
  readonly invokes: string[];
  /** Of a final state. */
  readonly end?: End;
}

/** What a transition comes to. */
export interface Plan {
  /** Of each state that is left, from the inside. */
  readonly exits: readonly (readonly MachineAction[])[];
  readonly actions: readonly MachineAction[];
  readonly entries: readonly Entered[];
  readonly next: Configuration;
  /** What the history nodes of the states that are left remember from now on. */
  readonly remembered: History | undefined;
}

/** The states of one machine. */
export interface Chart {
  find(nodes: readonly ChartNode[]): Configuration;
  /** The same states in document order. */
  sort(configuration: Configuration): Configuration;
  plan(from: Configuration, transitions: readonly Transition[], history: History): Plan;
  /** How a new actor enters its first states. */
  initial(): Plan;
  /** Of several transitions those that are taken: one of an inner state goes before one of an outer state that would leave it. */
  withoutConflicts(from: Configuration, transitions: readonly Transition[], history: History): readonly Transition[];
}

/** XState's own, which its types make ready for machines that are known as they are compiled. */
const joinGuards: (guards: unknown[]) => NonNullable<Always["guard"]> = and as never;
const spawn: (src: string, facts: object) => MachineAction = spawnChild as never;

/** The value of a state as XState writes it: its regions are in the order of the active states, and choose in that order. */
function writeValue(node: ChartNode, nodes: readonly ChartNode[]): unknown {
  const children = nodes.filter((active) => active.parent === node);
  const [first] = children;
  if (node.type === "compound" && first && isInnermost(first)) return first.key;
  return Object.fromEntries(children.map((child) => [child.key, writeValue(child, nodes)]));
}

function listAlways(innermost: ChartNode): Always[] {
  return [innermost, ...ancestorsOf(innermost)].flatMap((node) =>
    (node.always ?? []).map((transition) => ({
      transition,
      // XState exports no evaluation of a guard, but one of several.
      guard: transition.guard === undefined ? undefined : joinGuards([transition.guard]),
    })),
  );
}

const charts = new WeakMap<ChartMachine, Chart>();

/** The chart of a machine, made once. */
export function chartOf(machine: ChartMachine): Chart {
  let chart = charts.get(machine);
  if (!chart) {
    chart = createChart(machine);
    charts.set(machine, chart);
  }
  return chart;
}

function createChart({ root }: ChartMachine): Chart {
  const byNodes = new WeakMap<readonly ChartNode[], Configuration>();
  const byOrders = new Map<string, Configuration>();
  let initial: Plan | undefined;
  const leaving = new WeakMap<ChartNode, readonly MachineAction[]>();
  const entering = new WeakMap<ChartNode, { [key in "plain" | "atStart"]?: Entered }>();

  function configure(nodes: readonly ChartNode[]): Configuration {
    const innermost = nodes.filter(isInnermost);
    const [only] = innermost;
    return {
      nodes,
      value: writeValue(root, nodes),
      tags: new Set(nodes.flatMap((node) => node.tags)),
      always: innermost.map(listAlways).filter((each) => each.length > 0),
      outwards: only && innermost.length === 1 ? [only, ...ancestorsOf(only)] : undefined,
      plans: new Map(),
    };
  }

  function find(nodes: readonly ChartNode[]): Configuration {
    const known = byNodes.get(nodes);
    if (known) return known;
    const key = nodes.map(({ order }) => order).join();
    let configuration = byOrders.get(key);
    if (!configuration) {
      configuration = configure(nodes);
      if (byOrders.size >= hostLimits.configurations) byOrders.clear();
      byOrders.set(key, configuration);
      byNodes.set(configuration.nodes, configuration);
    }
    return configuration;
  }

  function exit(node: ChartNode): readonly MachineAction[] {
    let actions = leaving.get(node);
    if (!actions) {
      actions = [...node.exit, ...node.invoke.map(({ id }) => stopChild(id))];
      leaving.set(node, actions);
    }
    return actions;
  }

  function enter(node: ChartNode, atStart: boolean): Entered {
    const known = entering.get(node) ?? {};
    entering.set(node, known);
    const as = atStart ? "atStart" : "plain";
    known[as] ??= {
      node,
      actions: [
        ...node.entry,
        ...node.invoke.map((invoke) => spawn(invoke.src, { ...invoke, syncSnapshot: !!invoke.onSnapshot })),
        ...(atStart ? node.initial.actions : []),
      ],
      invokes: node.invoke.map(({ id }) => id),
    };
    return known[as];
  }

  function makePlan(from: Configuration, transitions: readonly Transition[], history: History, left: ChartNode[]): Plan & Entry {
    const { nodes } = from;
    const remembered = rememberLeft(left, nodes);
    const entry = new Entry(remembered ? { ...history, ...remembered } : history);
    for (const transition of transitions) entry.addTransition(transition);
    const active = new Set(nodes);
    for (const node of left) active.delete(node);
    const ended = new Set<ChartNode>();
    const entries = [...entry.nodes].sort(byOrder).map((node) => {
      active.add(node);
      const entered = enter(node, entry.atStart.has(node));
      return node.type === "final" ? { ...entered, end: findEnd(node, active, ended) } : entered;
    });
    return Object.assign(entry, {
      exits: left.map(exit).filter((actions) => actions.length > 0),
      actions: transitions.flatMap(({ actions }) => actions),
      entries,
      // As XState has it: where nothing has changed, their order has not either.
      next: !remembered && active.size === nodes.length && nodes.every((node) => active.has(node)) ? from : find([...active]),
      remembered,
    });
  }

  return {
    find,
    sort: (configuration) => (configuration.outwards ? configuration : find([...configuration.nodes].sort(byOrder))),
    initial() {
      initial ??= makePlan(find([root]), [{ target: [root], source: root, reenter: true, actions: [] }], {}, []);
      return initial;
    },
    plan(from, transitions, history) {
      const [transition] = transitions;
      const make = () => makePlan(from, transitions, history, listLeft(from.nodes, transitions, history));
      if (!transition || transitions.length > 1) return make();
      const known = from.plans.get(transition);
      if (known) return known;
      const { exits, actions, entries, next, remembered, nodes } = make();
      const plan = { exits, actions, entries, next, remembered };
      if (!asksHistory(nodes, transition)) from.plans.set(transition, plan);
      return plan;
    },
    withoutConflicts({ nodes }, transitions, history) {
      if (transitions.length < 2) return transitions;
      const taken = new Set<Transition>();
      for (const transition of transitions) {
        const left = new Set(listLeft(nodes, [transition], history));
        const against = [...taken].filter((other) => listLeft(nodes, [other], history).some((node) => left.has(node)));
        const outer = against.findIndex(({ source }) => !isWithin(transition.source, source));
        if (outer >= 0) continue;
        for (const other of against) taken.delete(other);
        taken.add(transition);
      }
      return [...taken];
    },
  };
}
