/** Which agents are there, by id and by capability, so that an offer looks at no more of them than its first capability has. Memory only. */
import type { AgentCard } from "../../contract/views/agent.ts";
import type { OfferTerms } from "../protocol/board.ts";
import { boardLimits } from "./board-limits.ts";

export interface PresentAgents {
  /** The agent is there until then; null: until it leaves. */
  come(card: AgentCard, until: number | null): void;
  /** It went at a time: whoever has come since is there. */
  leave(agent: string, at: number): void;
  /** Agents that are there by an older source: what was said meanwhile is newer. @param isLast it is not asked again */
  adopt(cards: readonly AgentCard[], isLast: boolean): void;
  has(agent: string): boolean;
  /** Those that fit, by id, as many as an offer is told to. */
  find(eligibility: OfferTerms["role"]["eligibility"], fits: (card: AgentCard) => boolean): string[];
}

interface Present {
  card: AgentCard;
  /** When it came. */
  at: number;
  until: number | null;
}

export function createPresentAgents(now: () => number): PresentAgents {
  const present = new Map<string, Present>();
  const byCapability = new Map<string, Set<string>>();
  /** Who left before the older source was read for the last time. */
  let left: Set<string> | undefined = new Set();

  function forget(agent: string): void {
    for (const capability of present.get(agent)?.card.capabilities ?? []) {
      const holders = byCapability.get(capability);
      holders?.delete(agent);
      if (holders?.size === 0) byCapability.delete(capability);
    }
    present.delete(agent);
  }

  function keep(card: AgentCard, until: number | null): void {
    forget(card.id);
    if (present.size >= boardLimits.present) forget(present.keys().next().value as string);
    present.set(card.id, { card, at: now(), until });
    for (const capability of card.capabilities) byCapability.set(capability, (byCapability.get(capability) ?? new Set()).add(card.id));
  }

  /** The agent, if it is there still. */
  function read(agent: string): Present | undefined {
    const found = present.get(agent);
    if (found && found.until !== null && found.until <= now()) {
      forget(agent);
      return undefined;
    }
    return found;
  }

  function list({ all, agents }: OfferTerms["role"]["eligibility"]): Iterable<string> {
    if (agents) return agents;
    const [first] = all;
    return first === undefined ? present.keys() : (byCapability.get(first) ?? []);
  }

  return {
    come(card, until) {
      left?.delete(card.id);
      keep(card, until);
    },
    leave(agent, at) {
      left?.add(agent);
      if ((present.get(agent)?.at ?? Number.POSITIVE_INFINITY) <= at) forget(agent);
    },
    adopt(cards, isLast) {
      for (const card of cards) if (!present.has(card.id) && !left?.has(card.id)) keep(card, null);
      if (isLast) left = undefined;
    },
    has: (agent) => read(agent) !== undefined,
    find(eligibility, fits) {
      const found: string[] = [];
      for (const agent of [...list(eligibility)]) {
        const there = read(agent);
        if (there && fits(there.card)) found.push(agent);
      }
      return found.sort().slice(0, boardLimits.toldAtMost);
    },
  };
}
