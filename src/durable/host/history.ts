/** An actor's history: its steps in the journal, each with its event, the states around it and its effects. Bounded in entries and in their size. */

import type { Json } from "../../contract/event.ts";
import type { HistoryView } from "../../contract/views/log.ts";
import type { ActorEvent } from "./effects.ts";
import type { Entry, EntryWriter, StepFact } from "./entry.ts";
import { hostLimits } from "./limits.ts";
import type { Journal } from "./store/journal.ts";

/** One step of an actor, as it is read back. */
export type HistoryEntry = HistoryView & { event: ActorEvent };

/** The part of a state that is asked about; undefined: it has none. */
export type PickState = (value: Json) => Json | undefined;

/** Steps of an actor as they were committed, entry by entry. */
function* readSteps(journal: Journal<Entry>, actor: string, reverse: boolean): Generator<{ at: number; steps: StepFact[] }> {
  let [after, through] = [0, journal.last()];
  for (;;) {
    const rows = journal.read({ after, through, limit: hostLimits.readerEntries, size: hostLimits.readerBytes, reverse });
    for (const { at, entry } of rows) {
      const steps = entry?.steps?.filter((step) => step.actor === actor) ?? [];
      if (steps.length) yield { at, steps };
    }
    const last = rows.at(-1);
    if (!last) return;
    if (reverse) through = last.seq - 1;
    else after = last.seq;
  }
}

/**
 * Since when the part of the actor's state that `pick` returns is what it is now, in milliseconds; as far as its history goes back.
 * @param entry of the present transaction
 */
export function readStateSince(
  journal: Journal<Entry>,
  entry: Pick<EntryWriter, "steps">,
  actor: string,
  now: number,
  pick: PickState,
): number {
  let since = 0;
  let present: string | undefined;
  /** @returns whether the state was another */
  const look = (at: number, state: Json): boolean => {
    const text = JSON.stringify(pick(state) ?? null);
    present ??= text;
    if (text !== present) return true;
    since = at;
    return false;
  };
  const staged = entry.steps().filter((step) => step.actor === actor);
  for (const { after } of [...staged].reverse()) if (look(now, after)) return since;
  for (const { at, steps } of readSteps(journal, actor, true)) for (const { after } of steps.reverse()) if (look(at, after)) return since;
  return since;
}

/** @param page `after`: the last revision that is known already */
export function readHistory(journal: Journal<Entry>, actor: string, page: { after?: number; limit: number }): HistoryEntry[] {
  const from = page.after ?? 0;
  const found: HistoryEntry[] = [];
  let before: Json = null;
  for (const { at, steps } of readSteps(journal, actor, false))
    for (const { revision, event, after, effects, context } of steps) {
      if (revision > from) found.push({ revision, at, event, before, after, effects, ...(context && { context }) });
      before = after;
      if (found.length >= page.limit) return found;
    }
  return found;
}
