/**
 * One agent's clock: its last sign of life, and what follows from silence. Silent for too long it is away, which each thread
 * that it plays in is told once; away for too long it is lost, which those threads decide. A sign of life costs no commit of
 * its own as long as nothing changes. Knows rows and ports, not sockets.
 */

import type { PresenceState } from "../../../contract/statuses.ts";
import type { PresenceFacts } from "../../../contract/views/agent.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { ProjectionRow } from "../../protocol/rpc.ts";
import type { Assignments, Part } from "./assignments.ts";

export const presenceLimits = {
  /** Milliseconds of silence that make an agent without any part away: the usual heartbeat, 30 s three times. */
  idle: 90_000,
  /** Parts whose threads are told in one commit; the alarm rings again for the rest. */
  partsAtOnce: 500,
  /**
   * Milliseconds, within half of the silence that counts, by which an alarm may be late before the server is taken to have been
   * unable to hear: between what a busy machine does and what a restart takes.
   */
  lateLeast: 2_000,
  lateMost: 5_000,
  /** Share of the shortest silence after which a sign is worth a write: what a crash forgets, each part is granted back. */
  writeShare: 1 / 3,
  /** Days after which a claim without a verdict takes no slot any more: offers are never open for so long. */
  claimDays: 8,
} as const;

/** What lives beside the rows. */
export interface Connections {
  /** Sockets, and streams that are being written. */
  count: number;
  /** When the newest ping came that the platform answered by itself. */
  pinged?: number | undefined;
}

export interface PresencePorts {
  storage: Storage;
  clock: Clock;
  assignments: Assignments;
  connections(): Connections;
  commit(body: () => void): void;
  /** To the recruitment of those threads; within a commit. */
  tell(threads: string[], message: { type: "agent.away" | "agent.back"; agent: string; role: string; generation?: number }): void;
  project(row: ProjectionRow): void;
  /** Offers that the agent has seen and does not answer, though it is free to; absent: none are looked for. */
  ignored?(): number;
}

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

interface Stored {
  state: PresenceState;
  /** Since when. */
  at: number;
  /** The last sign of life. */
  heard: number;
  /** Silence counts from here at the earliest: the server was not able to hear before. */
  granted: number;
  connections: number;
  /** When the alarm was to look. */
  due: number | null;
}

