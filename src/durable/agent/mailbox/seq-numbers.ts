/** The numbers of a mailbox's events, taken in blocks: one write reserves many. Knows no mail. */
import type { Resident } from "../../host/store/collections.ts";
import { agentLimits } from "../agent-schema.ts";

/** The greatest number that may have been shown. */
export interface ReservedNumbers {
  reserved: number;
}

export interface SeqNumbers {
  take(): number;
  /** Whether a number may be shown: if not, {@link SeqNumbers.reserve} comes first. */
  isReserved(seq: number): boolean;
  /** Whether the next one may be. */
  readonly hasReserved: boolean;
  /** Reserves a block from a number on, unless it is; within a transaction. */
  reserve(seq: number): void;
  /** The number has an event. */
  note(seq: number): void;
  /** The greatest that has an event, or could have had one in a life before. */
  readonly last: number;
}

export function createSeqNumbers(numbers: Resident<ReservedNumbers>): SeqNumbers {
  const readReserved = (): number => numbers.get("")?.reserved ?? 0;
  let next = readReserved();
  // No number beyond the reserved block was ever shown.
  let last = next;
  const isReserved = (seq: number): boolean => seq <= readReserved();
  return {
    take() {
      next += 1;
      return next;
    },
    isReserved,
    get hasReserved() {
      return isReserved(next + 1);
    },
    reserve(seq) {
      if (!isReserved(seq)) numbers.put("", { reserved: seq + agentLimits.seqBlock });
    },
    note(seq) {
      last = Math.max(last, seq);
    },
    get last() {
      return last;
    },
  };
}
