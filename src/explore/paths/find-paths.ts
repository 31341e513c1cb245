/**
 * Finds paths through one machine that together take every state and transition that can be taken: what can be
 * reached, walked by shortest ways, one per place that is not covered yet, each gone on with as long as it covers more.
 */

import { loadMachine } from "../../../machines/load-machine.ts";
import type { RecruitmentContext } from "../../../machines/recruitment/context.ts";
import type { TaskContext } from "../../../machines/task/context.ts";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { shrinkAudiences } from "../audience-size.ts";
import type { AnyMachineSnapshot, AnyStateMachine } from "../step-actor.ts";
import { beginActor, type Fact, stepActor } from "../step-actor.ts";
import { type KeyedEvent, listRecruitmentEvents, listRounds, listTaskEvents, readDeciding } from "./list-events.ts";
import { type MarkedConfig, markConfig, type Place, readMarks } from "./mark-config.ts";

/** One step of a path: an event, the decisions that follow it in the same commit, and where the machine must be then. */
export interface PathStep {
  key: string;
  event: Fact;
  decisions: KeyedEvent[];
  expect: PathState;
}

/** What is compared after each step. */
export interface PathState {
  value: unknown;
  status: string;
  context: unknown;
}

/** A path from a machine's beginning. */
export interface Path {
  machine: "recruitment" | "task";
  /** What is special about its beginning. */
  title: string;
  input: unknown;
  /** Decisions of the first commit. */
  decisions: KeyedEvent[];
  expect: PathState;
  steps: PathStep[];
  /** Places that it takes. */
  covers: string[];
}

/** A machine's paths, and all that they should take. */
export interface MachinePaths {
  machine: "recruitment" | "task";
  marked: MarkedConfig;
  paths: Path[];
  /** True where the walk was ended by its limit. */
  bounded: boolean;
}

/** A way in which a machine may begin, and what may come then. */
interface Beginning {
  title: string;
  /** Beginnings of one kind differ only in their first states: a walk ends where it meets a state that another has walked. */
  kind: string;
  input: unknown;
  list(snapshot: AnyMachineSnapshot): KeyedEvent[];
  key(snapshot: AnyMachineSnapshot): string;
}

/** Steps that one path may have. */
const longest = 60;

/** States per beginning; what lies beyond is reported as not covered. */
const statesAtMost = 2_500;

function readHistory({ historyValue }: AnyMachineSnapshot): unknown {
  return Object.entries((historyValue ?? {}) as Record<string, { id: string }[]>).map(([id, nodes]) => [id, nodes.map((node) => node.id)]);
}

/** With the rounds: the state that is counted to. */
function keyRounds(snapshot: AnyMachineSnapshot): string {
  const { round, base, open, audience, children } = snapshot.context as TaskContext;
  return JSON.stringify([snapshot.value, readHistory(snapshot), open?.role, open?.state, round - base, audience, children]);
}

/** Without the rounds: in each state the first way there stands for all, and the rounds are not used up. */
function keyTask(snapshot: AnyMachineSnapshot): string {
  const { seats, open, retries, invalid, audience, children, suspendAsked, unfilled } = snapshot.context as TaskContext;
  const held = Object.entries(seats).map(([role, { agent, gone }]) => `${role}${agent === null ? "" : "+"}${gone ? "!" : ""}`);
  const turn = open && [open.role, open.state];
  return JSON.stringify([
    snapshot.value,
    readHistory(snapshot),
    held.sort(),
    turn,
    retries,
    invalid,
    audience,
    children,
    suspendAsked,
    Object.keys(unfilled),
  ]);
}

function keyRecruitment(snapshot: AnyMachineSnapshot): string {
  const { seats, tries, leading, last, unfilled, taskUp, paused, closing, start, offers } = snapshot.context as RecruitmentContext;
  const held = Object.entries(seats).map(([role, { agent, gone }]) => `${role}${agent === null ? "" : "+"}${gone ? "!" : ""}`);
  const leads = Object.entries(leading).map(([role, claim]) => `${role}${claim.agent}${claim.offer === offers[role]}`);
  return JSON.stringify([
    snapshot.value,
    readHistory(snapshot),
    held.sort(),
    tries,
    leads,
    last,
    Object.keys(unfilled),
    taskUp,
    paused,
    closing,
    start,
  ]);
}

