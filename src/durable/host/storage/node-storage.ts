/** The host's store in plain Node, on node:sqlite: the same statements, in memory or in a file. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Row, SqlValue, Storage } from "../ports.ts";
import { checkRows } from "./row-bound.ts";

export interface NodeStorage extends Storage {
  /** The alarm that is set, in milliseconds since the epoch. */
  alarm: number | undefined;
  close(): void;
}

/** This runtime has no node:sqlite. Its `code` is its identity. */
export class SqliteMissingError extends Error {
  override name = "SqliteMissingError";
  readonly code = "node_too_old";

  constructor(version: string | undefined) {
    super(
      `node_too_old: createNodeStorage needs node:sqlite, which Node has from 22.13 on, and this is ${version ?? "no Node"}. ` +
        "Run it with a newer Node, for example `npx -p node@24 node <file>`.",
    );
  }
}

/** Asked for only here, and of the process, so that a Worker can bundle what it does not use, and an older Node say what it misses. */
function openDatabase(path: string): DatabaseSync {
  // Types of Node are not there for whoever compiles this for a Worker.
  const { process } = globalThis as { process?: { version?: string; getBuiltinModule?: (name: string) => object | undefined } };
  const sqlite = process?.getBuiltinModule?.("node:sqlite") as typeof import("node:sqlite") | undefined;
  if (!sqlite) throw new SqliteMissingError(process?.version);
  return new sqlite.DatabaseSync(path);
}

/**
 * @param path of the database file; `:memory:` by default
 * @throws {SqliteMissingError} before Node 22.13, and in a Worker
 */
export function createNodeStorage(path = ":memory:"): NodeStorage {
  const database = openDatabase(path);
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      prepared.set(sql, statement);
    }
    return statement;
  };
  const store: NodeStorage = {
    alarm: undefined,
    exec<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
      checkRows(sql, values);
      if (!values.length && /;\s*\S/.test(sql)) {
        database.exec(sql);
        return [];
      }
      return prepare(sql).all(...values) as T[];
    },
    transaction(body) {
      const alarmBefore = store.alarm;
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = body();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        store.alarm = alarmBefore;
        throw error;
      }
    },
    setAlarm(at) {
      store.alarm = at;
    },
    close: () => database.close(),
  };
  return store;
}
