/** An actor's history: each step with its event, the states around it and its effects. Bounded in rows and in their size. */
import type { Json } from "../../wire/event.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { Storage } from "./ports.ts";

/** One step of an actor, as it is read back. */
export interface HistoryEntry {
  revision: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** Only its type and size, where it was too long to keep: `{type, cut}`. */
  event: ActorEvent;
  /** The state's value before, null for the first step and where history was cut. */
  before: Json;
  after: Json;
  /** Only their types, where they were too long to keep: `{type, cut}`. */
  effects: Json[];
}

/** Adds a step to the actor's history, and forgets the oldest beyond the limit. */
export function appendHistory(
  storage: Storage,
  step: { actor: string; revision: number; at: number; event: ActorEvent; state: Json; effects: Effect[] },
): void {
  const { actor, revision, effects } = step;
  const event = JSON.stringify(step.event);
  const text = JSON.stringify(effects);
  storage.exec(
    "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)",
    actor,
    revision,
    step.at,
    event.length > hostLimits.historyText ? JSON.stringify({ type: step.event.type, cut: event.length }) : event,
    JSON.stringify(step.state),
    text.length > hostLimits.historyText ? JSON.stringify(effects.map(({ type }) => ({ type, cut: text.length }))) : text,
  );
  if (revision > hostLimits.historyRows)
    storage.exec("DELETE FROM history WHERE actor = ? AND revision <= ?", actor, revision - hostLimits.historyRows);
}

/** @param page `after`: the last revision that is known already */
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
