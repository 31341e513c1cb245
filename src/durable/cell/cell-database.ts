/**
 * One database for many actors: each is given a {@link Storage} that knows its own rows by their owner, and the facts beside them.
 * What a transaction does to memory is undone with it. Knows SQL, and no actor.
 */
import type { Row, SqlValue, StagedRows, Storage } from "../host/ports.ts";
import type { ObjectFacts } from "../host/storage/object-context.ts";
import { checkRow, rowBytes } from "../host/storage/row-bound.ts";
import { cellFormat, convertFormer } from "../host/store/tables.ts";
import { allowNames, createOwnerNames, layOutAnew, makeCellTables, nameFact } from "./cell-tables.ts";
import { type CellWrites, type CellWritesPorts, createCellWrites } from "./cell-writes.ts";
import { measureRow, noRows } from "./waiting-rows.ts";

/** The database, as the cell itself uses it. */
export interface CellDatabase extends Omit<CellWrites, "commit"> {
  /** A name for an owner's rows, that no other has. */
  newName(): string;
  /** Reads what the disk has. */
  read<T extends Row>(sql: string, ...values: SqlValue[]): T[];
  /** A commit. Not nested. Functions that {@link CellDatabase.undo} is given are called if it fails, the last first. */
  transaction<T>(body: () => T): T;
  /** The present transaction changes memory: how to change it back. Outside of one nothing needs to be. */
  undo(change: () => void): void;
}

/**
 * Makes the tables where there are none, and lays out anew what an earlier version has made.
 * @throws {NewerVersionError} when a newer version of the code has been here: nothing is read or written
 */
export function layOutCell(storage: Storage): void {
  if (convertFormer(storage, "", {}, cellFormat)) {
    layOutAnew(storage);
    allowNames(storage);
  } else makeCellTables(storage);
}

/** @throws as {@link layOutCell} */
export function openCellDatabase(ports: CellWritesPorts): CellDatabase {
  const { storage } = ports;
  layOutCell(storage);
  const { commit, ...writes } = createCellWrites(ports);
  let undone: (() => void)[] | undefined;
  return {
    ...writes,
    newName: createOwnerNames(storage),
    read: (sql, ...values) => storage.exec(sql, ...values),
    transaction(body) {
      const changes: (() => void)[] = [];
      undone = changes;
      try {
        return commit(body);
      } catch (error) {
        for (let at = changes.length - 1; at >= 0; at--) changes[at]?.();
        throw error;
      } finally {
        undone = undefined;
      }
    },
    undo: (change) => void undone?.push(change),
  };
}

const readName = `SELECT body ->> '$' FROM cursor WHERE owner = ?2 AND name = '${nameFact}'`;

/**
 * @returns how many characters an actor stores, or some more; what is about to replace others counts beside them. Bytes, for SQLite
 * knows how many a text has without reading it.
 */
export function measureOwner({ read, waiting }: Pick<CellDatabase, "read" | "waiting">, owner: string): number {
  const sizes = ["document", "journal", "cursor"].map(
    (table) => `(SELECT coalesce(sum(octet_length(body)), 0) FROM ${table} WHERE owner = (SELECT name FROM named))`,
  );
  const [row] = read<{ n: number }>(
    `WITH named AS (SELECT coalesce((${readName}), ?1) AS name) SELECT ${sizes.join(" + ")} AS n`,
    owner,
    factsOf(owner),
  );
  return (row?.n ?? 0) + waiting(owner);
}

/** What one actor is given. */
export interface OwnerDatabase {
  storage: Storage;
  facts: ObjectFacts;
  /** Deletes its rows and facts. */
  clear(): void;
  isStored(): boolean;
}

export interface OwnerPorts {
  database: CellDatabase;
  /** The actor's address. */
  owner: string;
  setAlarm(at: number): void;
  postponeAlarm(at: number | undefined): void;
  beforeWrite(work: () => void): void;
  /** @throws when this life of the actor is over: nothing of it may read or write any more */
  check(): void;
  /** Hears how many characters it read or wrote, and how many of those may have replaced others: all by default. */
  count(characters: number, unsure?: number): void;
}

/** Whether it has stored anything, or an earlier version has under its address; and its facts. */
const readOwner = `WITH named AS (SELECT (${readName}) AS name)
  SELECT 'stored' AS what, '' AS name, '' AS body FROM named WHERE EXISTS (SELECT 1 FROM document WHERE owner = coalesce(named.name, ?1))
    OR EXISTS (SELECT 1 FROM journal WHERE owner = coalesce(named.name, ?1))
  UNION ALL SELECT 'former', '', '' WHERE EXISTS (SELECT 1 FROM cursor WHERE owner = ?1)
  UNION ALL SELECT 'fact', name, body FROM cursor WHERE owner = ?2`;

const readBodies = "SELECT key, body FROM document WHERE owner = ? AND collection = ? AND key IN (SELECT value FROM json_each(?))";
const readBody = "SELECT body FROM document WHERE owner = ? AND collection = ? AND key = ?";

/** Bytes of a row's texts up to which it is small enough, whatever its numbers take. */
const unchecked = rowBytes / 2;

/** What is known of an owner from its first reading on. */
interface Known {
  /** What its rows have for its address. */
  name: string;
  /** Whether that is stored. */
  isNamed: boolean;
  /** Whether it has stored anything. */
  stored: boolean;
  facts: Map<string, string>;
}

/** Statements that give something back. */
const reading = /^\s*(?:SELECT|WITH)\b/;

