/** Actions of the task, by name. What leaves a step is complete data. */
import { pickModes, readWord } from "../../src/contract/language.ts";
import { clipReason, lookUp, readNumber, readObject, readReason, readText, readTexts, without } from "../facts.ts";
import type { Emitted, MachineOutcome, Seat, TaskToAgent, TaskToRecruitment, ToAudience, Write } from "../messages.ts";
import type { ActionMeaning, Step } from "../steps.ts";
import { countSpent, describeOverspent, grantAnew, listOverspent } from "./budgets.ts";
import type { OpenTurn, TaskContext } from "./context.ts";

type Action = ActionMeaning<TaskContext>;
type Steps = Step<TaskContext>[];

function tellParent(event: TaskToRecruitment): Step<TaskContext> {
  return { send: "parent", event };
}

function sendAgent(agent: string, event: TaskToAgent): Step<TaskContext> {
  return { send: `agent/${agent}`, event };
}

function sendAudience(event: ToAudience): Step<TaskContext> {
  return { send: "audience", event };
}

function emit(event: Emitted): Step<TaskContext> {
  return { emit: event };
}

function write(entry: Write): Step<TaskContext> {
  return { write: entry };
}

/** The turn as it is when nobody has it. */
function retract(open: OpenTurn): OpenTurn {
  return { ...open, state: "waiting", agent: null, generation: 0 };
}

/** Takes the open turn back from who was given it. */
function revokeGiven(context: TaskContext, reason: string): Steps {
  const { open } = context;
  if (open?.state !== "given" || open.agent === null) return [];
  return [
    { assign: { open: retract(open), retries: 0, invalid: 0 } },
    sendAgent(open.agent, { type: "turn.revoked", turn: open.turn, role: open.role, generation: open.generation, reason }),
  ];
}

/** A pool's holder is done with the turn: the seat is free. */
function freeSeat(context: TaskContext, role: string): Steps {
  const seat = lookUp(context.seats, role);
  if (typeof seat?.agent !== "string") return [];
  return [
    { assign: { seats: { ...context.seats, [role]: { agent: null, generation: seat.generation } } } },
    tellParent({ type: "role.freed", role, generation: seat.generation }),
  ];
}

/** The seat without the hand-over from its last holder, which the new one has been given. */
function settleSeat(context: TaskContext, role: string): Record<string, Seat> {
  const seat = lookUp(context.seats, role);
  if (!seat || (seat.was === undefined && seat.why === undefined)) return context.seats;
  const { was: _was, why: _why, ...rest } = seat;
  return { ...context.seats, [role]: rest };
}

/** Opens the next turn for the role; its prompt is that of `decision`, by default the decision that opens it. */
function openTurn(context: TaskContext, role: string, decision?: number): Step<TaskContext> {
  const turn = context.round + 1;
  return {
    assign: {
      round: turn,
      open: { turn, role, decision: decision ?? turn, state: "waiting", agent: null, generation: 0, attempt: 0 },
      retries: 0,
      invalid: 0,
      audience: null,
      resumed: null,
    },
  };
}

