/** How often a sign of life is due: half of the shortest heartbeat among the roles that are held and the turns that are open. */
import { clientLimits } from "./limits.ts";

const units: { [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a duration of the language (`500ms`, `30s`, `10m`, `24h`, `7d`) as milliseconds; undefined if it is none. */
export function readDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}

/** Keeps what is due per thread. */
export interface Heartbeat {
  /** A role of the thread asks for a sign of life this often. */
  ask(thread: string, every: string | undefined): void;
  /** The thread is over, or no role of it is held any more. */
  forget(thread: string): void;
  /**
   * Forgets all threads but these, and those that asked later than the list was: nobody tells an agent of the end of a thread in
   * which it lost its role.
   */
  keep(threads: ReadonlySet<string>, listed: number): void;
}

/** Makes a {@link Heartbeat}; `apply` hears of each change, in milliseconds. */
export function createHeartbeat(apply: (everyMs: number) => void, now: () => number): Heartbeat {
  const asked = new Map<string, { every: number; at: number }>();
  let current: number = clientLimits.pingMs;

  function update() {
    let due: number = clientLimits.pingMs;
    for (const { every } of asked.values()) due = Math.min(due, every / 2);
    due = Math.max(clientLimits.pingMinMs, due);
    if (due !== current) apply(due);
    current = due;
  }

  return {
    ask(thread, every) {
      const ms = every === undefined ? undefined : readDuration(every);
      if (ms === undefined) return;
      asked.set(thread, { every: Math.min(ms, asked.get(thread)?.every ?? ms), at: now() });
      update();
    },
    forget(thread) {
      if (asked.delete(thread)) update();
    },
    keep(threads, listed) {
      for (const [thread, { at }] of asked) if (!threads.has(thread) && at < listed) asked.delete(thread);
      update();
    },
  };
}
