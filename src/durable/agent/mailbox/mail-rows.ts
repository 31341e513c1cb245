/**
 * The rows of one agent's mailbox, with the few facts of them that memory keeps. What was noted as acknowledged or answered and
 * is not written yet counts as written. Knows one table and no reader.
 */

import { limits } from "../../../contract/limits.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { Mail } from "../../protocol/agent.ts";
import type { MailNotes } from "./mail-notes.ts";
import { createMailQueries, type MailQueries } from "./mail-queries.ts";
import { createMailRoom, type RoomTaken } from "./mail-room.ts";

export interface MailRows extends MailQueries {
  /** The first number that is held, which stops all behind it; infinite: none is. */
  readonly firstHeld: number;
  readonly full: boolean;
  /** Why an agent's event, or an offer, is refused: both are bounded, so that there is room for everything else. */
  refuse(taken: RoomTaken): string | undefined;
  /** Counts a row that the caller's transaction is about to write. */
  expect(seq: number, held: boolean, taken: RoomTaken): void;
  /** A row that was expected is not written. */
  forgo(taken: RoomTaken): void;
  /**
   * Writes an event, and deletes what it ends or, of a turn that is given again, takes the place of; within a transaction. Returns the
   * numbers of the latter.
   */
  write(mail: Mail, seq: number, held: boolean, event: string, taken: RoomTaken): number[];
  /** What was held is shown from now on; within a transaction. */
  release(seq: number): void;
  /** Deletes one; within a transaction. Returns its numbers. */
  deleteOffer(offer: string): number[];
  /** Deletes the offers, the least of what waits. Returns their numbers. */
  deleteOffers(): number[];
  /** Deletes what has expired; within a transaction. Returns the numbers. */
  expire(): number[];
  due(): number | undefined;
  /** Writes what is noted; within a transaction. Returns whether offers were seen by it. */
  writeNotes(): boolean;
  clear(): void;
  /** The transaction was rolled back: what memory holds of it is read anew. */
  undo(): void;
}

export function createMailRows(storage: Storage, clock: Clock, notes: MailNotes): MailRows {
  let firstHeld = readFirstHeld();
  const room = createMailRoom(storage);
  let nextExpiry = readNextExpiry();

  function readFirstHeld(): number {
    return storage.exec<{ seq: number | null }>("SELECT min(seq) AS seq FROM mailbox WHERE held = 1")[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  function readNextExpiry(): number {
    return storage.exec<{ at: number | null }>("SELECT min(expires) AS at FROM mailbox WHERE held = 0")[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** @param where which rows, in SQL */
  function deleteRows(where: string, ...values: (string | number)[]): number[] {
    const deleted = storage.exec<{ seq: number; source: string | null; bytes: number; is_offer: number }>(
      `DELETE FROM mailbox WHERE ${where} RETURNING seq, source, bytes, offer IS NOT NULL AS is_offer`,
      ...values,
    );
    for (const { source, bytes, is_offer } of deleted) room.remove({ source, bytes, isOffer: is_offer !== 0 });
    return deleted.map(({ seq }) => seq);
  }

  return {
    ...createMailQueries(storage, clock, notes, () => firstHeld),
    get firstHeld() {
      return firstHeld;
    },
    get full() {
      return room.rows >= limits.mailboxRows;
    },
    refuse: room.refuse,
    expect(seq, held, taken) {
      room.add(taken);
      if (held) firstHeld = Math.min(firstHeld, seq);
    },
    forgo: room.remove,
    write(mail, seq, held, event, taken) {
      nextExpiry = Math.min(nextExpiry, mail.expires ?? Number.POSITIVE_INFINITY);
      storage.exec(
        "INSERT INTO mailbox (seq, channel, event, held, turn, offer, expires, source, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        mail.channel,
        event,
        held ? 1 : 0,
        mail.turn ?? null,
        mail.offer ?? null,
        mail.expires ?? null,
        taken.source,
        taken.bytes,
      );
      if (mail.ends !== undefined) deleteRows("turn = ? OR offer = ?", mail.ends, mail.ends);
      if (mail.endsThread !== undefined) {
        // Its tasks are named by it: a turn whose answer was noted in a life that crashed goes now. A broadcast's turn has a time
        // to live of its own, which the thread's end doesn't shorten.
        deleteRows("turn > ? AND turn < ? AND expires IS NULL", `${mail.endsThread}-`, `${mail.endsThread}/`);
      }
      return mail.turn === undefined ? [] : deleteRows("turn = ? AND seq < ?", mail.turn, seq);
    },
    release(seq) {
      storage.exec("UPDATE mailbox SET held = 0 WHERE seq = ?", seq);
      firstHeld = readFirstHeld();
    },
    deleteOffer: (offer) => deleteRows("offer = ?", offer),
    deleteOffers: () => deleteRows("offer IS NOT NULL"),
    expire() {
      const now = clock.now();
      if (nextExpiry > now) return [];
      const expired = deleteRows("expires <= ? AND held = 0", now);
      nextExpiry = readNextExpiry();
      return expired;
    },
    due: () => (nextExpiry === Number.POSITIVE_INFINITY ? undefined : nextExpiry),
    writeNotes() {
      const { acked, ended } = notes;
      if (ended.length) deleteRows("turn IN (SELECT value FROM json_each(?))", JSON.stringify(ended));
      if (!acked.size) return false;
      const seqs = JSON.stringify([...acked]);
      deleteRows("seq IN (SELECT value FROM json_each(?)) AND turn IS NULL AND offer IS NULL", seqs);
      return storage
        .exec<{ offer: string | null }>(
          "UPDATE mailbox SET acked = 1 WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0 RETURNING offer",
          seqs,
        )
        .some(({ offer }) => offer !== null);
    },
    clear() {
      storage.exec("DELETE FROM mailbox");
      firstHeld = Number.POSITIVE_INFINITY;
      nextExpiry = Number.POSITIVE_INFINITY;
      room.recount();
    },
    undo() {
      firstHeld = readFirstHeld();
      room.recount();
      nextExpiry = readNextExpiry();
    },
  };
}
