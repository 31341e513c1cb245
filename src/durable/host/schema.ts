/** The tables every object starts with. An append-only list of migrations with one runner; the first one makes a new object whole. */
import { NewerVersionError } from "./newer-version.ts";
import type { Storage } from "./ports.ts";

/** The tables of inbox and outbox: what came in, and what goes out. Statements by version; never edited once released, only appended to. */
export const outboxMigrations: readonly string[] = [
  `CREATE TABLE inbox (sender TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, receivers TEXT NOT NULL, message TEXT NOT NULL, spread INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL DEFAULT 0);`,
  // `failing`: since when deliveries of it fail. `held_back`: what waits for a receiver that failed for too long.
  `ALTER TABLE outbox ADD COLUMN failing INTEGER;
   CREATE TABLE held_back (receiver TEXT NOT NULL, id INTEGER NOT NULL, actor TEXT NOT NULL, message TEXT NOT NULL, bytes INTEGER NOT NULL, phase TEXT, failing INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL, PRIMARY KEY (receiver, id)) WITHOUT ROWID;`,
];

/** The tables of the actors, beside inbox and outbox. */
export const hostMigrations: readonly string[] = [
  `CREATE TABLE actor (id TEXT PRIMARY KEY, logic TEXT NOT NULL, version TEXT NOT NULL, definition TEXT, parent TEXT, child_id TEXT, status TEXT NOT NULL, snapshot TEXT NOT NULL, revision INTEGER NOT NULL, output TEXT, error TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE timer (actor TEXT NOT NULL, id TEXT NOT NULL, due INTEGER NOT NULL, made INTEGER NOT NULL, event TEXT NOT NULL, receiver TEXT, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE child (actor TEXT NOT NULL, id TEXT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE job (actor TEXT NOT NULL, id TEXT NOT NULL, run TEXT NOT NULL, src TEXT NOT NULL, input TEXT, attempts INTEGER NOT NULL, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE history (actor TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL, effects TEXT NOT NULL, PRIMARY KEY (actor, revision)) WITHOUT ROWID;
   CREATE TABLE parked (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, at INTEGER NOT NULL, sender TEXT, number INTEGER, origin TEXT, event TEXT NOT NULL, code TEXT NOT NULL, error TEXT NOT NULL);`,
];

/** Whether an object has stored anything. Asking stores nothing: an id that somebody made up leaves no trace. */
export function hasTables(storage: Pick<Storage, "exec">): boolean {
  return storage.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name IN ('document', 'schema_version')").length > 0;
}

/**
 * Judges what is stored before anything of it is taken over.
 * @throws {NewerVersionError} when a newer version of the code has been here
 */
export function refuseNewer(storage: Storage, rooms: Record<string, readonly string[]>): void {
  for (const [room, at] of readVersions(storage) ?? [])
    if (at > (rooms[room]?.length ?? at)) throw new NewerVersionError(`what the object has stored (${room} ${at})`);
}

function readVersions(storage: Storage): Map<string, number> | undefined {
  if (!storage.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'").length) return undefined;
  const rows = storage.exec<{ room: string; version: number }>("SELECT room, version FROM schema_version");
  return new Map(rows.map(({ room, version }) => [room, version]));
}

/**
 * Brings an object's tables up to date, in one transaction; a new object is made by one statement.
 * @param rooms sets of migrations by name, for several can live in one object; at most 40
 * @throws {NewerVersionError} when a newer version of the code has been here: nothing is read or written
 */
export function migrate(storage: Storage, rooms: Record<string, readonly string[]>): void {
  refuseNewer(storage, rooms);
  const stored = readVersions(storage);
  const behind = Object.entries(rooms).flatMap(([room, migrations]) => {
    const at = stored?.get(room) ?? 0;
    return at < migrations.length ? [{ room, version: migrations.length, statements: migrations.slice(at) }] : [];
  });
  if (!behind.length) return;
  const statements = behind.flatMap((room) => room.statements);
  if (!stored) statements.unshift("CREATE TABLE schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;");
  storage.transaction(() => {
    storage.exec(statements.join("\n"));
    storage.exec(
      `INSERT OR REPLACE INTO schema_version VALUES ${behind.map(() => "(?, ?)").join(", ")}`,
      ...behind.flatMap(({ room, version }) => [room, version]),
    );
  });
}
