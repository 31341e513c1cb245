/**
 * What became of the events that somebody sent to this agent by name, capability or subscription: stored with the event, noted
 * when it is acknowledged, kept for as long as ids are remembered. Turns and offers have none. Knows rows only.
 */
import type { Clock, Storage } from "../../host/ports.ts";

interface Receipt {
  seq: number;
  /** Milliseconds since the epoch; null: not yet. */
  acked: number | null;
}

export interface Receipts {
  /** Within the transaction that stores the event. */
  note(event: { source: string; id: string }, seq: number): void;
  /** Within a transaction. */
  acknowledge(seqs: Iterable<number>): void;
  find(event: { source: string; id: string }): Receipt | undefined;
  /** Those that were too old were deleted: what memory holds of them is read anew. */
  expire(): void;
  /** The transaction was rolled back. */
  undo(): void;
}

export function createReceipts(storage: Storage, clock: Clock): Receipts {
  let open = countOpen();

  function countOpen(): number {
    return storage.exec<{ n: number }>("SELECT count(*) AS n FROM receipt WHERE acked IS NULL")[0]?.n ?? 0;
  }

  return {
    note({ source, id }, seq) {
      storage.exec("INSERT OR REPLACE INTO receipt (source, id, seq, acked, at) VALUES (?, ?, ?, NULL, ?)", source, id, seq, clock.now());
      open += 1;
    },
    acknowledge(seqs) {
      // Most acknowledgements are for turns: an agent that gets nothing else costs no write.
      if (!open) return;
      const acked = storage.exec<{ seq: number }>(
        "UPDATE receipt SET acked = ? WHERE acked IS NULL AND seq IN (SELECT value FROM json_each(?)) RETURNING seq",
        clock.now(),
        JSON.stringify([...seqs]),
      );
      open -= acked.length;
    },
    find: ({ source, id }) =>
      storage.exec<Receipt & { [column: string]: number | null }>(
        "SELECT seq, acked FROM receipt WHERE source = ? AND id = ?",
        source,
        id,
      )[0],
    expire() {
      open = countOpen();
    },
    undo() {
      open = countOpen();
    },
  };
}
