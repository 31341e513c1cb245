/**
 * Collections of documents, three ways to hold them: all of each in memory, keys with a few facts in memory, or nothing. What is
 * read within a transaction is as it will be; outside of one, as it was committed. What was put is not changed any more.
 */
import type { SqlValue, Storage } from "../ports.ts";
import type { Change, Staging } from "./staging.ts";

/** A few documents that are used all the time: all of them are in memory. */
export interface Resident<T> {
  get(key: string): T | undefined;
  put(key: string, value: T): void;
  /** @returns whether it was there */
  delete(key: string): boolean;
  clear(): void;
  /** In the order of the keys. */
  entries(): [key: string, value: T][];
  /** In no order, and cheaper. */
  values(): T[];
  size(): number;
}

/** Documents whose bodies are read by key, with a few facts of each in memory: at most 10,000, of 64 bytes and less. */
export interface Indexed<T, Facts> {
  facts(key: string): Facts | undefined;
  read(key: string): T | undefined;
  /** Those that there are, in the order of the keys given. One query. */
  readMany(keys: readonly string[]): [key: string, value: T][];
  put(key: string, value: T): void;
  /** @returns whether it was there */
  delete(key: string): boolean;
  clear(): void;
  /** In the order of the keys. */
  entries(): [key: string, facts: Facts][];
  size(): number;
}

/** Which part of a collection, in the order of the keys. */
export interface KeyRange {
  /** Excluded. */
  after?: string;
  /** Excluded. */
  before?: string;
  limit: number;
  /** The last first. */
  reverse?: boolean;
}

/** Documents of any number, of which memory holds nothing. */
export interface Keyed<T> {
  read(key: string): T | undefined;
  /** Those that there are, in any order. One query. */
  readMany(keys: readonly string[]): [key: string, value: T][];
  list(range: KeyRange): [key: string, value: T][];
  /** What was put beside each; no body is read. */
  listFacts(range: KeyRange): [key: string, facts: SqlValue][];
  /** @param facts what is listed without the body, or a number by which {@link Keyed.deleteBelow} finds it, such as a time */
  put(key: string, value: T, facts?: number | string): void;
  delete(key: string): void;
  /**
   * Deletes documents whose rank is less, at most so many: within a transaction, and what that has put as well. Walks the collection.
   * @returns how many
   */
  deleteBelow(rank: number, limit: number): number;
  /**
   * Deletes those of least rank beyond the `most` of greatest; what has no rank stays. What the transaction has put counts among the
   * greatest. Within a transaction, whose own reads may still find them.
   */
  deleteBeyond(most: number): void;
}

/** A document that cannot be read: what needs it fails, and nothing is made in its place. */
export class DocumentUnreadableError extends Error {
  override name = "DocumentUnreadableError";

  constructor(collection: string, key: string) {
    super(`the document ${collection} ${JSON.stringify(key)} is damaged and cannot be read: restore a backup of the object`);
  }
}

/** @throws {DocumentUnreadableError} */
export function parseDocument<T>(body: string, collection: string, key: string): T {
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new DocumentUnreadableError(collection, key);
  }
}

/** How a document is stored, where it is not the JSON of its value: such as one that holds texts which are JSON already. */
export interface Codec<T> {
  encode(value: T): string;
  /** @param stored what the JSON said */
  decode(stored: unknown): T;
}

/** Keys of the numbers that were asked for last: those of one event are asked for a dozen times. */
const keysKnown = Array.from({ length: 64 }, () => ({ number: Number.NaN, key: "" }));

/** A number as a key that sorts as the numbers do. */
export function numberKey(number: number): string {
  const known = keysKnown[number & 63] as (typeof keysKnown)[number];
  if (known.number !== number) {
    known.number = number;
    known.key = String(number).padStart(16, "0");
  }
  return known.key;
}

