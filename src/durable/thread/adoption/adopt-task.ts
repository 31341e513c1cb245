/**
 * A task's object takes over what an earlier version kept in its root's: the same tables at the same versions, which are then
 * brought up to date like any others. Knows SQL, no rows' meaning.
 */

import { formerHost } from "../../host/former-tables.ts";
import type { SqlValue, Storage } from "../../host/ports.ts";
import type { OldTaskPage, OldTaskPlace } from "../../protocol/old-task.ts";
import { taskMigrations } from "../thread-schema.ts";
import { countedTables, drawNumber } from "./old-task-rows.ts";

const migrations: Readonly<Record<string, readonly string[]>> = {
  lane: formerHost.lane.migrations,
  host: formerHost.host.migrations,
  task: taskMigrations,
};

/**
 * Fetches the rows page by page. The object counts as stored once it has all of them; where that broke off it begins anew.
 * @returns false: there is no such task
 * @throws what `read` throws
 */
export async function adoptOldTask(storage: Storage, read: (place: OldTaskPlace) => Promise<OldTaskPage | null>): Promise<boolean> {
  const first = await read({ table: 0, offset: 0 });
  if (!first) return false;
  storage.transaction(() => createTables(storage, first));
  for (let page: OldTaskPage | null = first; page; ) {
    const { table, rows, next }: OldTaskPage = page;
    storage.transaction(() => {
      for (const row of rows) insertRow(storage, table, row);
    });
    if (!next) break;
    page = await read(next);
    if (!page) throw new Error("the old task is not there any more");
  }
  storage.transaction(() => {
    storage.exec("CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
    for (const [room, version] of Object.entries(first.versions)) storage.exec("INSERT INTO schema_version VALUES (?, ?)", room, version);
  });
  return true;
}

/** Receivers know a sender's messages by their numbers, which only grow: they go on where they were. */
function createTables(storage: Storage, { versions, numbers }: OldTaskPage): void {
  const left = storage.exec<{ type: string; name: string }>(
    "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
  );
  for (const { type, name } of left) storage.exec(`DROP ${type} ${name}`);
  for (const [room, version] of Object.entries(versions))
    for (const statements of (migrations[room] ?? []).slice(0, version)) storage.exec(statements);
  for (const table of countedTables) drawNumber(storage, table, numbers[table] ?? null);
}

function insertRow(storage: Storage, table: string, row: Record<string, SqlValue>): void {
  const names = Object.keys(row);
  storage.exec(`INSERT OR REPLACE INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`, ...Object.values(row));
}
