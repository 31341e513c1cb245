/** The threads of a workflow that wait for a place, and the ring of those who began them. Of each, memory holds small facts; its start is read when it is next. */
import { remember } from "../host/remembered.ts";
import type { Store } from "../host/store/store.ts";
import { createWaitingLine, type InLine, type WaitingLine } from "./waiting-line.ts";

/** Threads that are shown of the queue. */
const shown = 1_000;

/** `Start` is what starts a thread. */
export interface WaitingBody<Start> {
  start: Start;
  initiator: string;
  priority: number;
  place: number;
  epoch: number;
  key: string | null;
}

export type WaitingFacts = [initiator: string, priority: number, place: number, epoch: number];

/** Changes are made within a transaction. */
export interface WaitingThreads<Start> {
  size(): number;
  /** Of one that waits, for which of its beginnings. */
  findEpoch(thread: string): number | undefined;
  /** The thread waits, behind what it finds. */
  join(thread: string, entry: Omit<WaitingBody<Start>, "place">): void;
  /** Who is next leaves the queue, and its initiator goes to the end of the ring. */
  next(): { thread: string; body: WaitingBody<Start> } | undefined;
  /** Leaves unserved: its initiator keeps its stand in the ring. */
  remove(thread: string): WaitingBody<Start> | undefined;
  /** The oldest of those that wait for their first beginning. */
  oldest(): string | undefined;
  order(): string[];
  /** The transaction was rolled back. */
  reread(): void;
}

export function createWaitingThreads<Start>(store: Pick<Store, "indexed" | "resident">): WaitingThreads<Start> {
  const waiting = store.indexed<WaitingBody<Start>, WaitingFacts>("waiting", (body) => [
    body.initiator,
    body.priority,
    body.place,
    body.epoch,
  ]);
  const ring = store.resident<number>("ring");

  const toEntry = (thread: string, [initiator, priority, place, epoch]: WaitingFacts): InLine => ({
    ...{ thread, initiator, priority, place, epoch },
  });
  const line = remember<WaitingLine>(() => createWaitingLine(waiting.entries().map(([thread, facts]) => toEntry(thread, facts))));
  /** The last place, and the last stand in the ring, that were given. */
  const last = remember(() => ({
    place: waiting.entries().reduce((most, [, facts]) => Math.max(most, facts[2]), 0),
    stand: ring.entries().reduce((most, [, stand]) => Math.max(most, stand), 0),
  }));
  const standOf = (initiator: string): number => ring.get(initiator) ?? 0;

  function standLast(initiator: string): void {
    const { stand, ...rest } = last.get();
    ring.put(initiator, stand + 1);
    last.set({ ...rest, stand: stand + 1 });
  }

  function leave(thread: string): WaitingBody<Start> | undefined {
    const facts = waiting.facts(thread);
    const body = facts && waiting.read(thread);
    if (!facts || !body) return undefined;
    line.get().leave(toEntry(thread, facts));
    waiting.delete(thread);
    return body;
  }

  return {
    size() {
      return waiting.size();
    },
    findEpoch: (thread) => waiting.facts(thread)?.[3],
    join(thread, entry) {
      leave(thread);
      const { place, ...rest } = last.get();
      last.set({ ...rest, place: place + 1 });
      const body = { ...entry, place: place + 1 };
      line.get().join({ thread, ...body });
      waiting.put(thread, body);
      if (ring.get(entry.initiator) === undefined) standLast(entry.initiator);
    },
    next() {
      const first = line.get().first(standOf);
      const body = first && leave(first.thread);
      if (!body) return undefined;
      if (line.get().has(body.initiator)) standLast(body.initiator);
      else ring.delete(body.initiator);
      return { thread: first.thread, body };
    },
    remove(thread) {
      const body = leave(thread);
      if (body && !line.get().has(body.initiator)) ring.delete(body.initiator);
      return body;
    },
    oldest: () => line.get().oldest()?.thread,
    order: () => line.get().order(standOf, shown),
    reread() {
      line.forget();
      last.forget();
    },
  };
}
