/**
 * The list of threads, kept current by the log: what an event says changes its thread's row at once, and the index, which knows what each
 * waits for, is read again once in a while for as long as something moves. Knows no page.
 */
import { type Signal, signal } from "@preact/signals";
import type { LogEntry } from "../../contract/views/log.ts";
import type { ThreadEntry } from "../../contract/views/thread.ts";
import { inspectorLimits } from "./limits.ts";

/** A row: the thread as it was listed, and what was heard of it since. */
export interface ThreadRow extends ThreadEntry {
  /** The kind of the last event that was heard. */
  lastKind?: string;
}

/** What a thread's event makes of its status. Kinds that are none of these change no status. */
const statusAfter: { readonly [kind: string]: ThreadEntry["status"] } = {
  "nerve.thread.queued": "queued",
  "nerve.thread.started": "recruiting",
  "nerve.turn.assigned": "running",
  "nerve.thread.suspended": "suspended",
  "nerve.thread.completed": "completed",
  "nerve.thread.failed": "failed",
  "nerve.thread.cancelled": "cancelled",
  "nerve.thread.dropped": "dropped",
};

export interface ThreadsModel {
  /** In the list's order. Changes where threads come and go, and not where one of them moves. */
  readonly order: Signal<readonly Signal<ThreadRow>[]>;
  /** Puts a page of the index in place: the first, which may lack what was there before, or one that goes on after it. */
  take(threads: readonly ThreadEntry[], place: "first" | "next"): void;
  /** @returns whether the first page should be read again */
  hear(entries: readonly LogEntry[]): boolean;
}

export function createThreadsModel(): ThreadsModel {
  const rows = new Map<string, Signal<ThreadRow>>();
  const order = signal<readonly Signal<ThreadRow>[]>([]);
  let first = new Set<string>();

  function put(thread: ThreadEntry): Signal<ThreadRow> {
    const row = rows.get(thread.id);
    if (!row) {
      const made = signal<ThreadRow>(thread);
      rows.set(thread.id, made);
      return made;
    }
    const lastKind = row.peek().lastKind;
    // The index lags: what the log said since stands.
    const isOlder = Date.parse(thread.updatedAt) < Date.parse(row.peek().updatedAt);
    const next = isOlder ? { ...row.peek(), waiting: thread.waiting } : { ...thread, ...(lastKind !== undefined && { lastKind }) };
    if (JSON.stringify(next) !== JSON.stringify(row.peek())) row.value = next;
    return row;
  }

  return {
    order,
    take(threads, place) {
      const listed = threads.map(put);
      const ids = new Set(threads.map(({ id }) => id));
      const kept = order.peek().filter((row) => !ids.has(row.peek().id) && !(place === "first" && first.has(row.peek().id)));
      if (place === "first") first = ids;
      const next = (place === "first" ? [...listed, ...kept] : [...kept, ...listed]).slice(0, inspectorLimits.rows);
      if (next.length !== order.peek().length || next.some((row, index) => row !== order.peek()[index])) order.value = next;
      const alive = new Set(next.map((row) => row.peek().id));
      for (const id of rows.keys()) if (!alive.has(id)) rows.delete(id);
    },
    hear(entries) {
      let stale = false;
      const heard = new Map<string, ThreadRow>();
      for (const { event } of entries) {
        const id = findThread(event);
        if (id === undefined) continue;
        stale = true;
        const before = heard.get(id) ?? rows.get(id)?.peek();
        if (!before) continue;
        const status = statusAfter[event.type] ?? before.status;
        heard.set(id, { ...before, status, lastKind: event.type, updatedAt: event.time ?? before.updatedAt });
      }
      // Once a row, however many of its events there were.
      for (const [id, next] of heard) {
        const row = rows.get(id);
        if (row) row.value = next;
      }
      return stale;
    },
  };
}

/** The thread that an event is of. */
export function findThread(event: LogEntry["event"]): string | undefined {
  const own = /^\/threads\/([^/]+)$/.exec(event.source)?.[1];
  return own ?? (typeof event.correlationid === "string" ? event.correlationid : undefined);
}
