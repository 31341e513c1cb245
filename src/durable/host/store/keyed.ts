/** A collection of any number of documents, of which memory holds nothing: each is read by its key, or with those beside it. */
import type { SqlValue } from "../ports.ts";
import { type CollectionPorts, type Keyed, type KeyRange, listOver, parseDocument, readStored } from "./collections.ts";
import type { Change } from "./staging.ts";

/** As {@link createKeyed} makes it. */
export class KeyedCollection<T> implements Keyed<T> {
  readonly ports: CollectionPorts;
  readonly name: string;

  constructor(ports: CollectionPorts, name: string) {
    this.ports = ports;
    this.name = name;
  }

  changes(): ReadonlyMap<string, Change> {
    return this.ports.staging.of(this.name);
  }

  select(column: "body" | "facts", { after, before, limit, reverse }: KeyRange): [string, SqlValue][] {
    const { storage, owner, isEmpty } = this.ports;
    if (isEmpty(this.name)) return [];
    const bounds: [string, SqlValue][] = [];
    if (after !== undefined) bounds.push(["key > ?", after]);
    if (before !== undefined) bounds.push(["key < ?", before]);
    const where = ["owner = ?", "collection = ?", ...bounds.map(([sql]) => sql)].join(" AND ");
    return storage
      .exec<{ key: string; read: SqlValue }>(
        `SELECT key, ${column} AS read FROM document WHERE ${where} ORDER BY key ${reverse ? "DESC" : "ASC"} LIMIT ?`,
        owner,
        this.name,
        ...bounds.map(([, value]) => value),
        limit,
      )
      .map(({ key, read }) => [key, read]);
  }

  readBody(key: string): string | undefined {
    const { storage, owner } = this.ports;
    if (storage.readDocument) return storage.readDocument(this.name, key);
    const readOne = "SELECT body FROM document WHERE owner = ? AND collection = ? AND key = ?";
    return storage.exec<{ body: string }>(readOne, owner, this.name, key)[0]?.body;
  }

  read(key: string): T | undefined {
    const { ports, name } = this;
    const change = ports.staging.find(name, key);
    if (change !== undefined) return change === null ? undefined : (change.value as T);
    if (ports.isEmpty(name, key)) return undefined;
    const body = this.readBody(key);
    if (body !== undefined) return parseDocument<T>(body, name, key);
    ports.missed();
    return undefined;
  }

  readMany(keys: readonly string[]): [string, T][] {
    const { ports, name } = this;
    const changes = this.changes();
    const staged = keys.flatMap((key): [string, T][] => (changes.get(key) ? [[key, changes.get(key)?.value as T]] : []));
    const others = keys.filter((key) => !changes.has(key) && !ports.isEmpty(name, key));
    return others.length ? [...staged, ...readStored<T>(ports, name, others)] : staged;
  }

  list(range: KeyRange): [string, T][] {
    return listOver(
      this.changes(),
      range,
      (wanted) => this.select("body", wanted).map(([key, body]) => [key, parseDocument<T>(String(body), this.name, key)]),
      ({ value }) => value as T,
    );
  }

  listFacts(range: KeyRange): [string, SqlValue][] {
    return listOver(
      this.changes(),
      range,
      (wanted) => this.select("facts", wanted),
      ({ facts }) => facts,
    );
  }

  put(key: string, value: T, facts?: number | string): void {
    this.ports.staging.change(this.name, key, { facts: facts ?? null, value });
  }

  delete(key: string): void {
    this.ports.staging.change(this.name, key, null);
  }

  deleteBelow(rank: number, limit: number): number {
    const { name } = this;
    const { storage, owner, staging, isEmpty } = this.ports;
    const staged = [...this.changes()].flatMap(([key, change]) => (change && isBelow(change.facts, rank) ? [key] : [])).slice(0, limit);
    for (const key of staged) staging.change(name, key, null);
    if (isEmpty(name)) return staged.length;
    const stored = storage.exec<{ key: string }>(
      `SELECT key FROM document WHERE owner = ? AND collection = ? AND facts < ? AND ${notStaged} LIMIT ?`,
      owner,
      name,
      rank,
      JSON.stringify([...this.changes().keys()]),
      limit - staged.length,
    );
    for (const { key } of stored) staging.change(name, key, null);
    return staged.length + stored.length;
  }

  deleteBeyond(most: number): void {
    const { name } = this;
    const { storage, owner, isEmpty } = this.ports;
    if (isEmpty(name)) return;
    const changes = this.changes();
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
  }
}

export function createKeyed<T>(ports: CollectionPorts, name: string): Keyed<T> {
  return new KeyedCollection(ports, name);
}

/** Of rows: the present transaction neither puts nor deletes the document. */
const notStaged = "key NOT IN (SELECT value FROM json_each(?))";

const isBelow = (facts: SqlValue, rank: number): boolean => typeof facts === "number" && facts < rank;
