/** The events that may come in a state of either machine, each under a key that means the same in every such state. */

import type { RecruitmentContext } from "../../../machines/recruitment/context.ts";
import type { TaskContext } from "../../../machines/task/context.ts";
import type { NodeIr, WorkflowIr } from "../../compile/ir.ts";
import { sizeAudience } from "../audience-size.ts";
import type { AnyMachineSnapshot, Fact } from "../step-actor.ts";

/** An event and how it is called in a path. */
export interface KeyedEvent {
  key: string;
  event: Fact;
}

/** Timers that the state has set. */
function listTimers(snapshot: AnyMachineSnapshot): KeyedEvent[] {
  const nodes = (snapshot as unknown as { _nodes: { after: { eventType: string }[] }[] })._nodes;
  const types = new Set(nodes.flatMap((node) => node.after.map(({ eventType }) => eventType)));
  return [...types].map((type) => ({ key: type.replace("xstate.after.", "time "), event: { type } }));
}

const orders: KeyedEvent[] = ["suspend", "resume", "cancel", "fail"].map((order) => ({
  key: `thread.${order}`,
  event: { type: `thread.${order}`, reason: "asked" },
}));

/** The node that waits for the moderator, and what for. */
export function readDeciding(snapshot: AnyMachineSnapshot): { node: string; state: string } | undefined {
  const { active } = snapshot.value as { active?: Record<string, unknown> };
  const [node, state] = Object.entries(active ?? {})[0] ?? [];
  return node !== undefined && (state === "deciding" || state === "exhausted") ? { node, state } : undefined;
}

const broken: KeyedEvent = {
  key: "moderate fails",
  event: { type: "xstate.error.actor.moderate", error: { message: "broke" }, actorId: "moderate" },
};

function decide(edge: string, children: number): KeyedEvent {
  const output = { edge, suspend: { reason: "asked" }, ...(children > 0 ? { children } : {}) };
  return { key: `moderate ${edge}`, event: { type: "xstate.done.actor.moderate", output, actorId: "moderate" } };
}

/** Decisions that are no edge of the author's. */
const unusual = new Set(["moderate $SUSPEND", "moderate no such edge", "moderate fails"]);

/** Every way in which the moderator may decide; the last ones are its failures. */
export function listDecisions(node: NodeIr | undefined): KeyedEvent[] {
  const edges = node?.edges ?? [];
  const known = edges.map((edge) => decide(edge.id, edge.spawn.filter((spawn) => spawn.await !== undefined).length));
  const suspends = edges.some((edge) => edge.id === "$SUSPEND") ? [] : [decide("$SUSPEND", 0)];
  return [...known, ...suspends, decide("no such edge", 0), broken];
}

/** Gives a broadcast's turn to as many agents as stand for its audience. Other roles have no such event. */
function countAsked(ir: WorkflowIr, role: string): number {
  const found = ir.roles.find(({ name }) => name === role);
  return found ? sizeAudience(found) : 0;
}

/** What leads to the next decision when all goes well. */
function listWork(ir: WorkflowIr, { open, seats, audience, children, round }: TaskContext): KeyedEvent[] {
  if (children) return [{ key: "child.ended completed", event: { type: "child.ended", round, status: "completed" } }];
  if (!open) return [];
  const { role, turn } = open;
  const generation = (seats[role]?.generation ?? 0) + 1;
  const asked = countAsked(ir, role);
  return [
    { key: `role.bound ${role}`, event: { type: "role.bound", role, agent: `${role}-${generation % 3}`, generation } },
    { key: `audience.asked ${asked}`, event: { type: "audience.asked", turn, asked } },
    ...(audience && audience.acked + audience.failed >= audience.asked
      ? []
      : [
          {
            key: "turn.answered",
            event: { type: "turn.answered", turn, agent: open.agent ?? "anybody", generation: open.generation, ok: true },
          },
        ]),
  ];
}

/** What uses up the rounds: turns that go well, and suspensions, which count as one. */
export function listRounds(ir: WorkflowIr, snapshot: AnyMachineSnapshot): KeyedEvent[] {
  const deciding = readDeciding(snapshot);
  if (deciding) return listDecisions(ir.nodes.find((node) => node.name === deciding.node)).filter(({ key }) => key !== broken.key);
  return [...listWork(ir, snapshot.context as TaskContext), ...orders.filter(({ key }) => key === "thread.resume")];
}

/**
 * What may come to the task.
 * @param focus the role in whose turns anything may come; the others' turns just go well
 */
