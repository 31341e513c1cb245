/**
 * What one reader of an object's journal still has to do: its parts of the entries beyond its cursor, in order. As many as are
 * bounded are in memory, once; the rest are read from the journal when it is their turn. Knows no part's content.
 */
import type { Added, Entry } from "./entry.ts";
import { hostLimits } from "./limits.ts";
import type { Journal } from "./store/journal.ts";

/** An entry that cannot be read: its reader stops there. */
export class EntryUnreadableError extends Error {
  override name = "EntryUnreadableError";

  constructor(seq: number) {
    super(`the journal's entry ${seq} cannot be read: nothing behind it is sent until it is mended or deleted`);
  }
}

export interface JournalReader<Part> {
  /** The first entries that hold something for the reader: of the journal's next page where memory has none. @throws {EntryUnreadableError} */
  first(): readonly Added<Part>[];
  /** All through there is done. */
  done(through: number): void;
  /** A transaction held, with all that it added to the journal. */
  added(entries: readonly Added<Part>[]): void;
  /** Entries in memory that hold something for the reader. */
  held(): readonly Added<Part>[];
  /** Whether the journal has more than memory. */
  hasMore(): boolean;
  /** Whether the reader has nothing left to do, as far as is known. */
  isEmpty(): boolean;
}

/** @param pick the reader's part of an entry */
export function createJournalReader<Part>(
  journal: Journal<Entry>,
  cursor: string,
  pick: (entry: Entry, seq: number) => Part[],
): JournalReader<Part> {
  let held: Added<Part>[] = [];
  /** Bytes of their entries. */
  let heldBytes = 0;
  /** Memory has all there is for the reader up to here. */
  let through = journal.position(cursor);
  let last = journal.last();

  /** Where nothing is left, the reader is where its memory is. */
  function settle(): void {
    const to = held[0] ? held[0].seq - 1 : through;
    if (to > journal.position(cursor)) journal.move(cursor, to);
  }

  function readOn(): void {
    while (!held.length && through < last) {
      const rows = journal.read({ after: through, through: last, limit: hostLimits.readerEntries, size: hostLimits.readerBytes });
      // Entries may be missing where somebody has deleted one that was unreadable.
      if (!rows.length) through = last;
      for (const { seq, entry, size } of rows) {
        if (entry === undefined) {
          if (held.length) break;
          settle();
          throw new EntryUnreadableError(seq);
        }
        const parts = pick(entry, seq);
        if (parts.length) hold({ seq, parts, size });
        through = seq;
      }
    }
    settle();
  }

  function hold(entry: Added<Part>): void {
    held.push(entry);
    heldBytes += entry.size;
  }

  const hasRoom = (): boolean => held.length < hostLimits.readerEntries && heldBytes < hostLimits.readerBytes;

  return {
    first() {
      readOn();
      return held;
    },
    done(to) {
      let count = 0;
      for (const { seq, size } of held) {
        if (seq > to) break;
        count += 1;
        heldBytes -= size;
      }
      // Who works on what it got has that as it was.
      if (count) held = held.slice(count);
      settle();
    },
    added(entries) {
      for (const entry of entries) {
        if (through === last && (!entry.parts.length || hasRoom())) {
          if (entry.parts.length) hold(entry);
          through = entry.seq;
        }
        last = entry.seq;
      }
      settle();
    },
    held() {
      return held;
    },
    hasMore() {
      return through < last;
    },
    isEmpty() {
      return !held.length && through >= last;
    },
  };
}
