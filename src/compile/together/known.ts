/** What a server's registry knows, as checks ask for it. Pure: who asked the server is the caller's business. */

import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import type { AcceptedSchema } from "../../contract/views/agent.ts";
import type { CandidateCard } from "../judge-turns.ts";

/** An agent that is registered. */
export interface KnownAgent extends CandidateCard {
  /** Kinds that it may send; null: all. */
  kinds: readonly string[] | null;
  /** Kinds that it is subscribed to. */
  subscribed: readonly string[];
}

/** What only a server knows. */
export interface Known {
  agents: readonly KnownAgent[];
  accepted: readonly AcceptedSchema[];
  /** Whether some agent hears the kind. */
  hears(kind: string): boolean;
  /** Whether some agent may send the kind, or one of the prefix. */
  sends(kind: string): boolean;
}

/** Makes it of what a server answered. Where it has no agents yet, they may become anything. */
export function createKnown(agents: readonly KnownAgent[], accepted: readonly AcceptedSchema[]): Known {
  const isEmpty = agents.length === 0;
  return {
    agents,
    accepted,
    hears: (kind) =>
      isEmpty || accepted.some((each) => each.kind === kind) || agents.some(({ subscribed }) => matchesKind([...subscribed], kind)),
    sends: (kind) =>
      isEmpty || agents.some(({ kinds }) => kinds === null || kinds.some((each) => matchesKind([each], kind) || matchesKind([kind], each))),
  };
}
