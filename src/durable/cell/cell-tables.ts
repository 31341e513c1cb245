/**
 * The three tables of every object, laid out for the rows of many actors: the same columns and keys, so that the same statements read
 * and write them, and a cell that has them as an object of its own does works as well.
 *
 * A row lies where it was first written, beside those of its wave, and its key in an index beside the table. A table without rowids is
 * one tree by the key, whose pages hold a quarter of a page of a row at most: each search then reads the whole of the larger rows that it
 * passes. And no column has a constraint of its own, for where one may end a statement half way, SQLite keeps what each page was before.
 */
import { storeFormat } from "../host/store/tables.ts";

export const createCellTables = `
CREATE TABLE IF NOT EXISTS journal (owner TEXT, seq INTEGER, at INTEGER, cursors TEXT, body TEXT, PRIMARY KEY (owner, seq));
CREATE TABLE IF NOT EXISTS document (owner TEXT, collection TEXT, key TEXT, facts, body TEXT, PRIMARY KEY (owner, collection, key));
CREATE TABLE IF NOT EXISTS cursor (owner TEXT, name TEXT, seq INTEGER, body TEXT, PRIMARY KEY (owner, name));
INSERT OR IGNORE INTO document VALUES ('', 'format', '', NULL, '${storeFormat}');`;
