/**
 * The rows of a task that an earlier version kept in its root's object. Set aside before anything of the root is loaded, so that
 * nothing runs on them; read page by page; deleted when the task's own object has them. Knows SQL only.
 */
import type { Row, Storage } from "../../host/ports.ts";
import { type FormerTables, refuseNewer } from "../../host/store/tables.ts";
import type { OldTaskPage, OldTaskPlace } from "../../protocol/old-task.ts";

export const adoptionLimits = {
  /** Rows of one page, and the bytes after which it ends: a call between objects takes 32 MB, and one row has 2 MB at most. */
  pageRows: 500,
  pageBytes: 4_000_000,
} as const;

/** Which rows of the host's tables are a task's: its actors have a dot in their names, and addresses that begin with `task/`. */
const taskRows: Readonly<Record<string, string>> = {
  actor: "id LIKE '%.%'",
  timer: "actor LIKE '%.%'",
  child: "actor LIKE '%.%'",
  job: "actor LIKE '%.%'",
  history: "actor LIKE '%.%'",
  parked: "actor LIKE '%.%'",
  outbox: "actor LIKE 'task/%'",
  held_back: "actor LIKE 'task/%'",
};

/** Copied whole: what came in was numbered by its sender, whichever of the two actors it was for. */
const sharedTables = ["inbox"];

/** Tables that were a task's alone. */
const taskTables = [
  ...["task", "message", "decision", "progress", "answered", "supplement", "given", "revoked", "child_thread"],
  ...["asking", "broadcast", "audience", "undone"],
];

/** Tables whose numbers go on where they were. */
export const countedTables = ["outbox", "parked"] as const;

const blankRows: Readonly<Record<(typeof countedTables)[number], string>> = {
  outbox: "(id, actor, receivers, message, spread) VALUES (?, '', '[]', '{}', 0)",
  parked: "(id, actor, at, event, code, error) VALUES (?, '', 0, '{}', '', '')",
};

/**
 * Draws a table's next number.
 * @param at the number that is drawn, where it is not the next
 */
export function drawNumber(storage: Storage, table: (typeof countedTables)[number], at: number | null = null): number {
  const [row] = storage.exec<{ id: number }>(`INSERT INTO ${table} ${blankRows[table]} RETURNING id`, at);
  if (!row) throw new Error(`${table} gave no number`);
  storage.exec(`DELETE FROM ${table} WHERE id = ?`, row.id);
  return row.id;
}

/** Rooms of the object's tables that a task has too. */
const rooms = ["lane", "host", "task"];

/** The dead letters that were set aside. */
export const oldDeadLetters = "old_dead_letter";

/** What a table's rows are set aside in. */
function nameKept(table: string): string {
  return table === "parked" ? oldDeadLetters : `old_${table}`;
}

function listTables(storage: Storage): Set<string> {
  // Where many owners share the tables, those of before never were.
  if (storage.hasRows) return new Set();
  return new Set(storage.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name));
}

/** What the root's own tables are brought up to later, the task's stay at these. */
function keepVersions(storage: Storage): void {
  storage.exec("CREATE TABLE old_version AS SELECT room, version FROM schema_version");
  storage.exec("DELETE FROM old_version WHERE room NOT IN (SELECT value FROM json_each(?))", JSON.stringify(rooms));
  storage.exec("DELETE FROM schema_version WHERE room = 'task'");
}

/**
 * Sets the rows aside, in one transaction, if an earlier version has left some. Called before the object's tables are brought up to date.
 * @returns whether a task waits to be moved
 */
export function setOldTaskAside(storage: Storage, former: Readonly<Record<string, FormerTables>>): boolean {
  const tables = listTables(storage);
  if (tables.has("schema_version")) refuseNewer(storage, former);
  if (tables.has("old_actor")) return true;
  if (!tables.has("schema_version") || storage.exec("SELECT 1 FROM schema_version WHERE room = 'task'").length === 0) return false;
  return storage.transaction(() => {
    keepVersions(storage);
    for (const [table, where] of Object.entries(taskRows)) {
      if (!tables.has(table)) continue;
      storage.exec(`CREATE TABLE ${nameKept(table)} AS SELECT * FROM ${table} WHERE ${where}`);
      storage.exec(`DELETE FROM ${table} WHERE ${where}`);
    }
    for (const table of sharedTables) storage.exec(`CREATE TABLE ${nameKept(table)} AS SELECT * FROM ${table}`);
    storage.exec("CREATE TABLE old_number (name TEXT PRIMARY KEY, last INTEGER NOT NULL)");
    for (const table of countedTables) storage.exec("INSERT INTO old_number VALUES (?, ?)", table, drawNumber(storage, table));
    const isEmpty = ["old_actor", oldDeadLetters, ...taskTables].every(
      (table) => (!tables.has(table) && !table.startsWith("old_")) || storage.exec(`SELECT 1 FROM ${table} LIMIT 1`).length === 0,
    );
    if (isEmpty) dropOldTask(storage);
    return !isEmpty;
  });
}

/** A page of what was set aside; undefined: nothing is. */
export function readOldTask(storage: Storage, { table: index, offset }: OldTaskPlace): OldTaskPage | undefined {
  const tables = listTables(storage);
  if (!tables.has("old_actor")) return undefined;
  const moved = [...Object.keys(taskRows), ...sharedTables].filter((table) => tables.has(nameKept(table)));
  const all = [
    ...moved.map((table) => ({ table, from: nameKept(table) })),
    ...taskTables.filter((table) => tables.has(table)).map((table) => ({ table, from: table })),
  ];
  const { table, from } = all[index] as (typeof all)[number];
  const rows: Row[] = [];
  let bytes = 0;
  let isLast = true;
  for (const row of storage.exec(`SELECT * FROM ${from} ORDER BY 1, 2 LIMIT ? OFFSET ?`, adoptionLimits.pageRows, offset)) {
    if (bytes > adoptionLimits.pageBytes) {
      isLast = false;
      break;
    }
    rows.push(row);
    bytes += Object.values(row).reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 8), 0);
  }
  if (rows.length === adoptionLimits.pageRows) isLast = false;
  const next = isLast ? { table: index + 1, offset: 0 } : { table: index, offset: offset + rows.length };
  const numbers = storage.exec<{ name: string; last: number }>("SELECT name, last FROM old_number");
  const versions = storage.exec<{ room: string; version: number }>("SELECT room, version FROM old_version");
  return {
    versions: Object.fromEntries(versions.map(({ room, version }) => [room, version])),
    numbers: Object.fromEntries(numbers.map(({ name, last }) => [name, last])),
    table,
    rows,
    next: next.table < all.length ? next : null,
  };
}

/** Deletes what was set aside; within a transaction. */
export function dropOldTask(storage: Storage): void {
  const tables = listTables(storage);
  storage.exec("DROP VIEW IF EXISTS counted");
  for (const table of [...Object.keys(taskRows), ...sharedTables, "number", "version"])
    storage.exec(`DROP TABLE IF EXISTS ${nameKept(table)}`);
  for (const table of taskTables) if (tables.has(table)) storage.exec(`DROP TABLE ${table}`);
}
