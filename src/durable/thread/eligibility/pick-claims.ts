/**
 * By what claims are ranked: `score` over `{agent, bid, stats, event}`, a number drawn, or nothing but the order of arrival.
 * For whoever picks among agents: an open role's claims, a panel's candidates. Knows expressions, not rows.
 */
import { evaluateExpression } from "../../../compile/decide/expression.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { AgentStats } from "./agent-stats.ts";

export { rankClaims } from "../../../../machines/recruitment/rank-claims.ts";

/** The initiating event as expressions see it: with `agent`, the sender's id. */
export type SeenEvent = CloudEvent & { agent: string };

export interface Candidate {
  agent: ClaimCard;
  /** What came with the claim; a panel's candidates bid nothing. */
  bid?: Json | undefined;
  event: SeenEvent;
}

export interface ScorePorts {
  /** From 0 to 1; kept with the claim, so that a replay draws the same. */
  random(): number;
  /** How the agent did before; asked only where the score mentions `stats`. */
  stats(): Promise<AgentStats>;
}

/** A number to rank by, none where the first to come wins, or why there is none. */
export type Score = { ok: true; score?: number } | { ok: false; why: string };

/** Whether the score needs `stats`, which are read from D1. */
function mentionsStats(score: string): boolean {
  return /\bstats\b/.test(score);
}

/** Ranks one claim. */
export async function scoreClaim(
  { pick, score }: Pick<RoleIr["recruitment"], "pick" | "score">,
  { agent, bid, event }: Candidate,
  { random, stats }: ScorePorts,
): Promise<Score> {
  switch (pick) {
    case "first":
    case "sticky":
      return { ok: true };
    case "random":
      return { ok: true, score: random() };
    case "best": {
      // Without a score the bid is the score; no bid counts as 0.
      if (score === undefined) return checkNumber("the bid is", bid ?? 0);
      const seen = { agent, ...(bid !== undefined && { bid }), event, ...(mentionsStats(score) && { stats: await stats() }) };
      const result = await evaluateExpression(score, seen, { event });
      if (!result.ok) return { ok: false, why: `score fails: ${result.error.message}` };
      return checkNumber("score gives", result.value);
    }
    default:
      return pick satisfies never;
  }
}

function checkNumber(what: string, value: Json | undefined): Score {
  if (typeof value === "number" && Number.isFinite(value)) return { ok: true, score: value };
  if (value === undefined || value === null) return { ok: false, why: `${what} nothing, which is no number` };
  const shown = JSON.stringify(value);
  return { ok: false, why: `${what} ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}, which is no number` };
}