export interface CollectionPorts {
  storage: Storage;
  owner: string;
  staging: Staging;
  /** Whether it is known that there is nothing to be read: of the owner at all, of a collection, or under a key. */
  isEmpty(collection?: string, key?: string): boolean;
  /** A query for a document found that there is none. */
  missed(): void;
}

/** What a transaction leads to in memory. */
export interface Held {
  /** Last in it: reads what {@link Held.keep} changes, for that must not fail any more. @throws {DocumentUnreadableError} */
  prepare(): void;
  /** It held: what was staged is so. */
  keep(): void;
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Memory with what is staged over it: the part that the first two ways have in common. A class, as each collection is: an actor opens a
 * dozen of them as it is made, and as closures they would be a third of what there is to make.
 */
abstract class Overlay<Kept> implements Held {
  readonly ports: CollectionPorts;
  readonly name: string;
  memory: Map<string, Kept> | undefined = undefined;

  constructor(ports: CollectionPorts, name: string) {
    this.ports = ports;
    this.name = name;
  }

  /** Whether {@link Overlay.load} reads what is stored when it is called: until then changes need not be kept. */
  abstract readonly readsLate: boolean;
  abstract load(): Map<string, Kept>;
  abstract toKept(change: NonNullable<Change>): Kept;

  kept(): Map<string, Kept> {
    this.memory ??= this.load();
    return this.memory;
  }

  changes(): ReadonlyMap<string, Change> {
    return this.ports.staging.of(this.name);
  }

  list(): [string, Kept][] {
    const changes = this.changes();
    if (!changes.size) return [...this.kept()];
    const all = [...this.kept()].filter(([key]) => !changes.has(key));
    for (const [key, change] of changes) if (change) all.push([key, this.toKept(change)]);
    return all;
  }

  find(key: string): Kept | undefined {
    const change = this.ports.staging.find(this.name, key);
    if (change === undefined) return this.kept().get(key);
    return change === null ? undefined : this.toKept(change);
  }

  entries(): [string, Kept][] {
    return this.list().sort(byKey);
  }

  size(): number {
    let size = this.kept().size;
    for (const [key, change] of this.changes()) size += (change ? 1 : 0) - (this.kept().has(key) ? 1 : 0);
    return size;
  }

  delete(key: string): boolean {
    if (this.find(key) === undefined) return false;
    // What was never stored needs no statement, but what is staged of it must go: a deletion says both.
    this.ports.staging.change(this.name, key, null);
    return true;
  }

  clear(): void {
    for (const [key] of this.list()) this.ports.staging.change(this.name, key, null);
  }

  prepare(): void {
    if (!this.readsLate && this.changes().size) this.kept();
  }

  keep(): void {
    const changes = this.changes();
    if (!this.memory && (this.readsLate || !changes.size)) return;
    for (const [key, change] of changes) {
      if (change) this.kept().set(key, this.toKept(change));
      else this.kept().delete(key);
    }
  }
}

class ResidentCollection<T> extends Overlay<T> implements Resident<T> {
  readonly loadAll: (name: string) => Map<string, unknown>;
  readonly codec: Codec<T> | undefined;

  constructor(ports: CollectionPorts, name: string, loadAll: (name: string) => Map<string, unknown>, codec: Codec<T> | undefined) {
    super(ports, name);
    this.loadAll = loadAll;
    this.codec = codec;
  }

  get readsLate(): boolean {
    return false;
  }

  load(): Map<string, T> {
    const all = this.loadAll(this.name);
    const { codec } = this;
    return codec ? new Map([...all].map(([key, stored]) => [key, codec.decode(stored)])) : (all as Map<string, T>);
  }

  toKept(change: NonNullable<Change>): T {
    return change.value as T;
  }

  get(key: string): T | undefined {
    return this.find(key);
  }

  put(key: string, value: T): void {
    const { codec } = this;
    this.ports.staging.change(this.name, key, codec ? { facts: null, value, encode: () => codec.encode(value) } : { facts: null, value });
  }

