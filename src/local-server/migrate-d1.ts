/**
 * Brings the local D1 up to date, in the table that Wrangler uses, so that both may take turns. Nobody else may have it open: no runtime
 * is there yet, so no object can wake to a database that its code does not know.
 */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Migration } from "./built-worker.ts";
import { findD1, listFiles, withDatabase } from "./state-files.ts";

/**
 * D1's name here, and the file that the runtime makes of it: the one that wrangler.toml had when the first folders were made. What stands
 * there now is a database in the cloud, and no reason to begin with an empty one.
 */
export const localDatabase = {
  id: "00000000-0000-0000-0000-000000000000",
  file: "d1/miniflare-D1DatabaseObject/9ba2b04bf514d9facfd57ed57d849e77241a7adc99d1c1545d06688b43d84248.sqlite",
} as const;

/** Applies each migration that is not on record, one transaction each, in order. Returns the names applied. */
export function migrateD1(state: string, migrations: readonly Migration[]): string[] {
  const path = join(state, localDatabase.file);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  adoptOther(state, path);
  return withDatabase(path, (database) => {
    database.exec(
      "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
    );
    const applied = new Set((database.prepare("SELECT name FROM d1_migrations").all() as { name: string }[]).map(({ name }) => name));
    const pending = migrations.filter(({ name }) => !applied.has(name));
    for (const { name, sql } of pending) {
      database.exec("BEGIN IMMEDIATE");
      try {
        database.exec(sql);
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").run(name);
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw new Error(`migration ${name}: ${(error as Error).message}`, { cause: error });
      }
    }
    return pending.map(({ name }) => name);
  });
}

/** A server of before, whose wrangler.toml named another database, has it under another file's name. */
function adoptOther(state: string, path: string): void {
  const other = findD1(listFiles(state));
  if (existsSync(path) || other === undefined) return;
  for (const ending of ["", "-wal", "-shm"])
    if (existsSync(join(state, `${other}${ending}`))) renameSync(join(state, `${other}${ending}`), `${path}${ending}`);
}
