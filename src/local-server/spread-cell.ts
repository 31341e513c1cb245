/**
 * Moves what a cell has stored into an object for each of its actors, in a folder that nobody has open. Rows are copied as they are, for
 * numbers, inboxes and cursors are an owner's own. Knows how the runtime names and lays out an object's file.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import type { Report } from "./control-server.ts";
import { findActorFile, isCellFile } from "./object-names.ts";
import { findD1, listFiles, nameFact, readOwnerNames, withDatabase } from "./state-files.ts";

/** The owner of a cell's own rows, and what stands before the address of whose facts a row has: see cell-database.ts and cell-alarms.ts. */
const cellOwner = "";
const factsPrefix = "facts ";

/** The format of an object of its own, which has no names for addresses: see store/tables.ts. */
const storeFormat = "1";

/** Facts of an object: what a move has brought that is not over, and that it was emptied. See moved-rows.ts and object-context.ts. */
const movedFact = "moved";
const tombstoneFact = "tombstone";

/** Nanoseconds in a millisecond: the runtime counts alarms in them. */
const nanoseconds = 1_000_000n;

/** A cell's actors do not move, for an object of their own has something else in it. */
export class SpreadError extends Error {
  override name = "SpreadError";
  readonly code = "move_refused";
  readonly hint =
    "It is not written over. Delete what was restored so far, restore without --placement, and start that with NERVEFLARE_PLACEMENT=cell.";

  constructor(address: string) {
    super(`${address}'s own object has stored something that no move has brought.`);
  }
}

/** The file of a state's cell; undefined: there is none. */
export function findCellFile(state: string): string | undefined {
  return listFiles(state).find(isCellFile);
}

/**
 * @returns how many actors have an object of their own now; the cell is gone, and D1 says so
 * @throws {SpreadError} where an actor's own object has stored something that no move has brought
 */
export function spreadCell(state: string, report: Report): number {
  const file = findCellFile(state);
  const path = file === undefined ? undefined : join(state, file);
  const owners = path === undefined ? [] : withDatabase(path, listOwners);
  const settled = path !== undefined && withDatabase(path, isFinal);
  // All of them, before the first is touched.
  const toMake = owners.filter(({ address }) => makesRoom(state, address, settled));
  for (const [index, owner] of toMake.entries()) {
    if (index % 100 === 0) report({ step: "spread", done: index, of: toMake.length });
    makeObject(state, path as string, owner);
  }
  if (path !== undefined) {
    // A cell that never had an alarm has no such table.
    withDatabase(join(dirname(path), "metadata.sqlite"), (db) => db.exec("DROP TABLE IF EXISTS _cf_ALARM"));
    for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
  }
  const d1 = findD1(listFiles(state));
  if (d1 !== undefined)
    withDatabase(join(state, d1), (db) => db.exec("INSERT OR REPLACE INTO placement (one, placement) VALUES (1, 'own')"));
  return owners.length;
}

interface Owner {
  address: string;
  /** What its rows have for it. */
  name: string;
  /** When its alarm rings, in milliseconds since the epoch. */
  alarm: number | undefined;
  facts: { name: string; body: string }[];
}

function listOwners(db: DatabaseSync): Owner[] {
  const cursors = db.prepare("SELECT owner, name, seq, body FROM cursor").all() as {
    owner: string;
    name: string;
    seq: number;
    body: string;
  }[];
  const alarms = new Map(cursors.filter(({ owner }) => owner === cellOwner).map(({ name, seq }) => [name, seq]));
  const facts = Map.groupBy(
    // An object of its own has no names.
    cursors.filter(({ owner, name }) => owner.startsWith(factsPrefix) && name !== nameFact),
    ({ owner }) => owner.slice(factsPrefix.length),
  );
  const names = readOwnerNames(db);
  const addressOf = new Map([...names].map(([address, name]) => [name, address]));
  const stored = db.prepare("SELECT owner FROM document UNION SELECT owner FROM journal UNION SELECT owner FROM cursor").all() as {
    owner: string;
  }[];
  const addresses = new Set([...stored.map(({ owner }) => addressOf.get(owner) ?? owner.replace(factsPrefix, "")), ...alarms.keys()]);
  addresses.delete(cellOwner);
  return [...addresses].map((address) => ({
    ...{ address, name: names.get(address) ?? address },
    ...{ alarm: alarms.get(address), facts: facts.get(address) ?? [] },
  }));
}

