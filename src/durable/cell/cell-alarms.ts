/**
 * The alarms of a cell's actors: each owner's next in memory, with the platform's one alarm behind the earliest. A time is stored in the
 * transaction that sets it, and only where that is needed: when it moves earlier, or what is stored has rung. A stored time that is too
 * early rings for nothing, once. Knows owners by their address.
 */
import type { CellDatabase } from "./cell-database.ts";
import { cellLimits } from "./cell-limits.ts";
import { createDueOrder, type Due } from "./due-order.ts";
import type { TimerQueue } from "./timer-queue.ts";
import { noRows } from "./waiting-rows.ts";

export interface CellAlarms {
  /** Sets the owner's alarm, in the present transaction where there is one. */
  set(owner: string, at: number): void;
  /**
   * It rings no earlier than then, or not at all, in the present transaction where there is one. Costs no row of its own: what is stored
   * is mended with that of others.
   */
  postpone(owner: string, at: number | undefined): void;
  /** When it rings next; undefined: it is not set, or is ringing. */
  get(owner: string): number | undefined;
  /** It rings no more. */
  clear(owner: string): void;
  /** The platform's alarm rang: it may have been for nobody. */
  rang(): void;
  /** Owners that have an alarm, or had one until a moment ago. */
  size(): number;
}

export interface CellAlarmPorts {
  database: CellDatabase;
  now(): number;
  timers: TimerQueue;
  /** Runs what is due of an owner. */
  ring(owner: string): Promise<void>;
  /** What rings of an owner has taken too long: nothing of it may write any more, and it is loaded anew. */
  giveUp(owner: string): void;
  /** Keeps the cell alive until it ends. */
  background(work: Promise<unknown>): void;
  warn(entry: { [fact: string]: unknown }): void;
  /** Nothing rings, and the platform's alarm stays as it is. */
  paused: boolean;
}

interface OwnerAlarm extends Due {
  readonly owner: string;
  /** What its row says; undefined: it has none. */
  stored: number | undefined;
  ringing: Ringing | undefined;
  /** Times in a row that it threw. */
  failures: number;
}

/** A handler that was called and has not ended. */
interface Ringing {
  /** When it is to ring next, if that was set meanwhile. */
  next: number | undefined;
  readonly since: number;
}

export function createCellAlarms(ports: CellAlarmPorts): CellAlarms {
  const { database, now } = ports;
  const alarms = new Map<string, OwnerAlarm>();
  const order = createDueOrder<OwnerAlarm>(() => alarms.size);
  const rows = createAlarmRows(database, (owner) => alarms.get(owner));
  const clock = createAlarmClock(ports, ringDue);
  const handlers = createHandlers(ports, (alarm, next) => {
    if (next !== undefined) put(alarm, next);
    else if (alarm.stored !== undefined) rows.spend(alarm.owner);
    else alarms.delete(alarm.owner);
  });

  function find(owner: string): OwnerAlarm {
    let alarm = alarms.get(owner);
    if (!alarm) {
      alarm = { owner, at: undefined, stored: undefined, ringing: undefined, failures: 0 };
      alarms.set(owner, alarm);
    }
    return alarm;
  }

  const arm = (): void => clock.wait(order.first()?.at);

  function put(alarm: OwnerAlarm, at: number | undefined): void {
    if (alarm.ringing) {
      alarm.ringing.next = at;
      if (at !== undefined) clock.guard(at);
      return;
    }
    alarm.at = at;
    if (at === undefined) return;
    order.add(alarm, at);
    arm();
  }

  function ringDue(): void {
    const time = now();
    for (let rung = 0; rung < cellLimits.ringsAtOnce; rung++) {
      const alarm = order.first();
      if (alarm?.at === undefined || alarm.at > time) break;
      alarm.at = undefined;
      // Who crashes while it rings is rung again.
      clock.guard(time);
      handlers.begin(alarm, time);
    }
    const late = handlers.endLate(time);
    // It was set when they began, and is set again while they last.
    if (late !== undefined) clock.guard(late);
    for (const owner of rows.mendSpent()) alarms.delete(owner);
    arm();
  }

  for (const { owner, at } of rows.read()) order.add(Object.assign(find(owner), { stored: at, at }), at);
  arm();

  const get = (owner: string): number | undefined => {
    const alarm = alarms.get(owner);
    return alarm?.ringing ? alarm.ringing.next : alarm?.at;
  };

  return {
    get,
    set(owner, at) {
      const before = get(owner);
      const alarm = find(owner);
      const { stored } = alarm;
      database.undo(() => {
        alarm.stored = stored;
        put(alarm, before);
        if (before === undefined && stored === undefined && !alarm.ringing) alarms.delete(owner);
      });
      if (stored === undefined || at < stored || stored < now()) rows.write(alarm, at);
      if (before !== at) put(alarm, at);
    },
    postpone(owner, at) {
      const alarm = alarms.get(owner);
      if (!alarm) return;
      const before = get(owner);
      database.undo(() => put(alarm, before));
      rows.spend(owner);
      put(alarm, at);
    },
    clear(owner) {
      const alarm = alarms.get(owner);
      if (!alarm) return;
      const { stored } = alarm;
      const before = get(owner);
      database.undo(() => {
        alarms.set(owner, alarm);
        alarm.stored = stored;
        put(alarm, before);
      });
      rows.delete([owner]);
      alarm.stored = undefined;
      put(alarm, undefined);
      if (!alarm.ringing) alarms.delete(owner);
    },
    rang() {
      clock.rang();
      ringDue();
      // The platform takes its alarm for done with the call that rang: what rings next must be set by then.
      database.flush();
    },
    size() {
      return alarms.size;
    },
  };
}

