/**
 * What the queue did about each reflex that fired: whoever posted the event is told, and who asks later. That a thread simply
 * started is not written: what is kept of it says so as long as it lives. Knows documents, no messages.
 */
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { Clock } from "../host/ports.ts";
import type { Store } from "../host/store/store.ts";

export const outcomeLimits = {
  /** Milliseconds for which it is known: whoever asks why nothing happened asks within days. */
  age: 7 * 24 * 60 * 60 * 1_000,
  /** Outcomes that are kept: with some 300 bytes each, 3 MB. */
  count: 10_000,
  /** Starts that are known without their thread: it may have ended before anybody asked. */
  remembered: 1_000,
  /** Outcomes between two looks whether there are more, or too old ones: a look walks them all. */
  betweenLooks: 100,
} as const;

export interface Outcomes {
  /** Within a transaction. */
  note(ref: string, outcome: ReflexOutcome): void;
  /** A thread started, within a transaction; where it has waited, that is not so any more. */
  noteStart(thread: string, hasWaited: boolean): void;
  read(ref: string): ReflexOutcome | undefined;
}

/** One that is kept, and since when. */
export interface OutcomeBody {
  outcome: ReflexOutcome;
  at: number;
}

export function createOutcomes(store: Pick<Store, "keyed">, clock: Clock): Outcomes {
  const outcomes = store.keyed<OutcomeBody>("outcome");
  const started = new Map<string, ReflexOutcome>();
  let noted = 0;

  return {
    note(ref, outcome) {
      const at = clock.now();
      outcomes.put(ref, { outcome, at }, at);
      if (noted++ % outcomeLimits.betweenLooks) return;
      outcomes.deleteBelow(at - outcomeLimits.age, outcomeLimits.count);
      outcomes.deleteBeyond(outcomeLimits.count);
    },
    noteStart(thread, hasWaited) {
      if (hasWaited) outcomes.delete(thread);
      started.set(thread, { status: "started", thread, state: "running" });
      if (started.size > outcomeLimits.remembered) started.delete(started.keys().next().value as string);
    },
    read(ref) {
      const kept = outcomes.read(ref);
      return kept && kept.at > clock.now() - outcomeLimits.age ? kept.outcome : started.get(ref);
    },
  };
}
