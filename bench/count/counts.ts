/** What is counted while a thread is played, and sums over it. Counts do not depend on the machine. */

/** Kinds of objects, as the Worker's bindings name them in lower case. */
export type ObjectKind = "agent" | "workflow" | "recruitment" | "task" | "projector" | "registry" | "webhook" | "hook" | "cell";

/** Everything the runtime did since its counters were last read. */
export interface Counts {
  /** SQL statements in objects. */
  statements: number;
  /** Rows written in objects as the platform bills them: indexes and deletes included, and one for each alarm that is set. */
  rowsWritten: number;
  rowsRead: number;
  /** Explicit transactions in objects. */
  transactions: number;
  /** Calls of `JSON.stringify` anywhere in the Worker, and the characters that they made. */
  stringify: number;
  stringifyCharacters: number;
  /** Requests to D1, a batch being one. */
  d1Requests: number;
  /** Rows written in D1, indexes included. */
  d1RowsWritten: number;
  d1RowsRead: number;
  /** Rows that stay in D1, entries of indexes included: retention deletes them in time. */
  d1RowsKept: number;
  /** Calls from one object to another, `from → to.method`; the Worker's own are from `worker`. */
  calls: Record<string, number>;
  /** Requests that objects were woken by, as the platform bills them: calls, connections and alarms. A socket's frames count apart. */
  requests: number;
  /** Frames that agents sent over sockets; twenty are billed as one request. */
  frames: number;
  /** What was counted where, by unit, what, SQL and stack: sites.ts. Empty unless it was asked for. */
  sites: Record<string, number>;
}

/** All zero. */
export function createCounts(): Counts {
  return {
    statements: 0,
    rowsWritten: 0,
    rowsRead: 0,
    transactions: 0,
    stringify: 0,
    stringifyCharacters: 0,
    d1Requests: 0,
    d1RowsWritten: 0,
    d1RowsRead: 0,
    d1RowsKept: 0,
    calls: {},
    requests: 0,
    frames: 0,
    sites: {},
  };
}

/** `a + factor × b`, figure by figure. */
export function addCounts(a: Counts, b: Counts, factor = 1): Counts {
  const sum = { ...createCounts(), calls: addRecords(a.calls, b.calls, factor), sites: addRecords(a.sites, b.sites, factor) };
  for (const key of Object.keys(sum) as (keyof Counts)[]) if (key !== "calls" && key !== "sites") sum[key] = a[key] + factor * b[key];
  return sum;
}

function addRecords(a: Record<string, number>, b: Record<string, number>, factor: number): Record<string, number> {
  const sum = { ...a };
  for (const [key, value] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + factor * value;
  return sum;
}

/** Calls between objects; the Worker's own calls are not among them. */
export function sumCalls({ calls }: Counts): number {
  return Object.entries(calls).reduce((sum, [key, count]) => sum + (key.startsWith("worker ") ? 0 : count), 0);
}
