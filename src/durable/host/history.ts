/** An actor's history: each step with its event, the states around it and its effects. Bounded in rows and in their size. */

import type { Json } from "../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../contract/limits.ts";
import type { HistoryView } from "../../contract/views/log.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { Storage } from "./ports.ts";

/** One step of an actor, as it is read back. */
export type HistoryEntry = HistoryView & { event: ActorEvent };

/** A step, as the history takes it. */
export interface HistoryStep {
  event: ActorEvent;
  eventText: string;
  state: Json;
  effects: Effect[];
}

/**
 * Adds the steps of one commit to the actor's history, and forgets the oldest beyond the limit.
 * @param from revision of the first of them
 */
export function appendHistory(storage: Storage, actor: string, from: number, at: number, steps: HistoryStep[]): void {
  const values = steps.flatMap(({ event, eventText, state, effects }, index) => {
    const text = JSON.stringify(effects);
    return [
      actor,
      from + index,
      at,
      exceedsBytes(eventText, hostLimits.historyBytes) ? JSON.stringify({ type: event.type, cut: countBytes(eventText) }) : eventText,
      JSON.stringify(state),
      exceedsBytes(text, hostLimits.historyBytes) ? JSON.stringify(effects.map(({ type }) => ({ type, cut: countBytes(text) }))) : text,
    ];
  });
  const columns = 6;
  // The platform binds at most 100 values a statement.
  for (let at = 0; at < values.length; at += columns * rowsPerStatement) {
    const chunk = values.slice(at, at + columns * rowsPerStatement);
    const rows = Array.from({ length: chunk.length / columns }, () => "(?, ?, ?, ?, ?, ?)").join(", ");
    storage.exec(`INSERT INTO history VALUES ${rows}`, ...chunk);
  }
  const last = from + steps.length - 1;
  if (last > hostLimits.historyRows)
    storage.exec("DELETE FROM history WHERE actor = ? AND revision <= ?", actor, last - hostLimits.historyRows);
}

const rowsPerStatement = 16;

/** The part of a state that is asked about; undefined: it has none. */
export type PickState = (value: Json) => Json | undefined;

/**
 * Since when the actor's state, or the part of it that `pick` returns, is what it is now, in milliseconds; as far as its history goes
 * back.
 */
export function readStateSince(storage: Storage, actor: string, pick: PickState = (value) => value): number {
  let since = 0;
  let now: string | undefined;
  for (const { at, state } of storage.exec<{ at: number; state: string }>(
    "SELECT at, state FROM history WHERE actor = ? ORDER BY revision DESC",
    actor,
  )) {
    const text = JSON.stringify(pick(JSON.parse(state) as Json) ?? null);
    now ??= text;
    if (text !== now) break;
    since = at;
  }
  return since;
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
