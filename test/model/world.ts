/**
 * Both machines of a thread, the two channels between them and every timer, as one world of plain data that is stepped
 * by moves: what the composed exploration walks through.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from "xstate";
import type { CompiledWorkflow } from "../../src/compile/compile-workflow.ts";
import { listParty, listWaived } from "../../src/compile/lower/party.ts";
import { type Effect, load, readEffects } from "../unit/machines/puppet.ts";

/** An event on its way. */
export interface Message {
  type: string;
  [fact: string]: unknown;
}

/** One actor at rest. */
export interface Actor {
  /** Persisted snapshot. */
  stored: unknown;
  /** Timers by id. */
  timers: Record<string, Message>;
}

/** A thread at rest between two events. */
export interface World {
  recruitment: Actor;
  task: Actor | null;
  toTask: Message[];
  toRecruitment: Message[];
  /** The generation under which each agent was told that it has a role, and not yet that it has it no more: `role agent`. */
  leases: Record<string, number>;
  /** The last turn of which an answer was stored. */
  appended: number;
  /** What may still happen that no machine bounds. */
  budget: { presence: number; person: number; faults: number };
}

/** Something that may happen next. */
export interface Move {
  label: string;
  /** Who makes it happen: the machinery, an agent, a person. */
  by: "channel" | "timer" | "agent" | "presence" | "person";
  world: World;
}

/** The machines of a workflow, loaded. */
export interface Model {
  compiled: CompiledWorkflow;
  recruitment: AnyStateMachine;
  task: AnyStateMachine;
  /** Who claims. */
  agents: string[];
  /** Effects of every step, for invariants. */
  observe?(actor: "recruitment" | "task", effects: Effect[]): void;
}

/** A message that a live actor did not take: for the host it would be a dead letter. */
export class ParkedError extends Error {}

export function makeModel(compiled: CompiledWorkflow, agents = ["a", "b"]): Model {
  return { compiled, recruitment: load(compiled.recruitment), task: load(compiled.task), agents };
}

/** What agents were told of their roles. */
function followLeases(leases: World["leases"], effects: Effect[]): World["leases"] {
  const next = { ...leases };
  for (const effect of effects) {
    if (effect.kind !== "send" || !effect.to.startsWith("agent/")) continue;
    const { type, role, generation } = effect.event as { type: string; role?: string; generation?: number };
    const key = `${role} ${effect.to.slice("agent/".length)}`;
    if (type === "claim.accepted" || type === "role.assigned") next[key] = generation as number;
    if (type === "role.ended" && next[key] === generation) delete next[key];
  }
  return next;
}

/** Roles of the party that the thread begins without, though nothing says that it may. */
function listAbsent(model: Model, input: unknown): string[] {
  const { start, seats, unfilled } = input as {
    start: "new" | "resume";
    seats: Record<string, { agent: string | null }>;
    unfilled: string[];
  };
  const { ir } = model.compiled;
  return listParty(ir, start).filter((role) => !seats[role]?.agent && !(unfilled.includes(role) && listWaived(ir).includes(role)));
}

interface Step {
  snapshot: AnyMachineSnapshot;
  effects: Effect[];
}

function readStep([snapshot, actions]: readonly [unknown, readonly unknown[]]): Step {
  return { snapshot: snapshot as AnyMachineSnapshot, effects: readEffects(actions as never) };
}

/** What one machine was asked before: worlds share most of their actors' states. */
interface Known {
  /** Persisted snapshots by their text, so that equal ones are one object. */
  stored: Map<string, object>;
  persisted: WeakMap<AnyMachineSnapshot, object>;
  snapshots: WeakMap<object, AnyMachineSnapshot>;
  steps: WeakMap<object, Map<string, Step>>;
}

const known = new WeakMap<AnyStateMachine, Known>();

function recall(machine: AnyStateMachine): Known {
  let found = known.get(machine);
  if (!found) {
    found = { stored: new Map(), persisted: new WeakMap(), snapshots: new WeakMap(), steps: new WeakMap() };
    known.set(machine, found);
  }
  return found;
}

/** The actor's snapshot. */
export function revive(machine: AnyStateMachine, { stored }: Actor): AnyMachineSnapshot {
  const { snapshots } = recall(machine);
  let snapshot = snapshots.get(stored as object);
  if (!snapshot) {
    snapshot = machine.restoreSnapshot(stored as never, { self: undefined } as never) as AnyMachineSnapshot;
    snapshots.set(stored as object, snapshot);
  }
  return snapshot;
}

/** One transition of an actor at rest. */
function stepActor(machine: AnyStateMachine, actor: Actor, event: Message): Step {
  const { steps } = recall(machine);
  const taken = steps.get(actor.stored as object) ?? new Map<string, Step>();
  steps.set(actor.stored as object, taken);
  const key = JSON.stringify(event);
  const step = taken.get(key) ?? readStep(transition(machine, revive(machine, actor), event as never));
  taken.set(key, step);
  return step;
}

function applyTimers(timers: Record<string, Message>, effects: Effect[]): Record<string, Message> {
  const next = { ...timers };
  for (const effect of effects) {
    if (effect.kind === "timer") next[effect.id] = effect.event;
    if (effect.kind === "cancelTimer") delete next[effect.id];
  }
  return next;
}

