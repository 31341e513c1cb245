/** Actions of recruitment, by name. What leaves a step is complete data. */
import { pickModes, readWord, startKeys } from "../../src/contract/language.ts";
import { clipReason, lookUp, readNumber, readObject, readReason, readText, readTexts, without } from "../facts.ts";
import type { Emitted, Holder, MachineOutcome, RecruitmentToAgent, RecruitmentToTask, Seat, TaskInput, ToOffers } from "../messages.ts";
import type { ActionMeaning, Facts, Params, Step } from "../steps.ts";
import type { RecruitmentContext } from "./context.ts";
import { judgeClaim } from "./guards.ts";
import { beatsLeader } from "./rank-claims.ts";

type Action = ActionMeaning<RecruitmentContext>;
type Steps = Step<RecruitmentContext>[];

function sendAgent(agent: string, event: RecruitmentToAgent): Step<RecruitmentContext> {
  return { send: `agent/${agent}`, event };
}

function sendOffers(event: ToOffers): Step<RecruitmentContext> {
  return { send: "offers", event };
}

function emit(event: Emitted): Step<RecruitmentContext> {
  return { emit: event };
}

function tellTask(context: RecruitmentContext, event: RecruitmentToTask): Steps {
  return context.taskUp ? [{ tell: "task", event }] : [];
}

function listHolders(context: RecruitmentContext): Holder[] {
  return Object.entries(context.seats).flatMap(([role, { agent, generation }]) => (agent === null ? [] : [{ role, agent, generation }]));
}

function readSeats(from: { [key: string]: unknown }): Record<string, Seat> {
  return { ...(readObject(from, "seats") as Record<string, Seat>) };
}

/** Binds the role to the agent, with the next generation. */
function bind(context: RecruitmentContext, role: string, agent: string, greet: (generation: number) => RecruitmentToAgent): Steps {
  const former = lookUp(context.seats, role);
  const generation = (former?.generation ?? 0) + 1;
  return [
    {
      assign: {
        seats: { ...context.seats, [role]: { agent, generation } },
        tries: without(context.tries, role),
        unfilled: without(context.unfilled, role),
        leading: without(context.leading, role),
        last: { ...context.last, [role]: agent },
      },
    },
    sendAgent(agent, greet(generation)),
    ...tellTask(context, { type: "role.bound", role, agent, generation }),
  ];
}

/** Ends the present holder's seat: the agent is told, and the task unless it is what freed the seat. */
function unbind(context: RecruitmentContext, role: string, why: string, tell: boolean): Steps {
  const seat = lookUp(context.seats, role);
  if (typeof seat?.agent !== "string") return [];
  return [
    { assign: { seats: { ...context.seats, [role]: { agent: null, generation: seat.generation } } } },
    sendAgent(seat.agent, { type: "role.ended", role, generation: seat.generation, reason: why }),
    ...(tell ? tellTask(context, { type: "role.lost", role, generation: seat.generation, why }) : []),
  ];
}

// An offer closes on exit of its state, before the award: only the event tells why.
function describeClose(context: RecruitmentContext, event: Facts, role: string): string {
  if (["role.claim", "role.assign", "offer.exhausted"].includes(event.type)) return "filled";
  if (event.type.startsWith("xstate.after.")) return lookUp(context.leading, role) ? "filled" : "expired";
  return event.type === "thread.suspended" ? "suspended" : "cancelled";
}

/**
 * Whoever was given the role is out of the running for those that set it apart: what leads there is rejected.
 * @param params `bars`: roles that collect claims and whose `not`, theirs or by its group, names this one
 */
function dropBarred(context: RecruitmentContext, role: string, agent: string, params: Params): Steps {
  const barred = readTexts(params, "bars").filter((other) => lookUp(context.leading, other)?.agent === agent);
  if (barred.length === 0) return [];
  const dropped = without(context.leading, role);
  const leading = barred.reduce((left, other) => without(left, other), dropped);
  return [{ assign: { leading } }, ...barred.flatMap((other) => rejectLeader(context, other, `holds:${role}`))];
}

/** Rejects the claim that led. */
function rejectLeader(context: RecruitmentContext, role: string, reason: string): Steps {
  const leader = lookUp(context.leading, role);
  return leader ? [sendAgent(leader.agent, { type: "claim.rejected", role, offer: leader.offer, reason })] : [];
}

