/**
 * The three tables of every object, laid out for the rows of many actors: the same columns and keys, so that the same statements read
 * and write them, and a cell that has them as an object of its own does works as well.
 *
 * A row lies where it was first written, beside those of its wave, and its key in an index beside the table. A table without rowids is
 * one tree by the key, whose pages hold a quarter of a page of a row at most: each search then reads the whole of the larger rows that it
 * passes. And no column has a constraint of its own, for where one may end a statement half way, SQLite keeps what each page was before.
 */
import type { Storage } from "../host/ports.ts";
import { storeFormat } from "../host/store/tables.ts";
import { cellLimits } from "./cell-limits.ts";

const createCellTables = `
CREATE TABLE IF NOT EXISTS journal (owner TEXT, seq INTEGER, at INTEGER, cursors TEXT, body TEXT, PRIMARY KEY (owner, seq));
CREATE TABLE IF NOT EXISTS document (owner TEXT, collection TEXT, key TEXT, facts, body TEXT, PRIMARY KEY (owner, collection, key));
CREATE TABLE IF NOT EXISTS cursor (owner TEXT, name TEXT, seq INTEGER, body TEXT, PRIMARY KEY (owner, name));
INSERT OR IGNORE INTO document VALUES ('', 'format', '', NULL, '${storeFormat}');`;

const tables = ["journal", "document", "cursor"];

export function makeCellTables(storage: Storage): void {
  storage.transaction(() => storage.exec(createCellTables));
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
