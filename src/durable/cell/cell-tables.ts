/**
 * The three tables of every object, laid out for the rows of many actors: the same columns and keys, so that the same statements read
 * and write them, and a cell that has them as an object of its own does works as well.
 *
 * A row lies where it was first written, beside those of its wave, and its key in an index beside the table. A table without rowids is
 * one tree by the key, whose pages hold a quarter of a page of a row at most: each search then reads the whole of the larger rows that it
 * passes. And no column has a constraint of its own, for where one may end a statement half way, SQLite keeps what each page was before.
 *
 * For their owner rows have a short name, which is a fact of the owner. Names grow, so that the keys of owners of the same
 * time lie together; those of addresses, which are as good as random, would lie in a page of the index for each thread, and each turn
 * would write it.
 */
import type { Storage } from "../host/ports.ts";
import { cellFormat } from "../host/store/tables.ts";
import { cellLimits } from "./cell-limits.ts";

const createCellTables = `
CREATE TABLE IF NOT EXISTS journal (owner TEXT, seq INTEGER, at INTEGER, cursors TEXT, body TEXT, PRIMARY KEY (owner, seq));
CREATE TABLE IF NOT EXISTS document (owner TEXT, collection TEXT, key TEXT, facts, body TEXT, PRIMARY KEY (owner, collection, key));
CREATE TABLE IF NOT EXISTS cursor (owner TEXT, name TEXT, seq INTEGER, body TEXT, PRIMARY KEY (owner, name));
INSERT OR IGNORE INTO document VALUES ('', 'format', '', NULL, '${cellFormat}');`;

const tables = ["journal", "document", "cursor"];

export function makeCellTables(storage: Storage): void {
  storage.transaction(() => storage.exec(createCellTables));
}

/** What an owner's rows have for its address is a fact of this name, unless an earlier version has written them: then it is the address. */
export const nameFact = "rows";

/** What all names begin with, and no address; and what is behind all of them. */
export const [namePrefix, behindNames] = ["#", "$"] as const;

/** From now on there are names: of a cell that an earlier version has made. */
export function allowNames(storage: Storage): void {
  storage.exec(
    `UPDATE document SET body = '${cellFormat}' WHERE owner = '' AND collection = 'format' AND CAST(body AS INTEGER) < ${cellFormat}`,
  );
}

/** Makes names that no owner has, each greater than those before. */
export function createOwnerNames(storage: Storage): () => string {
  const [row] = storage.exec<{ newest: string | null }>("SELECT max(body ->> '$') AS newest FROM cursor WHERE name = ?", nameFact);
  let last = row?.newest ? Number.parseInt(row.newest.slice(namePrefix.length), 36) : 0;
  return () => {
    last += 1;
    return `${namePrefix}${last.toString(36).padStart(7, "0")}`;
  };
}

/**
 * Lays a cell out anew that has the tables of an object of its own, as earlier versions made them. One with more than can be copied
 * while its callers wait keeps them.
 */
export function layOutAnew(storage: Storage, most: number = cellLimits.copiedBytes): void {
  const [former] = storage.exec("SELECT name FROM sqlite_master WHERE name = 'document' AND sql LIKE '%WITHOUT ROWID%'");
  if (!former) return;
  const sizes = tables.map((table) => `(SELECT coalesce(sum(octet_length(body)), 0) FROM ${table})`);
  const [size] = storage.exec<{ bytes: number }>(`SELECT ${sizes.join(" + ")} AS bytes`);
  if (!size || size.bytes > most) return;
  storage.transaction(() => {
    for (const table of tables) storage.exec(`ALTER TABLE ${table} RENAME TO former_${table}`);
    storage.exec(createCellTables);
    for (const table of tables) {
      storage.exec(`INSERT OR REPLACE INTO ${table} SELECT * FROM former_${table}`);
      storage.exec(`DROP TABLE former_${table}`);
    }
  });
}