/** The actions, by the names that configs use. */
export const recruitmentActions: Record<string, Action> = {
  ignore: () => [],
  begin: (_context, event) => {
    const input = readObject(event, "input");
    const seats = readSeats(input);
    const node = readText(readObject(input, "from"), "node");
    const holders = Object.entries(seats).filter((entry): entry is [string, Seat & { agent: string }] => entry[1].agent !== null);
    return [
      {
        assign: {
          start: readWord(input["start"], startKeys) ?? "new",
          round: readNumber(input, "round") ?? 0,
          seats,
          last: { ...(readObject(input, "last") as Record<string, string>) },
          offers: { ...(readObject(input, "offers") as Record<string, number>) },
          ...(node && { from: { node } }),
        },
      },
      ...holders.map(([role, { agent, generation }]) => sendAgent(agent, { type: "role.assigned", role, generation })),
    ];
  },
  because: (_context, event, params) => [{ assign: { reason: clipReason(readText(params, "reason")) || readReason(event, event.type) } }],
  setPaused: (_context, _event, params) => [{ assign: { paused: params["to"] === true } }],

  openOffer: (context, _event, params) => {
    const role = readText(params, "role");
    const offer = (lookUp(context.offers, role) ?? 0) + 1;
    return [
      { assign: { offers: { ...context.offers, [role]: offer }, unfilled: without(context.unfilled, role) } },
      sendOffers({
        type: "offer.open",
        role,
        offer,
        timeout: readNumber(params, "timeout") ?? 0,
        pick: readWord(params["pick"], pickModes) ?? "first",
      }),
    ];
  },
  closeOffer: (context, event, params) => {
    const role = readText(params, "role");
    const offer = lookUp(context.offers, role) ?? 0;
    return [sendOffers({ type: "offer.close", role, offer, why: describeClose(context, event, role) })];
  },
  dropLeader: (context, _event, params) => {
    const role = readText(params, "role");
    return [
      ...rejectLeader(context, role, readText(params, "why") || "offer_closed"),
      { assign: { leading: without(context.leading, role) } },
    ];
  },
  countOffer: (context, _event, params) => {
    const role = readText(params, "role");
    return [{ assign: { tries: { ...context.tries, [role]: (lookUp(context.tries, role) ?? 0) + 1 } } }];
  },
  award: (context, event, params) => {
    const role = readText(params, "role");
    const leader = lookUp(context.leading, role);
    const agent = readText(event, "agent");
    const offer = lookUp(context.offers, role) ?? 0;
    const losers = leader?.agent === agent ? [] : rejectLeader(context, role, "taken");
    return [
      ...bind(context, role, agent, (generation) => ({ type: "claim.accepted", role, offer, generation })),
      ...losers,
      ...dropBarred(context, role, agent, params),
    ];
  },
  awardLeader: (context, _event, params) => {
    const role = readText(params, "role");
    const leader = lookUp(context.leading, role);
    if (!leader) return [];
    return [
      ...bind(context, role, leader.agent, (generation) => ({ type: "claim.accepted", role, offer: leader.offer, generation })),
      ...dropBarred(context, role, leader.agent, params),
    ];
  },
  /** Keeps the better of the leading claim and this one, and rejects the other. */
  noteClaim: (context, event, params) => {
    const role = readText(params, "role");
    const agent = readText(event, "agent");
    const offer = readNumber(event, "offer") ?? 0;
    const score = readNumber(event, "score") ?? 0;
    const leader = lookUp(context.leading, role);
    if (leader?.offer === offer && !beatsLeader(score, leader))
      // An agent that leads and claims again keeps its first claim.
      return leader.agent === agent ? [] : [sendAgent(agent, { type: "claim.rejected", role, offer, reason: "outscored" })];
    const outscored = leader && leader.agent !== agent;
    return [
      { assign: { leading: { ...context.leading, [role]: { agent, offer, score } } } },
      ...(outscored ? [sendAgent(leader.agent, { type: "claim.rejected", role, offer, reason: "outscored" })] : []),
    ];
  },
  refuseClaim: (context, event, params) => {
    const role = readText(params, "role");
    const agent = readText(event, "agent");
    if (!agent) return [];
    const offer = readNumber(event, "offer") ?? 0;
    const reason = readText(params, "why") || judgeClaim(context, event, params) || "taken";
    return [sendAgent(agent, { type: "claim.rejected", role, offer, reason: clipReason(reason) })];
  },
  assignSeat: (context, event, params) => {
    const role = readText(params, "role");
    const agent = readText(event, "agent");
    const vacated = unbind(context, role, "reassigned", true);
    return [
      ...vacated,
      ...bind(context, role, agent, (generation) => ({ type: "role.assigned", role, generation })),
      ...dropBarred(context, role, agent, params),
    ];
  },
  vacate: (context, event, params) => {
    const role = readText(params, "role");
    // A person's own reason says more than the kind of event.
    return unbind(
      context,
      role,
      clipReason(readText(event, "taken") || readText(params, "why") || readText(event, "why") || "needed"),
      params["tell"] === true,
    );
  },

  /** The holder is lost and the seat stays theirs: the task takes the node's edge when it is that role's turn. */
  setGone: (context, _event, params) => {
    const role = readText(params, "role");
    const seat = lookUp(context.seats, role);
    if (!seat) return [];
    const gone = params["to"] === true;
    const { gone: _, ...rest } = seat;
    return [
      { assign: { seats: { ...context.seats, [role]: gone ? { ...rest, gone } : rest } } },
      ...tellTask(context, { type: gone ? "role.offline" : "role.online", role, generation: seat.generation }),
    ];
  },
  reportUnfilled: (context, _event, params) => {
    const role = readText(params, "role");
    return [
      { assign: { unfilled: { ...context.unfilled, [role]: true }, tries: without(context.tries, role) } },
      ...(context.taskUp ? tellTask(context, { type: "role.unfilled", role }) : [{ raise: { type: "role.unfilled", role } }]),
    ];
  },
  raiseSuspend: (_context, _event, params) => [
    { raise: { type: "thread.suspend", reason: clipReason(`${readText(params, "why") || "lost"}:${readText(params, "role")}`) } },
  ],
  raiseFail: (_context, _event, params) => [
    { raise: { type: "thread.fail", reason: clipReason(`${readText(params, "why") || "lost"}:${readText(params, "role")}`) } },
  ],
  /** Pauses the regions of roles before the task runs; later the task's own event does. */
  raiseSuspended: () => [{ raise: { type: "thread.suspended" } }],

  startTask: (context) => {
    const { start, seats, round, from } = context;
    const input: TaskInput = { start, seats, round, unfilled: Object.keys(context.unfilled), ...(from && { from }) };
    return [{ assign: { taskUp: true } }, { spawn: "task", input }, emit({ type: "thread.started", holders: listHolders(context) })];
  },
  tellTask: (context, event, params) => {
    const type = readText(params, "type") as "thread.suspend";
    return tellTask(context, { type, reason: readReason(event, event.type) });
  },
  stopTask: (context, event, params) => {
    const closing = readText(params, "status") === "failed" ? "failed" : "cancelled";
    return [
      { assign: { closing } },
      ...tellTask(context, { type: closing === "failed" ? "thread.fail" : "thread.cancel", reason: readReason(event, event.type) }),
    ];
  },
  /** The task has ended: its reason is the thread's. */
  adoptOutcome: (_context, event) => {
    const reason = readText(readObject(event, "output"), "reason");
    return [{ assign: { taskUp: false, reason: reason ? clipReason(reason) : null } }];
  },
  announceSuspended: (context) => [
    emit({ type: "thread.suspended", reason: context.reason ?? "suspended", holders: listHolders(context) }),
  ],
  announceResumed: (context) => [{ assign: { reason: null } }, emit({ type: "thread.resumed", holders: listHolders(context) })],
  announce: (context, event, params) => {
    const status = readText(params, "status") as MachineOutcome["status"];
    const task = readObject(event, "output");
    const outcome: MachineOutcome = {
      status,
      reason: context.reason,
      role: readText(task, "role") || null,
      round: readNumber(task, "round") ?? context.round,
    };
    const holders = listHolders(context);
    return [
      { assign: { outcome } },
      emit({ type: `thread.${status}`, outcome, holders }),
      ...Object.keys(context.leading).flatMap((role) => rejectLeader(context, role, status)),
      ...holders.map(({ role, agent, generation }) => sendAgent(agent, { type: "role.ended", role, generation, reason: status })),
    ];
  },
};