/** The actions, by the names that configs use. */
export const taskActions: Record<string, Action> = {
  ignore: () => [],
  begin: (_context, event) => {
    const input = readObject(event, "input");
    const round = readNumber(input, "round") ?? 0;
    const unfilled = Array.isArray(input["unfilled"]) ? input["unfilled"].map(String) : [];
    return [
      {
        assign: {
          start: input["start"] === "resume" ? "resume" : "new",
          base: round,
          round,
          seats: { ...(readObject(input, "seats") as Record<string, Seat>) },
          unfilled: Object.fromEntries(unfilled.map((role) => [role, true as const])),
        },
      },
    ];
  },
  because: (_context, event, params) => [{ assign: { reason: clipReason(readText(params, "reason")) || readReason(event, event.type) } }],
  becauseModerator: (_context, event) => {
    const suspend = readObject(readObject(event, "output"), "suspend");
    return [{ assign: { reason: clipReason(readText(suspend, "reason")) || "$SUSPEND" } }];
  },

  // Seats
  seat: (context, event) => {
    const role = readText(event, "role");
    const former = lookUp(context.seats, role);
    const was = former?.agent ?? former?.was;
    const seat: Seat = { agent: readText(event, "agent"), generation: readNumber(event, "generation") ?? 0 };
    const told: Seat = was === undefined || was === null ? seat : { ...seat, was, why: former?.why ?? "reassigned" };
    const given = context.open?.role === role ? revokeGiven(context, "reassigned") : [];
    return [...given, { assign: { seats: { ...context.seats, [role]: told }, unfilled: without(context.unfilled, role) } }];
  },
  unseat: (context, event, params) => {
    const role = readText(params, "role") || readText(event, "role");
    const seat = lookUp(context.seats, role);
    if (typeof seat?.agent !== "string") return [];
    const why = clipReason(readText(params, "why") || readText(event, "why") || "lost");
    const given = context.open?.role === role ? revokeGiven(context, why) : [];
    return [
      ...given,
      { assign: { seats: { ...context.seats, [role]: { agent: null, generation: seat.generation, was: seat.agent, why } } } },
    ];
  },
  setGone: (context, event, params) => {
    const role = readText(event, "role");
    const seat = lookUp(context.seats, role);
    if (!seat) return [];
    const { gone: _, ...rest } = seat;
    return [{ assign: { seats: { ...context.seats, [role]: params["to"] === true ? { ...rest, gone: true } : rest } } }];
  },
  askHolder: (context, _event, params) => {
    const role = readText(params, "role");
    const seat = lookUp(context.seats, role);
    return [tellParent({ type: "role.needed", role, generation: seat?.generation ?? 0, why: seat?.why ?? "picked" })];
  },

  // The open turn
  /** `keep`: the turn's prompt is that of the open one. */
  nextTurn: (context, _event, params) => [
    openTurn(context, readText(params, "role"), params["keep"] === true ? context.open?.decision : undefined),
  ],
  giveTurn: (context, _event, params) => {
    const { open } = context;
    const role = readText(params, "role");
    const seat = lookUp(context.seats, role);
    if (!open || typeof seat?.agent !== "string") return [];
    const { agent, generation, was, why } = seat;
    const attempt = open.attempt + 1;
    const resumed = context.resumed === null ? {} : { resumed: { reason: context.resumed } };
    const handover = was === undefined ? {} : { handover: { agent: was, why: why ?? "lost" } };
    const { turn, decision } = open;
    const timeout = readNumber(params, "timeout") ?? 0;
    return [
      { assign: { open: { ...open, state: "given", agent, generation, attempt } } },
      sendAgent(agent, {
        type: "turn.assigned",
        turn,
        role,
        round: turn,
        agent,
        generation,
        attempt,
        timeout,
        decision,
        ...resumed,
        ...handover,
      }),
    ];
  },
  revoke: (context, _event, params) => revokeGiven(context, readText(params, "reason") || "revoked"),
  /** The same holder gets the turn again. */
  again: (context, _event, params) => {
    const retries = context.retries + 1;
    const revoked = revokeGiven(context, readText(params, "why") || "again");
    return [...revoked, { assign: { retries, invalid: 0 } }];
  },
  append: (context, event, params) => {
    const { open } = context;
    if (!open) return [];
    const { turn, role, agent } = open;
    const seats = settleSeat(context, role);
    const freed = readTexts(params, "pools").includes(role) ? freeSeat({ ...context, seats }, role) : [];
    return [
      { assign: { open: { ...open, state: "answered" }, seats } },
      write({
        type: "message.append",
        params: { turn, role, agent: agent ?? (readText(event, "agent") || null), round: turn, status: null },
      }),
      ...freed,
    ];
  },
  refuseOutput: (context) => [{ assign: { invalid: context.invalid + 1 } }],
  noteProgress: (context, event) =>
    context.open
      ? [write({ type: "progress.note", params: { turn: context.open.turn, role: context.open.role, agent: readText(event, "agent") } })]
      : [],
  /** The engine's own step: the status goes to the graph as if it were answered. */
  engineStep: (context, _event, params) => {
    const { open } = context;
    if (!open) return [];
    const status = readText(params, "status");
    const { turn, role } = open;
    const lost = status === "$OFFLINE" ? lookUp(context.seats, role) : undefined;
    const agent = open.agent ?? lost?.agent ?? lost?.was ?? null;
    return [
      ...revokeGiven(context, status),
      { assign: { open: { ...retract(open), state: "answered" }, unfilled: without(context.unfilled, role) } },
      write({ type: "message.append", params: { turn, role, agent, round: turn, status } }),
      ...(params["pool"] === true ? freeSeat(context, role) : []),
    ];
  },

  // Broadcasts
  askAudience: (context, _event, params) => {
    const { open } = context;
    if (!open) return [];
    const { turn, decision } = open;
    const resumed = context.resumed === null ? {} : { resumed: { reason: context.resumed } };
    const timeout = readNumber(params, "timeout") ?? 0;
    const of = readNumber(params, "of") ?? null;
    const role = readText(params, "role");
    return [
      sendAudience({
        type: "audience.ask",
        role,
        turn,
        round: turn,
        timeout,
        of,
        pick: readWord(params["pick"], pickModes) ?? "first",
        decision,
        ...resumed,
      }),
    ];
  },
  noteAudience: (context, event) => {
    const { open } = context;
    if (!open) return [];
    const asked = readNumber(event, "asked") ?? 0;
    return [
      { assign: { audience: { asked, acked: 0, failed: 0 }, broadcasts: true } },
      write({ type: "audience.note", params: { turn: open.turn, role: open.role, asked } }),
    ];
  },
  countAnswer: (context, event) => {
    const { audience, open } = context;
    if (!audience || !open) return [];
    const ok = event["ok"] !== false;
    return [
      { assign: { audience: ok ? { ...audience, acked: audience.acked + 1 } : { ...audience, failed: audience.failed + 1 } } },
      write({ type: "answer.note", params: { turn: open.turn, role: open.role, agent: readText(event, "agent"), ok } }),
    ];
  },
  countFailure: (context, event) => {
    const { audience, open } = context;
    if (!audience || !open) return [];
    return [
      { assign: { audience: { ...audience, failed: audience.failed + 1 } } },
      write({ type: "answer.note", params: { turn: open.turn, role: open.role, agent: readText(event, "agent"), ok: false } }),
    ];
  },
  closeAudience: (context, _event, params) =>
    context.open && context.audience
      ? [sendAudience({ type: "audience.close", role: context.open.role, turn: context.open.turn, status: readText(params, "status") })]
      : [],

  // Budgets
  countUsage: (context, event) => {
    const spending = context.open ? countSpent(context.spending, context.open.role, event) : undefined;
    return spending ? [{ assign: { spending } }] : [];
  },
  becauseBudget: (context, _event, params) => {
    const overspent = listOverspent(context, params);
    const [first] = overspent;
    if (!first) return [];
    return [{ assign: { reason: clipReason(describeOverspent(context, first)), overspent: overspent.map(([name]) => name) } }];
  },
  /** The thread goes on after it was suspended for its budgets: those are granted once more. */
  grantBudget: (context) =>
    context.overspent?.length ? [{ assign: { spending: grantAnew(context.spending, context.overspent), overspent: [] } }] : [],

  // Decisions
  record: (context, event, params) => {
    const to = readText(params, "to");
    const edge = readText(readObject(event, "output"), "edge");
    const turn = to === "$END" ? null : context.round + 1;
    return [write({ type: "decision.record", params: { node: readText(params, "node"), edge, to, round: context.round, turn } })];
  },
  publish: (context, event, params) => [
    emit({
      type: "edge.published",
      node: readText(params, "node"),
      edge: readText(readObject(event, "output"), "edge"),
      round: context.round,
    }),
  ],

  // Children that a turn waits for
  awaitChildren: (_context, event) => {
    const output = readObject(event, "output");
    return [
      { assign: { open: null, children: { edge: readText(output, "edge"), left: readNumber(output, "children") ?? 0, failed: false } } },
    ];
  },
  noteChild: (context, event) => {
    const { children } = context;
    if (!children) return [];
    const failed = children.failed || readText(event, "status") !== "completed";
    return [{ assign: { children: { ...children, left: children.left - 1, failed } } }];
  },
  /** The children were waited for: the turn opens by the decision that started them. */
  joinChildren: () => [{ assign: { children: null } }],
  /** The children failed: that counts as a failed turn of the role that spawned them, which no agent was given. */
  failChildren: (context, _event, params) => [{ assign: { children: null } }, openTurn(context, readText(params, "role"), context.round)],

  // The thread
  noteSuspend: (_context, event) => [{ assign: { suspendAsked: true, reason: readReason(event, event.type) } }],
  clearSuspend: () => [{ assign: { suspendAsked: false } }],
  tellSuspended: (context) => [tellParent({ type: "thread.suspended", reason: context.reason ?? "suspended" })],
  noteResume: (context) => {
    const reason = context.reason ?? "suspended";
    const { open, audience } = context;
    return [
      { assign: { resumed: reason, reason: null, retries: 0, invalid: 0 } },
      // Any other turn is given again by the state that the task returns to.
      ...(open && audience
        ? [sendAudience({ type: "audience.resume", role: open.role, turn: open.turn, decision: open.decision, reason })]
        : []),
    ];
  },
  finish: (context, _event, params) => {
    const status = readText(params, "status") as MachineOutcome["status"];
    const reason = status === "completed" ? null : context.reason;
    const role = context.open?.role ?? null;
    // What was announced stays announced when the thread completes: late answers are welcome.
    const close = context.broadcasts === true && status !== "completed";
    return [
      { assign: { outcome: { status, reason, role, round: context.round } } },
      ...(close ? [sendAudience({ type: "audience.close", role: role ?? "", turn: context.round, status })] : []),
    ];
  },
};
