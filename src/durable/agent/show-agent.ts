/**
 * An agent as others see it: the agent itself in `/v1/me`, a thread that looks at its card, an operator who asks why it holds no
 * role. Reads only.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";
import { formatDuration } from "../../contract/format-duration.ts";
import { limits } from "../../contract/limits.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import type { Clock } from "../host/ports.ts";
import type { AgentStanding, ClaimCard } from "../protocol/agent.ts";
import type { Registry } from "../registry/registry.ts";
import type { Rates } from "./connection/rate.ts";
import type { AgentIdentity } from "./identity.ts";
import type { Mailbox } from "./mailbox/mailbox.ts";
import { narrowCard } from "./narrow-card.ts";
import type { Assignments } from "./presence/assignments.ts";
import type { Presence } from "./presence/presence.ts";

/** Roles that are listed for others: more are counted, and read by nobody. */
const rolesShown = 200;

export interface ShowAgent {
  /** What the agent is, as far as it says so itself; null: it was removed, or never was. */
  card(): ClaimCard | null;
  /** `/v1/me`, of somebody with this card. */
  me(granted: AgentCard): Promise<Json>;
  presence(): PresenceFacts;
  /** How the agent stands to an offer; null: there is none, or no more. */
  standing(offer: string | null): AgentStanding | null;
}

export interface ShowAgentPorts {
  clock: Clock;
  registry: Registry;
  rates: Rates;
  identity: Pick<AgentIdentity, "card" | "report">;
  mailbox: Pick<Mailbox, "readOpen" | "count" | "locateOffer">;
  assignments: Assignments;
  presence: Presence;
}

export function createShowAgent({ clock, registry, rates, identity, mailbox, assignments, presence }: ShowAgentPorts): ShowAgent {
  /** Each once, as it was last given: a resume gives a turn again. */
  function readTurns(): Json[] {
    const newest = new Map<string, Json>();
    for (const { seq, event } of mailbox.readOpen("turn")) {
      const { id, source, time } = event;
      const data = event.data as { turn: string; [member: string]: Json };
      newest.delete(data.turn);
      newest.set(data.turn, { ...data, assignment: { id, source, time, seq } });
    }
    return [...newest.values()];
  }

  return {
    card() {
      const [card, report] = [identity.card(), identity.report()];
      return card ? { ...card, ...narrowCard({ card, report }, assignments) } : null;
    },
    async me(granted) {
      const data = (item: { event: CloudEvent }): Json => item.event.data ?? null;
      return {
        id: granted.id,
        capabilities: granted.capabilities,
        roles: granted.roles,
        kinds: granted.kinds,
        limits: {
          eventBytes: limits.eventBytes,
          batchEvents: limits.batchEvents,
          mailboxRows: limits.mailboxRows,
          pollSeconds: limits.pollSeconds,
          eventsPerSecond: rates.events,
          callsPerSecond: rates.calls,
        },
        now: new Date(clock.now()).toISOString(),
        rolesHeld: assignments.list().map(({ thread, workflow, role, type, generation, ...terms }) => {
          const expires = presence.findExpiry(terms);
          return {
            ...{ thread, workflow, role, type },
            lease: { generation, expires: expires === null ? null : new Date(expires).toISOString() },
            heartbeat: { every: formatDuration(terms.every), miss: Math.round(terms.silence / terms.every) },
          };
        }),
        claims: assignments.listClaims(),
        turns: readTurns(),
        offers: mailbox.readOpen("offer").map(data),
        ...(identity.report().labels !== undefined && { labels: identity.report().labels as Json }),
        ...(registry.subscriptionsOf && { subscriptions: await registry.subscriptionsOf(granted.id) }),
        inbox: mailbox.count(),
      };
    },
    presence: () => ({
      ...{ ...presence.show(), slots: identity.report().slots ?? null },
      roles: assignments
        .list()
        .slice(0, rolesShown)
        .map(({ thread, workflow, role, since }) => ({ thread, workflow, role, since: new Date(since).toISOString() })),
    }),
    standing(offer) {
      const [card, report] = [identity.card(), identity.report()];
      if (!card) return null;
      const { state, lastSignAt, used } = presence.show();
      return {
        card: {
          ...card,
          ...narrowCard({ card, report }, assignments),
          ...(report.slots !== undefined && { capacity: { slots: report.slots, used } }),
        },
        offer: offer === null ? "absent" : mailbox.locateOffer(offer),
        presence: { state, lastSignAt },
      };
    },
  };
}
