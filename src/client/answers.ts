/** Answers that were made, kept so that a turn which is seen again is not performed again. */

import type { PostedEvent } from "../contract/event.ts";
import { countBytes } from "../contract/limits.ts";
import { describeError } from "./client-error.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";

/** An answer: the event that was, or is being, sent for a turn. */
export interface KeptAnswer {
  turn: string;
  /** The lease that it was made under. */
  generation: number;
  /** Which giving of the turn it answers; 1 where absent. */
  attempt?: number;
  event: PostedEvent;
}

/**
 * Keeps answers beyond the process, e.g. in a file. With one, a turn is not performed twice even if the process ends between making
 * an answer and hearing that it counts.
 */
export interface Journal {
  /** What was kept, oldest first. */
  load(): KeptAnswer[] | Promise<KeptAnswer[]>;
  /** Stores an answer before it is sent; a later one for the same turn takes its place. */
  keep(answer: KeptAnswer): void | Promise<void>;
  /** The answer was refused and the turn may be performed again. */
  forget(turn: string): void | Promise<void>;
}

/** The answers in memory, before the journal. */
export interface Answers {
  /** Reads the journal; to be awaited before the first turn. */
  load(): Promise<void>;
  find(turn: string): KeptAnswer | undefined;
  keep(answer: KeptAnswer): Promise<void>;
  forget(turn: string): Promise<void>;
}

/** Makes {@link Answers}; beyond the bounds the oldest are forgotten. A journal that fails is told of and never holds up an answer. */
export function createAnswers(journal: Journal | undefined, note: TakeNote): Answers {
  const kept = new Map<string, { answer: KeptAnswer; bytes: number }>();
  let bytes = 0;

  function remember(answer: KeptAnswer) {
    drop(answer.turn);
    const size = countBytes(JSON.stringify(answer.event));
    kept.set(answer.turn, { answer, bytes: size });
    bytes += size;
    for (const turn of kept.keys()) {
      if (kept.size <= clientLimits.answers && bytes <= clientLimits.answersBytes) return;
      if (turn !== answer.turn) drop(turn);
    }
  }

  function drop(turn: string) {
    bytes -= kept.get(turn)?.bytes ?? 0;
    kept.delete(turn);
  }

  async function attempt<T>(write: () => T | Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await write();
    } catch (error) {
      note({ level: "error", what: "journal.failed", message: `${describeError(error)}; a turn may be performed twice after a restart` });
      return undefined;
    }
  }

  return {
    async load() {
      for (const answer of (await attempt(() => journal?.load())) ?? []) remember(answer);
    },
    find: (turn) => kept.get(turn)?.answer,
    async keep(answer) {
      remember(answer);
      await attempt(() => journal?.keep(answer));
    },
    async forget(turn) {
      drop(turn);
      await attempt(() => journal?.forget(turn));
    },
  };
}
