/**
 * Small documents of several collections in one row, for a row that is written costs the same whatever it holds: what changes
 * together is one row, and what comes and goes soon never has one of its own. Those that stay move to rows of their own in time.
 * What is in the page hides a row of the same key.
 */
import type { Indexed, Keyed, Resident } from "./collections.ts";
import type { Store } from "./store.ts";

export const pageLimits = {
  /** Of all in a page, about: each commit that changes one of them writes them all. Those that were put first move out, until half is left. */
  bytes: 10_000,
  /** Of one; a larger one has a row of its own. */
  documentBytes: 4_000,
} as const;

/** As {@link Keyed}, as far as documents are looked for by their key. */
export interface KeyedInPage<T> extends Pick<Keyed<T>, "read" | "delete" | "deleteBelow"> {
  put(key: string, value: T, rank?: number): void;
}

/** The collections of an owner that share a page: as they are without. Each is asked for once, before anything is read. */
export interface Page {
  resident<T>(collection: string): Resident<T>;
  indexed<T, Facts>(collection: string, facts: (value: T) => Facts): Indexed<T, Facts>;
  keyed<T>(collection: string): KeyedInPage<T>;
}

type Entry = [collection: string, key: string, value: unknown, rank?: number];

/** Puts what leaves the page into a row. */
type MoveOut = (key: string, value: unknown, rank: number | undefined) => void;

/** What of a page is a collection's. */
interface Section<T> {
  all(): ReadonlyMap<string, T>;
  /** @returns whether the page takes it: else it is for a row */
  put(key: string, value: T, rank?: number): boolean;
  /** @returns whether it was there */
  delete(key: string): boolean;
  clear(): void;
  /** Those of less rank. @returns their keys */
  deleteBelow(rank: number, limit: number): string[];
}

export function createPage(store: Store): Page {
  const openSection = createSections(store.resident<Entry[]>("page"));
  return {
    resident<T>(name: string) {
      const rows = store.resident<T>(name);
      return joinResident(
        openSection<T>(name, (key, value) => rows.put(key, value as T)),
        rows,
      );
    },
    indexed<T, Facts>(name: string, facts: (value: T) => Facts) {
      const rows = store.indexed<T, Facts>(name, facts);
      return joinIndexed(
        openSection<T>(name, (key, value) => rows.put(key, value as T)),
        rows,
        facts,
      );
    },
    keyed<T>(name: string) {
      const rows = store.keyed<T>(name);
      return joinKeyed(
        openSection<T>(name, (key, value, rank) => rows.put(key, value as T, rank)),
        rows,
      );
    },
  };
}

/** @param pages of one document: the entries, in the order in which they were put */
function createSections(pages: Resident<Entry[]>) {
  const moves = new Map<string, MoveOut>();
  const sizes = new WeakMap<Entry, number>();
  /** The entries that `index` is of. */
  let indexed: Entry[] | undefined;
  let index = new Map<string, Map<string, unknown>>();

  function find(name: string): ReadonlyMap<string, unknown> {
    const entries = pages.get("") ?? [];
    if (entries !== indexed) {
      index = new Map();
      for (const [collection, key, value] of entries) {
        const section = index.get(collection) ?? new Map<string, unknown>();
        index.set(collection, section.set(key, value));
      }
      indexed = entries;
    }
    return index.get(name) ?? none;
  }

  function measure(entry: Entry): number {
    const size = sizes.get(entry) ?? estimateBytes(entry);
    sizes.set(entry, size);
    return size;
  }

  /** Keeps entries, but for the first of too many. */
  function write(entries: Entry[]): void {
    let bytes = entries.reduce((sum, entry) => sum + measure(entry), 0);
    const least = bytes > pageLimits.bytes ? pageLimits.bytes / 2 : bytes;
    const kept = entries.filter((entry) => {
      const [collection, key, value, rank] = entry;
      const moveOut = moves.get(collection);
      if (bytes <= least || !moveOut) return true;
      bytes -= measure(entry);
      moveOut(key, value, rank);
      return false;
    });
    pages.put("", kept);
  }

  return function openSection<T>(name: string, moveOut: MoveOut): Section<T> {
    moves.set(name, moveOut);
    const without = (isGone: (entry: Entry) => boolean): Entry[] =>
      (pages.get("") ?? []).filter((entry) => entry[0] !== name || !isGone(entry));

    function remove(isGone: (entry: Entry) => boolean): void {
      const left = without(isGone);
      if (left.length < (pages.get("")?.length ?? 0)) pages.put("", left);
    }

    return {
      all: () => find(name) as ReadonlyMap<string, T>,
      put(key, value, rank) {
        const entry: Entry = rank === undefined ? [name, key, value] : [name, key, value, rank];
        if (measure(entry) > pageLimits.documentBytes) {
          remove(([, each]) => each === key);
          return false;
        }
        write([...without(([, each]) => each === key), entry]);
        return true;
      },
      delete(key) {
        const isThere = find(name).has(key);
        if (isThere) remove(([, each]) => each === key);
        return isThere;
      },
      clear: () => remove(() => true),
      deleteBelow(rank, limit) {
        const old = (pages.get("") ?? []).filter(([each, , , of]) => each === name && of !== undefined && of < rank);
        const gone = new Set(old.slice(0, limit).map(([, key]) => key));
        remove(([, key]) => gone.has(key));
        return [...gone];
      },
    };
  };
}

