/** The timer rows of one object, and the earliest of them without a query per commit. Knows SQL, not actors. */
import { endOfTime } from "./limits.ts";
import type { Row, Storage } from "./ports.ts";
import { remember } from "./remembered.ts";

export interface TimerRow extends Row {
  actor: string;
  id: string;
  /** Milliseconds since the epoch; {@link endOfTime}: never, or until its dead letter is settled. */
  due: number;
  /** Where in the actor's life it was set: tells one setting of an id from the next, and orders equal times. */
  made: number;
  event: string;
  /** Address of a delayed send; null: the actor itself. */
  receiver: string | null;
}

/** One setting of a timer. */
export type TimerKey = Pick<TimerRow, "actor" | "made">;

export interface TimerTable {
  /** Sets a timer. An earlier one of the same id rings as well, but can no longer be cancelled. */
  set(timer: TimerRow): void;
  cancel(actor: string, id: string): void;
  /** All timers of an actor. */
  clear(actor: string): void;
  /** Removes this very setting; a later one of the same id stays. */
  forget(timer: TimerKey): void;
  postpone(timer: TimerKey, due: number): void;
  isSet(timer: TimerKey): boolean;
  /** The first that is due, in order of time and then of setting. */
  next(now: number): TimerRow | undefined;
  earliest(): number | undefined;
  of(actor: string): { id: string; due: number }[];
  /** A transaction was rolled back. */
  reread(): void;
}

/** Effects of one step that are told apart in `made`; a step has far fewer. */
const effectsPerStep = 1_000_000;

/** @param index the effect's place in its step */
export function numberTimer(revision: number, index: number): number {
  return revision * effectsPerStep + index;
}

export function createTimerTable(storage: Storage): TimerTable {
  // A lower bound: the timer may have been cancelled since. That costs an alarm for nothing instead of a query per commit.
  const first = remember(
    () => storage.exec<{ due: number | null }>("SELECT min(due) AS due FROM timer WHERE due < ?", endOfTime)[0]?.due ?? undefined,
  );
  const write = (sql: string, ...values: (string | number | null)[]): void => {
    storage.exec(sql, ...values);
    first.forget();
  };
  return {
    set({ actor, id, due, made, event, receiver }) {
      const earliest = first.get();
      const add = (): boolean =>
        storage.exec(
          "INSERT INTO timer (actor, id, due, made, event, receiver) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING made",
          actor,
          id,
          Math.min(due, endOfTime),
          made,
          event,
          receiver,
        ).length > 0;
      if (!add()) {
        // As in XState both ring, and the id now means the later one.
        storage.exec("UPDATE timer SET id = id || '#' || made WHERE actor = ? AND id = ?", actor, id);
        add();
      }
      if (due < endOfTime && (earliest === undefined || due < earliest)) first.set(due);
    },
    cancel: (actor, id) => void storage.exec("DELETE FROM timer WHERE actor = ? AND id = ?", actor, id),
    clear: (actor) => write("DELETE FROM timer WHERE actor = ?", actor),
    forget: ({ actor, made }) => write("DELETE FROM timer WHERE actor = ? AND made = ?", actor, made),
    postpone: ({ actor, made }, due) => write("UPDATE timer SET due = ? WHERE actor = ? AND made = ?", due, actor, made),
    isSet: ({ actor, made }) => storage.exec("SELECT 1 FROM timer WHERE actor = ? AND made = ?", actor, made).length > 0,
    next(now) {
      const earliest = first.get();
      if (earliest === undefined || earliest > now) return undefined;
      const row = storage.exec<TimerRow>("SELECT * FROM timer WHERE due <= ? ORDER BY due, made LIMIT 1", now)[0];
      if (!row) first.forget();
      return row;
    },
    earliest: first.get,
    of: (actor) => storage.exec<{ id: string; due: number }>("SELECT id, due FROM timer WHERE actor = ? ORDER BY due, made", actor),
    reread: first.forget,
  };
}
