/** The timers of an object's actors, and the earliest of them without a look at each per commit. Knows documents, not machines. */
import type { ActorDocs, StoredTimer } from "./actor-docs.ts";
import { endOfTime } from "./limits.ts";
import { remember } from "./remembered.ts";

export interface TimerRow extends StoredTimer {
  actor: string;
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

const byTime = (a: StoredTimer, b: StoredTimer): number => a.due - b.due || a.made - b.made;

export function createTimerTable(docs: ActorDocs): TimerTable {
  const first = remember(() => {
    let earliest: number = endOfTime;
    for (const { timers } of docs.all()) for (const { due } of timers) if (due < earliest) earliest = due;
    return earliest < endOfTime ? earliest : undefined;
  });
  const read = (actor: string): readonly StoredTimer[] => docs.read(actor)?.timers ?? [];
  const write = (actor: string, timers: StoredTimer[]): void => {
    docs.change(actor, { timers });
    first.forget();
  };
  const keep = (actor: string, isKept: (timer: StoredTimer) => boolean): void => {
    const timers = read(actor);
    if (!timers.length) return;
    const kept = timers.filter(isKept);
    if (kept.length < timers.length) write(actor, kept);
  };
  return {
    set({ actor, id, due, made, event, receiver }) {
      // As in XState both ring, and the id now means the later one.
      const timers = read(actor);
      const others = timers.length ? timers.map((timer) => (timer.id === id ? { ...timer, id: `${id}#${timer.made}` } : timer)) : timers;
      write(actor, [...others, { id, due: Math.min(due, endOfTime), made, event, receiver }]);
    },
    cancel: (actor, id) => keep(actor, (timer) => timer.id !== id),
    clear: (actor) => keep(actor, () => false),
    forget: ({ actor, made }) => keep(actor, (timer) => timer.made !== made),
    postpone({ actor, made }, due) {
      write(
        actor,
        read(actor).map((timer) => (timer.made === made ? { ...timer, due } : timer)),
      );
    },
    isSet: ({ actor, made }) => read(actor).some((timer) => timer.made === made),
    next(now) {
      const earliest = first.get();
      if (earliest === undefined || earliest > now) return undefined;
      const due = docs.all().flatMap(({ row, timers }) => timers.map((timer) => ({ ...timer, actor: row.id })));
      return due.filter((timer) => timer.due <= now).sort(byTime)[0];
    },
    earliest: first.get,
    of(actor) {
      const timers = read(actor);
      return (timers.length > 1 ? [...timers].sort(byTime) : timers).map(({ id, due }) => ({ id, due }));
    },
    reread: first.forget,
  };
}
