/** What a workflow's object knows of its threads: which live, which wait and who is next, and which has a key. Knows documents, no messages. */
import type { Store } from "../host/store/store.ts";
import { createLiveThreads, type LiveStatus } from "./live-threads.ts";
import { createThreadKeys } from "./thread-keys.ts";
import { createWaitingThreads } from "./waiting-threads.ts";

export const queueLimits = {
  /** Threads that wait where the author names no `max_queue`: an hour of a busy workflow. */
  waiting: 1_000,
  /** And whatever the author names: memory holds some hundred bytes of each. */
  waitingMost: 10_000,
} as const;

export type AdmittedStatus = "queued" | LiveStatus;

export interface Admitted {
  thread: string;
  status: AdmittedStatus;
  /** How many times the thread was begun, this one included. */
  epoch: number;
}

/** What a thread says of itself that asks for a place; `Start` is what starts it. */
export interface Entry<Start> {
  thread: string;
  /** Source of the initiating event. */
  initiator: string;
  priority: number;
  key: string | null;
  epoch: number;
  start: Start;
}

/** Changes are made within a transaction. */
export interface Queue<Start> {
  /** Threads that have a place. */
  running(): number;
  waiting(): number;
  find(thread: string): Admitted | undefined;
  /** The live thread of a key. */
  findKey(key: string): Admitted | undefined;
  /** The thread runs from now on. */
  begin(entry: Omit<Entry<Start>, "start">, status: "running" | "beside"): void;
  /** The thread waits, behind what it finds. */
  join(entry: Entry<Start>): void;
  /** Gives a place to whoever is next: its start, or undefined if nobody waits. */
  next(): Start | undefined;
  /** The thread has a place, or gives it back and keeps its key. */
  mark(thread: string, status: "running" | "paused"): void;
  /** The thread leaves unserved. @returns its start */
  remove(thread: string): Start | undefined;
  /** The thread has ended: it was the last of its key. */
  end(thread: string, now: number): void;
  /** The oldest that waits for its first beginning, if more than `most` wait. */
  surplus(most: number): string | undefined;
  /** Those that wait, in the order in which they would start if nobody came. */
  order(): string[];
  /** The last thread of a key that has ended. */
  findEnded(key: string): string | undefined;
  /** The key's last thread is not there any more. */
  forgetEnded(key: string, thread: string): void;
  /** The transaction was rolled back. */
  reread(): void;
}

export function createQueue<Start>(store: Pick<Store, "keyed" | "indexed" | "resident">): Queue<Start> {
  const live = createLiveThreads(store);
  const waiting = createWaitingThreads<Start>(store);
  const keys = createThreadKeys(store);

  function find(thread: string): Admitted | undefined {
    const waits = waiting.findEpoch(thread);
    if (waits !== undefined) return { thread, status: "queued", epoch: waits };
    const found = live.find(thread);
    return found && { thread, status: found.status, epoch: found.epoch };
  }

  /** @returns its key */
  function leave(thread: string): { key: string | null; start?: Start } {
    const waited = waiting.remove(thread);
    if (waited) return waited;
    const found = live.find(thread);
    if (found) live.remove(thread, found);
    return { key: found?.key ?? null };
  }

  return {
    running: live.running,
    waiting: () => waiting.size(),
    find,
    findKey(key) {
      const thread = keys.find(key).live;
      return thread === undefined ? undefined : find(thread);
    },
    begin({ thread, key, epoch }, status) {
      waiting.remove(thread);
      live.put(thread, { status, epoch, key }, live.find(thread));
      if (key !== null) keys.take(key, thread);
    },
    join({ thread, ...entry }) {
      const found = live.find(thread);
      if (found) live.remove(thread, found);
      waiting.join(thread, entry);
      if (entry.key !== null) keys.take(entry.key, thread);
    },
    next() {
      const next = waiting.next();
      if (!next) return undefined;
      const { epoch, key, start } = next.body;
      live.put(next.thread, { status: "running", epoch, key }, undefined);
      return start;
    },
    mark(thread, status) {
      const found = live.find(thread);
      if (found && found.status !== "beside" && found.status !== status) live.put(thread, { ...found, status }, found);
    },
    remove(thread) {
      const { key, start } = leave(thread);
      if (key !== null) keys.leave(key, thread);
      return start;
    },
    end(thread, now) {
      const { key } = leave(thread);
      if (key !== null) keys.end(key, thread, now);
    },
    surplus: (most) => (waiting.size() > most ? waiting.oldest() : undefined),
    order: waiting.order,
    findEnded: (key) => keys.find(key).ended,
    forgetEnded: keys.forget,
    reread() {
      live.reread();
      keys.reread();
      waiting.reread();
    },
  };
}
