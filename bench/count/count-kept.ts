/** How many rows of D1 stay of what was played, entries of indexes included: as many as retention deletes in time, and is billed for. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { localDatabase } from "../../src/local-server/migrate-d1.ts";

/** What the projector writes. */
const tables = ["event", "log_entry", "thread", "thread_agent", "thread_audience", "wait", "turn", "agent_turns", "parked", "unreachable"];

/** @param data the folder of a server, which may run */
export function countKept(data: string): number {
  const database = new DatabaseSync(join(data, "state", localDatabase.file), { readOnly: true });
  try {
    const count = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
    const countIndex = (table: string, index: string): number => {
      const { sql } = database.prepare("SELECT sql FROM sqlite_master WHERE name = ?").get(index) as { sql: string | null };
      const condition = / WHERE (.*)$/.exec(sql ?? "")?.[1] ?? "true";
      return count(`SELECT count(*) FROM ${table} WHERE ${condition}`);
    };
    return tables.reduce((sum, table) => {
      const indexes = database.prepare("SELECT name, origin FROM pragma_index_list(?)").all(table) as { name: string; origin: string }[];
      // A table without rowids is its own primary key.
      const beside = indexes.filter(({ origin }) => origin !== "pk");
      return sum + count(`SELECT count(*) FROM ${table}`) + beside.reduce((entries, { name }) => entries + countIndex(table, name), 0);
    }, 0);
  } finally {
    database.close();
  }
}
