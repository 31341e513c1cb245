/**
 * Tickets: what a browser shows instead of the token where it can send no header, in the URL of a stream or socket: an
 * agent's, or an operator's. URLs end up in logs, so a ticket is short-lived and good once. Knows hashes: no ticket is stored as it is.
 */
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import { agentLimits } from "../agent-schema.ts";

export interface Tickets {
  /**
   * Notes a ticket; within a transaction.
   * @param tokenHash of the token that asked for it: the ticket is void when that is
   * @returns when it expires, milliseconds since the epoch; undefined while too many wait to be used
   */
  issue(ticketHash: string, tokenHash: string): number | undefined;
  /** Takes a ticket; within a transaction. Returns the hash of the token that asked for it, if the ticket is good. */
  redeem(ticketHash: string): string | undefined;
  /** Forgets all; within a transaction. */
  clear(): void;
}

/** What is kept of a ticket, by its hash. */
export interface Ticket {
  tokenHash: string;
  expires: number;
}

export function createTickets(tickets: Resident<Ticket>, clock: Clock): Tickets {
  return {
    issue(ticketHash, tokenHash) {
      const now = clock.now();
      for (const [hash, { expires }] of tickets.entries()) if (expires <= now) tickets.delete(hash);
      if (tickets.size() >= agentLimits.tickets) return undefined;
      const expires = now + agentLimits.ticketLasts;
      tickets.put(ticketHash, { tokenHash, expires });
      return expires;
    },
    redeem(ticketHash) {
      const ticket = tickets.get(ticketHash);
      tickets.delete(ticketHash);
      return ticket && ticket.expires > clock.now() ? ticket.tokenHash : undefined;
    },
    clear: () => tickets.clear(),
  };
}
