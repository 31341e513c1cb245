/**
 * One database for many actors: each is given a {@link Storage} that knows its own rows by their owner, and the facts beside them.
 * What a transaction does to memory is undone with it. Knows SQL, and no actor.
 */
import type { Row, SqlValue, Storage } from "../host/ports.ts";
import type { ObjectFacts } from "../host/storage/object-context.ts";
import { convertFormer, makeTables } from "../host/store/tables.ts";

/** The database, as the cell itself uses it. */
export interface CellDatabase {
  exec<T extends Row>(sql: string, ...values: SqlValue[]): T[];
  /** Not nested. Functions that {@link CellDatabase.undo} is given are called if it fails, the last first. */
  transaction<T>(body: () => T): T;
  /** The present transaction changes memory: how to change it back. Outside of one nothing needs to be. */
  undo(change: () => void): void;
}

/** @throws {NewerVersionError} when a newer version of the code has been here: nothing is read or written */
export function openCellDatabase(storage: Storage): CellDatabase {
  const { exec } = storage;
  if (!convertFormer(storage, "", {})) storage.transaction(() => makeTables(storage));
  let undone: (() => void)[] | undefined;
  return {
    exec: (sql, ...values) => exec(sql, ...values),
    transaction(body) {
      undone = [];
      try {
        return storage.transaction(body);
      } catch (error) {
        for (const change of undone.toReversed()) change();
        throw error;
      } finally {
        undone = undefined;
      }
    },
    undo: (change) => void undone?.push(change),
  };
}

/** @returns how many characters an actor stores */
export function measureOwner({ exec }: CellDatabase, owner: string): number {
  const [row] = exec<{ n: number }>(
    `SELECT (SELECT coalesce(sum(length(body)), 0) FROM document WHERE owner = ?1)
      + (SELECT coalesce(sum(length(body)), 0) FROM journal WHERE owner = ?1)
      + (SELECT coalesce(sum(length(body)), 0) FROM cursor WHERE owner = ?1) AS n`,
    owner,
  );
  return row?.n ?? 0;
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
  /** @throws when this life of the actor is over: nothing of it may read or write any more */
  check(): void;
  /** Hears how many characters it read or wrote. */
  count(characters: number): void;
}

/** Facts are cursors of an owner that no actor is. */
export const factsOf = (owner: string): string => `facts ${owner}`;

export function createOwnerDatabase({ database, owner, setAlarm, check, count }: OwnerPorts): OwnerDatabase {
  let stored = false;

  function exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
    check();
    const rows = database.exec<T>(sql, ...values);
    count(measure(values) + rows.reduce((sum, row) => sum + measure(Object.values(row)), 0));
    return rows;
  }

  function isStored(): boolean {
    stored ||=
      database.exec("SELECT 1 FROM document WHERE owner = ?1 UNION ALL SELECT 1 FROM journal WHERE owner = ?1 LIMIT 1", owner).length > 0;
    return stored;
  }

  return {
    isStored,
    storage: {
      exec,
      transaction(body) {
        check();
        return database.transaction(() => {
          const before = stored;
          database.undo(() => {
            stored = before;
          });
          return body();
        });
      },
      setAlarm,
      hasRows: isStored,
    },
    facts: {
      get<T>(key: string) {
        const [row] = exec<{ body: string }>("SELECT body FROM cursor WHERE owner = ? AND name = ?", factsOf(owner), key);
        return row && (JSON.parse(row.body) as T);
      },
      put: (key, value) => void exec("INSERT OR REPLACE INTO cursor VALUES (?, ?, 0, ?)", factsOf(owner), key, JSON.stringify(value)),
      delete: (key) => void exec("DELETE FROM cursor WHERE owner = ? AND name = ?", factsOf(owner), key),
    },
    clear() {
      for (const table of ["journal", "document", "cursor"]) exec(`DELETE FROM ${table} WHERE owner = ?`, owner);
      exec("DELETE FROM cursor WHERE owner = ?", factsOf(owner));
      stored = false;
    },
  };
}

function measure(values: readonly SqlValue[]): number {
  let characters = 0;
  for (const value of values) if (typeof value === "string") characters += value.length;
  return characters;
}
