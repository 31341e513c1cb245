/**
 * The rows of one agent's mailbox, with the few facts of them that memory keeps. What was noted as acknowledged or answered and
 * is not written yet counts as written. Knows one table and no reader.
 */

import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import { limits } from "../../../contract/limits.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { Mail } from "../../protocol/agent.ts";
import type { MailNotes } from "./mail-notes.ts";
import { createMailRoom, type RoomTaken } from "./mail-room.ts";

export interface MailRow {
  [column: string]: string | number | null;
  seq: number;
  channel: string;
  event: string;
  /** The turn or offer that it is about. */
  about: string | null;
}

export interface MailRows {
  /** The first number that is held, which stops all behind it; infinite: none is. */
  readonly firstHeld: number;
  readonly full: boolean;
  /** Why mail that somebody sent, or an offer, is not taken: it has its bounds, so that all else finds room. */
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
  /** Unacknowledged events of the channels behind a number, as far as nothing is held, in order. */
  read(query: { channels: readonly Channel[]; after: number; limit: number }): MailRow[];
  /** Those of the numbers that are not acknowledged, in order. */
  readSome(seqs: readonly number[]): MailRow[];
  /** As {@link readSome}, without the events: many of the largest would not fit into memory. */
  readAbout(seqs: readonly number[]): Pick<MailRow, "seq" | "about">[];
  /** What was unacknowledged between two numbers when it was last written. */
  readBetween(of: { channels: readonly Channel[]; after: number; through: number }): Pick<MailRow, "seq" | "about">[];
  /** The numbers that an acknowledgement of all through a number is for. */
  listThrough(seq: number, channel: Channel | undefined): number[];
  readOpen(of: "turn" | "offer"): InboxItem[];
  findOffer(offer: string): CloudEvent | undefined;
  /** The newest event of the offer. */
  locateOffer(offer: string): { seq: number; acked: boolean } | undefined;
  countWaiting(): number;
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

export function toItem(row: Pick<MailRow, "seq" | "channel" | "event">): InboxItem {
  return { seq: row.seq, channel: row.channel as Channel, event: JSON.parse(row.event) };
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
    read: ({ channels, after, limit }) =>
      storage
        .exec<MailRow>(
          `SELECT seq, channel, event, coalesce(turn, offer) AS about FROM mailbox WHERE seq > ? AND seq < ? AND acked = 0 AND channel IN (${channels.map(() => "?").join(",")}) AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
          after,
          Math.min(firstHeld, Number.MAX_SAFE_INTEGER),
          ...channels,
          clock.now(),
          limit + notes.size,
        )
        .filter(({ seq, about }) => !notes.isAcked(seq) && !notes.isEnded(about))
        .slice(0, limit),
    readSome(seqs) {
      const open = seqs.filter((seq) => !notes.isAcked(seq));
      if (!open.length) return [];
      return storage.exec<MailRow>(
        "SELECT seq, channel, event, coalesce(turn, offer) AS about FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0 ORDER BY seq",
        JSON.stringify(open),
      );
    },
    readAbout: (seqs) =>
      storage
        .exec<Pick<MailRow, "seq" | "about">>(
          "SELECT seq, coalesce(turn, offer) AS about FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0",
          JSON.stringify(seqs),
        )
        .filter(({ seq }) => !notes.isAcked(seq)),
    readBetween: ({ channels, after, through }) =>
      storage.exec<Pick<MailRow, "seq" | "about">>(
        `SELECT seq, coalesce(turn, offer) AS about FROM mailbox WHERE seq > ? AND seq <= ? AND acked = 0 AND held = 0 AND channel IN (${channels.map(() => "?").join(",")}) ORDER BY seq`,
        after,
        through,
        ...channels,
      ),
    listThrough: (seq, channel) =>
      storage
        .exec<{ seq: number }>(
          "SELECT seq FROM mailbox WHERE seq <= ? AND acked = 0 AND held = 0 AND (? IS NULL OR channel = ?) ORDER BY seq",
          seq,
          channel ?? null,
          channel ?? null,
        )
        .map((row) => row.seq),
    readOpen: (of) =>
      storage
        .exec<MailRow>(
          `SELECT seq, channel, event, ${of} AS about FROM mailbox WHERE ${of} IS NOT NULL AND held = 0 AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
          clock.now(),
          limits.mailboxRows,
        )
        .filter(({ about }) => !notes.isEnded(about))
        .map(toItem),
    findOffer(offer) {
      const row = storage.exec<{ event: string }>("SELECT event FROM mailbox WHERE offer = ?", offer)[0];
      return row && (JSON.parse(row.event) as CloudEvent);
    },
    locateOffer(offer) {
      const [row] = storage.exec<{ seq: number; acked: number }>(
        "SELECT seq, acked FROM mailbox WHERE offer = ? ORDER BY seq DESC LIMIT 1",
        offer,
      );
      return row && { seq: row.seq, acked: row.acked !== 0 || notes.isAcked(row.seq) };
    },
    countWaiting: () =>
      storage
        .exec<{ seq: number; turn: string | null }>(
          "SELECT seq, turn FROM mailbox WHERE acked = 0 AND held = 0 AND (expires IS NULL OR expires > ?)",
          clock.now(),
        )
        .filter(({ seq, turn }) => !notes.isAcked(seq) && !notes.isEnded(turn)).length,
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