  values(): T[] {
    return this.changes().size ? this.list().map(([, value]) => value) : [...this.kept().values()];
  }
}

/** @param loadAll reads all resident collections at once, and gives one's */
export function createResident<T>(
  ports: CollectionPorts,
  name: string,
  loadAll: (name: string) => Map<string, unknown>,
  codec?: Codec<T>,
): Resident<T> & Held {
  return new ResidentCollection(ports, name, loadAll, codec);
}

class IndexedCollection<T, Facts> extends Overlay<Facts> implements Indexed<T, Facts> {
  readonly choose: (value: T) => Facts;

  constructor(ports: CollectionPorts, name: string, choose: (value: T) => Facts) {
    super(ports, name);
    this.choose = choose;
  }

  get readsLate(): boolean {
    return true;
  }

  load(): Map<string, Facts> {
    const { storage, owner, isEmpty } = this.ports;
    if (isEmpty(this.name)) return new Map();
    const rows = storage.exec<{ key: string; facts: string }>(
      "SELECT key, facts FROM document WHERE owner = ? AND collection = ?",
      owner,
      this.name,
    );
    return new Map(rows.map(({ key, facts }) => [key, JSON.parse(facts) as Facts]));
  }

  toKept(change: NonNullable<Change>): Facts {
    return JSON.parse(String(change.facts)) as Facts;
  }

  facts(key: string): Facts | undefined {
    return this.find(key);
  }

  read(key: string): T | undefined {
    return this.readMany([key])[0]?.[1];
  }

  readMany(keys: readonly string[]): [string, T][] {
    const { ports, name } = this;
    const found = new Map<string, T>();
    const missing: string[] = [];
    for (const key of keys) {
      const change = ports.staging.find(name, key);
      if (change) found.set(key, change.value as T);
      else if (change === undefined && this.find(key) !== undefined) missing.push(key);
    }
    if (missing.length) for (const [key, value] of readStored<T>(ports, name, missing)) found.set(key, value);
    return keys.flatMap((key) => (found.has(key) ? [[key, found.get(key) as T] satisfies [string, T]] : []));
  }

  put(key: string, value: T): void {
    this.ports.staging.change(this.name, key, { facts: JSON.stringify(this.choose(value)), value });
  }
}

/** @param choose the facts of a document */
export function createIndexed<T, Facts>(ports: CollectionPorts, name: string, choose: (value: T) => Facts): Indexed<T, Facts> & Held {
  return new IndexedCollection(ports, name, choose);
}

/** Those of these keys that are stored, in any order. One query. */
export function readStored<T>(
  { storage, owner }: Pick<CollectionPorts, "storage" | "owner">,
  name: string,
  keys: readonly string[],
): [string, T][] {
  const rows =
    storage.readDocuments?.(name, keys) ??
    storage.exec<{ key: string; body: string }>(
      "SELECT key, body FROM document WHERE owner = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))",
      owner,
      name,
      JSON.stringify(keys),
    );
  return rows.map(({ key, body }) => [key, parseDocument<T>(body, name, key)]);
}

/** A part of what was committed, with what is staged over it. */
export function listOver<Read>(
  changes: ReadonlyMap<string, Change>,
  range: KeyRange,
  list: (range: KeyRange) => [string, Read][],
  read: (change: NonNullable<Change>) => Read,
): [string, Read][] {
  if (!changes.size) return list(range);
  const { limit, reverse } = range;
  const all = list({ ...range, limit: limit + changes.size }).filter(([key]) => !changes.has(key));
  for (const [key, change] of changes) if (change && isWithin(key, range)) all.push([key, read(change)]);
  all.sort(byKey);
  return (reverse ? all.reverse() : all).slice(0, limit);
}

export function isWithin(key: string, { after, before }: Pick<KeyRange, "after" | "before">): boolean {
  return (after === undefined || key > after) && (before === undefined || key < before);
}
