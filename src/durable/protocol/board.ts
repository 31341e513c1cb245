/**
 * The board of open offers: a copy of what threads offer, for agents that come later, and who is there to be offered something. It
 * stores nothing. Threads renew what is on it and agents' objects say when they come and go, so a board that was lost mends itself;
 * what is asked of it before, it asks the threads that wait for a claim.
 */
import type { CloudEvent } from "../../contract/event.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { RegistryHead } from "./registry-head.ts";

/** What a card is judged by, as far as the registry's card can tell. */
export interface OfferTerms {
  workflow: string;
  role: { name: string; eligibility: { all: string[]; agents?: string[]; notAgents: string[] } };
}

/** An open offer, as it goes to agents. */
export interface OpenOffer {
  /** `<thread>:<place of the role>:<number>`. */
  offer: string;
  /** `nerve.offer.opened`. */
  event: CloudEvent;
  terms: OfferTerms;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** What an agent's object is told of offers. Nothing is lost with it: what it says is on the board as well. */
export interface OfferHint {
  opened?: OpenOffer;
  /** The agent was refused and may claim again: the offer is shown to it once more. */
  again?: true;
  /** `nerve.offer.closed`, of offers that the agent was shown. */
  closed: CloudEvent[];
  /** What it was shown has been open for a while: it is written down. */
  keep?: true;
}

/** What an agent's object answers to a hint: the agent is there and may have the role, or may not have it, or is not there. */
export type HintAnswer = "fits" | "unfit" | "away";

/** Something that hints to these agents take along. */
export interface TakenNote {
  /** `nerve.offer.closed`. */
  event: CloudEvent;
  agents: string[];
}

/** An agent that a hint did not find. */
export interface Absent {
  agent: string;
  /** When that was found, milliseconds since the epoch. */
  at: number;
}

export interface Posted {
  /** Who is there and may claim, as far as the registry's card tells, by id: a bounded number. */
  present: string[];
  /** Those of them that the board has not shown the offer yet. */
  fresh: string[];
  /** What closed and those told now have not heard of. */
  along: TakenNote[];
  /** The board has no room for the offer: who comes later does not find it there. */
  unposted?: true;
}

export interface Attending {
  /** The agent's card, narrowed by what it says of itself. */
  card: AgentCard;
  /** Until when it counts as there, milliseconds since the epoch; null: until it leaves; 0: it only looks. */
  until: number | null;
  /** Offers that are open as far as its object knows. */
  known: string[];
}

export interface BoardPage {
  offers: OpenOffer[];
  /** `nerve.offer.closed`: of those known, and of those that it was shown and may not have heard of. */
  closed: CloudEvent[];
  /** Of those known: over, and nobody knows why. */
  over: string[];
  /** The board has begun just now, and may not know all that is open. */
  young: boolean;
}

export interface BoardRpc {
  /**
   * A thread makes an offer, or renews it: it is on the board for the next minute and a half.
   * @param opening whoever was shown it before counts as not told
   */
  post(offer: OpenOffer, opening: boolean, absent: Absent[]): Promise<Posted>;
  /**
   * The offer is closed: whoever was shown it is told with the next hint, or a few seconds later.
   * @param event `nerve.offer.closed`
   * @param shown agents that were asked, in case that the board was lost
   * @param but who knows already
   * @returns the registry's version as it was then; a version of before gives none
   */
  close(offer: string, event: CloudEvent, shown: string[], but: string | null): Promise<RegistryHead | undefined>;
  /** An agent is there, or looks. */
  attend(agent: Attending): Promise<BoardPage>;
  /** An agent went at a time, milliseconds since the epoch. */
  leave(agent: string, at: number): Promise<void>;
}
