/** The list of agents as it was read, and when each was heard of since: whatever an agent posts is a sign of life. Knows no page. */
import type { AgentEntry } from "../../contract/views/agent.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import { readSpeaker } from "./story/moment.ts";

/** An agent as it is listed, with when it was heard of last. */
export interface AgentRow extends AgentEntry {
  /** RFC 3339; null: not since the page was opened, nor by its object. */
  heardAt: string | null;
}

/** Signs that are kept: of more agents than any page shows. */
const most = 5_000;

/** Notes who said something. @returns the same map where nobody did */
export function noteSigns(
  before: ReadonlyMap<string, string>,
  entries: readonly LogEntry[],
  now: () => string,
): ReadonlyMap<string, string> {
  const heard = new Set(entries.flatMap((entry) => readSpeaker(entry) ?? []));
  if (heard.size === 0) return before;
  const next = new Map(before);
  // The server's time, for an agent's own clock may be anything.
  for (const agent of heard) {
    next.delete(agent);
    next.set(agent, now());
  }
  for (const [oldest] of next) {
    if (next.size <= most) break;
    next.delete(oldest);
  }
  return next;
}

/** Puts what was read and what was heard together. Who was just heard of is there, whatever the list says yet. */
export function joinSigns(agents: readonly AgentEntry[], signs: ReadonlyMap<string, string>): AgentRow[] {
  return agents.map((agent) => {
    const heard = signs.get(agent.id);
    const { presence } = agent;
    if (heard === undefined) return { ...agent, heardAt: presence?.at ?? null };
    const isNewer = !presence || Date.parse(heard) > Date.parse(presence.at);
    if (!isNewer) return { ...agent, heardAt: presence.at };
    // Since when it is online, its object says.
    if (presence?.state === "online") return { ...agent, heardAt: heard };
    return { ...agent, heardAt: heard, presence: { at: heard, ignores: presence?.ignores ?? 0, state: "online" } };
  });
}
