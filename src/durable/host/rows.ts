/** The rows of actors, their children, and what came in. Knows SQL, not XState. */
import type { Row, Storage } from "./ports.ts";

export interface ActorRow extends Row {
  id: string;
  logic: string;
  version: string;
  definition: string | null;
  parent: string | null;
  child_id: string | null;
  /** `active`, `done`, `error`, `stopped` or `forgotten`. */
  status: string;
  snapshot: string;
  revision: number;
  output: string | null;
  error: string | null;
  created_at: number;
  updated_at: number;
}

export function readActor(storage: Storage, id: string): ActorRow | undefined {
  return storage.exec<ActorRow>("SELECT * FROM actor WHERE id = ?", id)[0];
}

export function writeActor(storage: Storage, row: ActorRow): void {
  storage.exec(
    "INSERT OR REPLACE INTO actor (id, logic, version, definition, parent, child_id, status, snapshot, revision, output, error, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    row.id,
    row.logic,
    row.version,
    row.definition,
    row.parent,
    row.child_id,
    row.status,
    row.snapshot,
    row.revision,
    row.output,
    row.error,
    row.created_at,
    row.updated_at,
  );
}

/** Whether this sender's message was stored before: its ids only grow. */
export function isRepeat(storage: Storage, sender: string, id: number): boolean {
  const last = storage.exec<{ last: number }>("SELECT last FROM inbox WHERE sender = ?", sender)[0]?.last;
  return last !== undefined && id <= last;
}

export function markReceived(storage: Storage, sender: string, id: number): void {
  storage.exec("INSERT OR REPLACE INTO inbox (sender, last) VALUES (?, ?)", sender, id);
}

export function readChild(storage: Storage, actor: string, id: string): string | undefined {
  return storage.exec<{ address: string }>("SELECT address FROM child WHERE actor = ? AND id = ?", actor, id)[0]?.address;
}

export function readChildren(storage: Storage, actor: string): { id: string; address: string }[] {
  return storage.exec<{ id: string; address: string }>("SELECT id, address FROM child WHERE actor = ? ORDER BY id", actor);
}