/** A machine's config with its places marked and its counters made small. */
function mark(compiled: CompiledWorkflow, which: MachinePaths["machine"]): MarkedConfig {
  const config = which === "task" ? shrinkAudiences(compiled.task, compiled.ir) : compiled.recruitment;
  return markConfig(config, compiled.ir.roles.length + 1);
}

function assignNamed({ ir }: CompiledWorkflow): Record<string, { agent: string; generation: number }> {
  const named = ir.roles.filter((role) => role.type === "named");
  return Object.fromEntries(named.map((role) => [role.name, { agent: `${role.name}-holder`, generation: 1 }]));
}

function listStarts({ ir }: CompiledWorkflow): ("new" | "resume")[] {
  const edges = ir.nodes.find((node) => node.name === "$START")?.edges ?? [];
  return edges.some(({ guard }) => guard.type === "status" && guard.status === "resume") ? ["new", "resume"] : ["new"];
}

function beginTask(compiled: CompiledWorkflow): Beginning[] {
  const seats = assignNamed(compiled);
  const unfilled = compiled.ir.roles.filter((role) => role.type === "open").map((role) => role.name);
  const begin = (title: string, start: string, focus: string, roles: string[]): Beginning => ({
    title: `${title}, ${focus}`,
    kind: focus,
    input: { start, seats, round: 0, unfilled: roles },
    list: (snapshot) => listTaskEvents(compiled.ir, snapshot, focus),
    key: keyTask,
  });
  return [
    ...listStarts(compiled).flatMap((start) => compiled.ir.roles.map((role) => begin(start, start, role.name, []))),
    ...unfilled.map((role) => begin("unfilled", "new", role, unfilled)),
    // Only the beginning differs: the other paths cover what follows the first decision.
    ...compiled.ir.roles.map(({ name: node }) => {
      const { list, ...after } = begin("after", "new", node, []);
      const input = { ...(after.input as object), round: 2, from: { node } };
      return {
        ...after,
        kind: `after ${node}`,
        input,
        list: (snapshot: AnyMachineSnapshot) => (snapshot.context.round === 2 ? list(snapshot) : []),
      };
    }),
    {
      title: "rounds",
      kind: "rounds",
      input: { start: "new", seats, round: 0, unfilled: [] },
      list: (snapshot) => listRounds(compiled.ir, snapshot),
      key: keyRounds,
    },
  ];
}

function beginRecruitment(compiled: CompiledWorkflow): Beginning[] {
  const seats = assignNamed(compiled);
  const roles = compiled.ir.roles.filter((role) => role.type !== "broadcast").map((role) => role.name);
  const regions = compiled.recruitment.states["open"]?.states ?? {};
  return listStarts(compiled).flatMap((start) =>
    (roles.length > 0 ? roles : [""])
      // A reopened thread differs only where a region asks how it began.
      .filter((focus, index) => start === "new" || index === 0 || regions[focus]?.states?.["beginning"] !== undefined)
      .map((focus) => ({
        title: `${start}, ${focus}`,
        kind: focus,
        input: { start, seats },
        list: (snapshot: AnyMachineSnapshot): KeyedEvent[] => listRecruitmentEvents(compiled.ir, snapshot, focus),
        key: keyRecruitment,
      })),
  );
}

interface Edge {
  key: string;
  from: string;
  to: string;
  marks: string[];
}

/** The ways out of every state that can be reached, in the order of their distance from the first. */
interface Graph {
  first: string;
  edges: Map<string, Edge[]>;
  bounded: boolean;
}

