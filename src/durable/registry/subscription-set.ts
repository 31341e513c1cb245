/** Who is subscribed to what, as the registry keeps it in memory: by exact kind and by prefix. Knows no database. */
import { matchesKind } from "../../contract/kinds/matches-kind.ts";

export interface SubscriptionSet {
  /** Kinds by agent. */
  byAgent: ReadonlyMap<string, string[]>;
  /** Agents subscribed to the kind, by id. */
  find(kind: string): string[];
}

export function createSubscriptionSet(byAgent: ReadonlyMap<string, string[]>): SubscriptionSet {
  const exact = new Map<string, Set<string>>();
  const prefixes = new Map<string, Set<string>>();
  for (const [agent, kinds] of byAgent)
    for (const kind of kinds) {
      const index = kind.endsWith(".*") ? prefixes : exact;
      const agents = index.get(kind) ?? new Set();
      index.set(kind, agents.add(agent));
    }
  return {
    byAgent,
    find(kind) {
      const found = new Set(exact.get(kind));
      // As many lookups as the kind has dots, however many are subscribed.
      for (let dot = kind.indexOf("."); dot > 0; dot = kind.indexOf(".", dot + 1)) {
        const pattern = `${kind.slice(0, dot)}.*`;
        if (matchesKind([pattern], kind)) for (const agent of prefixes.get(pattern) ?? []) found.add(agent);
      }
      return [...found].sort();
    },
  };
}
