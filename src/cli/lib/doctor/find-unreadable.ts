/** Rows of an object that SQLite finds whole and that nobody can read: a disk or a hand has changed what is in them. Reads, and writes nothing. */
import type { DatabaseSync } from "node:sqlite";
import { readOwnerNames, withDatabase } from "../../../local-server/state-files.ts";

/** What is told of one object: more is the same disk. */
const namedAtMost = 5;

const kept: Record<string, string> = {
  journal: "SELECT owner, 'entry ' || seq AS place, body FROM journal",
  document: "SELECT owner, collection || ' ' || key AS place, body FROM document",
};

/** @returns the places of what cannot be read */
export function findUnreadable(path: string): string[] {
  return withDatabase(path, (db) => Object.keys(kept).flatMap((table) => findInTable(db, table))).slice(0, namedAtMost);
}

function findInTable(db: DatabaseSync, table: string): string[] {
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)) return [];
  // SQLite refuses what is nested deeper than it goes, too.
  const suspect = db.prepare(`${kept[table]} WHERE NOT json_valid(body)`).all() as { owner: string; place: string; body: string }[];
  const damaged = suspect.filter(({ body }) => !isJson(body));
  const addresses = new Map(damaged.length ? [...readOwnerNames(db)].map(([address, name]) => [name, address]) : []);
  return damaged.map(({ owner, place }) => `${place} of ${addresses.get(owner) ?? owner}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
