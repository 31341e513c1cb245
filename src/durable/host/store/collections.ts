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
  readonly size: number;
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
  readonly size: number;
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
 * Memory with what is staged over it: the part that the first two ways have in common.
 * @param readsLate whether `load` reads what is stored when it is called: until then changes need not be kept
 */
function createOverlay<Kept>(
  { staging }: CollectionPorts,
  name: string,
  load: () => Map<string, Kept>,
  keep: (change: NonNullable<ReturnType<Staging["find"]>>) => Kept,
  readsLate: boolean,
) {
  let memory: Map<string, Kept> | undefined;
  const kept = (): Map<string, Kept> => {
    memory ??= load();
    return memory;
  };
  const list = (): [string, Kept][] => {
    const changes = staging.of(name);
    if (!changes.size) return [...kept()];
    const all = [...kept()].filter(([key]) => !changes.has(key));
    for (const [key, change] of changes) if (change) all.push([key, keep(change)]);
    return all;
  };
  const overlay = {
    find(key: string): Kept | undefined {
      const change = staging.find(name, key);
      if (change === undefined) return kept().get(key);
      return change === null ? undefined : keep(change);
    },
    entries: (): [string, Kept][] => list().sort(byKey),
    values: (): Kept[] => (staging.of(name).size ? list().map(([, value]) => value) : [...kept().values()]),
    get size(): number {
      let size = kept().size;
      for (const [key, change] of staging.of(name)) size += (change ? 1 : 0) - (kept().has(key) ? 1 : 0);
      return size;
    },
    delete(key: string): boolean {
      if (overlay.find(key) === undefined) return false;
      // What was never stored needs no statement, but what is staged of it must go: a deletion says both.
      staging.change(name, key, null);
      return true;
    },
    clear(): void {
      for (const [key] of list()) staging.change(name, key, null);
    },
    prepare(): void {
      if (!readsLate && staging.of(name).size) kept();
    },
    keep(): void {
      if (!memory && (readsLate || !staging.of(name).size)) return;
      for (const [key, change] of staging.of(name)) {
        if (change) kept().set(key, keep(change));
        else kept().delete(key);
      }
    },
  };
  return overlay;
}

/** @param loadAll reads all resident collections at once */
export function createResident<T>(
  ports: CollectionPorts,
  name: string,
  loadAll: () => Map<string, unknown>,
  codec?: Codec<T>,
): Resident<T> & Held {
  const overlay = createOverlay<T>(
    ports,
    name,
    () => {
      const all = loadAll();
      return codec ? new Map([...all].map(([key, stored]) => [key, codec.decode(stored)])) : (all as Map<string, T>);
    },
    (change) => change.value as T,
    false,
  );
  return {
    get: overlay.find,
    put: (key, value) => ports.staging.change(name, key, { facts: null, value, ...(codec && { encode: () => codec.encode(value) }) }),
    delete: overlay.delete,
    clear: overlay.clear,
    entries: overlay.entries,
    values: overlay.values,
    get size() {
      return overlay.size;
    },
    prepare: overlay.prepare,
    keep: overlay.keep,
  };
}

/** @param choose the facts of a document */
export function createIndexed<T, Facts>(ports: CollectionPorts, name: string, choose: (value: T) => Facts): Indexed<T, Facts> & Held {
  const { storage, owner, staging, isEmpty } = ports;
  const overlay = createOverlay<Facts>(
    ports,
    name,
    () => {
      if (isEmpty(name)) return new Map();
      const rows = storage.exec<{ key: string; facts: string }>(
        "SELECT key, facts FROM document WHERE owner = ? AND collection = ?",
        owner,
        name,
      );
      return new Map(rows.map(({ key, facts }) => [key, JSON.parse(facts) as Facts]));
    },
    (change) => JSON.parse(String(change.facts)) as Facts,
    true,
  );

  function readMany(keys: readonly string[]): [string, T][] {
    const found = new Map<string, T>();
    const missing: string[] = [];
    for (const key of keys) {
      const change = staging.find(name, key);
      if (change) found.set(key, change.value as T);
      else if (change === undefined && overlay.find(key) !== undefined) missing.push(key);
    }
    if (missing.length) for (const [key, value] of readStored<T>({ storage, owner }, name, missing)) found.set(key, value);
    return keys.flatMap((key) => (found.has(key) ? [[key, found.get(key) as T] satisfies [string, T]] : []));
  }

  return {
    facts: overlay.find,
    read: (key) => readMany([key])[0]?.[1],
    readMany,
    put: (key, value) => staging.change(name, key, { facts: JSON.stringify(choose(value)), value }),
    delete: overlay.delete,
    clear: overlay.clear,
    entries: overlay.entries,
    get size() {
      return overlay.size;
    },
    prepare: overlay.prepare,
    keep: overlay.keep,
  };
}

