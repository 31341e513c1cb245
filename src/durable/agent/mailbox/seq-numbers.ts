/**
 * The numbers of a mailbox's events, taken in blocks: one write reserves many. How much of a block is used is noted beside the open
 * sockets, so that an object that wakes goes on there; after a crash, which no socket survives, it begins behind the block. Knows no mail.
 */
import type { Resident } from "../../host/store/collections.ts";
import { agentLimits } from "../agent-schema.ts";

/** The greatest number that may have been shown. */
export interface ReservedNumbers {
  reserved: number;
}

/** What an object that sleeps leaves beside its sockets. */
export interface NotedNumbers extends ReservedNumbers {
  /** The greatest number of that block that may have been shown. */
  through: number;
}

export interface SeqNumbers {
  take(): number;
  /** Goes on after what was noted in the life before, if it is of the present block; before any number is taken. */
  resume(noted: readonly (NotedNumbers | undefined)[]): void;
  /** What is to be noted now. */
  noted(): NotedNumbers;
  /** Whether a number may be shown: if not, {@link SeqNumbers.reserve} comes first. */
  isReserved(seq: number): boolean;
  /** Whether the next one may be. */
  hasReserved(): boolean;
  /** Reserves a block from a number on, unless it is; within a transaction. */
  reserve(seq: number): void;
  /** The number has an event. */
  note(seq: number): void;
  /** The greatest that has an event, or could have had one in a life before. */
  last(): number;
}

/** @param changed {@link SeqNumbers.noted} has, before a number is shown */
export function createSeqNumbers(numbers: Resident<ReservedNumbers>, changed: () => void = () => {}): SeqNumbers {
  const readReserved = (): number => numbers.get("")?.reserved ?? 0;
  let next = readReserved();
  // No number beyond the reserved block was ever shown.
  let last = next;
  let through = next;
  const isReserved = (seq: number): boolean => seq <= readReserved();
  return {
    take() {
      next += 1;
      if (next > through) {
        through = next + agentLimits.seqNoted;
        changed();
      }
      return next;
    },
    resume(noted) {
      const reserved = readReserved();
      if (next !== reserved) return;
      const known = noted.flatMap((each) => (each?.reserved === reserved ? [each.through] : []));
      if (known.length) next = last = through = Math.max(...known);
    },
    noted() {
      return { reserved: readReserved(), through };
    },
    isReserved,
    hasReserved() {
      return isReserved(next + 1);
    },
    reserve(seq) {
      if (isReserved(seq)) return;
      numbers.put("", { reserved: seq + agentLimits.seqBlock });
      changed();
    },
    note(seq) {
      last = Math.max(last, seq);
    },
    last() {
      return last;
    },
  };
}