/** @param agent its id */
export function createPresence(agent: string, ports: PresencePorts): Presence {
  const { storage, clock, assignments } = ports;
  let stored = read();
  let kept: Stored = { ...stored, connections: ports.connections().count };
  /** Counted anew at the next look. */
  let stale = false;
  /** What the life before heard since it last wrote is forgotten. */
  let fresh = stored.heard > 0;
  let looked = clock.now();
  let wentBack = false;
  // Sockets that are gone without a word were alive until a moment ago, for all that is known.
  if (stored.connections > kept.connections) kept.granted = looked;

  function read(): Stored {
    const row = storage.exec<{ [column: string]: string | number | null }>("SELECT * FROM presence")[0] as unknown as Stored | undefined;
    return row ?? { state: "away", at: 0, heard: 0, granted: 0, connections: 0, due: null };
  }

  /** The last sign of life. A clock that went back makes it now. */
  function readHeard(now: number): number {
    const { pinged } = ports.connections();
    kept.heard = Math.min(now, Math.max(kept.heard, pinged ?? 0));
    // Pings outlive what memory forgets.
    if (pinged !== undefined) fresh = false;
    return kept.heard;
  }

  /** The moment from which silence counts: never before the server was able to hear. */
  function readSign(now: number): number {
    const heard = readHeard(now);
    kept.granted = Math.min(now, kept.granted);
    const forgotten = fresh ? Math.min(findWriteAfter(), now - heard) : 0;
    return Math.max(heard + forgotten, kept.granted);
  }

  function findWriteAfter(): number {
    return Math.ceil((assignments.shortest ?? presenceLimits.idle) * presenceLimits.writeShare);
  }

  function findDue(now: number): number | null {
    const sign = readSign(now);
    const { count } = ports.connections();
    const times: number[] = [];
    const silent = assignments.findSilentAt(sign, now);
    if (silent !== undefined) times.push(silent);
    // More were to be told than one commit tells.
    if (assignments.away && kept.state === "online") times.push(now);
    else if (assignments.away) {
      const lost = kept.state === "away" ? assignments.findLostAt(sign, now) : undefined;
      if (lost !== undefined) times.push(lost);
      // Pings wake nobody: whether they go on again must be looked at.
      if (count > 0) times.push(now + (assignments.shortest ?? presenceLimits.idle));
    }
    // One that is connected says by its socket when it goes.
    if (!assignments.any && kept.state === "online" && count === 0) times.push(sign + presenceLimits.idle);
    return times.length ? Math.max(now, Math.min(...times)) : null;
  }

  const look = (): void => {
    stale = true;
  };

  function change(state: PresenceState, now: number): void {
    if (kept.state === state) return;
    kept.state = state;
    // Grows, whatever the clock does: the index keeps the newest.
    kept.at = Math.max(now, kept.at + 1);
    show(state);
  }

  function show(state: PresenceState): void {
    const ignores = ports.ignored?.() ?? 0;
    ports.project({ table: "presence", agent, state, order: kept.at, ...(ignores > 0 && { ignores }) });
  }

  /** One message for all threads in which the role is called the same and given as often. */
  function tell(type: "agent.away" | "agent.back", parts: Part[]): void {
    for (const [, alike] of Map.groupBy(parts, ({ role, generation }) => `${generation} ${role}`)) {
      const { role, generation } = alike[0] as Part;
      const threads = alike.map(({ thread }) => thread);
      ports.tell(threads, { type, agent, role, ...(generation !== undefined && { generation }) });
    }
  }

  /** Writes that the agent is there again. */
  function comeBack(now: number): void {
    change("online", now);
    tell("agent.back", assignments.takeAway(presenceLimits.partsAtOnce));
    stale = true;
  }

  function judge(now: number): void {
    stale = true;
    assignments.reset(now);
    const sign = readSign(now);
    if (assignments.away && now - readHeard(now) < (assignments.shortest ?? presenceLimits.idle)) {
      comeBack(now);
      return;
    }
    const silent = assignments.takeSilent(sign, now, presenceLimits.partsAtOnce);
    tell("agent.away", silent);
    const idle = !assignments.any && now - sign >= presenceLimits.idle && ports.connections().count === 0;
    if (kept.state === "online" && (silent.length > 0 || idle)) change("away", now);
    const lost = assignments.findLostAt(sign, now);
    if (kept.state === "away" && lost !== undefined && lost <= now) change("lost", now);
  }

  return {
    hear() {
      const now = clock.now();
      const back = now < kept.heard;
      kept.heard = now;
      fresh = false;
      if (kept.state !== "online" || assignments.away) ports.commit(() => comeBack(now));
      else if (back || (assignments.any && now - stored.heard >= findWriteAfter())) ports.commit(look);
    },
    noteConnected() {
      kept.connections = ports.connections().count;
      stale = true;
      this.hear();
      if (assignments.any && kept.connections !== stored.connections) ports.commit(() => {});
    },
    noteDisconnected(pinged = 0) {
      const now = clock.now();
      kept.heard = Math.max(kept.heard, Math.min(pinged, now));
      if (pinged > 0) fresh = false;
      const before = kept.connections;
      kept.connections = ports.connections().count;
      stale = true;
      // Whether one is connected decides what is due, and what a restart makes of its silence.
      if (before !== kept.connections && (assignments.any || kept.state === "online")) ports.commit(() => {});
    },
    noteParts(lost) {
      stale = true;
      if (lost && kept.state === "away") change("lost", clock.now());
    },
    noteIgnored() {
      kept.at = Math.max(clock.now(), kept.at + 1);
      show(kept.state);
    },
    check() {
      const now = clock.now();
      const due = stored.due;
      const silence = assignments.shortest ?? presenceLimits.idle;
      const allowed = Math.min(presenceLimits.lateMost, Math.max(presenceLimits.lateLeast, silence / 2));
      if (due !== null && now - due > allowed) kept.granted = now;
      looked = now;
      if (due === null || due > now) return;
      ports.commit(() => judge(now));
    },
    due() {
      const now = clock.now();
      if (now < looked) {
        stale = true;
        wentBack = true;
      }
      looked = now;
      if (stale) kept.due = findDue(now);
      stale = false;
      return kept.due ?? undefined;
    },
    beforeCommit() {
      this.due();
      if (wentBack) assignments.reset(looked);
      wentBack = false;
      const worthIt =
        kept.due !== stored.due ||
        kept.state !== stored.state ||
        kept.connections !== stored.connections ||
        kept.granted !== stored.granted;
      const old = assignments.any && kept.heard - stored.heard >= findWriteAfter();
      if (!worthIt && !old) return;
      storage.exec(
        "INSERT OR REPLACE INTO presence (one, state, at, heard, granted, connections, due) VALUES (1, ?, ?, ?, ?, ?, ?)",
        ...[kept.state, kept.at, kept.heard, kept.granted, kept.connections, kept.due],
      );
      stored = { ...kept };
    },
    undo() {
      stored = read();
      kept = { ...stored, heard: Math.max(kept.heard, stored.heard), connections: ports.connections().count };
      stale = true;
    },
    findExpiry({ silence, grace, since }) {
      if (grace === null) return null;
      const now = clock.now();
      return Math.min(now, Math.max(readSign(now), since)) + silence + grace;
    },
    forget() {
      ports.project({ table: "presence", agent, state: "deleted", order: Math.max(clock.now(), kept.at + 1) });
      storage.exec("DELETE FROM presence");
      stored = read();
      kept = { ...stored };
      stale = true;
    },
    show() {
      const now = clock.now();
      const silent = now - readSign(now) >= (assignments.shortest ?? presenceLimits.idle);
      return {
        state: silent && kept.state === "online" ? "away" : kept.state,
        lastSignAt: kept.heard > 0 ? new Date(kept.heard).toISOString() : null,
        connections: ports.connections().count,
        seats: assignments.list().length,
        used: assignments.countUsed(),
      };
    },
  };
}