/** Runs what is due of owners. @param ended hears when the owner is to ring next, if it is */
function createHandlers(
  { ring, giveUp, background, warn, now }: CellAlarmPorts,
  ended: (alarm: OwnerAlarm, next: number | undefined) => void,
) {
  /** Those that ring, the longest first. */
  const ringing = new Set<OwnerAlarm>();

  /** Nobody waits for it: an owner that takes long, or throws, holds up no other. */
  async function run(alarm: OwnerAlarm, present: Ringing): Promise<void> {
    let failure: string | undefined;
    try {
      await ring(alarm.owner);
    } catch (error) {
      failure = String(error);
    }
    // It was given up.
    if (alarm.ringing !== present) return;
    if (failure !== undefined) return fail(alarm, present, failure);
    alarm.failures = 0;
    end(alarm, present.next);
  }

  function fail(alarm: OwnerAlarm, { next }: Ringing, error: string): void {
    alarm.failures += 1;
    warn({ at: "alarm", address: alarm.owner, failures: alarm.failures, error });
    end(alarm, Math.min(next ?? Number.POSITIVE_INFINITY, now() + pauseAfter(alarm.failures)));
  }

  function end(alarm: OwnerAlarm, next: number | undefined): void {
    alarm.ringing = undefined;
    ringing.delete(alarm);
    ended(alarm, next);
  }

  return {
    begin(alarm: OwnerAlarm, since: number): void {
      alarm.ringing = { next: undefined, since };
      ringing.add(alarm);
      background(run(alarm, alarm.ringing));
    },
    /** Ends those that have taken too long. @returns when it is to be looked at them again, if any rings */
    endLate(time: number): number | undefined {
      for (const alarm of ringing) {
        const { ringing: present, owner } = alarm;
        if (present === undefined) continue;
        const until = present.since + cellLimits.ringsAtMost;
        if (until > time) return until;
        giveUp(owner);
        fail(alarm, present, `its handler has not ended in ${cellLimits.ringsAtMost / 60_000} minutes, and was ended`);
      }
      return undefined;
    },
  };
}

const pauseAfter = (failures: number): number => Math.min(cellLimits.retryFirst * 2 ** (failures - 1), cellLimits.retryLast);

/** Rings in memory for what is due soon, and by the platform's alarm for the rest and for who crashed. */
function createAlarmClock({ database, now, timers, paused }: CellAlarmPorts, ring: () => void) {
  let guardAt: number | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let dropTimer: (() => void) | undefined;

  function guard(at: number): void {
    const slack = at - now() <= cellLimits.awake ? cellLimits.guardSlack : 0;
    if (paused || (guardAt !== undefined && guardAt <= at + slack)) return;
    // In the middle, so that what is due a little earlier does not move it.
    const before = guardAt;
    guardAt = at + slack / 2;
    database.setAlarm(guardAt);
    // The platform takes it back with the transaction in which it was set.
    database.undo(() => {
      guardAt = before;
    });
  }

  return {
    /** Sets the platform's alarm, if it would ring too late. */
    guard,
    /** The platform's alarm rang: none is set. */
    rang() {
      guardAt = undefined;
    },
    /** Rings then, if nobody makes it ring earlier. */
    wait(at: number | undefined): void {
      if (at === undefined) return;
      guard(at);
      if (paused || at - now() > cellLimits.awake || timerAt <= at) return;
      dropTimer?.();
      timerAt = at;
      dropTimer = timers.add(at - now(), () => {
        timerAt = Number.POSITIVE_INFINITY;
        ring();
      });
    },
  };
}

/** Rows of the cell itself, by the owner's address. */
const cellOwner = "";

function createAlarmRows(database: CellDatabase, find: (owner: string) => OwnerAlarm | undefined) {
  /** Whose rows may go. */
  const spent = new Set<string>();

  function remove(owners: readonly string[]): void {
    database.add(cellOwner, { ...noRows, deletedCursors: [...owners] });
  }

  return {
    read: () =>
      database
        .read<{ name: string; seq: number }>("SELECT name, seq FROM cursor WHERE owner = ?", cellOwner)
        .map(({ name, seq }) => ({ owner: name, at: seq })),
    write(alarm: OwnerAlarm, at: number): void {
      database.add(cellOwner, { ...noRows, cursors: [[cellOwner, alarm.owner, at, ""]] });
      alarm.stored = at;
    },
    delete: remove,
    /** What is stored is too early: it has rung and set no other, or need not ring yet. */
    spend: (owner: string) => void spent.add(owner),
    /** Mends rows that are too early, many at once: they would ring for nothing in the next life. @returns whose are deleted */
    mendSpent(): string[] {
      if (spent.size < cellLimits.spentAlarms) return [];
      const known = [...spent].flatMap((owner) => find(owner) ?? []).filter(({ ringing }) => !ringing);
      spent.clear();
      const over = known.flatMap(({ owner, at }) => (at === undefined ? [owner] : []));
      const later = known.filter(({ at, stored }) => at !== undefined && stored !== undefined && at > stored);
      if (over.length) remove(over);
      if (later.length) database.add(cellOwner, { ...noRows, cursors: later.map(({ owner, at = 0 }) => [cellOwner, owner, at, ""]) });
      for (const alarm of later) alarm.stored = alarm.at;
      return over;
    },
  };
}