/** @param walked states that another beginning of this kind has gone on from */
function walk(machine: AnyStateMachine, { input, list, key }: Beginning, walked: Set<string>): Graph {
  const { snapshot: begun } = beginActor(machine, input);
  const first = key(begun);
  const edges = new Map<string, Edge[]>();
  const known = new Set([first]);
  const queue: [string, AnyMachineSnapshot][] = [[first, begun]];
  for (let next = queue.shift(); next && known.size <= statesAtMost; next = queue.shift()) {
    const [from, snapshot] = next;
    const ways: Edge[] = [];
    edges.set(from, ways);
    if (walked.has(from) || snapshot.status !== "active") continue;
    walked.add(from);
    for (const keyed of list(snapshot)) {
      if (!snapshot.can(keyed.event as never)) continue;
      const { snapshot: after, effects } = stepActor(machine, snapshot, keyed.event);
      const to = key(after);
      ways.push({ key: keyed.key, from, to, marks: readMarks(effects.written) });
      if (known.has(to)) continue;
      known.add(to);
      queue.push([to, after]);
    }
  }
  return { first, edges, bounded: known.size > statesAtMost };
}

/** The way into every state by which it was reached first. */
function findShortest({ first, edges }: Graph): Map<string, Edge | undefined> {
  const into = new Map<string, Edge | undefined>([[first, undefined]]);
  for (const ways of edges.values()) for (const edge of ways) if (!into.has(edge.to)) into.set(edge.to, edge);
  return into;
}

function toState({ value, status, context }: AnyMachineSnapshot): PathState {
  return { value, status, context: structuredClone(context) };
}

/** Replays keys exactly, and cuts the path where a key does not apply: states that look alike may differ in a counter. */
function replay(machine: AnyStateMachine, which: Path["machine"], beginning: Beginning, keys: string[]): Path {
  const begun = beginActor(machine, beginning.input);
  let { snapshot } = begun;
  const covers = new Set(readMarks(begun.effects.written));
  const path: Path = {
    machine: which,
    title: beginning.title,
    input: beginning.input,
    decisions: [],
    expect: toState(snapshot),
    steps: [],
    covers: [],
  };
  let current: PathStep | undefined;

  function take(keyed: KeyedEvent): void {
    const stepped = stepActor(machine, snapshot, keyed.event);
    snapshot = stepped.snapshot;
    for (const id of readMarks(stepped.effects.written)) covers.add(id);
    if (current) current.expect = toState(snapshot);
    else path.expect = toState(snapshot);
  }
  /** A decision belongs to the commit that asked for it: a path never ends before it is made. */
  function decideBy(key: string | undefined): boolean {
    const decisions = beginning.list(snapshot);
    const chosen = decisions.find((keyed) => keyed.key === key) ?? decisions[0];
    if (!chosen) return false;
    (current ?? path).decisions.push(chosen);
    take(chosen);
    return chosen.key === key;
  }

  for (const key of keys) {
    if (readDeciding(snapshot)) {
      if (!decideBy(key)) break;
      continue;
    }
    const keyed = beginning.list(snapshot).find((candidate) => candidate.key === key);
    if (!keyed || snapshot.status !== "active" || !snapshot.can(keyed.event as never)) break;
    current = { key, event: keyed.event, decisions: [], expect: toState(snapshot) };
    path.steps.push(current);
    take(keyed);
  }
  for (let asked = 0; readDeciding(snapshot) && asked < longest; asked++) decideBy(undefined);
  path.covers = [...covers];
  return path;
}

function coverBeginning(
  machine: AnyStateMachine,
  which: Path["machine"],
  beginning: Beginning,
  covered: Set<string>,
  walked: Set<string>,
): { paths: Path[]; bounded: boolean } {
  const graph = walk(machine, beginning, walked);
  const { bounded } = graph;
  const listEdges = (from: string): Edge[] => graph.edges.get(from) ?? [];
  const into = findShortest(graph);
  const isNew = (edge: Edge): boolean => edge.marks.some((id) => !covered.has(id));
  const wayTo = (state: string): string[] => {
    const keys: string[] = [];
    for (let edge = into.get(state); edge; edge = into.get(edge.from)) keys.unshift(edge.key);
    return keys;
  };
  const paths: Path[] = [];
  const add = (keys: string[]): void => {
    const path = replay(machine, which, beginning, keys);
    if (path.covers.every((id) => covered.has(id))) return;
    for (const id of path.covers) covered.add(id);
    paths.push(path);
  };
  add([]);
  for (const state of into.keys())
    for (const edge of listEdges(state)) {
      if (!isNew(edge)) continue;
      const keys = [...wayTo(state), edge.key];
      const planned = new Set(edge.marks);
      let at = edge.to;
      while (keys.length < longest) {
        const next = listEdges(at).find((way) => way.marks.some((id) => !covered.has(id) && !planned.has(id)));
        if (!next) break;
        for (const id of next.marks) planned.add(id);
        keys.push(next.key);
        at = next.to;
      }
      add(keys);
      // The longer path may have been cut early: try the intended one by itself.
      if (isNew(edge)) add([...wayTo(state), edge.key]);
    }
  return { paths, bounded };
}

