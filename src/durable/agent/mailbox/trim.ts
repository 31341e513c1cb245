/** What an agent's object forgets by age: in bounded steps, and not at each alarm, for looking costs a walk over the table. */
import type { Clock, Storage } from "../../host/ports.ts";

export const trimLimits = {
  /** Rows of a table that one alarm deletes: bounds its transaction. */
  rows: 2_000,
  /** Milliseconds until the next look, and until the next step where one was not enough. */
  pause: 600_000,
  pauseFull: 1_000,
} as const;

/** A table with a time in `at`, milliseconds since the epoch. */
export interface Trimmed {
  table: string;
  key: string;
  days: number;
}

export interface Trim {
  /** Deletes what is too old, if it is time to look; within a transaction. */
  run(): void;
  /** When the alarm must go on; undefined: the last step was enough. */
  due(): number | undefined;
}

export function createTrim(storage: Storage, clock: Clock, tables: readonly Trimmed[]): Trim {
  let next = 0;
  let full = false;
  return {
    run() {
      const now = clock.now();
      // If the clock went back, don't wait until it catches up.
      if (now < next && next - now <= trimLimits.pause) return;
      full = false;
      for (const { table, key, days } of tables) {
        const gone = storage.exec(
          `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE at < ? LIMIT ?) RETURNING 1`,
          now - days * 86_400_000,
          trimLimits.rows,
        ).length;
        full ||= gone === trimLimits.rows;
      }
      next = now + (full ? trimLimits.pauseFull : trimLimits.pause);
    },
    due: () => (full ? next : undefined),
  };
}
