/**
 * One agent's clock: its last sign of life, and what follows from silence. Silent for too long it is away, which each thread
 * that it plays in is told once; away for too long it is lost, which those threads decide. A sign of life costs no commit of
 * its own as long as nothing changes. Knows ports, not sockets.
 */

import type { PresenceFacts } from "../../../contract/views/agent.ts";
import { createPresenceChanges } from "./presence-changes.ts";
import { presenceLimits } from "./presence-limits.ts";
import { createPresenceMemory } from "./presence-memory.ts";
import type { PresencePorts } from "./presence-ports.ts";
import { createSignsOfLife } from "./signs-of-life.ts";

export interface Presence {
  /** The agent did something. */
  hear(): void;
  /** A connection came, which is a sign of life as well. */
  noteConnected(): void;
  /**
   * A connection went.
   * @param pinged when the last ping came on it
   */
  noteDisconnected(pinged?: number): void;
  /** Parts were given or taken: those just given have their time before them. `lost`: one was taken for silence. Within a transaction. */
  noteParts(lost: boolean): void;
  /** How many offers are ignored has changed; within a transaction. */
  noteIgnored(): void;
  /** The alarm rang: tells threads what has become true. */
  check(): void;
  /** When the alarm must look, or undefined: an agent that plays no part and is connected costs none. */
  due(): number | undefined;
  /** Writes what is worth it; last in a transaction. */
  beforeCommit(): void;
  undo(): void;
  /** When a part lapses if the agent stays silent from now on; null: never. */
  findExpiry(part: { silence: number; grace: number | null; since: number }): number | null;
  /** The agent is gone; within a transaction. */
  forget(): void;
  show(): Omit<PresenceFacts, "slots">;
}

/** @param agent its id */
export function createPresence(agent: string, ports: PresencePorts): Presence {
  const { presences, clock, assignments } = ports;
  const memory = createPresenceMemory(presences, clock, ports.connections);
  const signs = createSignsOfLife(memory, assignments, ports.connections);
  const { change, show, comeBack, judge } = createPresenceChanges(agent, memory, signs, ports);
  const { readSign, findWriteAfter, findSilence, findDue } = signs;
  let looked = clock.now();
  let wentBack = false;

  const look = (): void => {
    memory.stale = true;
  };

  return {
    hear() {
      const now = clock.now();
      const back = now < memory.kept.heard;
      memory.kept.heard = now;
      memory.fresh = false;
      if (memory.kept.state !== "online" || assignments.away()) ports.commit(() => comeBack(now));
      else if (back || (assignments.any() && now - memory.stored.heard >= findWriteAfter())) ports.commit(look);
    },
    noteConnected() {
      memory.kept.connections = ports.connections().count;
      memory.stale = true;
      this.hear();
      if (assignments.any() && memory.kept.connections !== memory.stored.connections) ports.commit(() => {});
    },
    noteDisconnected(pinged = 0) {
      const now = clock.now();
      memory.kept.heard = Math.max(memory.kept.heard, Math.min(pinged, now));
      if (pinged > 0) memory.fresh = false;
      const before = memory.kept.connections;
      memory.kept.connections = ports.connections().count;
      memory.stale = true;
      // Whether a connection exists decides what is due, and how silence counts after a restart.
      if (before !== memory.kept.connections && (assignments.any() || memory.kept.state === "online")) ports.commit(() => {});
    },
    noteParts(lost) {
      memory.stale = true;
      if (lost && memory.kept.state === "away") change("lost", clock.now());
    },
    noteIgnored() {
      memory.kept.at = Math.max(clock.now(), memory.kept.at + 1);
      show(memory.kept.state);
    },
    check() {
      const now = clock.now();
      const due = memory.stored.due;
      const silence = findSilence();
      const allowed = Math.min(presenceLimits.lateMost, Math.max(presenceLimits.lateLeast, silence / 2));
      if (due !== null && now - due > allowed) memory.kept.granted = now;
      looked = now;
      if (due === null || due > now) return;
      ports.commit(() => judge(now));
    },
    due() {
      const now = clock.now();
      if (now < looked) {
        memory.stale = true;
        wentBack = true;
      }
      looked = now;
      if (memory.stale) memory.kept.due = findDue(now);
      memory.stale = false;
      return memory.kept.due ?? undefined;
    },
    beforeCommit() {
      this.due();
      if (wentBack) assignments.reset(looked);
      wentBack = false;
      const worthIt =
        memory.kept.due !== memory.stored.due ||
        memory.kept.state !== memory.stored.state ||
        memory.kept.connections !== memory.stored.connections ||
        memory.kept.granted !== memory.stored.granted;
      const old = assignments.any() && memory.kept.heard - memory.stored.heard >= findWriteAfter();
      if (!worthIt && !old) return;
      memory.write();
    },
    undo: memory.undo,
    findExpiry({ silence, grace, since }) {
      if (grace === null) return null;
      const now = clock.now();
      return Math.min(now, Math.max(readSign(now), since)) + silence + grace;
    },
    forget() {
      ports.project({ table: "presence", agent, state: "deleted", order: Math.max(clock.now(), memory.kept.at + 1) });
      memory.forget();
      ports.turned?.("deleted");
    },
    show() {
      const now = clock.now();
      const silent = now - readSign(now) >= findSilence();
      return {
        state: silent && memory.kept.state === "online" ? "away" : memory.kept.state,
        lastSignAt: memory.kept.heard > 0 ? new Date(memory.kept.heard).toISOString() : null,
        connections: ports.connections().count,
        seats: assignments.size(),
        used: assignments.countUsed(),
      };
    },
  };
}
