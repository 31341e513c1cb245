/** The host's store in plain Node, on node:sqlite: the same statements, in memory or in a file. */
// The one file for plain Node: nothing that the Worker bundles imports it.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Row, SqlValue, Storage } from "../ports.ts";
import { checkRows } from "./row-bound.ts";

export interface NodeStorage extends Storage {
  /** The alarm that is set, in milliseconds since the epoch. */
  alarm: number | undefined;
  close(): void;
}

/** @param path of the database file; `:memory:` by default */
export function createNodeStorage(path = ":memory:"): NodeStorage {
  const database = new DatabaseSync(path);
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
