/** All that may happen next in a world: deliveries, timers, agents and their presence, people. */
import type { Seat } from "../../machines/messages.ts";
import type { RoleIr, WorkflowIr } from "../compile/ir.ts";
import { collectsClaims } from "../compile/lower/party.ts";
import { sizeAudience } from "./audience-size.ts";
import { tellTimer } from "./happenings.ts";
import type { Model } from "./model.ts";
import type { Fact } from "./step-actor.ts";
import type { Outcome, Stepper } from "./stepper.ts";
import { readRecruitment, readTask, type World } from "./world.ts";

/** Who makes it happen. */
export type By = "channel" | "timer" | "agent" | "host" | "presence" | "person" | "rounds";

/** Something that may happen next, and each way in which it may end. */
export interface Move {
  by: By;
  /** The sentence of a story; empty: not worth telling. */
  told: string;
  outcomes: Outcome[];
  /** A person may do it in any wait for a person, so it is a way out of one. */
  resumes?: true;
}

/** The state of a role's region of recruitment, e.g. `held.here`; undefined where it has none. */
export function readRegion(world: World, role: string): string | undefined {
  const value = (world.recruitment.snapshot.value as { open?: Record<string, unknown> }).open?.[role];
  if (typeof value === "string") return value;
  return value ? Object.entries(value).map(([outer, inner]) => `${outer}.${String(inner)}`)[0] : undefined;
}

function isTaken(world: World, to: "recruitment" | "task", event: Fact): boolean {
  const actor = world[to];
  return actor?.snapshot.status === "active" && actor.snapshot.can(event as never);
}

/** Runs a step; an action that throws is a fault of the machine, and nothing happened. */
function attempt(world: World, work: () => Outcome[]): Outcome[] {
  try {
    return work();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ world, told: [], faults: [{ kind: "step-fails", node: null, detail }], played: [] }];
  }
}

function deliver(stepper: Stepper, world: World): Move[] {
  const moves: Move[] = [];
  for (const to of ["task", "recruitment"] as const) {
    const channel = to === "task" ? "toTask" : "toRecruitment";
    const [event, ...rest] = world[channel];
    if (!event) continue;
    const after = { ...world, [channel]: rest };
    const skip = (faults: Outcome["faults"]): Outcome[] => [{ world: after, told: [], faults, played: [] }];
    const state = JSON.stringify(world[to]?.snapshot.value);
    let outcomes: Outcome[];
    if (world[to]?.snapshot.status !== "active") outcomes = skip([]);
    else if (!isTaken(world, to, event))
      outcomes = skip([{ kind: "lost-message", node: null, detail: `the ${to} in ${state} does not take "${event.type}"` }]);
    else outcomes = attempt(after, () => (to === "task" ? stepper.toTask(after, event) : stepper.toRecruitment(after, event)));
    moves.push({ by: "channel", told: "", outcomes });
  }
  return moves;
}

function isAssembling(world: World): boolean {
  return world.task === null && world.recruitment.snapshot.status === "active";
}

/** Roles whose recruitment is looked at now. While a thread is assembled, one at a time: their order changes nothing. */
function listRecruiting(model: Model, world: World): RoleIr[] {
  const seeking = model.ir.roles.filter((role) => /^(offering|backoff)/.test(readRegion(world, role.name) ?? ""));
  return isAssembling(world) ? seeking.slice(0, 1) : seeking;
}

function fire(model: Model, stepper: Stepper, world: World): Move[] {
  const recruiting = new Set(listRecruiting(model, world).map((role) => role.name));
  const moves: Move[] = [];
  for (const id of world.recruitment.timers) {
    const role = id.split(".")[5] ?? "";
    const waits = /\.(offering|backoff)/.test(id) && !recruiting.has(role);
    if (waits) continue;
    const outcomes = attempt(world, () => stepper.toRecruitment(world, { type: id }, id));
    moves.push({ by: "timer", told: tellTimer(id), outcomes });
  }
  for (const id of world.task?.timers ?? [])
    moves.push({ by: "timer", told: tellTimer(id), outcomes: attempt(world, () => stepper.toTask(world, { type: id }, id)) });
  return moves;
}

