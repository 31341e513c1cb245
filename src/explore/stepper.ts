/** Steps worlds: each actor's step is computed once, however many worlds share its state; decisions are taken in every way. */

import type { ModerateInput } from "../../machines/messages.ts";
import type { EdgeIr } from "../compile/ir.ts";
import { isEngineStatus } from "../contract/language.ts";
import { tellEffects } from "./happenings.ts";
import type { Model } from "./model.ts";
import type { AnyMachineSnapshot } from "./step-actor.ts";
import { type ActorStep, applyTimers, beginActor, type Fact, type StepEffects, stepActor } from "./step-actor.ts";
import {
  type ActorState,
  type Budget,
  createRegistry,
  rankWorld,
  settleRecruitment,
  settleTask,
  useUpRounds,
  type World,
} from "./world.ts";

/** What is wrong with one step, whatever led there. */
export interface StepFault {
  kind: "no-edge" | "wrong-way" | "lost-message" | "step-fails";
  node: string | null;
  detail: string;
}

/** A world that a step leads to. */
export interface Outcome {
  world: World;
  told: string[];
  faults: StepFault[];
  /** Roles that were given a turn on the way. */
  played: string[];
}

interface KnownStep {
  state: ActorState;
  effects: StepEffects;
  told: string[];
  raw: AnyMachineSnapshot;
}

export interface Stepper {
  begin(start: "new" | "resume", budget: Budget): Outcome[];
  /** @param timer its id, if the event is a timer's */
  toRecruitment(world: World, event: Fact, timer?: string): Outcome[];
  toTask(world: World, event: Fact, timer?: string): Outcome[];
  /** The world in the last turn that `max_rounds` allows. */
  useUpRounds(world: World): World;
}

interface Answer {
  edge: EdgeIr | undefined;
  event: Fact;
  told: string;
  fault?: StepFault;
}

const decided = (edge: string, children: number): Fact => ({
  type: "xstate.done.actor.moderate",
  output: { edge, suspend: { reason: "…" }, ...(children > 0 ? { children } : {}) },
  actorId: "moderate",
});

const broken = (message: string): Fact => ({ type: "xstate.error.actor.moderate", error: { message }, actorId: "moderate" });

/** Every way in which the moderator may decide at a node. */
export function listAnswers({ ir, nodes }: Model, input: ModerateInput, status: string | null, start: "new" | "resume"): Answer[] {
  const edges = nodes.get(input.node)?.edges ?? [];
  const take = (edge: EdgeIr): Answer => ({
    edge,
    event: decided(edge.id, edge.spawn.filter((spawn) => spawn.await !== undefined).length),
    told: "",
  });
  const nothing = (detail: string): Answer => ({
    edge: undefined,
    event: broken("no_edge"),
    told: detail,
    fault: { kind: "no-edge", node: input.node, detail },
  });
  const fails: Answer = { edge: undefined, event: broken("…"), told: `the decision at ${input.node} fails` };
  const suspends: Answer = { edge: undefined, event: decided("$SUSPEND", 0), told: `${input.node} answers $SUSPEND` };
  const given = input.status ?? status;
  if (given !== null && given !== undefined && ir.form !== "list" && ir.form !== "moderator") {
    const edge = edges.find(({ guard }) => guard.type === "status" && guard.status === given);
    return [edge ? take(edge) : nothing(`${input.node} has no edge for ${given}`), fails];
  }
  const own = edges.some((edge) => edge.id === "$SUSPEND") || input.node === "$START" ? [] : [suspends];
  if (ir.form === "list") {
    const always = edges.findIndex(({ guard }) => guard.type === "always");
    const tried = always < 0 ? edges : edges.slice(0, always + 1);
    const rest = always < 0 ? [nothing(`no condition of ${input.node} holds`)] : [];
    return [...tried.map(take), ...rest, ...own, fails];
  }
  const open = edges.filter(({ guard }) => {
    if (guard.type !== "status") return true;
    if (input.node === "$START") return guard.status === start || guard.status === "_";
    // Only the engine takes the edges of its own statuses: agents may not answer with them.
    return !isEngineStatus(guard.status);
  });
  return [...open.map(take), ...(open.length === 0 ? [nothing(`${input.node} has no edge that an answer could take`)] : []), ...own, fails];
}

