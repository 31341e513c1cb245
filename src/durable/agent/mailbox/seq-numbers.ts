/** The numbers of a mailbox's events, taken in blocks: one write reserves many. Knows no rows. */
import { agentLimits } from "../agent-schema.ts";

/** Numbers that were reserved when the object awoke, and the way to reserve more. */
export interface Reserved {
  from: number;
  reserve(upTo: number): void;
}

export interface SeqNumbers {
  take(): number;
  /** The number has an event. */
  note(seq: number): void;
  /** The greatest that has an event, or could have had one in a life before. */
  readonly last: number;
}

export function createSeqNumbers(reserved: Reserved): SeqNumbers {
  let next = reserved.from;
  let reservedTo = reserved.from;
  // No number beyond the reserved block was ever shown.
  let last = reserved.from;
  return {
    take() {
      next += 1;
      if (next > reservedTo) {
        // Reserve the block on disk before showing a number of it: output after this write waits for the write.
        reservedTo = next + agentLimits.seqBlock;
        reserved.reserve(reservedTo);
      }
      return next;
    },
    note(seq) {
      last = Math.max(last, seq);
    },
    get last() {
      return last;
    },
  };
}
