/**
 * A thread at rest between two events, as plain data: both machines, the two channels between them, every timer. Two
 * worlds that no guard tells apart are one: counters that only grow are counted from here, generations are ranked.
 */

import type { RecruitmentContext } from "../../machines/recruitment/context.ts";
import type { Spending, TaskContext } from "../../machines/task/context.ts";
import type { Model } from "./model.ts";
import type { AnyMachineSnapshot, Fact } from "./step-actor.ts";

/** One actor at rest. */
export interface ActorState {
  /** The same for the same state. */
  id: number;
  snapshot: AnyMachineSnapshot;
  /** Ids of the timers that are set, sorted. */
  timers: string[];
}

/** What may still happen that no machine bounds. */
export interface Budget {
  /** An agent goes away, is deleted, or gives a role back. */
  presence: number;
  /** An operator suspends or cancels, unasked. */
  person: number;
  /** A turn fails, is answered wrongly, or cannot be delivered. */
  faults: number;
  /** The turns are used up (`max_rounds`). */
  rounds: number;
}

/** A thread at rest. */
export interface World {
  recruitment: ActorState;
  task: ActorState | null;
  toTask: Fact[];
  toRecruitment: Fact[];
  budget: Budget;
  /** The engine's status that the next decision is about; null: an agent's answer. */
  status: string | null;
}

/** Stands for any round: all that counts is how many are left. */
const here = 1000;

export function readRecruitment(world: World): RecruitmentContext {
  return world.recruitment.snapshot.context as RecruitmentContext;
}

export function readTask(world: World): TaskContext | undefined {
  return world.task?.snapshot.context as TaskContext | undefined;
}

function sortKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const some = (text: string | null): string | null => (text === null ? null : "…");

/** Recruitment's context without what no guard reads. */
export function settleRecruitment(model: Model, snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const context = snapshot.context as RecruitmentContext;
  const { offers, leading } = context;
  const seats = Object.entries(context.seats).map(([role, seat]) => {
    const { agent, generation, gone } = seat;
    return [role, gone ? { agent, generation, gone } : { agent, generation }] as const;
  });
  const settled: RecruitmentContext = {
    ...context,
    seats: sortKeys(Object.fromEntries(seats)),
    offers: sortKeys(Object.fromEntries(Object.keys(offers).map((role) => [role, 1]))),
    tries: sortKeys(context.tries),
    leading: sortKeys(
      Object.fromEntries(Object.entries(leading).map(([role, claim]) => [role, { ...claim, offer: claim.offer === offers[role] ? 1 : 0 }])),
    ),
    last: model.keepsLast ? sortKeys(context.last) : {},
    unfilled: sortKeys(context.unfilled),
    round: 0,
    reason: some(context.reason),
    outcome: null,
  };
  return { ...snapshot, context: settled } as AnyMachineSnapshot;
}

/** The task's context without what no guard reads; rounds and turns counted from here. */
export function settleTask(model: Model, snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const context = snapshot.context as TaskContext;
  const { open } = context;
  const out = context.round - context.base >= model.ir.maxRounds && context.base < context.round;
  const seats = Object.entries(context.seats).map(([role, { agent, generation, gone }]) => {
    return [role, gone ? { agent, generation, gone } : { agent, generation }] as const;
  });
  const { spending, overspent, ...rest } = context;
  const settled: TaskContext = {
    ...rest,
    ...(spending && Object.keys(spending.thread).length + Object.keys(spending.roles).length > 0 && { spending: settleSpending(spending) }),
    ...(overspent?.length && { overspent }),
    seats: sortKeys(Object.fromEntries(seats)),
    unfilled: sortKeys(context.unfilled),
    round: here,
    base: out && isOut(context) ? here - model.ir.maxRounds : here,
    open: open && { ...open, turn: open.turn - context.round + here, decision: here, attempt: open.state === "waiting" ? 0 : 1 },
    reason: some(context.reason),
    resumed: some(context.resumed),
    outcome: null,
  };
  return { ...snapshot, context: settled } as AnyMachineSnapshot;
}

function settleSpending({ thread, roles }: Spending): Spending {
  return { thread: sortKeys(thread), roles: sortKeys(roles) };
}

// Rounds do not run out by themselves here: using them up is a move of its own, see `useUpRounds`.
function isOut(context: TaskContext): boolean {
  return context.base < here;
}

/** The task in the last turn that `max_rounds` allows. */
export function useUpRounds(model: Model, snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const context = snapshot.context as TaskContext;
  return { ...snapshot, context: { ...context, base: context.round - model.ir.maxRounds } } as AnyMachineSnapshot;
}

