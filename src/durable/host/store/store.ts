/**
 * What one owner keeps: a journal, documents and cursors, over SQLite. A transaction stages its writes, and writes all of them at
 * its end with a statement a table; an owner that has stored nothing has no tables either. Knows no actor.
 */
import type { Storage } from "../ports.ts";
import {
  type Codec,
  createIndexed,
  createResident,
  type Held,
  type Indexed,
  type Keyed,
  parseDocument,
  type Resident,
} from "./collections.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createKeyed } from "./keyed.ts";
import { createAllKeys, createKeyFilter } from "./known-keys.ts";
import { createRecent, type Recent } from "./recent.ts";
import { createStaging } from "./staging.ts";
import { convertFormer, type FormerTables, makeTables } from "./tables.ts";

export interface Store<Entry = unknown> {
  /** Address of the owner. */
  owner: string;
  /** Whether other owners have the same store, which writes their rows together. */
  isShared: boolean;
  journal: Journal<Entry>;
  /** A collection whose documents are all in memory. Ask for each once, before anything is read: all are loaded by one query. */
  resident<T>(collection: string, codec?: Codec<T>): Resident<T>;
  /** Names of such collections that may be asked for later: the same query loads them. */
  expect(residents: readonly string[]): void;
  /** A collection whose documents are read by key. @param facts the small part of each that memory holds */
  indexed<T, Facts>(collection: string, facts: (value: T) => Facts): Indexed<T, Facts>;
  /** A collection of any size. */
  keyed<T>(collection: string): Keyed<T>;
  /** A collection of any size that is read where it grows. @param count how many of the last memory holds: their bodies, so few */
  recent<T>(collection: string, count: number): Recent<T>;
  /**
   * Runs `body`, then writes what it staged: all of it, or with a throw nothing. Reads within it see what it stages. Not nested.
   * @throws what `body` or the disk throws
   */
  transaction<T>(body: () => T): T;
}

/**
 * Opens an owner's store.
 * @param former the tables that the object may have of before, by the name of their version: taken over first
 * @throws {NewerVersionError} when a newer version of the code has been here: nothing is read or written
 */
export function createStore<Entry = unknown>(
  storage: Storage,
  owner: string,
  former: Readonly<Record<string, FormerTables>> = {},
): Store<Entry> {
  let laidOut = convertFormer(storage, owner, former);
  const inRows = storage.rowOwner?.() ?? owner;
  const staging = createStaging(storage, inRows);
  /** Of an owner that had stored nothing: it is known without a query what is not there. */
  let born = laidOut ? undefined : createAllKeys();
  const filter = createKeyFilter({ storage, owner: inRows });
  const ports = {
    ...{ storage, owner: inRows, staging },
    isEmpty(collection?: string, key?: string): boolean {
      if (!laidOut) return true;
      if (collection === undefined) return false;
      return born ? !born.has(collection, key) : key !== undefined && !filter.mayHave(collection, key);
    },
    missed: () => filter.missed(),
  };
  const journal = createJournal<Entry>(ports);
  /** Collections that memory holds something of, by name. */
  const held = new Map<string, Held[]>();
  const residents = new Set<string>();
  let loaded = new Map<string, Map<string, unknown>>();

  /** The first that is asked for loads all that are known, so that a wake is one query. */
  function loadResident(name: string): Map<string, unknown> {
    // What was put since is in memory.
    if (!laidOut || born) return new Map();
    if (!loaded.has(name)) {
      const names = [...residents];
      const found = new Map(names.map((each) => [each, new Map<string, unknown>()]));
      for (const { collection, key, body } of storage.exec<{ collection: string; key: string; body: string }>(
        "SELECT collection, key, body FROM document WHERE owner = ? AND collection IN (SELECT value FROM json_each(?))",
        inRows,
        JSON.stringify(names),
      ))
        found.get(collection)?.set(key, parseDocument(body, collection, key));
      // Only whole: of one that is damaged every reading fails.
      loaded = found;
    }
    // Each takes its own, once: from then on it is the collection's.
    const own = loaded.get(name) ?? new Map<string, unknown>();
    residents.delete(name);
    return own;
  }

  function hold<Collection extends Held>(name: string, collection: Collection): Collection {
    const others = held.get(name);
    if (others) others.push(collection);
    else held.set(name, [collection]);
    return collection;
  }

  /** Those that the present transaction changes. */
  function eachChanged(what: "prepare" | "keep"): void {
    for (const name of staging.all().keys()) {
      const changed = held.get(name);
      if (changed) for (const each of changed) each[what]();
    }
  }

  /** Before anything is staged, and again if it was rolled back. */
  function settle(hasHeld: boolean): void {
    if (hasHeld) eachChanged("keep");
    if (hasHeld && born?.add(staging) === false) born = undefined;
    if (hasHeld) filter.add(staging);
    journal.settle(hasHeld);
    staging.clear();
  }

  return {
    owner,
    isShared: storage.write !== undefined,
    journal,
    resident<T>(name: string, codec?: Codec<T>) {
      residents.add(name);
      return hold(name, createResident<T>(ports, name, loadResident, codec));
    },
    expect(names) {
      if (laidOut && !born) for (const name of names) residents.add(name);
    },
    indexed: <T, Facts>(name: string, facts: (value: T) => Facts) => hold(name, createIndexed<T, Facts>(ports, name, facts)),
    keyed: <T>(name: string) => createKeyed<T>(ports, name),
    recent: <T>(name: string, count: number) => hold(name, createRecent<T>(ports, name, count)),
    transaction<T>(body: () => T): T {
      const wasLaidOut = laidOut;
      let result: T;
      try {
        result = storage.transaction(() => {
          const value = body();
          eachChanged("prepare");
          if (!laidOut && staging.hasChanges()) {
            makeTables(storage);
            laidOut = true;
          }
          staging.write();
          return value;
        });
      } catch (error) {
        laidOut = wasLaidOut;
        settle(false);
        throw error;
      }
      // Nothing of it throws: what is on disk is in memory, or nobody would hear that it was kept.
      settle(true);
      return result;
    },
  };
}
