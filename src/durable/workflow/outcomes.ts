/**
 * What the queue did about each reflex that fired: whoever posted the event is told, and who asks later. That a thread simply
 * started is not written: its row says so as long as it lives. Knows SQL, no messages.
 */
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { Clock, Row, Storage } from "../host/ports.ts";

export const outcomeMigrations: readonly string[] = [
  `CREATE TABLE outcome (ref TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX outcome_at ON outcome (at);`,
];

export const outcomeLimits = {
  /** Milliseconds for which it is known: whoever asks why nothing happened asks within days. */
  age: 7 * 24 * 60 * 60 * 1_000,
  /** Outcomes that are kept: with some 300 bytes each, 3 MB. */
  count: 10_000,
  /** Starts that are known without their thread: it may have ended before anybody asked. */
  remembered: 1_000,
} as const;

export interface Outcomes {
  /** Within a transaction. */
  note(ref: string, outcome: ReflexOutcome): void;
  read(ref: string): ReflexOutcome | undefined;
}

export function createOutcomes(storage: Storage, clock: Clock): Outcomes {
  const started = new Map<string, ReflexOutcome>();

  function remember(ref: string, outcome: ReflexOutcome): void {
    started.set(ref, outcome);
    if (started.size > outcomeLimits.remembered) started.delete(started.keys().next().value as string);
  }

  return {
    note(ref, outcome) {
      if (outcome.status === "started") {
        // It may have waited.
        storage.exec("DELETE FROM outcome WHERE ref = ?", ref);
        return remember(ref, outcome);
      }
      const now = clock.now();
      storage.exec("INSERT OR REPLACE INTO outcome VALUES (?, ?, ?)", ref, JSON.stringify(outcome), now);
      storage.exec("DELETE FROM outcome WHERE at <= ?", now - outcomeLimits.age);
      storage.exec("DELETE FROM outcome WHERE rowid <= (SELECT max(rowid) FROM outcome) - ?", outcomeLimits.count);
    },
    read(ref) {
      const row = storage.exec<{ body: string } & Row>("SELECT body FROM outcome WHERE ref = ?", ref)[0];
      return row ? (JSON.parse(row.body) as ReflexOutcome) : started.get(ref);
    },
  };
}