/** Facts are cursors of an owner that no actor is. */
export const factsOf = (owner: string): string => `facts ${owner}`;

export function createOwnerDatabase({ database, owner, setAlarm, postponeAlarm, beforeWrite, check, count }: OwnerPorts): OwnerDatabase {
  let known: Known | undefined;

  /** Nobody else writes what is this owner's, so it is read once in a life. */
  function read(): Known {
    known ??= readKnown(database, owner);
    return known;
  }

  /** In memory, until the present transaction is rolled back. */
  function note(change: Partial<Known>): void {
    const before = read();
    known = { ...before, ...change };
    database.undo(() => {
      known = before;
    });
  }

  /** What gives nothing back is written with the rest of the transaction: reads of the same one do not see it. */
  function exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
    check();
    count(measureRow(values));
    if (!reading.test(sql)) {
      database.run(owner, sql, values);
      return [];
    }
    database.show(owner);
    const rows = database.read<T>(sql, ...values);
    let characters = 0;
    for (const row of rows) characters += measureRow(Object.values(row));
    count(characters);
    return rows;
  }

  function readDocument(collection: string, key: string): string | undefined {
    check();
    const waiting = database.find(owner, collection, key);
    const body =
      waiting === undefined
        ? database.read<{ body: string }>(readBody, read().name, collection, key)[0]?.body
        : (waiting?.[4] as string | undefined);
    if (body !== undefined) count(body.length);
    return body;
  }

  function readDocuments(collection: string, keys: readonly string[]): { key: string; body: string }[] {
    check();
    const found: { key: string; body: string }[] = [];
    const written: string[] = [];
    for (const key of keys) {
      const waiting = database.find(owner, collection, key);
      if (waiting === undefined) written.push(key);
      else if (waiting) found.push({ key, body: waiting[4] as string });
    }
    if (written.length > 0)
      for (const row of database.read<{ key: string; body: string }>(readBodies, read().name, collection, JSON.stringify(written)))
        found.push(row);
    count(found.reduce((sum, { body }) => sum + body.length, 0));
    return found;
  }

  function write(rows: StagedRows): void {
    check();
    const { journal, documents, cursors } = rows;
    const { name, stored, isNamed } = read();
    if (!isNamed || (!stored && (journal.length > 0 || documents.length > 0)))
      note({ isNamed: true, stored: stored || journal.length > 0 || documents.length > 0 });
    const replacing = checkAll(documents) + checkAll(cursors);
    const characters = checkAll(journal) + replacing;
    if (!isNamed)
      database.add(factsOf(owner), { ...noRows, owner: factsOf(owner), cursors: [[factsOf(owner), nameFact, 0, JSON.stringify(name)]] });
    database.add(owner, rows, characters);
    count(characters, replacing);
  }

  const isStored = (): boolean => read().stored;

  return {
    isStored,
    storage: {
      exec,
      readDocument,
      readDocuments,
      write,
      writeLater: createLateWrite(database, owner, { check, rowOwner: () => read().name }),
      flush: database.flush,
      transaction(body) {
        check();
        return database.transaction(body);
      },
      setAlarm,
      postponeAlarm,
      beforeWrite,
      hasRows: isStored,
      rowOwner: () => read().name,
    },
    facts: {
      get<T>(key: string) {
        check();
        const body = read().facts.get(key);
        return body === undefined ? undefined : (JSON.parse(body) as T);
      },
      put(key, value) {
        const body = JSON.stringify(value);
        exec("INSERT OR REPLACE INTO cursor VALUES (?, ?, 0, ?)", factsOf(owner), key, body);
        note({ facts: new Map(read().facts).set(key, body) });
      },
      delete(key) {
        exec("DELETE FROM cursor WHERE owner = ? AND name = ?", factsOf(owner), key);
        note({ facts: new Map([...read().facts].filter(([name]) => name !== key)) });
      },
    },
    clear() {
      for (const table of ["journal", "document", "cursor"]) exec(`DELETE FROM ${table} WHERE owner = ?`, read().name);
      exec("DELETE FROM cursor WHERE owner = ?", factsOf(owner));
      note({ isNamed: false, stored: false, facts: new Map() });
    },
  };
}

function readKnown(database: CellDatabase, owner: string): Known {
  database.show(owner);
  const rows = database.read<{ what: string; name: string; body: string }>(readOwner, owner, factsOf(owner));
  const facts = new Map(rows.flatMap(({ what, name, body }) => (what === "fact" ? [[name, body] as const] : [])));
  const given = facts.get(nameFact);
  const isNamed = given !== undefined || rows.some(({ what }) => what !== "fact");
  const name = given !== undefined ? (JSON.parse(given) as string) : isNamed ? owner : database.newName();
  return { name, isNamed, stored: rows.some(({ what }) => what === "stored"), facts };
}

function createLateWrite(
  { addLater }: Pick<CellDatabase, "addLater">,
  owner: string,
  { check, rowOwner }: Pick<OwnerPorts, "check"> & { rowOwner(): string },
): NonNullable<Storage["writeLater"]> {
  return (cursors) => {
    check();
    addLater(owner, { ...noRows, owner: rowOwner(), cursors });
  };
}

/** @returns characters of all rows @throws {RowTooLargeError} */
function checkAll(rows: readonly SqlValue[][]): number {
  let characters = 0;
  for (const row of rows) {
    const size = measureRow(row);
    // A character takes three bytes at most.
    if (3 * size > unchecked) checkRow(row);
    characters += size;
  }
  return characters;
}