export function listTaskEvents(ir: WorkflowIr, snapshot: AnyMachineSnapshot, focus: string): KeyedEvent[] {
  const context = snapshot.context as TaskContext;
  const { open, seats, audience, children, round } = context;
  const role = open?.role;
  const aside = role !== undefined && role !== focus;
  const deciding = readDeciding(snapshot);
  if (deciding) {
    const decisions = listDecisions(ir.nodes.find((node) => node.name === deciding.node));
    return aside ? decisions.filter(({ key }) => !unusual.has(key)) : decisions;
  }
  if (aside) return listWork(ir, context);
  const events: KeyedEvent[] = [...orders, ...listTimers(snapshot)];
  // Late events change nothing: checking that once, at the beginning, is enough.
  const early = round - context.base <= 1 && context.retries === 0 && context.invalid === 0;
  const add = (key: string, event: Fact): void => {
    if (early || !key.endsWith(" late")) events.push({ key, event });
  };
  // One of the roles that do not have the turn stands for all of them.
  const other = ir.roles.find((candidate) => candidate.name !== role && candidate.type !== "broadcast")?.name;
  for (const name of [role, other]) {
    if (name === undefined) continue;
    const generation = seats[name]?.generation ?? 0;
    add(`role.bound ${name}`, { type: "role.bound", role: name, agent: `${name}-${(generation + 1) % 3}`, generation: generation + 1 });
    add(`role.bound ${name} late`, { type: "role.bound", role: name, agent: `${name}-1`, generation });
    add(`role.unfilled ${name}`, { type: "role.unfilled", role: name });
    for (const why of ["lost", "released"]) add(`role.lost ${name} ${why}`, { type: "role.lost", role: name, generation, why });
    add(`role.lost ${name} late`, { type: "role.lost", role: name, generation: generation - 1, why: "lost" });
    for (const type of ["role.offline", "role.online"]) {
      add(`${type} ${name}`, { type, role: name, generation });
      add(`${type} ${name} late`, { type, role: name, generation: generation - 1 });
    }
  }
  add("delivery.refused late", { type: "delivery.refused", agent: "nobody", about: "role.ended", reason: "deleted" });
  add("audience.asked late", { type: "audience.asked", turn: -1, asked: 1 });
  add("child.ended late", { type: "child.ended", round: -1, status: "completed" });
  if (children) for (const status of ["completed", "failed"]) add(`child.ended ${status}`, { type: "child.ended", round, status });
  if (!open) return events;
  const fence = { turn: open.turn, agent: open.agent ?? "anybody", generation: open.generation };
  if (!audience || audience.acked + audience.failed < audience.asked) {
    add("turn.answered", { type: "turn.answered", ...fence, ok: true });
    if (audience) add("turn.answered not ok", { type: "turn.answered", ...fence, ok: false });
    add("turn.invalid", { type: "turn.invalid", ...fence });
    add("turn.failed retryable", { type: "turn.failed", ...fence, retryable: true });
    add("turn.failed", { type: "turn.failed", ...fence, retryable: false });
    add("turn.progress", { type: "turn.progress", ...fence });
  }
  add("delivery.refused", { type: "delivery.refused", about: "turn.assigned", reason: "deleted", ...fence });
  for (const asked of [countAsked(ir, open.role), 0]) add(`audience.asked ${asked}`, { type: "audience.asked", turn: open.turn, asked });
  return events;
}

function addRoleEvents(context: RecruitmentContext, role: string, add: (key: string, event: Fact) => void): void {
  const offer = context.offers[role] ?? 0;
  const seat = context.seats[role];
  const generation = seat?.generation ?? 0;
  for (const [agent, score] of [
    ["one", 1],
    ["two", 2],
  ] as const)
    add(`claim ${role} by ${agent}`, { type: "role.claim", role, agent: `${role}-${agent}`, offer, eligible: true, score });
  add(`claim ${role} by a stranger`, { type: "role.claim", role, agent: "stranger", offer, eligible: false, why: "not_eligible" });
  add(`exhaust ${role}`, { type: "offer.exhausted", role, offer });
  add(`assign ${role}`, { type: "role.assign", role, agent: `${role}-chosen` });
  add(`need ${role}`, { type: "role.needed", role, generation, why: "needed" });
  add(`free ${role}`, { type: "role.freed", role, generation });
  const leader = context.leading[role]?.agent;
  if (leader !== undefined)
    for (const change of ["away", "deleted"]) add(`${change} leader of ${role}`, { type: `agent.${change}`, agent: leader });
  const agent = seat?.agent;
  if (typeof agent !== "string") return;
  for (const change of ["away", "back", "deleted"]) add(`${change} ${role}`, { type: `agent.${change}`, agent });
  add(`release ${role}`, { type: "role.release", role, agent, generation });
  add(`refuse ${role}`, { type: "delivery.refused", agent, about: "claim.accepted", role, generation, reason: "deleted" });
}

/**
 * What may come to recruitment.
 * @param focus the role that things happen to; the others are only claimed, one after the other
 */
export function listRecruitmentEvents(ir: WorkflowIr, snapshot: AnyMachineSnapshot, focus: string): KeyedEvent[] {
  const context = snapshot.context as RecruitmentContext;
  const timers = listTimers(snapshot).filter(
    ({ key }) => key.includes(".$thread.") || key.includes(`.open.${focus}.`) || key.endsWith(`.open.${focus}`),
  );
  const events: KeyedEvent[] = [...orders, ...timers];
  const add = (key: string, event: Fact): void => void events.push({ key, event });
  if (focus !== "") addRoleEvents(context, focus, add);
  const next = ir.roles.find((role) => role.type === "open" && role.name !== focus && typeof context.seats[role.name]?.agent !== "string");
  if (next) {
    const name = next.name;
    const offer = context.offers[name] ?? 0;
    add(`claim ${name} by one`, { type: "role.claim", role: name, agent: `${name}-one`, offer, eligible: true, score: 1 });
    add(`exhaust ${name}`, { type: "offer.exhausted", role: name, offer });
  }
  for (const change of ["away", "back", "deleted"]) add(`${change} a stranger`, { type: `agent.${change}`, agent: "stranger" });
  add("delivery.refused late", { type: "delivery.refused", agent: "stranger", about: "role.ended", reason: "deleted" });
  if (context.taskUp) {
    add("task suspended", { type: "thread.suspended", reason: "asked" });
    for (const status of ["completed", "failed", "cancelled", "lost"])
      add(`task ${status}`, { type: "xstate.done.actor.task", output: { status, reason: null, role: null, round: 1 }, actorId: "task" });
    add("task broke", { type: "xstate.error.actor.task", error: { message: "broke" }, actorId: "task" });
  } else add("task suspended", { type: "thread.suspended", reason: "asked" });
  return events;
}
