/**
 * Tickets: what a browser shows instead of the token where it can send no header, in the URL of a stream or socket: an
 * agent's, or an operator's. URLs end up in logs, so a ticket is short-lived and good once. Knows one table, and hashes: no ticket is stored as it is.
 */
import type { Clock, Storage } from "../../host/ports.ts";
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

export function createTickets(storage: Storage, clock: Clock): Tickets {
  return {
    issue(ticketHash, tokenHash) {
      const now = clock.now();
      storage.exec("DELETE FROM ticket WHERE expires <= ?", now);
      if (storage.exec("SELECT 1 FROM ticket").length >= agentLimits.tickets) return undefined;
      const expires = now + agentLimits.ticketLasts;
      storage.exec("INSERT OR REPLACE INTO ticket (hash, token_hash, expires) VALUES (?, ?, ?)", ticketHash, tokenHash, expires);
      return expires;
    },
    redeem(ticketHash) {
      const [row] = storage.exec<{ token_hash: string; expires: number }>(
        "DELETE FROM ticket WHERE hash = ? RETURNING token_hash, expires",
        ticketHash,
      );
      return row && row.expires > clock.now() ? row.token_hash : undefined;
    },
    clear: () => void storage.exec("DELETE FROM ticket"),
  };
}
