/**
 * Whether an agent may have a role, judged on its card: one rule after another, and the first that does not hold is the reason.
 * Knows cards and the workflow, not rows; what `not` says of others' roles, the machine has the last word on.
 */
import { lookUp } from "../../../../machines/facts.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import { evaluateExpression, isTruthy } from "../../../compile/decide/expression.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { isPool, listSetApart } from "../../../compile/lower/party.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { OfferTerms } from "../../protocol/board.ts";
import type { SeenEvent } from "./pick-claims.ts";

/** Which rule says no. */
export type EligibilityRule = "roles" | "capabilities" | "agents" | "not" | "where" | "capacity";

export interface Ineligible {
  rule: EligibilityRule;
  why: string;
}

/** What of a role says whose card will do. */
export type RoleTerms = OfferTerms["role"];

/** What the registry's card alone can tell. */
export function judgeCard(role: RoleTerms, agent: AgentCard, workflow: string): Ineligible | undefined {
  const { all, agents, notAgents } = role.eligibility;
  if (agent.roles !== null && !agent.roles.includes(`${workflow}/${role.name}`))
    return { rule: "roles", why: `not granted the role ${workflow}/${role.name}` };
  const missing = all.filter((capability) => !agent.capabilities.includes(capability));
  if (missing.length) return { rule: "capabilities", why: `lacks ${missing.join(", ")}` };
  if (agents && !agents.includes(agent.id)) return { rule: "agents", why: "not among the agents that the role names" };
  if (notAgents.includes(agent.id)) return { rule: "not", why: "excluded by the role" };
  return undefined;
}

/** What the card that a claim carries tells. */
export async function judgeClaimCard(role: RoleIr, agent: ClaimCard, workflow: string, event: SeenEvent): Promise<Ineligible | undefined> {
  const ineligible = judgeCard(role, agent, workflow);
  if (ineligible) return ineligible;
  const { where } = role.eligibility;
  if (where !== undefined) {
    const result = await evaluateExpression(where, agent, { event });
    if (!result.ok) return { rule: "where", why: `where fails: ${result.error.message}` };
    if (!isTruthy(result.value)) return { rule: "where", why: `where is not met: ${where}` };
  }
  const { capacity } = agent;
  if (capacity && capacity.used >= capacity.slots) return { rule: "capacity", why: `at capacity (${capacity.used} of ${capacity.slots})` };
  return undefined;
}

/** Agents that `not` keeps from the role now, each with the role that it holds, or of a pool held last. */
export function findSetApart(ir: WorkflowIr, role: RoleIr, context: Pick<RecruitmentContext, "seats" | "last">): Map<string, string> {
  const apart = new Map<string, string>();
  for (const name of listSetApart(ir, role)) {
    const other = ir.roles.find((each) => each.name === name);
    const agent = lookUp(context.seats, name)?.agent ?? (other && isPool(other) ? lookUp(context.last, name) : undefined);
    if (agent) apart.set(agent, name);
  }
  return apart;
}
