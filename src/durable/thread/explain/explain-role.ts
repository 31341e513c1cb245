/**
 * Why each agent does not hold a role: one reason an agent, the first that applies. Knows the offer's rows and the registry's
 * cards; asks the agents' own objects for what only they know.
 */
import { lookUp } from "../../../../machines/facts.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { limits } from "../../../contract/limits.ts";
import type { PresenceState } from "../../../contract/statuses.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { AgentReason, UnfilledRole } from "../../../contract/views/explanation.ts";
import type { AgentStanding, ClaimCard } from "../../protocol/agent.ts";
import type { Registry } from "../../registry/registry.ts";
import { scoreCandidate } from "../broadcast/choose-audience.ts";
import { findSetApart, judgeCard, judgeClaimCard } from "../eligibility/judge-claim.ts";
import type { SeenEvent } from "../eligibility/pick-claims.ts";
import type { ThreadRow } from "../lifecycle/thread-rows.ts";
import { findNextLook } from "../recruitment/next-look.ts";
import type { OfferRecord, OfferRecords, Reply } from "../recruitment/offer-records.ts";

const explainLimits = {
  /** Agents, by id, that are listed. */
  listed: 200,
  /** Agents' objects that are asked: of the rest only the thread's own documents and the registry are. */
  objects: 50,
  /** Agents that are looked at altogether, for the counts. */
  counted: 2_000,
  /** Seconds after which an offer that was seen and not answered counts as ignored. */
  answered: 60,
  /** Objects that are asked at once. */
  asked: 16,
} as const;

/** Whether an agent in this state may be given something new. */
const isThere: Record<PresenceState, boolean> = { online: true, away: false, lost: false };

export interface RoleFacts {
  ir: WorkflowIr;
  role: RoleIr;
  state: string;
  /** Milliseconds since the epoch. */
  now: number;
  thread: ThreadRow;
  context: Pick<RecruitmentContext, "seats" | "last" | "leading" | "offers">;
  records: OfferRecords;
  registry: Pick<Registry, "agents" | "pastTurns">;
  standing(agent: string, offer: string | null): Promise<AgentStanding | null>;
}

/** The role's newest offer, with what is known of each agent. */
interface KnownOffer {
  offer: OfferRecord | undefined;
  asked: ReadonlySet<string>;
  replies: ReadonlyMap<string, Reply>;
}

export async function explainRole(facts: RoleFacts): Promise<UnfilledRole> {
  const { role, state, records, now } = facts;
  const offer = records.last(role.name);
  const replies = offer ? records.readReplies({ role: role.name, ...offer }) : new Map<string, Reply>();
  const known: KnownOffer = { offer, replies, asked: new Set([...(offer?.asked ?? []), ...replies.keys()]) };
  const { agents, more } = await readAgents(facts.registry);
  const listed: (AgentReason | AgentCard)[] = [];
  const rest: AgentReason["code"][] = [];
  let objects = 0;
  for (const card of agents) {
    const reason = judgeFromHere(facts, card, known);
    const isListed = listed.length < explainLimits.listed && (reason !== undefined || objects < explainLimits.objects);
    if (!isListed) rest.push(reason?.code ?? (known.asked.has(card.id) ? "unanswered" : "not_offered"));
    else {
      listed.push(reason ?? card);
      if (!reason) objects += 1;
    }
  }
  const reasons: AgentReason[] = [];
  for (let from = 0; from < listed.length; from += explainLimits.asked)
    reasons.push(
      ...(await Promise.all(
        listed.slice(from, from + explainLimits.asked).map((each) => ("code" in each ? each : explainAgent(facts, each, known))),
      )),
    );
  return {
    role: role.name,
    state,
    ...(offer && {
      offer: {
        id: offer.id,
        opened: new Date(offer.opened).toISOString(),
        expires: new Date(offer.expires).toISOString(),
        closed: offer.closed,
        offered: known.asked.size,
        answered: replies.size,
        ...(offer.closed === null && { nextLook: new Date(findNextLook(offer.opened, now)).toISOString() }),
      },
    }),
    agents: reasons,
    ...(rest.length > 0 && { others: { count: rest.length, reasons: countEach(rest), more } }),
  };
}

async function readAgents(registry: Pick<Registry, "agents">): Promise<{ agents: AgentCard[]; more: boolean }> {
  const agents: AgentCard[] = [];
  for (let after: string | undefined; agents.length < explainLimits.counted; ) {
    const page = await registry.agents({ capabilities: [], ...(after !== undefined && { after }), limit: limits.pageMax });
    agents.push(...page);
    after = page.at(-1)?.id;
    if (page.length < limits.pageMax || after === undefined) return { agents, more: false };
  }
  return { agents, more: true };
}

