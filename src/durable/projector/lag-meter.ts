/**
 * Measures how far the log is behind: from the commit in an object to the row in D1. Memory only, a minute of it. Knows
 * neither D1 nor rows.
 */
import type { LogLag } from "../../contract/views/log-lag.ts";

/** Seconds that are remembered. */
const window = 60;

interface Second {
  at: number;
  rows: number;
  sum: number;
  max: number;
}

export interface LagMeter {
  /** Rows arrived, committed at these times; the function tells what became of them: an error, or that they are written. */
  arrive(committed: number[]): (error?: unknown) => void;
  read(): LogLag;
}

/** @param now milliseconds since the epoch */
export function createLagMeter(now: () => number): LagMeter {
  let seconds: Second[] = [];
  let last: number | null = null;
  let failing: { since: number; error: string } | null = null;
  const waiting = new Set<{ rows: number; oldest: number }>();

  function note(lags: number[]): void {
    const at = Math.floor(now() / 1_000);
    let second = seconds.at(-1);
    if (second?.at !== at) {
      second = { at, rows: 0, sum: 0, max: 0 };
      seconds = [...seconds.filter((each) => each.at > at - window), second];
    }
    for (const lag of lags) {
      second.rows += 1;
      second.sum += lag;
      second.max = Math.max(second.max, lag);
    }
    last = lags.at(-1) ?? last;
  }

  return {
    arrive(committed) {
      const entry = { rows: committed.length, oldest: Math.min(...committed) };
      waiting.add(entry);
      return (error) => {
        waiting.delete(entry);
        if (error === undefined) {
          failing = null;
          // Clocks of two machines: a row is not written before it was committed.
          const time = now();
          note(committed.map((at) => Math.max(0, time - at)));
        } else failing = { since: failing?.since ?? now(), error: error instanceof Error ? error.message : String(error) };
      };
    },
    read() {
      const recent = seconds.filter(({ at }) => at > Math.floor(now() / 1_000) - window);
      const rows = recent.reduce((sum, second) => sum + second.rows, 0);
      const oldest = Math.min(...[...waiting].map((entry) => entry.oldest));
      return {
        lagMs: rows ? last : null,
        maxMs: rows ? Math.max(...recent.map(({ max }) => max)) : null,
        meanMs: rows ? Math.round(recent.reduce((sum, second) => sum + second.sum, 0) / rows) : null,
        rows,
        waiting: [...waiting].reduce((sum, entry) => sum + entry.rows, 0),
        oldestWaiting: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null,
        failing: failing && { since: new Date(failing.since).toISOString(), error: failing.error },
      };
    },
  };
}
