/** From when on an agent's silence counts, and when it is to be looked at. Knows what presence remembers, and no messages. */
import type { Assignments } from "./assignments.ts";
import { presenceLimits } from "./presence-limits.ts";
import type { PresenceMemory } from "./presence-memory.ts";
import type { Connections } from "./presence-ports.ts";

export interface SignsOfLife {
  /** The last sign of life. A clock that went back makes it now. */
  readHeard(now: number): number;
  /** The moment from which silence counts: never before the server was able to hear. */
  readSign(now: number): number;
  /** Milliseconds after which a sign is worth a write. */
  findWriteAfter(): number;
  /** The silence that makes the agent away. */
  findSilence(): number;
  /** When the alarm must look; null: an agent that plays no part and is connected costs none. */
  findDue(now: number): number | null;
}

export function createSignsOfLife(memory: PresenceMemory, assignments: Assignments, connections: () => Connections): SignsOfLife {
  function readHeard(now: number, { pinged }: Connections = connections()): number {
    memory.kept.heard = Math.min(now, Math.max(memory.kept.heard, pinged ?? 0));
    // The platform keeps ping times over hibernation, memory doesn't.
    if (pinged !== undefined) memory.fresh = false;
    return memory.kept.heard;
  }

  function readSign(now: number, there?: Connections): number {
    const heard = readHeard(now, there);
    memory.kept.granted = Math.min(now, memory.kept.granted);
    const forgotten = memory.fresh ? Math.min(findWriteAfter(), now - heard) : 0;
    return Math.max(heard + forgotten, memory.kept.granted);
  }

  function findWriteAfter(): number {
    return Math.ceil(findSilence() * presenceLimits.writeShare);
  }

  function findDue(now: number): number | null {
    const there = connections();
    const { count } = there;
    const sign = readSign(now, there);
    const times: number[] = [];
    const silent = assignments.findSilentAt(sign, now);
    if (silent !== undefined) times.push(silent);
    // More threads are to be told than fit into one commit.
    if (assignments.away() && memory.kept.state === "online") times.push(now);
    else if (assignments.away()) {
      const lost = memory.kept.state === "away" ? assignments.findLostAt(sign, now) : undefined;
      if (lost !== undefined) times.push(lost);
      // Pings don't wake the object: look again whether they have resumed.
      if (count > 0) times.push(now + findSilence());
    }
    // A connected agent's socket closes when it goes: no timer is needed.
    if (!assignments.any() && memory.kept.state === "online" && count === 0) times.push(sign + presenceLimits.idle);
    return times.length ? Math.max(now, Math.min(...times)) : null;
  }

  function findSilence(): number {
    return assignments.shortest() ?? presenceLimits.idle;
  }

  return { readHeard, readSign, findWriteAfter, findSilence, findDue };
}