function joinResident<T>(section: Section<T>, rows: Resident<T>): Resident<T> {
  const list = (): [string, T][] => {
    const inPage = section.all();
    const others = rows.entries();
    return [...(inPage.size ? others.filter(([key]) => !inPage.has(key)) : others), ...inPage];
  };
  return {
    get: (key) => section.all().get(key) ?? rows.get(key),
    put(key, value) {
      if (!section.put(key, value)) rows.put(key, value);
    },
    delete(key) {
      const wasInPage = section.delete(key);
      return rows.delete(key) || wasInPage;
    },
    clear() {
      section.clear();
      rows.clear();
    },
    entries: () => list().sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    values: () => list().map(([, value]) => value),
    get size() {
      let size = rows.size;
      for (const key of section.all().keys()) if (rows.get(key) === undefined) size += 1;
      return size;
    },
  };
}

function joinIndexed<T, Facts>(section: Section<T>, rows: Indexed<T, Facts>, choose: (value: T) => Facts): Indexed<T, Facts> {
  const readMany = (keys: readonly string[]): [string, T][] => {
    const inPage = section.all();
    const missing = keys.filter((key) => !inPage.has(key));
    const found = new Map<string, T>(missing.length ? rows.readMany(missing) : []);
    return keys.flatMap((key): [string, T][] => {
      const value = inPage.get(key) ?? found.get(key);
      return value === undefined ? [] : [[key, value]];
    });
  };
  return {
    facts(key) {
      const value = section.all().get(key);
      return value === undefined ? rows.facts(key) : choose(value);
    },
    read: (key) => readMany([key])[0]?.[1],
    readMany,
    put(key, value) {
      if (!section.put(key, value)) rows.put(key, value);
    },
    delete(key) {
      const wasInPage = section.delete(key);
      return rows.delete(key) || wasInPage;
    },
    clear() {
      section.clear();
      rows.clear();
    },
    entries() {
      const inPage = section.all();
      const others = rows.entries().filter(([key]) => !inPage.has(key));
      for (const [key, value] of inPage) others.push([key, choose(value)]);
      return others.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    },
    get size() {
      let size = rows.size;
      for (const key of section.all().keys()) if (rows.facts(key) === undefined) size += 1;
      return size;
    },
  };
}

function joinKeyed<T>(section: Section<T>, rows: Keyed<T>): KeyedInPage<T> {
  return {
    read: (key) => section.all().get(key) ?? rows.read(key),
    put(key, value, rank) {
      if (!section.put(key, value, rank)) rows.put(key, value, rank);
    },
    delete(key) {
      section.delete(key);
      rows.delete(key);
    },
    deleteBelow(rank, limit) {
      const gone = section.deleteBelow(rank, limit);
      // A row that one of them hid must not come to light.
      for (const key of gone) rows.delete(key);
      return gone.length + (gone.length < limit ? rows.deleteBelow(rank, limit - gone.length) : 0);
    },
  };
}

const none: ReadonlyMap<string, unknown> = new Map();

/** About as many bytes as its JSON has: what it costs to know is less than to write it. */
function estimateBytes(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  for (const [key, member] of Object.entries(value)) bytes += (Array.isArray(value) ? 1 : key.length + 4) + estimateBytes(member);
  return bytes;
}
