/** The host's rows and the statements on them. Knows SQL, not XState. */
import type { Json } from "../../wire/event.ts";
import type { ActorEvent } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { Row, Storage } from "./ports.ts";

export interface ActorRow extends Row {
  id: string;
  logic: string;
  version: string;
  definition: string | null;
  parent: string | null;
  child_id: string | null;
  /** `active`, `done`, `error` or `stopped`. */
  status: string;
  snapshot: string;
  revision: number;
  output: string | null;
  error: string | null;
  created_at: number;
  updated_at: number;
}

export interface TimerRow extends Row {
  actor: string;
  id: string;
  due: number;
  event: string;
  /** Address of a delayed send; null: the actor itself. */
  receiver: string | null;
}

export interface JobRow extends Row {
  actor: string;
  id: string;
  run: string;
  src: string;
  input: string | null;
  attempts: number;
}

export interface ParkedRow extends Row {
  id: number;
  actor: string;
  at: number;
  sender: string | null;
  event: string;
  code: string;
  error: string;
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

export function nextTimer(storage: Storage, dueBy: number): TimerRow | undefined {
  return storage.exec<TimerRow>("SELECT * FROM timer WHERE due <= ? ORDER BY due, id LIMIT 1", dueBy)[0];
}

export function earliestTimer(storage: Storage): number | undefined {
  return storage.exec<{ due: number | null }>("SELECT min(due) AS due FROM timer")[0]?.due ?? undefined;
}

/** Adds a step to the actor's history, and forgets the oldest beyond the limit. */
export function appendHistory(
  storage: Storage,
  actor: string,
  revision: number,
  at: number,
  event: ActorEvent,
  state: Json,
  effects: unknown[],
): void {
  storage.exec(
    "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)",
    actor,
    revision,
    at,
    JSON.stringify(event),
    JSON.stringify(state),
    JSON.stringify(effects),
  );
  if (revision > hostLimits.historyRows)
    storage.exec("DELETE FROM history WHERE actor = ? AND revision <= ?", actor, revision - hostLimits.historyRows);
}

/** One step of an actor, as it is read back. */
export interface HistoryEntry {
  revision: number;
  /** Milliseconds since the epoch. */
  at: number;
  event: ActorEvent;
  /** The state's value before, null for the first step and where history was cut. */
  before: Json;
  after: Json;
  effects: Json[];
}

export function readHistory(storage: Storage, actor: string, page: { after?: number; limit: number }): HistoryEntry[] {
  const from = page.after ?? 0;
  const rows = storage.exec<{ revision: number; at: number; event: string; state: string; effects: string }>(
    "SELECT * FROM history WHERE actor = ? AND revision >= ? ORDER BY revision LIMIT ?",
    actor,
    from,
    page.limit + 1,
  );
  return rows
    .map((row, index) => ({
      revision: row.revision,
      at: row.at,
      event: JSON.parse(row.event) as ActorEvent,
      before: index ? (JSON.parse(rows[index - 1]?.state ?? "null") as Json) : null,
      after: JSON.parse(row.state) as Json,
      effects: JSON.parse(row.effects) as Json[],
    }))
    .filter((entry) => entry.revision > from)
    .slice(0, page.limit);
}

/** Keeps an event that could not be run, with why. @throws when the parking lot is full, so that the sender keeps it */
export function park(
  storage: Storage,
  entry: { actor: string; at: number; sender: string | null; event: unknown; code: string; error: string },
): void {
  const held = storage.exec<{ n: number }>("SELECT count(*) AS n FROM parked")[0]?.n ?? 0;
  if (held >= hostLimits.parkedRows) throw new Error(`${hostLimits.parkedRows} events are parked; retry or drop some first`);
  storage.exec(
    "INSERT INTO parked (actor, at, sender, event, code, error) VALUES (?, ?, ?, ?, ?, ?)",
    entry.actor,
    entry.at,
    entry.sender,
    JSON.stringify(entry.event),
    entry.code,
    entry.error.slice(0, hostLimits.errorBytes),
  );
}

export function readParked(storage: Storage): ParkedRow[] {
  return storage.exec<ParkedRow>("SELECT * FROM parked ORDER BY id LIMIT ?", hostLimits.parkedRows);
}
