/**
 * The three tables of every object, the number of their format, and how an object of before is taken over: once, when it is first
 * loaded, in one transaction.
 */
import { NewerVersionError } from "../newer-version.ts";
import type { Storage } from "../ports.ts";
import { isRowTooLarge } from "../storage/row-bound.ts";

/** The format that this code writes. A greater one is not read. */
export const storeFormat = 1;

/** That of a cell, whose rows have names of its own for the addresses of their owners. */
export const cellFormat = 2;

/**
 * `owner` is an actor's address, for one object may hold many. Of a journal entry `cursors` says how far its readers were when it
 * was written; `facts` of a document is the small part of it that is kept in memory, or what it is trimmed by. May run again.
 */
export const createTables = `
CREATE TABLE IF NOT EXISTS journal (owner TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, cursors TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (owner, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (owner TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL, facts, body TEXT NOT NULL, PRIMARY KEY (owner, collection, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor (owner TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (owner, name)) WITHOUT ROWID;
INSERT OR IGNORE INTO document VALUES ('', 'format', '', NULL, '${storeFormat}');`;

/** A set of tables that objects had before, by the name under which its version was stored. */
export interface FormerTables {
  /** Brings the tables to their last version: statements by version, as they were released. */
  migrations: readonly string[];
  /** Copies what they hold into documents and the journal, and drops them. Within the transaction of the conversion. */
  convert(storage: Storage, owner: string): void;
}

/**
 * What an earlier version has stored does not fit into the rows of this one: it stays as it is, and the object takes nothing.
 * It says nothing about what was sent to it. The doctor names such objects.
 */
export class FormerTooLargeError extends Error {
  override name = "FormerTooLargeError";
  readonly code = "former_too_large";

  /** @param what is too large */
  constructor(what: string) {
    super(
      `former_too_large: ${what} is more than a row of this version holds, so what an earlier version has stored is not taken over: ` +
        "run that version until it has ended",
    );
  }
}

/** Whether an object has stored anything, now or before. Asking stores nothing: an id that somebody made up leaves no trace. */
export function isStored(storage: Pick<Storage, "exec" | "hasRows">): boolean {
  return storage.hasRows ? storage.hasRows() : findTables(storage).length > 0;
}

/** Which there are of the tables by which an object is known: that of its documents, and that which named the versions of those before. */
function findTables(storage: Pick<Storage, "exec">): string[] {
  return storage
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('document', 'schema_version')")
    .map(({ name }) => name);
}

function refuseNewerFormat(storage: Storage, newest: number): void {
  const format = Number(storage.exec<{ body: string }>("SELECT body FROM document WHERE owner = '' AND collection = 'format'")[0]?.body);
  if (format > newest) throw new NewerVersionError(`what the object has stored (format ${format})`);
}

/** Makes the three tables; within a transaction. */
export function makeTables(storage: Pick<Storage, "exec" | "hasRows">): void {
  if (!storage.hasRows) storage.exec(createTables);
}

/**
 * Judges what an object of before has stored, before anything of it is taken over.
 * @returns its sets of tables that are known, by the name of their version, and whether there are no others
 * @throws {NewerVersionError} when a newer version of the code has been here
 */
function readFormer(storage: Storage, former: Readonly<Record<string, FormerTables>>) {
  const stored = storage.exec<{ room: string; version: number }>("SELECT room, version FROM schema_version");
  const found = stored.flatMap(({ room, version }) => {
    const tables = Object.hasOwn(former, room) ? former[room] : undefined;
    if (tables && version > tables.migrations.length) throw new NewerVersionError(`what the object has stored (${room} ${version})`);
    return tables ? [{ room, tables, version }] : [];
  });
  return { found, isAll: found.length === stored.length };
}

/** Of an object that has tables of before. @throws {NewerVersionError} when a newer version of the code has been here */
export function refuseNewer(storage: Storage, former: Readonly<Record<string, FormerTables>>): void {
  readFormer(storage, former);
}

/**
 * Takes over what an object of before has stored. An object that has nothing of it is left as it is.
 * @param former by the name of their version
 * @param newest format that is read
 * @returns whether the object has the three tables
 * @throws {NewerVersionError} when a newer version of the code has been here: nothing is read or written
 * @throws {FormerTooLargeError} when it does not fit: nothing is written
 */
export function convertFormer(
  storage: Storage,
  owner: string,
  former: Readonly<Record<string, FormerTables>>,
  newest: number = storeFormat,
): boolean {
  if (storage.hasRows) return storage.hasRows();
  const tables = findTables(storage);
  const isLaidOut = tables.includes("document");
  if (isLaidOut) refuseNewerFormat(storage, newest);
  if (!tables.includes("schema_version")) return isLaidOut;
  const { found, isAll } = readFormer(storage, former);
  if (!found.length) return isLaidOut;
  try {
    storage.transaction(() => {
      if (!isLaidOut) makeTables(storage);
      for (const { room, tables, version } of found) {
        const behind = tables.migrations.slice(version);
        if (behind.length) storage.exec(behind.join("\n"));
        tables.convert(storage, owner);
        storage.exec("DELETE FROM schema_version WHERE room = ?", room);
      }
      if (isAll) storage.exec("DROP TABLE schema_version");
    });
  } catch (error) {
    throw isRowTooLarge(error) ? new FormerTooLargeError("one of its rows") : error;
  }
  return true;
}