function countEach(codes: string[]): { [code: string]: number } {
  const counts: { [code: string]: number } = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** What the thread's own documents and the registry tell. */
function judgeFromHere({ ir, role, thread, context }: RoleFacts, card: AgentCard, { replies }: KnownOffer): AgentReason | undefined {
  const give = (code: AgentReason["code"], why: string): AgentReason => ({ agent: card.id, code, why });
  const reply = replies.get(card.id)?.text ?? "";
  const [kind, said = ""] = [reply.split(":", 1)[0], reply.slice(reply.indexOf(":") + 1).trim()];
  if (kind === "declined") return give("declined", said ? `declined: ${said}` : "declined, without a reason");
  if (kind === "refused") return give(said.startsWith("at capacity") ? "at_capacity" : "not_eligible", said);
  if (kind === "rejected" && said === "outscored") return give("outscored", describeOutscored(role, context, card.id, replies));
  if (kind === "rejected")
    return give(said.startsWith("holds:") ? "excluded" : "rejected", said.startsWith("holds:") ? describeApart(said.slice(6)) : said);
  const ineligible = judgeCard(role, card, thread.workflow);
  if (ineligible) return give("not_eligible", ineligible.why);
  const apart = findSetApart(ir, role, context).get(card.id);
  if (apart !== undefined) return give("excluded", describeApart(apart));
  if (kind === "claimed") {
    const leads = lookUp(context.leading, role.name)?.agent === card.id;
    return give("claimed", leads ? "claimed, and leads until the offer ends" : "claimed");
  }
  return undefined;
}

function describeApart(role: string): string {
  return `has ${role}, which \`not\` keeps apart from this role`;
}

function describeOutscored(role: RoleIr, context: RoleFacts["context"], agent: string, replies: KnownOffer["replies"]): string {
  const leader =
    lookUp(context.leading, role.name)?.agent ?? [...replies].find(([, { text }]) => text === "awarded" || text === "claimed")?.[0];
  const own = replies.get(agent)?.score ?? null;
  const others = leader === undefined ? null : (replies.get(leader)?.score ?? null);
  if (leader === undefined) return "outscored by a claim that is gone; it is asked again at the next look";
  if (own === null || others === null) return `${leader} came earlier`;
  return own === others ? `${leader} has the same score (${own}) and came earlier` : `outscored by ${leader}: ${own} against ${others}`;
}

/** Who has had time to answer, is there and is free looks like a client that has lost count of its slots. */
function describeUnanswered({ card: { capacity } }: AgentStanding, milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < explainLimits.answered) return "has seen the offer and does not answer";
  const free = capacity ? ` with ${capacity.slots - capacity.used} of ${capacity.slots} slots free` : "";
  return `ignores the offer: it is online${free}, has seen it, and has not answered since the role was offered ${seconds} s ago. If it should claim it, restart it`;
}

/** Nobody claims a broadcast's turn, and whoever may have it is asked, connected or not. */
async function explainUnasked({ role, thread, registry, now }: RoleFacts, card: ClaimCard, event: SeenEvent): Promise<AgentReason> {
  const score =
    role.broadcast?.of === undefined
      ? undefined
      : await scoreCandidate({ registry, random: () => 0, now: () => now }, { role, workflow: thread.workflow, event }, card);
  if (score?.ok === false) return { agent: card.id, code: "not_eligible", why: score.why };
  return {
    agent: card.id,
    code: "not_offered",
    why: "may have the turn now: it is asked when the thread is resumed, if it has not acknowledged an earlier turn of the role",
  };
}

/** Of an agent of which the thread itself knows no reason. */
async function explainAgent(facts: RoleFacts, card: AgentCard, { offer, asked }: KnownOffer): Promise<AgentReason> {
  const give = (code: AgentReason["code"], why: string): AgentReason => ({ agent: card.id, code, why });
  const open = offer !== undefined && offer.closed === null;
  let standing: AgentStanding | null;
  try {
    standing = await facts.standing(card.id, open ? offer.id : null);
  } catch {
    return give("unknown", "its object could not be asked");
  }
  if (!standing) return give("unknown", "its object knows of no such agent");
  const event: SeenEvent = { ...facts.thread.event, agent: facts.thread.initiator };
  const ineligible = await judgeClaimCard(facts.role, standing.card, facts.thread.workflow, event);
  const isBound = ineligible?.rule !== "capacity" || facts.role.type !== "broadcast";
  if (ineligible && isBound) return give(ineligible.rule === "capacity" ? "at_capacity" : "not_eligible", ineligible.why);
  if (facts.role.type === "broadcast") return explainUnasked(facts, standing.card, event);
  const { state, lastSignAt } = standing.presence;
  if (!isThere[state])
    return give("offline", lastSignAt === null ? "was never there" : `${state}: the last sign of life was at ${lastSignAt}`);
  if (!open) return give("not_offered", "eligible; the role is not offered now");
  if (!asked.has(card.id) && standing.offer !== "given" && standing.offer !== "acknowledged")
    return give(
      "not_offered",
      "eligible, and not asked: it was not connected when the role was offered. It is shown the offer when it connects or polls, and may claim it while it is open",
    );
  switch (standing.offer) {
    case "waiting":
      return give("unseen", "has not seen the offer: it waits in its mailbox");
    case "given":
      return give("unseen", "was given the offer on its connection and has not acknowledged it");
    case "acknowledged":
      return give("unanswered", describeUnanswered(standing, facts.now - offer.opened));
    case "absent":
      return give("unseen", "the offer is on its way, or its object has forgotten it: it is shown it when it connects or polls");
    default:
      return standing.offer satisfies never;
  }
}