/**
 * Finds the paths of one machine.
 * @throws if its config cannot be loaded
 */
export function findPaths(compiled: CompiledWorkflow, which: Path["machine"]): MachinePaths {
  const marked = mark(compiled, which);
  const loaded = loadMachine(marked.config);
  if (!loaded.ok) throw new Error(loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
  const covered = new Set<string>();
  const paths: Path[] = [];
  const walked = new Map<string, Set<string>>();
  let bounded = false;
  for (const beginning of which === "task" ? beginTask(compiled) : beginRecruitment(compiled)) {
    const known = walked.get(beginning.kind) ?? new Set<string>();
    walked.set(beginning.kind, known);
    const found = coverBeginning(loaded.machine, which, beginning, covered, known);
    paths.push(...found.paths);
    bounded ||= found.bounded;
  }
  return { machine: which, marked, paths, bounded };
}

/** The keys of a path, decisions included: what {@link followKeys} takes. */
export function listKeys({ decisions, steps }: Path): string[] {
  return [...decisions.map(({ key }) => key), ...steps.flatMap((step) => [step.key, ...step.decisions.map(({ key }) => key)])];
}

/**
 * The path of these keys.
 * @throws where the machine has no such beginning, or does not take a key where it comes
 */
export function followKeys(
  compiled: CompiledWorkflow,
  which: Path["machine"],
  title: string,
  keys: string[],
): Path & { marked: MarkedConfig } {
  const beginnings = which === "task" ? beginTask(compiled) : beginRecruitment(compiled);
  const beginning = beginnings.find((candidate) => candidate.title === title);
  const marked = mark(compiled, which);
  const loaded = loadMachine(marked.config);
  if (!loaded.ok) throw new Error(loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
  if (!beginning)
    throw new Error(`the ${which} does not begin by "${title}"; it begins by ${beginnings.map((each) => each.title).join(", ")}`);
  const path = replay(loaded.machine, which, beginning, keys);
  const followed = listKeys(path);
  const missed = keys.findIndex((key, index) => followed[index] !== key);
  if (missed >= 0)
    throw new Error(
      `the ${which} in ${JSON.stringify(path.steps.at(-1)?.expect.value ?? path.expect.value)} does not take "${keys[missed]}" as step ${missed + 1}`,
    );
  return { ...path, marked };
}

/** Why a place is not covered. */
export function explainUncovered(place: Place, covered: Set<string>, bounded: boolean): string {
  if (place.kind === "transition" && !covered.has(place.state)) return `unreachable: the state ${place.state} is never entered`;
  if (place.kind === "transition" && /\.(deciding|exhausted)$/.test(place.state) && place.event === "thread.suspend")
    return "unreachable: deciding is one commit with what it is about, and nothing comes in between";
  if (place.guard?.type === "suspendAsked") return "unreachable: it needs an order in the middle of a decision, which is one commit";
  if (place.shadowed) return "unreachable: an earlier transition takes the event always";
  if (bounded) return "not reached: the walk was ended by its limit of states";
  if (place.kind === "state") return "unreachable: no transition that can be taken leads to it";
  if (place.guard) {
    const { type, params } = place.guard;
    return `unreachable: the guard ${type}${params ? ` ${JSON.stringify(params)}` : ""} never holds when the event comes`;
  }
  return "unreachable: the event never comes in this state";
}
