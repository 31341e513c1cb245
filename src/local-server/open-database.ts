/** Opens SQLite files by node:sqlite, which is asked for only then: older Nodes load the commands, say what these take, and that they can't. */
import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite";

/** Opens a database; it is made where there is none. */
export function openDatabase(path: string, options: DatabaseSyncOptions = {}): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  return new DatabaseSync(path, options);
}
