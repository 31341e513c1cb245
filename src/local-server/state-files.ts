/**
 * What lies in `<data>/state`, as the runtime lays it out: one SQLite file per object, one for D1, and one per kind of
 * object for its alarms (`metadata.sqlite`). Beside each that was not closed in order lies its write-ahead log.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./open-database.ts";

/** The folder of a data folder that the runtime writes in. */
export function findState(data: string): string {
  return join(data, "state");
}

/** Whether there is data in a folder; also where that may not be looked at: who opens it is told why not. */
export function hasState(data: string): boolean {
  try {
    return statSync(findState(data)).isDirectory();
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Lies in `state` while a runtime uses it and until every write-ahead log is folded in. */
export const inUseMark = "in-use";

/**
 * Alarms' files without their write-ahead logs. While a runtime lives it has these files open, and with them their logs, whatever else is
 * closed: where they are missing the logs were left behind by a copy, or deleted, and with them what was accepted last.
 */
export function findBare(files: readonly string[]): string[] {
  if (!files.includes(inUseMark)) return [];
  const present = new Set(files);
  return files.filter((file) => file.endsWith("/metadata.sqlite") && !present.has(`${file}-wal`));
}

/**
 * For whoever opens its databases himself, before he does: closing them folds their logs in, and a mark that stays without logs means
 * that these were lost.
 */
export function dropMark(state: string): void {
  rmSync(join(state, inUseMark), { force: true });
}

/** Every file below a folder, as paths relative to it, sorted; none where there is no folder. */
export function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The databases among files. */
export function listDatabases(files: string[]): string[] {
  return files.filter((file) => file.endsWith(".sqlite"));
}

/** The file of D1 among a state's, or undefined before there is one. */
export function findD1(files: string[]): string | undefined {
  return files.find((file) => /^d1\/[^/]+\/[0-9a-f]{64}\.sqlite$/.test(file));
}

/** Folds write-ahead logs into their databases, so that each is one file. Nobody else may have them open. */
export function foldLogs(state: string, databases: string[]): void {
  const files = new Set(listFiles(state));
  for (const file of databases) {
    if (files.has(`${file}-wal`) || files.has(`${file}-shm`))
      withDatabase(join(state, file), (db) => db.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
}

/** Opens a database for one piece of work. The last to close it folds its log in and removes that. */
export function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = openDatabase(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** What SQLite finds wrong with a file; null: nothing. */
export function findCorruption(path: string): string | null {
  try {
    const [row] = withDatabase(path, (db) => db.prepare("PRAGMA integrity_check(1)").all()) as { integrity_check: string }[];
    return row === undefined || row.integrity_check === "ok" ? null : row.integrity_check;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Names of the migrations that a D1 file has, in order; none before the first. @throws where it cannot be read */
export function readMigrations(d1: string): string[] {
  return withDatabase(d1, (db) => {
    if (!db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'd1_migrations'").get()) return [];
    return (db.prepare("SELECT name FROM d1_migrations ORDER BY id").all() as { name: string }[]).map(({ name }) => name);
  });
}

/** The fact by which a cell's actor has a name in its rows: see cell-tables.ts. */
export const nameFact = "rows";

/** What the rows of a cell's actors have for their addresses, where that is not the address. */
export function readOwnerNames(cell: DatabaseSync): Map<string, string> {
  const rows = cell
    .prepare("SELECT substr(owner, 7) AS address, body ->> '$' AS name FROM cursor WHERE owner LIKE 'facts %' AND name = ?")
    .all(nameFact) as { address: string; name: string }[];
  return new Map(rows.map(({ address, name }) => [address, name]));
}
