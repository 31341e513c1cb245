/** Guards of recruitment, by name. */
import { lookUp, readNumber, readObject, readText, readTexts } from "../facts.ts";
import type { Facts, GuardMeaning, Params } from "../steps.ts";
import type { RecruitmentContext } from "./context.ts";

type Guard = GuardMeaning<RecruitmentContext>;

function isSeated(context: RecruitmentContext, role: string): boolean {
  return typeof lookUp(context.seats, role)?.agent === "string";
}

/** The agent that `not` excludes for that role: its holder, or its last holder where each turn is claimed anew. */
function readHolder(context: RecruitmentContext, role: string, pools: string[]): string | undefined {
  return lookUp(context.seats, role)?.agent ?? (pools.includes(role) ? lookUp(context.last, role) : undefined);
}

/**
 * Why an agent may not have the role that it claims, or undefined where it may.
 * @param params `role`, `not` (roles whose holder it must not be) and `pools` (those of `not` that are claimed turn by turn)
 */
export function judgeClaim(context: RecruitmentContext, event: Facts, params: Params): string | undefined {
  const role = readText(params, "role");
  const agent = readText(event, "agent");
  if (!agent) return "malformed";
  if (event["eligible"] !== true) return readText(event, "why") || "not_eligible";
  if (readNumber(event, "offer") !== lookUp(context.offers, role)) return "offer_closed";
  const pools = readTexts(params, "pools");
  const conflict = readTexts(params, "not").find((other) => readHolder(context, other, pools) === agent);
  return conflict === undefined ? undefined : `holds:${conflict}`;
}

const isRole: Guard = (_context, event, params) => readText(event, "role") === readText(params, "role");

const mayHold: Guard = (context, event, params) => isRole(context, event, params) && judgeClaim(context, event, params) === undefined;

const holds: Guard = (context, event, params) => {
  const role = readText(params, "role");
  const seat = lookUp(context.seats, role);
  if (typeof seat?.agent !== "string") return false;
  const named = readText(event, "role");
  if (named !== "" && named !== role) return false;
  const agent = readText(event, "agent");
  if (agent !== "" && agent !== seat.agent) return false;
  const generation = readNumber(event, "generation");
  if (generation !== undefined && generation !== seat.generation) return false;
  // An event must say whom it is about: an agent, or a generation of the role.
  return agent !== "" || (named !== "" && generation !== undefined);
};

/** The guards, by the names that configs use. */
export const recruitmentGuards: Record<string, Guard> = {
  hasInput: (_context, event) => event.type === "xstate.init" && Object.keys(readObject(event, "input")).length > 0,
  startIs: (context, _event, params) => context.start === readText(params, "start"),
  /** All of `roles` are seated, or nobody took them and their node has an edge for that (`waived`). */
  filled: (context, _event, params) => {
    const waived = readTexts(params, "waived");
    const start = readText(params, "start");
    if (start !== "" && start !== context.start) return false;
    return readTexts(params, "roles").every(
      (role) => isSeated(context, role) || (waived.includes(role) && lookUp(context.unfilled, role) === true),
    );
  },
  paused: (context) => context.paused || context.closing !== null,
  seated: (context, _event, params) => isSeated(context, readText(params, "role")),
  isRole,
  mayHold,
  /** The claimant held the role last, or nobody did. */
  mayHoldAgain: (context, event, params) => {
    const last = lookUp(context.last, readText(params, "role"));
    return (last === undefined || last === readText(event, "agent")) && mayHold(context, event, params);
  },
  holds,
  isOffer: (context, event, params) =>
    isRole(context, event, params) && readNumber(event, "offer") === lookUp(context.offers, readText(params, "role")),
  hasLeader: (context, event, params) => {
    const role = readText(params, "role");
    const named = readText(event, "role");
    if (named !== "" && (named !== role || readNumber(event, "offer") !== lookUp(context.offers, role))) return false;
    return lookUp(context.leading, role)?.offer === lookUp(context.offers, role);
  },
  /** The event is about the agent whose claim leads. */
  leads: (context, event, params) => {
    const role = readText(params, "role");
    const named = readText(event, "role");
    return (named === "" || named === role) && lookUp(context.leading, role)?.agent === readText(event, "agent");
  },
  offersLeft: (context, _event, params) => (lookUp(context.tries, readText(params, "role")) ?? 0) < (readNumber(params, "retries") ?? 0),
  endedAs: (_context, event, params) => readText(readObject(event, "output"), "status") === readText(params, "status"),
  closingAs: (context, _event, params) => context.closing === readText(params, "status"),
  taskUp: (context) => context.taskUp,
};