/** Agents that may claim a role: its own, and where it matters who it is, a second. */
function listClaimants(model: Model, role: RoleIr): string[] {
  const { agents, notAgents, notRoles } = role.eligibility;
  const apart = new Set([
    ...notAgents,
    ...notRoles.flatMap((name) => {
      const other = model.roles.get(name);
      return other?.agent && "id" in other.agent ? [other.agent.id] : [];
    }),
  ]);
  if (agents) return agents.filter((agent) => !apart.has(agent)).slice(0, 2);
  return collectsClaims(role) ? [`${role.name}-1`, `${role.name}-2`] : [`${role.name}-1`];
}

function claim(model: Model, stepper: Stepper, world: World): Move[] {
  const { offers } = readRecruitment(world);
  return listRecruiting(model, world).flatMap((role) => {
    if (!readRegion(world, role.name)?.startsWith("offering")) return [];
    const event = { type: "role.claim", role: role.name, offer: offers[role.name] };
    const eligible = listClaimants(model, role).map((agent, score): Fact => ({ ...event, agent, eligible: true, score }));
    // A claim that is refused must change nothing.
    const stranger: Fact = { ...event, agent: "stranger", eligible: false, why: "not_eligible" };
    return [...eligible, stranger].flatMap((fact): Move[] => {
      if (!isTaken(world, "recruitment", fact)) return [];
      const told = fact["eligible"] === true ? `${fact["agent"]} claims ${role.name}` : `a stranger claims ${role.name}`;
      return [{ by: "agent", told, outcomes: attempt(world, () => stepper.toRecruitment(world, fact)) }];
    });
  });
}

function answer(model: Model, stepper: Stepper, world: World): Move[] {
  const context = readTask(world);
  const open = context?.open;
  if (!context || !open || !world.task) return [];
  const role = model.roles.get(open.role);
  const broadcast = role?.type === "broadcast";
  const { audience } = context;
  const fence = { turn: open.turn, agent: open.agent ?? "one-of-them", generation: open.generation };
  const spent: World = { ...world, budget: { ...world.budget, faults: world.budget.faults - 1 } };
  const moves: Move[] = [];
  const add = (by: By, from: World, fact: Fact, told: string): void => {
    if (isTaken(world, "task", fact)) moves.push({ by, told, outcomes: attempt(world, () => stepper.toTask(from, fact)) });
  };
  if (broadcast) {
    const asked = sizeAudience(role);
    add(
      "host",
      world,
      { type: "audience.asked", turn: open.turn, asked },
      `${asked === 1 ? "one agent is" : "two agents are"} given the turn`,
    );
    add("host", world, { type: "audience.asked", turn: open.turn, asked: 0 }, `nobody may play ${open.role}`);
  }
  // The host hears each agent once.
  if (audience && audience.acked + audience.failed >= audience.asked) return moves;
  add("agent", world, { type: "turn.answered", ...fence, ok: true }, `${open.role} answers`);
  const usage = role && findWhole(model.ir, role);
  if (usage && world.budget.faults > 0)
    add("agent", spent, { type: "turn.answered", ...fence, ok: true, usage }, `${open.role} answers, and has spent the budget`);
  if (world.budget.faults > 0) {
    add("agent", spent, { type: "turn.failed", ...fence, retryable: true }, `${open.role} fails, and says it may be tried again`);
    add("agent", spent, { type: "turn.failed", ...fence, retryable: false }, `${open.role} fails for good`);
    add("agent", spent, { type: "turn.invalid", ...fence }, `${open.role} gives an answer that does not fit its schema`);
    if (!broadcast)
      add(
        "host",
        spent,
        { type: "delivery.refused", about: "turn.assigned", reason: "deleted", ...fence },
        `the turn of ${open.role} cannot be delivered`,
      );
  }
  if (world.budget.rounds > 0 && model.looping.has(open.role) && open.state === "given") {
    const out: World = { ...stepper.useUpRounds(world), budget: { ...world.budget, rounds: world.budget.rounds - 1 } };
    moves.push({
      by: "rounds",
      told: `after ${model.ir.maxRounds} turns (max_rounds), ${open.role} answers`,
      outcomes: attempt(world, () => stepper.toTask(out, { type: "turn.answered", ...fence, ok: true })),
    });
  }
  return moves;
}

