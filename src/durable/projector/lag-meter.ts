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

/** Rows that arrived together. */
export interface Arrival {
  /** When each was committed. */
  committed: readonly number[];
  oldest: number;
}

export interface LagMeter {
  /** Rows arrived, committed at these times. */
  arrive(committed: readonly number[]): Arrival;
  /** They are written. */
  written(arrival: Arrival): void;
  /** They are not: their object sends them again. */
  failed(arrival: Arrival, error: unknown): void;
  read(): LogLag;
}

/** @param now milliseconds since the epoch */
export function createLagMeter(now: () => number): LagMeter {
  let seconds: Second[] = [];
  let last: number | null = null;
  let failing: { since: number; error: string } | null = null;
  const waiting = new Set<Arrival>();

  function note(committed: readonly number[], time: number): void {
    const at = Math.floor(time / 1_000);
    let second = seconds.at(-1);
    if (second?.at !== at) {
      second = { at, rows: 0, sum: 0, max: 0 };
      seconds = [...seconds.filter((each) => each.at > at - window), second];
    }
    for (const each of committed) {
      // Clocks of two machines: a row is not written before it was committed.
      const lag = each < time ? time - each : 0;
      second.sum += lag;
      if (lag > second.max) second.max = lag;
      last = lag;
    }
    second.rows += committed.length;
  }

  return {
    arrive(committed) {
      let oldest = Number.POSITIVE_INFINITY;
      for (const each of committed) if (each < oldest) oldest = each;
      const arrival = { committed, oldest };
      waiting.add(arrival);
      return arrival;
    },
    written(arrival) {
      waiting.delete(arrival);
      failing = null;
      note(arrival.committed, now());
    },
    failed(arrival, error) {
      waiting.delete(arrival);
      failing = { since: failing?.since ?? now(), error: error instanceof Error ? error.message : String(error) };
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
        waiting: [...waiting].reduce((sum, { committed }) => sum + committed.length, 0),
        oldestWaiting: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null,
        failing: failing && { since: new Date(failing.since).toISOString(), error: failing.error },
      };
    },
  };
}
