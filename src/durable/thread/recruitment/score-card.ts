/** What a claim is worth: whether its card does, and what it is ranked by. Knows the registry, no rows. */
import type { RoleIr } from "../../../compile/ir.ts";
import type { AgentData } from "../../../contract/kinds/agent-kinds.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import { summariseTurns } from "../eligibility/agent-stats.ts";
import { judgeClaimCard } from "../eligibility/judge-claim.ts";
import { type SeenEvent, scoreClaim } from "../eligibility/pick-claims.ts";
import type { ThreadRow } from "../lifecycle/thread-rows.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";

/** A claim as it was judged: with what it is ranked by, or why not. */
export type Verdict = { why: string } | { score?: number };

/** Judges a claim on the card that it carries. */
export async function scoreCard(
  { registry, clock, random }: Pick<RecruitmentPorts, "registry" | "clock" | "random">,
  role: RoleIr,
  agent: ClaimCard,
  bid: AgentData<"nerve.offer.claim">["bid"],
  thread: ThreadRow,
): Promise<Verdict> {
  const event: SeenEvent = { ...thread.event, agent: thread.initiator };
  const ineligible = await judgeClaimCard(role, agent, thread.workflow, event);
  if (ineligible) return { why: ineligible.why };
  const score = await scoreClaim(
    role.recruitment,
    { agent, bid, event },
    {
      random,
      async stats() {
        const past = await registry.pastTurns(agent.id, thread.workflow, role.name);
        const sum = (turns: typeof past.role) => summariseTurns(turns, clock.now(), role.turn.timeout);
        return { ...sum(past.role), overall: sum(past.overall) };
      },
    },
  );
  return score.ok ? score : { why: score.why };
}