/** What spends every budget that a role's turn draws on; undefined: there is none. */
function findWhole(ir: WorkflowIr, { budget }: RoleIr): { tokens: number; cost: number } | undefined {
  if (!ir.budget && !budget) return undefined;
  const most = (what: "tokens" | "cost"): number => Math.max(ir.budget?.[what] ?? 0, budget?.[what] ?? 0);
  return { tokens: most("tokens"), cost: most("cost") };
}

function endChild(stepper: Stepper, world: World): Move[] {
  const context = readTask(world);
  if ((context?.children?.left ?? 0) <= 0) return [];
  return ["completed", "failed"].flatMap((status): Move[] => {
    const fact: Fact = { type: "child.ended", round: context?.round, status };
    if (!isTaken(world, "task", fact)) return [];
    return [{ by: "host", told: `a child is ${status}`, outcomes: attempt(world, () => stepper.toTask(world, fact)) }];
  });
}

function changePresence(stepper: Stepper, world: World): Move[] {
  const { seats } = readRecruitment(world);
  const { budget } = world;
  const spent: World = { ...world, budget: { ...budget, presence: budget.presence - 1 } };
  const moves: Move[] = [];
  for (const [role, { agent, generation }] of Object.entries(seats) as [string, Seat][]) {
    if (agent === null) continue;
    const region = readRegion(world, role) ?? "";
    const add = (from: World, fact: Fact, told: string): void => {
      if (isTaken(world, "recruitment", fact))
        moves.push({ by: "presence", told, outcomes: attempt(world, () => stepper.toRecruitment(from, fact)) });
    };
    // Who went away may always come back.
    if (/away|gone/.test(region)) add(world, { type: "agent.back", agent }, `the holder of ${role} is back`);
    if (budget.presence <= 0) continue;
    if (/here/.test(region)) add(spent, { type: "agent.away", agent }, `the holder of ${role} goes away`);
    add(spent, { type: "agent.deleted", agent }, `the holder of ${role} is deleted`);
    add(spent, { type: "role.release", role, agent, generation }, `the holder gives ${role} back`);
  }
  return moves;
}

function order(stepper: Stepper, world: World): Move[] {
  const { budget } = world;
  const waits = world.recruitment.snapshot.hasTag("waits-for-person") || world.recruitment.snapshot.hasTag("suspended");
  const spent: World = { ...world, budget: { ...budget, person: budget.person - 1 } };
  const orders: [string, World, string][] = [];
  if (waits) orders.push(["thread.resume", world, "an operator resumes the thread"]);
  if (budget.person > 0)
    orders.push(["thread.suspend", spent, "an operator suspends the thread"], ["thread.cancel", spent, "an operator cancels the thread"]);
  return orders.flatMap(([type, from, told]): Move[] => {
    if (!isTaken(world, "recruitment", { type })) return [];
    const outcomes = attempt(world, () => stepper.toRecruitment(from, { type }));
    return [{ by: "person", told, outcomes, ...(type === "thread.resume" ? { resumes: true as const } : {}) }];
  });
}

/** Messages in flight while something else happens. One shows every race between two things. */
const underWay = 1;

/** Everything that may happen next. */
export function listMoves(model: Model, stepper: Stepper, world: World): Move[] {
  const moves = deliver(stepper, world);
  if (world.recruitment.snapshot.status !== "active" || world.toTask.length + world.toRecruitment.length > underWay) return moves;
  return [
    ...moves,
    ...claim(model, stepper, world),
    ...answer(model, stepper, world),
    ...endChild(stepper, world),
    ...fire(model, stepper, world),
    ...changePresence(stepper, world),
    ...order(stepper, world),
  ];
}