/** Whether the task is in the last turn that `max_rounds` allows. */
export function isExhausted(model: Model, world: World): boolean {
  const context = readTask(world);
  return context !== undefined && context.round - context.base >= model.ir.maxRounds;
}

function describeActor({ value, context, status, output, historyValue }: AnyMachineSnapshot, timers: string[]): string {
  const history = Object.entries((historyValue ?? {}) as Record<string, { id: string }[]>).map(([id, nodes]) => [
    id,
    nodes.map((node) => node.id),
  ]);
  const ended = (output as { status?: string } | undefined)?.status;
  return JSON.stringify([value, context, status, ended, history, timers]);
}

/** Gives equal states the same number. */
export interface Registry {
  add(snapshot: AnyMachineSnapshot, timers: string[]): ActorState;
}

export function createRegistry(): Registry {
  const known = new Map<string, ActorState>();
  return {
    add(snapshot, timers) {
      const text = describeActor(snapshot, timers);
      let state = known.get(text);
      if (!state) {
        state = { id: known.size, snapshot, timers };
        known.set(text, state);
      }
      return state;
    },
  };
}

type Ranks = Map<string, Map<number, number>>;

/** Ranks each role's generations in the whole world; undefined where they are their own ranks already. */
function rankGenerations(world: World): Ranks | undefined {
  const found = new Map<string, Set<number>>();
  const note = (role: string, generation: number): void => {
    let numbers = found.get(role);
    if (!numbers) {
      numbers = new Set();
      found.set(role, numbers);
    }
    numbers.add(generation);
  };
  for (const [role, seat] of Object.entries(readRecruitment(world).seats)) note(role, seat.generation);
  const task = readTask(world);
  for (const [role, seat] of Object.entries(task?.seats ?? {})) note(role, seat.generation);
  if (task?.open && task.open.generation > 0) note(task.open.role, task.open.generation);
  for (const { role, generation } of [...world.toTask, ...world.toRecruitment])
    if (typeof role === "string" && typeof generation === "number" && generation > 0) note(role, generation);
  let changes = false;
  const ranks: Ranks = new Map();
  for (const [role, numbers] of found) {
    const sorted = [...numbers].sort((a, b) => a - b);
    ranks.set(role, new Map(sorted.map((number, index) => [number, index + 1])));
    changes ||= sorted.some((number, index) => number !== index + 1);
  }
  return changes ? ranks : undefined;
}

/** The world with its generations ranked: only their order matters. */
export function rankWorld(world: World, recruitments: Registry, tasks: Registry): World {
  const ranks = rankGenerations(world);
  if (!ranks) return world;
  const rank = (role: string, generation: number): number => ranks.get(role)?.get(generation) ?? generation;
  const rankAssignments = <T extends { generation: number }>(seats: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(seats).map(([role, seat]) => [role, { ...seat, generation: rank(role, seat.generation) }]));
  const rankFacts = (facts: Fact[]): Fact[] =>
    facts.map((fact) =>
      typeof fact["role"] === "string" && typeof fact["generation"] === "number"
        ? { ...fact, generation: rank(fact["role"], fact["generation"]) }
        : fact,
    );
  const who = readRecruitment(world);
  const task = readTask(world);
  const recruitment = { ...world.recruitment.snapshot, context: { ...who, seats: rankAssignments(who.seats) } } as AnyMachineSnapshot;
  const turns =
    world.task && task
      ? ({
          ...world.task.snapshot,
          context: {
            ...task,
            seats: rankAssignments(task.seats),
            open: task.open && { ...task.open, generation: rank(task.open.role, task.open.generation) },
          },
        } as AnyMachineSnapshot)
      : null;
  return {
    ...world,
    recruitment: recruitments.add(recruitment, world.recruitment.timers),
    task: world.task && turns ? tasks.add(turns, world.task.timers) : null,
    toTask: rankFacts(world.toTask),
    toRecruitment: rankFacts(world.toRecruitment),
  };
}

/** What no guard reads of a message. */
const unread = new Set(["reason", "output", "error", "actorId"]);

/** What tells worlds apart. */
export function keyWorld({ recruitment, task, toTask, toRecruitment, budget, status }: World): string {
  const told = (key: string, value: unknown): unknown => (unread.has(key) && typeof value === "string" ? undefined : value);
  const channels = toTask.length + toRecruitment.length === 0 ? "" : JSON.stringify([toTask, toRecruitment], told);
  const { presence, person, faults, rounds } = budget;
  return `${recruitment.id}|${task?.id ?? ""}|${channels}|${presence}${person}${faults}${rounds}|${status ?? ""}`;
}
