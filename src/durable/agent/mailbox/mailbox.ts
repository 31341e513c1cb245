/**
 * One agent's mailbox: events in `seq` order, each given to one reader until it is acknowledged. What is held (one half
 * of an event for several agents) stops all behind it, which keeps causes before effects. Puts together rows,
 * readers and what is noted; knows no sockets.
 */

import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { Delivered } from "../../../contract/routing.ts";
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import type { KeyedInPage } from "../../host/store/page.ts";
import type { Mail } from "../../protocol/agent.ts";
import { createDedup, type KnownSenders } from "./dedup.ts";
import { createGivenTurns } from "./given-turns.ts";
import type { MailDocuments } from "./mail-index.ts";
import { createMailNotes } from "./mail-notes.ts";
import { createMailReaders } from "./mail-readers.ts";
import { createMailRows } from "./mail-rows.ts";
import type { Reader } from "./reader.ts";
import { createReceipts, type Receipt } from "./receipts.ts";
import { createMailReceiving, type MailReceiving } from "./receive-mail.ts";
import { createSeqNumbers, type ReservedNumbers } from "./seq-numbers.ts";
import { createTurnsInFlight } from "./turns-in-flight.ts";

export interface Mailbox extends Pick<MailReceiving, "pass" | "receive"> {
  /** For a poll: what is unacknowledged after `after`; without it, what no live connection holds. In order. */
  readFree(query: { channels: readonly Channel[]; after?: number; limit: number }): InboxItem[];
  /** Adds readers, newest last, and gives them what no other holds. */
  attach(...readers: Reader[]): void;
  /**
   * Adds a reader that goes on where one that dropped ended: `had` it has already, and holds; what dropped connections have left
   * besides, up to there, it is given.
   */
  takeOver(reader: Reader, had: Iterable<number>): void;
  /** Removes a reader; what it held goes to another. */
  detach(reader: Reader): void;
  /** Gives a reader what waits for it, now that it takes more. */
  pump(reader: Reader): void;
  /** Whether something waits that the reader had no room for. */
  waitsFor(reader: Reader): boolean;
  /** What a reader of before hibernation may hold: all that is unacknowledged of what it was given. */
  readHeld(of: { channels: readonly Channel[]; after: number; through: number }): Map<number, string | null>;
  /** Notes acknowledgements; they are written by {@link writeNotes}. */
  ack(ack: { seqs?: number[] | undefined; seq?: number | undefined; channel?: Channel | undefined }): void;
  /** When the turn was first given to a reader or a poll, in milliseconds since the epoch, as far as is remembered. */
  givenAt(turn: string): number | undefined;
  /** The turn was answered or is over: its event goes. */
  endTurn(turn: string): void;
  /** The agent gave the turn back: it may get the same one again, so only an event that has no row goes. */
  endInFlight(turn: string): void;
  /** Deletes what has expired; within a transaction. */
  expire(): void;
  /** When the next event expires, at the earliest. */
  due(): number | undefined;
  /** The agent is gone: everything goes; within a transaction. */
  clear(): void;
  /** Why an event of a source, of so many bytes, would be refused now; undefined: it would not. */
  refuseSent(source: string, bytes: number): string | undefined;
  /** How many offers were seen before a time and are open still, but for those of the ids. */
  countSeenOffers(before: number, except: (offer: string) => boolean): number;
  /** Reserves numbers, so that what comes first may be given before it is written; within a transaction. */
  reserve(): void;
  /** Whether {@link writeNotes} has something to write. */
  readonly hasNotes: boolean;
  /** Returns whether offers were seen by it. */
  writeNotes(): boolean;
  /** The agent declined the offer: remove it from its open ones. */
  endOffer(offer: string): void;
  /** The transaction was rolled back: what memory holds of it is read anew. */
  undo(): void;
  /** Events of turns that are open, or offers that are, in order. */
  readOpen(of: "turn" | "offer"): InboxItem[];
  /** The event of an offer that is open. */
  findOffer(offer: string): CloudEvent | undefined;
  count(): { unacknowledged: number; last: number };
  /** Whether a number is greater than any that was ever given here: it is of another life of the mailbox, as before a restore. */
  isBeyond(seq: number): boolean;
  /** How far an event has come of which a receipt is kept. */
  find(event: { source: string; id: string }): Omit<Delivered, "agent">;
  /** Where an offer is. */
  locateOffer(offer: string): "absent" | "waiting" | "given" | "acknowledged";
  /** Calls back once when something was received. */
  onReceive(listener: () => void): () => void;
}

