/**
 * Whom a broadcast's turn goes to: everybody eligible, or for a panel as many as it wants, picked. Knows the registry and
 * the agents' cards, no rows and no machine.
 */
import { evaluateExpression, isTruthy } from "../../../compile/decide/expression.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import { prefersLastHolder, readsScore } from "../../../compile/lower/party.ts";
import { limits } from "../../../contract/limits.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import { hostLimits } from "../../host/limits.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { Registry } from "../../registry/registry.ts";
import { summariseTurns } from "../eligibility/agent-stats.ts";
import { judgeCard } from "../eligibility/judge-claim.ts";
import { rankClaims, type Score, type SeenEvent, scoreClaim } from "../eligibility/pick-claims.ts";
import { threadLimits } from "../thread-schema.ts";

export interface AudiencePorts {
  registry: Pick<Registry, "agents" | "cards" | "pastTurns">;
  /** What an agent's own object says it is; null: there is none. */
  card(agent: string): Promise<ClaimCard | null>;
  /** From 0 to 1. */
  random(): number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What is asked for. */
export interface AudienceWish {
  role: RoleIr;
  workflow: string;
  /** A panel: that many. Null: all. */
  of: number | null;
  /** Agents that hold a role which excludes this one, or have acknowledged before. */
  without: ReadonlySet<string>;
  /** Who had the role's last turn: `sticky` prefers them. */
  last: ReadonlySet<string>;
  /** The initiating event, with its sender's id as `agent`. */
  event: SeenEvent;
}

/** Ids, in the order in which they were picked, and how many more were eligible though not all could be asked. */
export interface ChosenAudience {
  agents: string[];
  leftOut: number;
}

/** @throws when the registry or an agent can't be asked now */
export async function chooseAudience(ports: AudiencePorts, wish: AudienceWish): Promise<ChosenAudience> {
  const { role, of } = wish;
  const candidates = await findCandidates(ports, wish);
  const { where } = role.eligibility;
  const score = of !== null && readsScore(role.recruitment.pick) ? role.recruitment.score : undefined;
  let eligible: (AgentCard | ClaimCard)[] = candidates;
  if (where !== undefined || score !== undefined) {
    const cards = await readCards(ports, candidates);
    eligible = where === undefined ? cards : await filterInOrder(cards, (card) => meets(card, where, wish));
  }
  if (of !== null) return { agents: (await rank(ports, wish, eligible)).slice(0, of), leftOut: 0 };
  const agents = eligible.slice(0, threadLimits.askedAtMost).map(({ id }) => id);
  return { agents, leftOut: eligible.length - agents.length };
}

/** By id, which is the order of the registry. */
async function findCandidates({ registry }: AudiencePorts, { role, workflow, without }: AudienceWish): Promise<AgentCard[]> {
  const { all, agents } = role.eligibility;
  const fits = (card: AgentCard): boolean => !without.has(card.id) && judgeCard(role, card, workflow) === undefined;
  if (agents) return (await registry.cards(agents)).filter(fits).sort((a, b) => (a.id < b.id ? -1 : 1));
  const found: AgentCard[] = [];
  let after: string | undefined;
  for (let looked = 0; looked < threadLimits.candidatesAtMost; ) {
    const page = await registry.agents({ capabilities: all, ...(after !== undefined && { after }), limit: limits.pageMax });
    found.push(...page.filter(fits));
    looked += page.length;
    after = page.at(-1)?.id;
    if (page.length < limits.pageMax || after === undefined) break;
  }
  return found;
}

/** Cards as the agents' own objects know them, for `where` and `score` read what agents say of themselves. */
async function readCards({ card }: AudiencePorts, candidates: AgentCard[]): Promise<ClaimCard[]> {
  const cards: ClaimCard[] = [];
  for (let at = 0; at < candidates.length; at += hostLimits.fanOut) {
    const read = await Promise.all(candidates.slice(at, at + hostLimits.fanOut).map(({ id }) => card(id)));
    cards.push(...read.filter((each) => each !== null));
  }
  return cards;
}

async function filterInOrder<Item>(items: Item[], keep: (item: Item) => Promise<boolean>): Promise<Item[]> {
  const kept: Item[] = [];
  for (const item of items) if (await keep(item)) kept.push(item);
  return kept;
}

async function meets(card: ClaimCard, where: string, { event }: AudienceWish): Promise<boolean> {
  const result = await evaluateExpression(where, card, { event });
  return result.ok && isTruthy(result.value);
}

/** What an agent that may have a panel's turn is ranked by, or why it can't be. */
export async function scoreCandidate(
  { registry, random, now }: Pick<AudiencePorts, "random" | "now"> & { registry: Pick<Registry, "pastTurns"> },
  { role, workflow, event }: Pick<AudienceWish, "role" | "workflow" | "event">,
  card: AgentCard | ClaimCard,
): Promise<Score> {
  const candidate = { agent: { labels: {}, load: 0, ...card }, event };
  return scoreClaim(role.recruitment, candidate, {
    random,
    async stats() {
      const past = await registry.pastTurns(card.id, workflow, role.name);
      const sum = (turns: typeof past.role) => summariseTurns(turns, now(), role.turn.timeout);
      return { ...sum(past.role), overall: sum(past.overall) };
    },
  });
}

/** Best first, by the rule of claims; who is alike stands in the order of ids, and who can't be scored is left out. */
async function rank(ports: AudiencePorts, wish: AudienceWish, eligible: (AgentCard | ClaimCard)[]): Promise<string[]> {
  const { role, last } = wish;
  const claims: { id: string; score?: number }[] = [];
  for (const card of eligible) {
    if (prefersLastHolder(role)) {
      claims.push({ id: card.id, score: last.has(card.id) ? 1 : 0 });
      continue;
    }
    const score = await scoreCandidate(ports, wish, card);
    if (score.ok) claims.push({ id: card.id, ...(score.score !== undefined && { score: score.score }) });
  }
  return rankClaims(claims).map(({ id }) => id);
}