export function createStepper(model: Model): Stepper {
  const recruitments = createRegistry();
  const tasks = createRegistry();
  const known = { recruitment: new Map<string, KnownStep>(), task: new Map<string, KnownStep>() };

  const label = (node: string, edge: string): string => model.nodes.get(node)?.edges.find(({ id }) => id === edge)?.label ?? edge;

  function settle(actor: "recruitment" | "task", step: ActorStep, timers: readonly string[]): KnownStep {
    const settled = actor === "task" ? settleTask(model, step.snapshot) : settleRecruitment(model, step.snapshot);
    const state = (actor === "task" ? tasks : recruitments).add(settled, applyTimers(timers, step.effects));
    return { state, effects: step.effects, told: tellEffects(step.effects, label), raw: step.snapshot };
  }

  function step(actor: "recruitment" | "task", before: ActorState, event: Fact, timer?: string): KnownStep {
    const key = `${before.id}|${JSON.stringify(event)}`;
    let found = known[actor].get(key);
    if (!found) {
      const timers = timer === undefined ? before.timers : before.timers.filter((id) => id !== timer);
      found = settle(actor, stepActor(model[actor], before.snapshot, event), timers);
      known[actor].set(key, found);
    }
    return found;
  }

  const listTo = (effects: StepEffects, to: string): Fact[] => effects.sent.flatMap(({ to: whom, event }) => (whom === to ? [event] : []));

  const finish = (world: World): World => rankWorld(world, recruitments, tasks);

  function afterRecruitment(world: World, { state, effects, told }: KnownStep): Outcome[] {
    const next: World = { ...world, recruitment: state, toTask: [...world.toTask, ...listTo(effects, "task")] };
    const spawn = effects.spawned.find(({ src }) => src === "task");
    if (!spawn) return [{ world: finish(next), told, faults: [], played: [] }];
    const begun = settle("task", beginActor(model.task, spawn.input), []);
    const start = (state.snapshot.context as { start: "new" | "resume" }).start;
    return afterTask({ ...next, task: begun.state }, begun, start).map((outcome) => ({ ...outcome, told: [...told, ...outcome.told] }));
  }

  function afterTask(world: World, { state, effects, told, raw }: KnownStep, start: "new" | "resume"): Outcome[] {
    const toRecruitment = [...world.toRecruitment, ...listTo(effects, "parent")];
    if (raw.status === "done") toRecruitment.push({ type: "xstate.done.actor.task", output: raw.output, actorId: "task" });
    const appended = effects.written.find(({ type }) => type === "message.append")?.params["status"];
    const status = appended === undefined ? world.status : typeof appended === "string" ? appended : null;
    const answered = (state.snapshot.context as { open: { state: string } | null }).open?.state === "answered";
    const next: World = { ...world, task: state, toRecruitment, status: answered ? status : null };
    const played = effects.sent.flatMap(({ event }) =>
      event.type === "turn.assigned" || event.type === "audience.ask" ? [String(event["role"])] : [],
    );
    const asked = effects.spawned.find(({ src }) => src === "moderate");
    if (!asked) return [{ world: finish(next), told, faults: [], played }];
    return listAnswers(model, asked.input as ModerateInput, status, start).flatMap((answer) => decide(next, answer, start, told, played));
  }

  function decide(world: World, answer: Answer, start: "new" | "resume", told: string[], played: string[]): Outcome[] {
    const before = world.task as ActorState;
    const after = step("task", before, answer.event);
    const faults = answer.fault ? [answer.fault] : judgeDecision(answer.edge, after);
    const said = answer.told === "" ? told : [...told, answer.told];
    return afterTask(world, after, start).map((outcome) => ({
      ...outcome,
      told: [...said, ...outcome.told],
      faults: [...faults, ...outcome.faults],
      played: [...played, ...outcome.played],
    }));
  }

  /** Whether the machine goes where the author's edge leads. */
  function judgeDecision(edge: EdgeIr | undefined, { effects, raw }: KnownStep): StepFault[] {
    if (!edge) return [];
    const { outcome, open, children } = raw.context as {
      outcome: { reason: string | null } | null;
      open: { role: string } | null;
      children: object | null;
    };
    if (outcome?.reason === "no_edge")
      return [{ kind: "no-edge", node: null, detail: `the moderator decides "${edge.label}", for which the machine has no transition` }];
    const record = effects.written.find(({ type }) => type === "decision.record")?.params;
    if (!record) return [];
    const ended = raw.status === "done";
    const to = String(record["to"]);
    const wrong =
      record["edge"] !== edge.id ||
      to !== edge.target ||
      (edge.target === "$END" && !ended && !children) ||
      (model.roles.has(edge.target) && !children && (ended || open?.role !== edge.target));
    if (!wrong) return [];
    const where = ended ? "its end" : (open?.role ?? JSON.stringify(raw.value));
    return [{ kind: "wrong-way", node: null, detail: `"${edge.label}" leads to ${edge.target}, and the machine went to ${where}` }];
  }

  return {
    begin(start, budget) {
      const named = model.ir.roles.filter((role) => role.type === "named");
      const seats = Object.fromEntries(
        named.map((role) => [role.name, { agent: role.agent && "id" in role.agent ? role.agent.id : `the-${role.name}`, generation: 1 }]),
      );
      const begun = settle("recruitment", beginActor(model.recruitment, { start, seats }), []);
      const world: World = { recruitment: begun.state, task: null, toTask: [], toRecruitment: [], budget, status: null };
      return afterRecruitment(world, begun);
    },
    toRecruitment: (world, event, timer) => afterRecruitment(world, step("recruitment", world.recruitment, event, timer)),
    toTask(world, event, timer) {
      if (!world.task) return [{ world, told: [], faults: [], played: [] }];
      const start = (world.task.snapshot.context as { start: "new" | "resume" }).start;
      return afterTask(world, step("task", world.task, event, timer), start);
    },
    useUpRounds(world) {
      if (!world.task) return world;
      return { ...world, task: tasks.add(useUpRounds(model, world.task.snapshot), world.task.timers) };
    },
  };
}
