/**
 * A collection of any number of documents whose last few, in the order of the keys, are in memory: for what is added at its end and
 * read there, so that neither memory nor the number of queries grows with it.
 */
import { type CollectionPorts, createKeyed, type Held, isWithin, type Keyed, type KeyRange, listOver } from "./collections.ts";
import type { Staging } from "./staging.ts";

/** As {@link Keyed}; what is sought among the last, or behind them, takes no query. */
export type Recent<T> = Omit<Keyed<T>, "deleteBelow" | "deleteBeyond">;

const none: ReturnType<Staging["of"]> = new Map();
const nothing = { find: () => undefined, of: () => none };

/** @param count how many are in memory */
export function createRecent<T>(ports: CollectionPorts, name: string, count: number): Recent<T> & Held {
  const { staging } = ports;
  const keyed = createKeyed<T>(ports, name);
  let behind: Keyed<T> | undefined;
  /** The last documents, the last first; `isAll`: there are no others. Of an owner that has stored nothing it is known at once. */
  let memory: { last: [string, T][]; isAll: boolean } | undefined = ports.isEmpty() ? { last: [], isAll: true } : undefined;

  /** As it was committed. Made where it is needed: most of an actor's collections have nothing behind memory. */
  function committed(): Keyed<T> {
    behind ??= createKeyed<T>({ ...ports, staging: { ...staging, ...nothing } }, name);
    return behind;
  }

  function load(): NonNullable<typeof memory> {
    if (!memory) {
      const last = committed().list({ limit: count, reverse: true });
      memory = { last, isAll: last.length < count };
    }
    return memory;
  }

  /** Whether memory has all that there is behind a key. */
  function knows(key: string): boolean {
    const { last, isAll } = load();
    const lowest = last.at(-1)?.[0];
    return isAll || (lowest !== undefined && key >= lowest);
  }

  function listCommitted(range: KeyRange): [string, T][] {
    const { after, limit, reverse } = range;
    const found = load().last.filter(([key]) => isWithin(key, range));
    const isKnown = memory?.isAll || (after !== undefined && knows(after)) || (reverse === true && found.length >= limit);
    if (!isKnown) return committed().list(range);
    return (reverse ? found : found.reverse()).slice(0, limit);
  }

  return {
    read(key) {
      const change = staging.find(name, key);
      if (change !== undefined) return change === null ? undefined : (change.value as T);
      if (!knows(key)) return committed().read(key);
      return load().last.find(([each]) => each === key)?.[1];
    },
    readMany: keyed.readMany,
    list: (range) => listOver(staging.of(name), range, listCommitted, ({ value }) => value as T),
    listFacts: keyed.listFacts,
    put: keyed.put,
    delete: keyed.delete,
    // What is not in memory stays out of it.
    prepare() {},
    keep() {
      const changes = staging.of(name);
      if (!memory || !changes.size) return;
      const { last, isAll } = memory;
      const lowest = last.at(-1)?.[0];
      const next = last.filter(([key]) => !changes.has(key));
      // Memory has no gaps: what lies before its first stays out of it.
      for (const [key, change] of changes)
        if (change && (isAll || (lowest !== undefined && key >= lowest))) next.push([key, change.value as T]);
      next.sort(([a], [b]) => (a < b ? 1 : -1));
      memory = next.length || isAll ? { last: next.slice(0, count), isAll: isAll && next.length <= count } : undefined;
    },
  };
}
