/** Whom a role may be offered to. Knows the registry, no rows. */
import type { RoleIr } from "../../../compile/ir.ts";
import { limits } from "../../../contract/limits.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { Registry } from "../../registry/registry.ts";
import { judgeCard } from "../eligibility/judge-claim.ts";
import { threadLimits } from "../thread-schema.ts";

/** Agents that may claim the role, as far as the registry can tell; the claim itself is judged on the card it carries. */
export async function findEligible(
  registry: Pick<Registry, "agents" | "cards">,
  role: RoleIr,
  workflow: string,
  apart: ReadonlyMap<string, string>,
): Promise<AgentCard[]> {
  const { all, agents } = role.eligibility;
  const fits = (card: AgentCard): boolean => !apart.has(card.id) && !judgeCard(role, card, workflow);
  if (agents) return (await registry.cards(agents)).filter(fits);
  const found: AgentCard[] = [];
  for (let after: string | undefined; found.length < threadLimits.offeredAtMost; ) {
    const page = await registry.agents({ capabilities: all, ...(after !== undefined && { after }), limit: limits.pageMax });
    found.push(...page.filter(fits));
    after = page.at(-1)?.id;
    if (page.length < limits.pageMax || after === undefined) break;
  }
  return found.slice(0, threadLimits.offeredAtMost);
}
