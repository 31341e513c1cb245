/**
 * An agent's word to the board: that it is there, and what is open for it. Said when it connects, when it polls and the board may have
 * forgotten it, and when its card changes: never on the way of a turn. What cannot be said now is said at the next occasion.
 */
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { Clock, Scheduler } from "../../host/ports.ts";
import type { BoardPage, BoardRpc } from "../../protocol/board.ts";

export const attendanceLimits = {
  /** Milliseconds for which an agent that polls counts as there: as long as silence makes no other away. */
  lease: 90_000,
  /** Milliseconds after which one whose last connection closed has gone: a client that comes back in that time costs nothing. */
  goesAfter: 5_000,
  /** Milliseconds between two looks of an agent that asks while it takes offers for open, or the board was new at the last one. */
  look: 1_000,
  /** The same of one that knows of none. */
  lookAnyhow: 10_000,
  /** Milliseconds after which one that is connected says once more what the board could not be told: it may not come again by itself. */
  again: 5_000,
} as const;

export interface Attendance {
  /** A connection opened. */
  connected(): void;
  /** A connection closed. */
  disconnected(): void;
  /** The agent polls; resolves once it has what the board has for it. */
  polled(): Promise<void>;
  /** What is open for the agent is wanted, whether it is there or not. */
  look(): Promise<void>;
  /** It gave a sign of life after a silence. */
  cameBack(): void;
  /** It is silent, or no more. */
  left(): void;
  /** What it may do has changed, or may have. */
  refresh(): void;
  /** The board takes it for another than it is: it may have its card of an older source. */
  correct(): void;
}

export interface AttendancePorts {
  agent: string;
  clock: Clock;
  scheduler: Scheduler;
  later(milliseconds: number, work: () => void): void;
  board: Pick<BoardRpc, "attend" | "leave">;
  /** The card as the agent narrows it, the same while nothing of it changes; null: there is no such agent. */
  card(): AgentCard | null;
  isConnected(): boolean;
  /** Offers that are open as far as it knows. */
  listOpen(): string[];
  take(page: BoardPage): void;
}

export function createAttendance(ports: AttendancePorts): Attendance {
  const { agent, clock, scheduler, later, board, card, isConnected, listOpen, take } = ports;
  /** As far as this life of the object has said: undefined, nothing. */
  let until: number | null | undefined;
  let polledAt: number | undefined;
  let lookedAt: number | undefined;
  let wasYoung = false;
  let told: string | undefined;
  /** The card as `told` has it. */
  let toldOf: AgentCard | undefined;
  let underWay: { wanted: number | null; done: Promise<void> } | undefined;

  async function ask(wanted: number | null): Promise<void> {
    const own = card();
    if (!own) return;
    try {
      told = JSON.stringify(own);
      toldOf = own;
      const page = await board.attend({ card: own, until: wanted, known: listOpen() });
      if (wanted !== 0) until = wanted;
      lookedAt = clock.now();
      wasYoung = page.young;
      take(page);
    } catch {
      // A poll comes again; a connection need not.
      later(attendanceLimits.again, () => void (isConnected() && attendIfDue()));
    }
  }

  /** One call at a time: what is asked for meanwhile is answered by it, unless it only looks. */
  function attend(wanted: number | null): Promise<void> {
    if (underWay && (underWay.wanted !== 0 || wanted === 0)) return underWay.done;
    const done = (underWay?.done ?? Promise.resolve())
      .then(() => ask(wanted))
      .finally(() => {
        if (underWay?.done === done) underWay = undefined;
      });
    underWay = { wanted, done };
    return done;
  }

  /** Until when it is there now. */
  function findUntil(): number | null {
    return isConnected() ? null : clock.now() + attendanceLimits.lease;
  }

  function leave(): void {
    until = undefined;
    scheduler.background(board.leave(agent, clock.now()).catch(() => {}));
  }

  /** Whether the board has to hear that the agent is there. */
  function isDue(): boolean {
    if (until === undefined) return true;
    if (until === null) return false;
    return isConnected() || until - clock.now() < attendanceLimits.lease / 2;
  }

  /** Whether what it takes for open may have closed since, or a hint was lost. */
  function isOld(): boolean {
    const { look, lookAnyhow } = attendanceLimits;
    return clock.now() - (lookedAt ?? 0) >= (wasYoung || listOpen().length > 0 ? look : lookAnyhow);
  }

  function attendIfDue(): void {
    if (isDue()) scheduler.background(attend(findUntil()));
  }

  return {
    connected: attendIfDue,
    disconnected() {
      if (isConnected()) return;
      later(attendanceLimits.goesAfter, () => {
        if (isConnected()) return;
        const lease = (polledAt ?? Number.NEGATIVE_INFINITY) + attendanceLimits.lease;
        if (lease <= clock.now()) leave();
        else if (until === null) scheduler.background(attend(lease));
      });
    },
    async polled() {
      polledAt = clock.now();
      if (!isDue() && !isOld()) return;
      await attend(findUntil());
    },
    async look() {
      if (lookedAt === undefined || (listOpen().length > 0 && isOld())) await attend(until === undefined ? 0 : until);
    },
    // Off the commit's path, in which a sign of life is noted. Always: a board that began anew meanwhile took the silent one for away.
    cameBack: () => scheduler.background(Promise.resolve().then(() => attend(findUntil()))),
    left() {
      if (!isConnected()) leave();
    },
    refresh() {
      if (until === undefined) return;
      const own = card();
      if (!own) leave();
      else if (own === toldOf) return;
      else if (JSON.stringify(own) === told) toldOf = own;
      else scheduler.background(attend(findUntil()));
    },
    correct() {
      if (isConnected() || until !== undefined) scheduler.background(attend(findUntil()));
    },
  };
}