/** What a mailbox keeps. */
export interface MailboxDocuments extends MailDocuments {
  numbers: Resident<ReservedNumbers>;
  senders: KeyedInPage<KnownSenders>;
  receipts: KeyedInPage<Receipt>;
}

/** @param stored hears of mail that is stored, within the transaction */
export function createMailbox(
  documents: MailboxDocuments,
  clock: Clock,
  later: (milliseconds: number, work: () => void) => void,
  stored: (mail: Mail) => void,
): Mailbox {
  const seqs = createSeqNumbers(documents.numbers);
  const senders = createDedup(documents.senders, clock);
  const given = createGivenTurns();
  const inFlight = createTurnsInFlight(clock, later);
  const receipts = createReceipts(documents.receipts, clock);
  const notes = createMailNotes();
  const rows = createMailRows(documents, clock, notes);
  const readers = createMailReaders({ rows, findEnd, now: clock.now, given: (event) => given.note(event, clock.now()) });
  const listeners = new Set<() => void>();

  /** The greatest number behind which nothing can appear any more. */
  function findEnd(): number {
    return Math.min(seqs.last, rows.firstHeld - 1);
  }

  function wakePolls(): void {
    const woken = [...listeners];
    listeners.clear();
    for (const listener of woken) listener();
  }

  const receiving = createMailReceiving({ seqs, senders, inFlight, notes, rows, readers, stored, wakePolls });

  return {
    pass: receiving.pass,
    receive: receiving.receive,
    readFree: readers.readFree,
    readHeld: (of) => new Map(rows.readBetween(of).map(({ seq, about }) => [seq, about])),
    attach: (...joining) => readers.attach(joining),
    takeOver: readers.takeOver,
    pump: readers.pump,
    waitsFor: readers.waitsFor,
    detach(reader) {
      inFlight.store((turn) => turn.reader === reader, false);
      readers.detach(reader);
      wakePolls();
    },
    ack({ seqs: named, seq, channel }) {
      inFlight.store(
        ({ item }) =>
          named?.includes(item.seq) || (seq !== undefined && item.seq <= seq && (channel === undefined || item.channel === channel)),
        true,
      );
      // Held items were shown to nobody: an acknowledgement can't mean them.
      const acked = [...(named ?? []), ...(seq === undefined ? [] : rows.listThrough(Math.min(seq, findEnd()), channel))];
      for (const each of acked) if (each < rows.firstHeld) notes.noteAcked(each);
      readers.settle(acked);
      readers.pumpAll();
    },
    givenAt: given.find,
    endTurn(turn) {
      readers.forgetAbout(turn);
      notes.noteAnswered(turn);
      if (!inFlight.end(turn)) notes.noteEnded(turn);
      readers.pumpAll();
    },
    endInFlight(turn) {
      if (receiving.dropInFlight(turn)) readers.pumpAll();
    },
    expire: () => readers.forgetSeqs(rows.expire()),
    due: rows.due,
    clear() {
      inFlight.clear();
      rows.clear();
      readers.clear();
      senders.forget();
    },
    refuseSent: (source, bytes) => rows.refuse({ source, bytes, isOffer: false }),
    get hasNotes() {
      return notes.size > 0;
    },
    countSeenOffers: rows.countSeenOffers,
    reserve: () => seqs.reserve(seqs.last + 1),
    writeNotes() {
      if (!notes.size) return false;
      const acked = rows.writeNotes();
      receipts.acknowledge(acked);
      notes.clear();
      return acked.some(({ offer }) => offer !== undefined);
    },
    endOffer: (offer) => readers.forgetSeqs(rows.deleteOffer(offer)),
    undo() {
      senders.forget();
      rows.undo();
    },
    readOpen: (of) => [...rows.readOpen(of), ...(of === "turn" ? inFlight.items : [])],
    findOffer: rows.findOffer,
    count: () => ({ unacknowledged: rows.countWaiting() + inFlight.items.length, last: findEnd() }),
    isBeyond: (seq) => seq > seqs.last,
    find(event) {
      const receipt = receipts.find(event);
      if (receipt) return { status: "acknowledged", at: new Date(receipt.acked).toISOString() };
      const mail = rows.findSent(event);
      if (!mail) return { status: "absent" };
      if (notes.isAcked(mail.seq)) return { status: "acknowledged", at: new Date(clock.now()).toISOString() };
      return { status: readers.isHeld(mail.seq) ? "given" : "waiting" };
    },
    locateOffer(offer) {
      const located = rows.locateOffer(offer);
      if (!located) return "absent";
      if (located.acked) return "acknowledged";
      return readers.isHeld(located.seq) ? "given" : "waiting";
    },
    onReceive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
