/** Rows of an object that SQLite finds whole and that nobody can read: a disk or a hand has changed what is in them. Reads, and writes nothing. */
import type { DatabaseSync } from "node:sqlite";
import { withDatabase } from "../../../local-server/state-files.ts";

/** What is told of one object: more is the same disk. */
const namedAtMost = 5;

const kept: Record<string, string> = {
  journal: "SELECT 'entry ' || seq || ' of ' || owner AS place, body FROM journal",
  document: "SELECT collection || ' ' || key || ' of ' || owner AS place, body FROM document",
};

/** @returns the places of what cannot be read */
export function findUnreadable(path: string): string[] {
  return withDatabase(path, (db) => Object.keys(kept).flatMap((table) => findInTable(db, table))).slice(0, namedAtMost);
}

function findInTable(db: DatabaseSync, table: string): string[] {
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)) return [];
  // SQLite refuses what is nested deeper than it goes, too.
  const suspect = db.prepare(`${kept[table]} WHERE NOT json_valid(body)`).all() as { place: string; body: string }[];
  return suspect.filter(({ body }) => !isJson(body)).map(({ place }) => place);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
