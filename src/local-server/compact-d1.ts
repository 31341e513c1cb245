/** Gives the disk back what retention has freed in D1: nothing else does, for the runtime lets nobody vacuum. Nobody else may have it open. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { findD1, listFiles, withDatabase } from "./state-files.ts";

export const compactLimits = {
  /** Free bytes, and their share of the file, from which on it is worth a copy of the rest: smaller gaps are used again soon. */
  freeBytes: 8 * 1024 * 1024,
  freeShare: 0.25,
} as const;

/**
 * Shrinks D1's file where much of it is free. What cannot be shrunk, on a disk that is full, stays as it is.
 * @returns bytes that were given back
 */
export function compactD1(state: string, log: (line: string) => void): number {
  const file = findD1(listFiles(state));
  if (file === undefined) return 0;
  const path = join(state, file);
  const before = statSync(path).size;
  try {
    withDatabase(path, (db) => {
      const read = (pragma: string): number => Object.values(db.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0] ?? 0;
      const free = read("freelist_count");
      if (free * read("page_size") < compactLimits.freeBytes || free < read("page_count") * compactLimits.freeShare) return;
      db.exec("VACUUM");
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    });
  } catch (error) {
    log(`D1 could not be made smaller, and works as it is: ${(error as Error).message}`);
    return 0;
  }
  const given = before - statSync(path).size;
  if (given > 0) log(`D1 gave back ${Math.round(given / 1024 / 1024)} MB that retention had freed`);
  return given;
}
