/** D1 for tests in Node: the interface that we use of it, on Node's own SQLite, with the migrations applied. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

type Value = string | number | null;

/** Opens an empty database in memory. */
export function openSqliteD1(): D1Database {
  const database = new DatabaseSync(":memory:");
  const folder = join(import.meta.dirname, "../../../migrations");
  for (const file of readdirSync(folder).sort()) database.exec(readFileSync(join(folder, file), "utf8"));

  class Statement {
    #sql: string;
    #values: Value[];
    constructor(sql: string, values: Value[] = []) {
      this.#sql = sql;
      this.#values = values;
    }
    bind(...values: Value[]): Statement {
      // D1's own limit, which SQLite does not have.
      if (values.length > 100) throw new Error("D1_ERROR: too many SQL variables");
      if (values.includes(undefined as never)) throw new Error("D1_TYPE_ERROR: Type 'undefined' not supported");
      return new Statement(this.#sql, values);
    }
    runNow() {
      return { success: true, results: database.prepare(this.#sql).all(...this.#values), meta: {} };
    }
    async all() {
      return this.runNow();
    }
    async run() {
      return this.runNow();
    }
    async first() {
      return this.runNow().results[0] ?? null;
    }
  }

  return {
    prepare: (sql: string) => new Statement(sql),
    async batch(statements: Statement[]) {
      database.exec("BEGIN");
      try {
        const results = statements.map((statement) => statement.runNow());
        database.exec("COMMIT");
        return results;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  } as unknown as D1Database;
}