function persist(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): object {
  const { stored, persisted } = recall(machine);
  let found = persisted.get(snapshot);
  if (!found) {
    const text = JSON.stringify(machine.getPersistedSnapshot(snapshot));
    found = stored.get(text) ?? (JSON.parse(text) as object);
    stored.set(text, found);
    persisted.set(snapshot, found);
  }
  return found;
}

function listTo(effects: Effect[], to: string): Message[] {
  return effects.flatMap((effect) => (effect.kind === "send" && effect.to === to ? [effect.event] : []));
}

function settleRecruitment(model: Model, world: World, timers: Record<string, Message>, step: Step): World {
  const { effects } = step;
  model.observe?.("recruitment", effects);
  const recruitment = { stored: persist(model.recruitment, step.snapshot), timers: applyTimers(timers, effects) };
  let next: World = {
    ...world,
    recruitment,
    leases: followLeases(world.leases, effects),
    toTask: [...world.toTask, ...listTo(effects, "task")],
  };
  const spawn = effects.find((effect) => effect.kind === "spawn");
  if (spawn?.kind === "spawn" && listAbsent(model, spawn.input).length > 0)
    throw new Error(`the thread starts without ${listAbsent(model, spawn.input).join(", ")}`);
  if (spawn?.kind === "spawn") next = startTask(model, next, spawn.input)[0] ?? next;
  return next;
}

function startTask(model: Model, world: World, input: unknown): World[] {
  const step = readStep(initialTransition(model.task, input as never));
  // $START is decided in the same commit; its first edge is taken here, for every other is explored elsewhere.
  return settleTask(model, { ...world, task: { stored: null, timers: {} } }, {}, step).map(({ world: next }) => next);
}

/** Every way in which the moderator may answer, each with its label. */
function settleTask(model: Model, world: World, timers: Record<string, Message>, step: Step): { label: string; world: World }[] {
  const { effects } = step;
  model.observe?.("task", effects);
  const task = { stored: persist(model.task, step.snapshot), timers: applyTimers(timers, effects) };
  const toRecruitment = [...world.toRecruitment, ...listTo(effects, "parent")];
  const snapshot = revive(model.task, task);
  if (snapshot.status === "done") toRecruitment.push({ type: "xstate.done.actor.task", output: snapshot.output, actorId: "task" });
  const appended = effects.reduce((last, effect) => {
    const params =
      effect.kind === "write" && effect.type === "message.append" ? (effect.params as { turn: number; status: null }) : undefined;
    return params?.status === null ? params.turn : last;
  }, world.appended);
  const next = { ...world, task, toRecruitment, appended };
  const node = readDeciding(snapshot);
  if (node === undefined) return [{ label: "", world: next }];
  const edges = model.compiled.ir.nodes.find((candidate) => candidate.name === node)?.edges ?? [];
  const children = (edge: string): object =>
    (edges.find(({ id }) => id === edge)?.spawn ?? []).some((spawn) => spawn.await !== undefined) ? { children: 1 } : {};
  const answers: [string, Message][] = edges.map(({ id }) => [
    id,
    { type: "xstate.done.actor.moderate", output: { edge: id, suspend: { reason: "x" }, ...children(id) }, actorId: "moderate" },
  ]);
  if (node !== "$START")
    answers.push([
      "$SUSPEND",
      { type: "xstate.done.actor.moderate", output: { edge: "$SUSPEND", suspend: { reason: "x" } }, actorId: "moderate" },
    ]);
  answers.push(["error", { type: "xstate.error.actor.moderate", error: { message: "broke" }, actorId: "moderate" }]);
  if (node === "$START") answers.splice(1);
  return answers.flatMap(([label, event]) =>
    settleTask(model, next, task.timers, stepActor(model.task, task, event)).map((after) => ({
      label: `${label} ${after.label}`.trim(),
      world: after.world,
    })),
  );
}

/** The node that waits for the moderator. */
export function readDeciding(snapshot: AnyMachineSnapshot): string | undefined {
  const value = snapshot.value as { active?: Record<string, unknown> };
  return Object.entries(value.active ?? {}).find(([, state]) => state === "deciding" || state === "exhausted")?.[0];
}

/** Gives recruitment an event. */
export function sendRecruitment(model: Model, world: World, event: Message, timers = world.recruitment.timers): World {
  return settleRecruitment(model, world, timers, stepActor(model.recruitment, world.recruitment, event));
}

/** Gives the task an event; one world per way of deciding. */
export function sendTask(model: Model, world: World, event: Message, timers?: Record<string, Message>): { label: string; world: World }[] {
  if (!world.task) return [];
  return settleTask(model, world, timers ?? world.task.timers, stepActor(model.task, world.task, event));
}

/** A thread that has just begun. */
export function beginWorld(model: Model, budget: World["budget"], start: "new" | "resume" = "new"): World {
  const named = model.compiled.ir.roles.filter((role) => role.type === "named");
  const seats = Object.fromEntries(named.map((role) => [role.name, { agent: `the-${role.name}`, generation: 1 }]));
  const world: World = {
    recruitment: { stored: null, timers: {} },
    task: null,
    toTask: [],
    toRecruitment: [],
    leases: {},
    appended: 0,
    budget,
  };
  return settleRecruitment(model, world, {}, readStep(initialTransition(model.recruitment, { start, seats } as never)));
}
