/** Guards of the task, by name. */
import { type AckNeed, ackNeeds, readWord } from "../../src/contract/language.ts";
import { lookUp, readNumber, readObject, readText } from "../facts.ts";
import type { GuardMeaning } from "../steps.ts";
import { listOverspent } from "./budgets.ts";
import type { TaskContext } from "./context.ts";

type Guard = GuardMeaning<TaskContext>;

const isRole: Guard = (_context, event, params) => readText(event, "role") === readText(params, "role");

const isOpenTurn: Guard = (context, event) => context.open !== null && readNumber(event, "turn") === context.open.turn;

/** An answer counts if its turn, agent and generation are those of the open turn. */
const current: Guard = (context, event, params) => {
  const { open } = context;
  return (
    isOpenTurn(context, event, params) &&
    open?.state === "given" &&
    open.agent !== null &&
    open.agent === readText(event, "agent") &&
    open.generation === readNumber(event, "generation")
  );
};

/** A binding counts only for a greater generation. */
const newSeat: Guard = (context, event, params) => {
  const role = readText(event, "role");
  const wanted = readText(params, "role");
  if (role === "" || (wanted !== "" && wanted !== role) || readText(event, "agent") === "") return false;
  return (readNumber(event, "generation") ?? 0) > (lookUp(context.seats, role)?.generation ?? 0);
};

/** A message about a seat counts only for the current generation. */
const seatCurrent: Guard = (context, event, params) => {
  const role = readText(event, "role");
  const wanted = readText(params, "role");
  if (wanted !== "" && wanted !== role) return false;
  const seat = lookUp(context.seats, role);
  return typeof seat?.agent === "string" && seat.generation === readNumber(event, "generation");
};

/** How many acknowledgements a broadcast needs. */
function countNeeded(need: unknown, asked: number): number {
  if (typeof need === "number") return need;
  const needed: Record<AckNeed, number> = { all: asked, any: 1, none: 0 };
  return needed[readWord(need, ackNeeds) ?? "all"];
}

/** The guards, by the names that configs use. */
export const taskGuards: Record<string, Guard> = {
  hasInput: (_context, event) => event.type === "xstate.init" && Object.keys(readObject(event, "input")).length > 0,
  /** The thread goes on after a step of `node` that is there already. */
  beginsAt: (_context, event, params) => {
    const node = readText(readObject(readObject(event, "input"), "from"), "node");
    return event.type === "xstate.init" && node !== "" && node === readText(params, "node");
  },
  suspendAsked: (context) => context.suspendAsked,
  seated: (context, _event, params) => typeof lookUp(context.seats, readText(params, "role"))?.agent === "string",
  seatGone: (context, _event, params) => lookUp(context.seats, readText(params, "role"))?.gone === true,
  isUnfilled: (context, _event, params) => lookUp(context.unfilled, readText(params, "role")) === true,
  answered: (context) => context.open?.state === "answered",
  isRole,
  newSeat,
  seatCurrent,
  /** The holder is lost, as the clock says: not released, not replaced by a person. */
  seatOffline: (context, event, params) => {
    const why = readText(event, "why");
    return (why === "lost" || why === "deleted") && seatCurrent(context, event, params);
  },
  current,
  /** `current`, and fewer than `max` retries were used up: bounds the policy `retry`. */
  currentAgain: (context, event, params) => context.retries < (readNumber(params, "max") ?? 0) && current(context, event, params),
  /** A failure that may be tried again. */
  mayRetry: (context, event, params) =>
    event["retryable"] === true && context.retries < (readNumber(params, "max") ?? 0) && current(context, event, params),
  retriesLeft: (context, _event, params) => context.retries < (readNumber(params, "max") ?? 0),
  answersLeft: (context, event, params) => context.invalid + 1 < (readNumber(params, "max") ?? 0) && current(context, event, params),
  refusedTurn: (context, event, params) => readText(event, "about") === "turn.assigned" && current(context, event, params),

  chose: (_context, event, params) => readText(readObject(event, "output"), "edge") === readText(params, "edge"),
  outOfRounds: (context, _event, params) => context.round - context.base >= (readNumber(params, "max") ?? 0),

  overBudget: (context, _event, params) => listOverspent(context, params).length > 0,

  audienceTurn: (context, event, params) => context.audience !== null && isOpenTurn(context, event, params),
  asking: (context, event, params) => context.audience === null && isOpenTurn(context, event, params),
  nobodyAsked: (context, event, params) =>
    context.audience === null && isOpenTurn(context, event, params) && (readNumber(event, "asked") ?? 0) <= 0,
  asked: (context) => context.audience !== null,
  needMet: (context, _event, params) =>
    context.audience !== null && context.audience.acked >= countNeeded(params["need"], context.audience.asked),
  needLost: (context, _event, params) =>
    context.audience !== null && context.audience.asked - context.audience.failed < countNeeded(params["need"], context.audience.asked),

  awaits: (context, _event, params) => context.children?.edge === readText(params, "edge"),
  childOfRound: (context, event) => context.children !== null && context.children.left > 0 && readNumber(event, "round") === context.round,
  childrenFailed: (context) => context.children?.failed === true,
  childrenDone: (context) => context.children !== null && !context.children.failed && context.children.left <= 0,
};
