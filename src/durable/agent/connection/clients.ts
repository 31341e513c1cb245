/**
 * The processes that speak for one agent, as far as they name themselves: two with one token are told of each other. In memory only.
 * Knows names and times, not connections.
 */
import type { ServerNote } from "../../../contract/frames/server-frames.ts";

const clientLimits = {
  /** Milliseconds after its last poll that a process counts as being there: two polls and some. */
  polls: 60_000,
  /** Processes that are remembered. */
  remembered: 64,
} as const;

/** Notes what polls; what has a connection open the caller knows. */
export interface Clients {
  /** A process polls. */
  note(client: string): void;
  /** Those that are there. @param connected by name, of all open connections */
  list(connected: Iterable<string>): string[];
  /** Forgets a process that has ended. */
  forget(client: string): void;
}

/** Makes {@link Clients}. */
export function createClients(now: () => number): Clients {
  const polled = new Map<string, number>();
  return {
    note(client) {
      polled.delete(client);
      polled.set(client, now());
      if (polled.size > clientLimits.remembered) for (const oldest of polled.keys()) return void polled.delete(oldest);
    },
    list(connected) {
      const recent = [...polled].filter(([, at]) => now() - at < clientLimits.polls).map(([client]) => client);
      return [...new Set([...connected, ...recent])].sort();
    },
    forget: (client) => void polled.delete(client),
  };
}

/** What a process is told of another. */
export function describeSecond(about: string): ServerNote {
  return {
    code: "second_client",
    about,
    detail: `another process (${about}) is connected with this agent's token: each event goes to one of the two. If it is an earlier run that died, it is gone within a minute; else give each process an agent of its own.`,
  };
}