/** Whether a move has begun that was past the point from where there is no way back: see cell-move.ts. */
function isFinal(cell: DatabaseSync): boolean {
  const row = cell.prepare("SELECT body FROM cursor WHERE owner = ? AND name = 'move'").get(factsPrefix) as { body: string } | undefined;
  return row !== undefined && (JSON.parse(row.body) as { phase: string }).phase !== "rows";
}

/**
 * Whether an actor's object is to be made. What a move has left there that broke off, or was given up, goes.
 * @param settled a move was past the point from where there is no way back: who has stored something has all of it
 */
function makesRoom(state: string, address: string, settled: boolean): boolean {
  const path = join(state, findActorFile(address));
  if (!existsSync(path)) return true;
  const found = withDatabase(path, readLeft);
  if (found === "own") {
    if (settled) return false;
    throw new SpreadError(address);
  }
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
  return true;
}

/** What an object has: nothing, what a move has brought that is not over, or something of its own. */
function readLeft(db: DatabaseSync): "nothing" | "moved" | "own" {
  const has = (table: string): boolean =>
    db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  const facts = has("_cf_KV") ? (db.prepare("SELECT key, value FROM _cf_KV").all() as { key: string; value: Uint8Array }[]) : [];
  if (facts.some(({ key, value }) => key === movedFact && deserialize(value) !== undefined)) return "moved";
  const isBuried = facts.some(({ key }) => key === tombstoneFact);
  const rows = tables.some((table) => has(table) && db.prepare(`SELECT 1 FROM ${table} WHERE owner <> '' LIMIT 1`).get() !== undefined);
  return rows || isBuried ? "own" : "nothing";
}

function makeObject(state: string, cell: string, { address, name: inRows, alarm, facts }: Owner): void {
  const name = address.slice(address.indexOf("/") + 1);
  const path = join(state, findActorFile(address));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  withDatabase(path, (db) => {
    db.exec("PRAGMA journal_mode = WAL");
    db.prepare("ATTACH DATABASE ? AS cell").run(cell);
    db.exec("BEGIN");
    copyRows(db, address, inRows);
    writeFacts(db, [{ name: "name", body: JSON.stringify(name) }, ...facts]);
    if (alarm !== undefined) setAlarm(db, "_cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)", [1, BigInt(alarm) * nanoseconds]);
    db.exec("COMMIT");
  });
  if (alarm === undefined) return;
  withDatabase(join(dirname(path), "metadata.sqlite"), (db) =>
    setAlarm(db, "_cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT) WITHOUT ROWID", [
      basename(path, ".sqlite"),
      BigInt(alarm) * nanoseconds,
      name,
    ]),
  );
}

const tables = ["journal", "document", "cursor"];

/** One that has nothing but facts has no tables either: so it is known to be empty. */
function copyRows(db: DatabaseSync, address: string, owner: string): void {
  const has = tables.some((table) => db.prepare(`SELECT 1 FROM cell.${table} WHERE owner = ? LIMIT 1`).get(owner) !== undefined);
  if (!has) return;
  for (const table of tables) {
    const made = db.prepare("SELECT sql FROM cell.sqlite_master WHERE type = 'table' AND name = ?").get(table) as { sql: string };
    db.exec(made.sql);
    db.prepare(`INSERT INTO main.${table} SELECT * FROM cell.${table} WHERE owner = ?`).run(owner);
    if (owner !== address) db.prepare(`UPDATE main.${table} SET owner = ?`).run(address);
  }
  db.prepare("INSERT INTO main.document VALUES (?, 'format', '', NULL, ?)").run(cellOwner, storeFormat);
}

function writeFacts(db: DatabaseSync, facts: readonly { name: string; body: string }[]): void {
  db.exec("CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID");
  for (const { name, body } of facts) db.prepare("INSERT OR REPLACE INTO _cf_KV VALUES (?, ?)").run(name, serialize(JSON.parse(body)));
}

function setAlarm(db: DatabaseSync, table: string, row: (string | number | bigint)[]): void {
  db.exec(`CREATE TABLE IF NOT EXISTS ${table}`);
  db.prepare(`INSERT OR REPLACE INTO ${table.slice(0, table.indexOf(" "))} VALUES (${row.map(() => "?").join(", ")})`).run(...row);
}
