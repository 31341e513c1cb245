/** The tables of what objects keep beside their journal and documents: append-only lists of migrations with one runner. */
import { NewerVersionError } from "./newer-version.ts";
import type { Storage } from "./ports.ts";

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
