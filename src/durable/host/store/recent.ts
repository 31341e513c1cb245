/**
 * A collection of any number of documents whose last few, in the order of the keys, are in memory: for what is added at its end and
 * read there, so that neither memory nor the number of queries grows with it.
 */
import { type CollectionPorts, type Held, isWithin, type Keyed, type KeyRange, listOver } from "./collections.ts";
import { createKeyed, KeyedCollection } from "./keyed.ts";
import type { Staging } from "./staging.ts";

/** As {@link Keyed}; what is sought among the last, or behind them, takes no query. */
export type Recent<T> = Omit<Keyed<T>, "deleteBelow" | "deleteBeyond">;

const none: ReturnType<Staging["of"]> = new Map();
const nothing = { find: () => undefined, of: () => none };

/** The last documents, the last first; `isAll`: there are no others. */
interface Memory<T> {
  last: [string, T][];
  isAll: boolean;
}

class RecentCollection<T> extends KeyedCollection<T> implements Held {
  readonly count: number;
  memory: Memory<T> | undefined;
  behind: Keyed<T> | undefined = undefined;

  constructor(ports: CollectionPorts, name: string, count: number) {
    super(ports, name);
    this.count = count;
    // Of an owner that has stored nothing it is known at once.
    this.memory = ports.isEmpty() ? { last: [], isAll: true } : undefined;
  }

  /** As it was committed. Made where it is needed: most of an actor's collections have nothing behind memory. */
  committed(): Keyed<T> {
    this.behind ??= createKeyed<T>({ ...this.ports, staging: { ...this.ports.staging, ...nothing } }, this.name);
    return this.behind;
  }

  load(): Memory<T> {
    if (!this.memory) {
      const last = this.committed().list({ limit: this.count, reverse: true });
      this.memory = { last, isAll: last.length < this.count };
    }
    return this.memory;
  }

  /** Whether memory has all that there is behind a key. */
  knows(key: string): boolean {
    const { last, isAll } = this.load();
    const lowest = last.at(-1)?.[0];
    return isAll || (lowest !== undefined && key >= lowest);
  }

  listCommitted(range: KeyRange): [string, T][] {
    const { after, limit, reverse } = range;
    const { last, isAll } = this.load();
    const found = last.filter(([key]) => isWithin(key, range));
    const isKnown = isAll || (after !== undefined && this.knows(after)) || (reverse === true && found.length >= limit);
    if (!isKnown) return this.committed().list(range);
    return (reverse ? found : found.reverse()).slice(0, limit);
  }

  override read(key: string): T | undefined {
    const change = this.ports.staging.find(this.name, key);
    if (change !== undefined) return change === null ? undefined : (change.value as T);
    if (!this.knows(key)) return this.committed().read(key);
    return this.load().last.find(([each]) => each === key)?.[1];
  }

  override list(range: KeyRange): [string, T][] {
    return listOver(
      this.changes(),
      range,
      (wanted) => this.listCommitted(wanted),
      ({ value }) => value as T,
    );
  }

  /** What is not in memory stays out of it. */
  prepare(): void {}

  keep(): void {
    const changes = this.changes();
    if (!this.memory || !changes.size) return;
    const { last, isAll } = this.memory;
    const lowest = last.at(-1)?.[0];
    const next = last.filter(([key]) => !changes.has(key));
    // Memory has no gaps: what lies before its first stays out of it.
    for (const [key, change] of changes)
      if (change && (isAll || (lowest !== undefined && key >= lowest))) next.push([key, change.value as T]);
    next.sort(([a], [b]) => (a < b ? 1 : -1));
    this.memory = next.length || isAll ? { last: next.slice(0, this.count), isAll: isAll && next.length <= this.count } : undefined;
  }
}

/** @param count how many are in memory */
export function createRecent<T>(ports: CollectionPorts, name: string, count: number): Recent<T> & Held {
  return new RecentCollection(ports, name, count);
}