function readStored<T>(
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

export function createKeyed<T>({ storage, owner, staging, isEmpty, missed }: CollectionPorts, name: string): Keyed<T> {
  function select(column: "body" | "facts", { after, before, limit, reverse }: KeyRange): [string, SqlValue][] {
    if (isEmpty(name)) return [];
    const bounds: [string, SqlValue][] = [];
    if (after !== undefined) bounds.push(["key > ?", after]);
    if (before !== undefined) bounds.push(["key < ?", before]);
    const where = ["owner = ?", "collection = ?", ...bounds.map(([sql]) => sql)].join(" AND ");
    return storage
      .exec<{ key: string; read: SqlValue }>(
        `SELECT key, ${column} AS read FROM document WHERE ${where} ORDER BY key ${reverse ? "DESC" : "ASC"} LIMIT ?`,
        owner,
        name,
        ...bounds.map(([, value]) => value),
        limit,
      )
      .map(({ key, read }) => [key, read]);
  }

  function readBody(key: string): string | undefined {
    if (storage.readDocument) return storage.readDocument(name, key);
    return storage.exec<{ body: string }>("SELECT body FROM document WHERE owner = ? AND collection = ? AND key = ?", owner, name, key)[0]
      ?.body;
  }

  return {
    read(key) {
      const change = staging.find(name, key);
      if (change !== undefined) return change === null ? undefined : (change.value as T);
      if (isEmpty(name, key)) return undefined;
      const body = readBody(key);
      if (body !== undefined) return parseDocument<T>(body, name, key);
      missed();
      return undefined;
    },
    readMany(keys) {
      const changes = staging.of(name);
      const staged = keys.flatMap((key): [string, T][] => (changes.get(key) ? [[key, changes.get(key)?.value as T]] : []));
      const others = keys.filter((key) => !changes.has(key) && !isEmpty(name, key));
      return others.length ? [...staged, ...readStored<T>({ storage, owner }, name, others)] : staged;
    },
    list: (range) =>
      listOver(
        staging.of(name),
        range,
        (wanted) => select("body", wanted).map(([key, body]) => [key, parseDocument<T>(String(body), name, key)]),
        ({ value }) => value as T,
      ),
    listFacts: (range) =>
      listOver(
        staging.of(name),
        range,
        (wanted) => select("facts", wanted),
        ({ facts }) => facts,
      ),
    put: (key, value, facts) => staging.change(name, key, { facts: facts ?? null, value }),
    delete: (key) => staging.change(name, key, null),
    deleteBelow(rank, limit) {
      const staged = [...staging.of(name)].flatMap(([key, change]) => (change && isBelow(change.facts, rank) ? [key] : [])).slice(0, limit);
      for (const key of staged) staging.change(name, key, null);
      if (isEmpty(name)) return staged.length;
      const stored = storage.exec<{ key: string }>(
        `SELECT key FROM document WHERE owner = ? AND collection = ? AND facts < ? AND ${notStaged} LIMIT ?`,
        owner,
        name,
        rank,
        JSON.stringify([...staging.of(name).keys()]),
        limit - staged.length,
      );
      for (const { key } of stored) staging.change(name, key, null);
      return staged.length + stored.length;
    },
    deleteBeyond(most) {
      if (isEmpty(name)) return;
      const changes = staging.of(name);
      const newest = [...changes.values()].filter((change) => change && change.facts !== null).length;
      storage.exec(
        `DELETE FROM document WHERE owner = ? AND collection = ? AND key IN (SELECT key FROM document WHERE owner = ? AND collection = ? AND facts IS NOT NULL AND ${notStaged} ORDER BY facts DESC LIMIT -1 OFFSET ?)`,
        owner,
        name,
        owner,
        name,
        JSON.stringify([...changes.keys()]),
        Math.max(0, most - newest),
      );
    },
  };
}

/** Of rows: the present transaction neither puts nor deletes the document. */
const notStaged = "key NOT IN (SELECT value FROM json_each(?))";

const isBelow = (facts: SqlValue, rank: number): boolean => typeof facts === "number" && facts < rank;

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
