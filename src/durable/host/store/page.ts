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
  /**
   * The same where many owners share a store, which writes their rows together: there a row costs as little as some hundred bytes of a
   * page, and what stays should not be written again with each that comes.
   */
  sharedBytes: 4_000,
  /** Of one; a larger one has a row of its own. */
  documentBytes: 4_000,
  /** The same, where many owners share a store, of those that are not all in memory: they are many, and would only pass through. */
  sharedDocumentBytes: 0,
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
  const { documentBytes, sharedDocumentBytes } = pageLimits;
  const openSection = createSections(store.resident<readonly Entry[]>("page"), store.isShared ? pageLimits.sharedBytes : pageLimits.bytes);
  const mostOfMany = store.isShared ? sharedDocumentBytes : documentBytes;
  return {
    resident<T>(name: string) {
      const rows = store.resident<T>(name);
      return joinResident(
        openSection<T>(name, documentBytes, (key, value) => rows.put(key, value as T)),
        rows,
      );
    },
    indexed<T, Facts>(name: string, facts: (value: T) => Facts) {
      const rows = store.indexed<T, Facts>(name, facts);
      return joinIndexed(
        openSection<T>(name, mostOfMany, (key, value) => rows.put(key, value as T)),
        rows,
        facts,
      );
    },
    keyed<T>(name: string) {
      const rows = store.keyed<T>(name);
      return joinKeyed(
        openSection<T>(name, mostOfMany, (key, value, rank) => rows.put(key, value as T, rank)),
        rows,
      );
    },
  };
}

/** A page as it was last read or written here. */
interface KnownPage {
  /** The document: where a transaction is rolled back it is another. */
  entries: readonly Entry[];
  /** Values by collection and key. */
  index: Map<string, Map<string, unknown>>;
  bytes: number;
}

/** @param pages of one document: the entries, in the order in which they were put @param most bytes of it, about */
function createSections(pages: Resident<readonly Entry[]>, most: number) {
  const moves = new Map<string, MoveOut>();
  const sizes = new WeakMap<Entry, number>();
  let known: KnownPage | undefined;

  function measure(entry: Entry): number {
    let size = sizes.get(entry);
    if (size === undefined) {
      size = estimateBytes(entry);
      sizes.set(entry, size);
    }
    return size;
  }

  function read(): KnownPage {
    const entries = pages.get("") ?? empty;
    if (known?.entries === entries) return known;
    known = { entries, index: new Map(), bytes: 0 };
    for (const entry of entries) add(known, entry);
    return known;
  }

  function add(page: KnownPage, entry: Entry): void {
    const [collection, key, value] = entry;
    const section = page.index.get(collection);
    if (section) section.set(key, value);
    else page.index.set(collection, new Map([[key, value]]));
    page.bytes += measure(entry);
  }

  function remove(page: KnownPage, entry: Entry): void {
    page.index.get(entry[0])?.delete(entry[1]);
    page.bytes -= measure(entry);
  }

  /** Takes a collection's entries out, and puts one behind all; those that were put first leave while there is too much. */
  function change(name: string, isGone: (key: string) => boolean, added: Entry | undefined): void {
    const page = read();
    // What throws on the way leaves nothing that is half changed.
    known = undefined;
    const left: Entry[] = [];
    for (const entry of page.entries) {
      if (entry[0] === name && isGone(entry[1])) remove(page, entry);
      else left.push(entry);
    }
    if (added) {
      left.push(added);
      add(page, added);
    }
    page.entries = page.bytes > most ? makeRoom(page, left) : left;
    pages.put("", page.entries);
    known = page;
  }

  function makeRoom(page: KnownPage, entries: readonly Entry[]): Entry[] {
    return entries.filter((entry) => {
      const moveOut = moves.get(entry[0]);
      if (page.bytes <= most / 2 || !moveOut) return true;
      remove(page, entry);
      moveOut(entry[1], entry[2], entry[3]);
      return false;
    });
  }

  /** @param largest bytes of one document, about */
  return function openSection<T>(name: string, largest: number, moveOut: MoveOut): Section<T> {
    moves.set(name, moveOut);
    const all = (): ReadonlyMap<string, T> => (read().index.get(name) ?? none) as ReadonlyMap<string, T>;

    return {
      all,
      put(key, value, rank) {
        const entry: Entry = rank === undefined ? [name, key, value] : [name, key, value, rank];
        const isTaken = largest > 0 && measure(entry) <= largest;
        if (isTaken || all().has(key)) change(name, (each) => each === key, isTaken ? entry : undefined);
        return isTaken;
      },
      delete(key) {
        const isThere = all().has(key);
        if (isThere) change(name, (each) => each === key, undefined);
        return isThere;
      },
      clear() {
        if (all().size > 0) change(name, () => true, undefined);
      },
      deleteBelow(rank, limit) {
        const gone = new Set<string>();
        for (const [each, key, , of] of read().entries)
          if (gone.size < limit && each === name && of !== undefined && of < rank) gone.add(key);
        if (gone.size > 0) change(name, (key) => gone.has(key), undefined);
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
    size() {
      let size = rows.size();
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
    size() {
      let size = rows.size();
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
const empty: readonly Entry[] = [];

/** About as many bytes as its JSON has: what it costs to know is less than to write it. */
function estimateBytes(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const member of value) bytes += 1 + estimateBytes(member);
    return bytes;
  }
  const members = value as { [name: string]: unknown };
  for (const name in members) bytes += name.length + 4 + estimateBytes(members[name]);
  return bytes;
}
