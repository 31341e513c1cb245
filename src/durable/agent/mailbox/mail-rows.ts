/**
 * The mail of one agent: what is put and deleted, and what of it can be read. What was noted as acknowledged or answered and
 * is not written yet counts as written. Knows documents, and no reader.
 */

import { limits } from "../../../contract/limits.ts";
import type { Clock } from "../../host/ports.ts";
import type { Mail } from "../../protocol/agent.ts";
import { createMailIndex, type MailDocuments, type MailEntry, type StoredMail } from "./mail-index.ts";
import type { MailNotes } from "./mail-notes.ts";
import { createMailQueries, type MailQueries } from "./mail-queries.ts";
import type { RoomTaken } from "./mail-room.ts";

export interface MailRows extends MailQueries {
  /** The first number that is held, which stops all behind it; infinite: none is. */
  firstHeld(): number;
  /** Whether a number is mail's that is stored. */
  isStored(seq: number): boolean;
  /** Whether there is no room, beside so much of other kind. */
  isFull(beside?: number): boolean;
  /** Why an agent's event is refused: they are bounded, so that there is room for everything else. */
  refuse(taken: RoomTaken): string | undefined;
  /** Counts mail that the caller's transaction is about to write. */
  expect(seq: number, held: boolean, taken: RoomTaken): void;
  /** Mail that was expected is not written. */
  forgo(taken: RoomTaken): void;
  /**
   * Writes an event, and deletes what it ends or, of a turn that is given again, takes the place of; within a transaction. Returns the
   * numbers of the latter.
   * @param heldFrom who sent it, if it is held
   */
  write(mail: Mail, seq: number, heldFrom: string | undefined, taken: RoomTaken): number[];
  /** What an address has held is shown from now on; within a transaction. @returns whether there was something */
  release(from: string): boolean;
  /** Deletes what has expired; within a transaction. Returns the numbers. */
  expire(): number[];
  due(): number | undefined;
  /** Writes what is noted; within a transaction. Returns what was acknowledged by it. */
  writeNotes(): MailEntry[];
  clear(): void;
  /** The transaction was rolled back: what memory holds of it is read anew. */
  undo(): void;
}

export function createMailRows(documents: MailDocuments, clock: Clock, notes: MailNotes): MailRows {
  const index = createMailIndex(documents);

  const select = (isWanted: (entry: MailEntry) => boolean): MailEntry[] => [...index.list()].filter(isWanted);

  return {
    ...createMailQueries(index, clock, notes),
    firstHeld() {
      return index.firstHeld();
    },
    isStored: (seq) => index.find(seq) !== undefined,
    isFull: (beside = 0) => index.room().rows() + beside >= limits.mailboxRows,
    refuse: (taken) => index.room().refuse(taken),
    expect: index.expect,
    forgo: index.forgo,
    write(mail, seq, heldFrom, taken) {
      index.put(seq, toStored(mail, taken), heldFrom);
      const { ends, endsThread, turn } = mail;
      if (ends !== undefined) index.delete(select((entry) => entry.turn === ends));
      if (endsThread !== undefined) {
        // Its tasks are named by it: a turn whose answer was noted in a life that crashed goes now. A broadcast's turn has a time
        // to live of its own, which the thread's end doesn't shorten.
        const isOfThread = (name: string): boolean => name > `${endsThread}-` && name < `${endsThread}/`;
        index.delete(select((entry) => entry.turn !== undefined && entry.expires === undefined && isOfThread(entry.turn)));
      }
      return turn === undefined ? [] : index.delete(select((entry) => entry.turn === turn && entry.seq < seq));
    },
    release: index.release,
    expire() {
      const now = clock.now();
      if (index.nextExpiry() > now) return [];
      return index.delete(select(({ expires, heldFrom }) => expires !== undefined && expires <= now && heldFrom === undefined));
    },
    due: () => (index.nextExpiry() === Number.POSITIVE_INFINITY ? undefined : index.nextExpiry()),
    writeNotes() {
      const ended = new Set(notes.ended());
      if (ended.size) index.delete(select(({ turn }) => turn !== undefined && ended.has(turn)));
      const acked = [...notes.acked()].flatMap((seq) => index.find(seq) ?? []).filter((entry) => !entry.acked);
      index.delete(acked.filter(({ turn }) => turn === undefined));
      const kept = acked.filter(({ turn }) => turn !== undefined);
      for (const entry of kept) entry.acked = true;
      if (kept.length) index.saveMarks();
      return acked;
    },
    clear: index.clear,
    undo: index.undo,
  };
}

function toStored({ channel, event, turn, expires }: Mail, { source, bytes }: RoomTaken): StoredMail {
  return {
    channel,
    event,
    ...(turn !== undefined && { turn }),
    ...(expires !== undefined && { expires }),
    ...(source !== null && { source, id: event.id, bytes }),
  };
}
