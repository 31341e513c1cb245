/** What follows from an agent's silence and from its coming back: its state, and what its threads are told of it. Within a transaction. */
import type { PresenceState } from "../../../contract/statuses.ts";
import type { Part } from "./assignments.ts";
import { presenceLimits } from "./presence-limits.ts";
import type { PresenceMemory } from "./presence-memory.ts";
import type { PresencePorts } from "./presence-ports.ts";
import type { SignsOfLife } from "./signs-of-life.ts";

export interface PresenceChanges {
  change(state: PresenceState, now: number): void;
  /** Tells the index the state. */
  show(state: PresenceState): void;
  /** The agent is there again. */
  comeBack(now: number): void;
  /** Tells threads what has become true of the agent's silence. */
  judge(now: number): void;
}

export function createPresenceChanges(agent: string, memory: PresenceMemory, signs: SignsOfLife, ports: PresencePorts): PresenceChanges {
  const { assignments } = ports;
  const { readHeard, readSign, findSilence } = signs;

  function change(state: PresenceState, now: number): void {
    if (memory.kept.state === state) return;
    memory.kept.state = state;
    // Must grow even if the clock goes back: the index keeps the highest.
    memory.kept.at = Math.max(now, memory.kept.at + 1);
    show(state);
    ports.turned?.(state);
  }

  function show(state: PresenceState): void {
    const ignores = ports.ignored?.() ?? 0;
    ports.project({ table: "presence", agent, state, order: memory.kept.at, ...(ignores > 0 && { ignores }) });
  }

  /** One message for all threads in which the role is called the same and given as often. */
  function tell(type: "agent.away" | "agent.back", parts: Part[]): void {
    for (const [, alike] of Map.groupBy(parts, ({ role, generation }) => `${generation} ${role}`)) {
      const { role, generation } = alike[0] as Part;
      const threads = alike.map(({ thread }) => thread);
      ports.tell(threads, { type, agent, role, ...(generation !== undefined && { generation }) });
    }
  }

  function comeBack(now: number): void {
    change("online", now);
    tell("agent.back", assignments.takeAway(presenceLimits.partsAtOnce));
    memory.stale = true;
  }

  function judge(now: number): void {
    memory.stale = true;
    assignments.reset(now);
    const sign = readSign(now);
    if (assignments.away() && now - readHeard(now) < findSilence()) {
      comeBack(now);
      return;
    }
    const silent = assignments.takeSilent(sign, now, presenceLimits.partsAtOnce);
    tell("agent.away", silent);
    const idle = !assignments.any() && now - sign >= presenceLimits.idle && ports.connections().count === 0;
    if (memory.kept.state === "online" && (silent.length > 0 || idle)) change("away", now);
    const lost = assignments.findLostAt(sign, now);
    if (memory.kept.state === "away" && lost !== undefined && lost <= now) change("lost", now);
  }

  return { change, show, comeBack, judge };
}
