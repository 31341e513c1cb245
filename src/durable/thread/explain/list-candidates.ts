/** Who could have a role now, whoever holds it: by the registry's cards first, then by the agents' own objects. Reads only. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import { limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { RoleCandidates } from "../../../contract/views/explanation.ts";
import type { AgentStanding } from "../../protocol/agent.ts";
import { trust } from "../../protocol/trust.ts";
import type { Registry } from "../../registry/registry.ts";
import { findSetApart, judgeCard, judgeClaimCard } from "../eligibility/judge-claim.ts";
import { readThread } from "../lifecycle/thread-rows.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";

const candidateLimits = {
  /** Agents of the registry that are looked at: so many cards cost a few reads. */
  looked: 1_000,
  /** Agents whose own objects are asked: each may have to come into memory. */
  asked: 32,
} as const;

type Candidate = RoleCandidates["candidates"][number];

/** @returns what answers for a role; the thread's own view has said already that the caller may look */
export function createCandidates(ports: RecruitmentPorts) {
  const { name, host, lifecycle, registry, definition, standing } = ports;

  return async (roleName: string, holder: string | null): Promise<Result<RoleCandidates>> => {
    const thread = readThread(lifecycle);
    const compiled = thread && (await definition(thread.revision));
    const role = compiled?.ir.roles.find((each) => each.name === roleName);
    if (!thread || !compiled || !role) return refuse("not_found", `The thread ${name} has no role ${roleName}.`);
    const actor = await host.read(name);
    const apart = actor ? findSetApart(compiled.ir, role, trust(recruitmentContext, actor.context)) : new Map<string, string>();
    const { agents, more } = await readCards(registry, role.eligibility.all);
    const fitting = agents.filter((card) => card.id !== holder && !apart.has(card.id) && !judgeCard(role, card, thread.workflow));
    const event = { ...thread.event, agent: thread.initiator };
    const judge = async ({ id }: AgentCard): Promise<Candidate[]> => {
      // One whose object does not answer could not take it either.
      const found: AgentStanding | null = await standing(id, null).catch(() => null);
      if (!found) return [];
      const ineligible = await judgeClaimCard(role, found.card, thread.workflow, event);
      if (ineligible && ineligible.rule !== "capacity") return [];
      const { capacity } = found.card;
      return [{ agent: id, presence: found.presence.state, free: capacity ? Math.max(0, capacity.slots - capacity.used) : null }];
    };
    const judged = await Promise.all(fitting.slice(0, candidateLimits.asked).map(judge));
    const candidates = judged.flat().toSorted((a, b) => Number(b.presence === "online") - Number(a.presence === "online"));
    return succeed({ role: roleName, holder, candidates, more: more || fitting.length > candidateLimits.asked });
  };
}

async function readCards(registry: Pick<Registry, "agents">, capabilities: string[]): Promise<{ agents: AgentCard[]; more: boolean }> {
  const agents: AgentCard[] = [];
  for (let after: string | undefined; agents.length < candidateLimits.looked; ) {
    const page = await registry.agents({ capabilities, ...(after !== undefined && { after }), limit: limits.pageMax });
    agents.push(...page);
    after = page.at(-1)?.id;
    if (page.length < limits.pageMax || after === undefined) return { agents, more: false };
  }
  return { agents, more: true };
}
