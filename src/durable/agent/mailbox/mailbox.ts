/**
 * One agent's mailbox: events in `seq` order, each given to one reader until it is acknowledged. What is held (one half
 * of an event for several agents) stops all behind it, which keeps causes before effects. Puts together rows, offers,
 * readers and what is noted; knows no sockets.
 */

import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { Delivered } from "../../../contract/routing.ts";
import type { Committer } from "../../host/committer.ts";
import type { Clock } from "../../host/ports.ts";
import type { Resident } from "../../host/store/collections.ts";
import type { KeyedInPage } from "../../host/store/page.ts";
import type { Mail } from "../../protocol/agent.ts";
import { createOfferLooks, listOpenOffers, type OfferLooks } from "../offers/look-at-offers.ts";
import { readWithOffers } from "../offers/read-offers.ts";
import { createShowOffers } from "../offers/show-offers.ts";
import { createShownOffers, type ShownDocument } from "../offers/shown-offers.ts";
import { createDedup, type KnownSenders } from "./dedup.ts";
import { createGivenTurns } from "./given-turns.ts";
import type { MailDocuments } from "./mail-index.ts";
import { createMailNotes } from "./mail-notes.ts";
import { createMailReaders } from "./mail-readers.ts";
import { createMailRows } from "./mail-rows.ts";
import type { Reader } from "./reader.ts";
import { createReceipts, type Receipt } from "./receipts.ts";
import { createMailReceiving, type MailReceiving } from "./receive-mail.ts";
import { createSeqNumbers, type NotedNumbers, type ReservedNumbers, type SeqNumbers } from "./seq-numbers.ts";
import { createTurnsInFlight } from "./turns-in-flight.ts";

export interface Mailbox extends Pick<MailReceiving, "pass" | "takeLate" | "receive">, OfferLooks {
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
  /** Whether anybody is connected. */
  isRead(): boolean;
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
  /** Reserves numbers, so that what comes first may be given before it is written; within a transaction. */
  reserve(): void;
  /** What is to be noted beside sockets, and what was: with it, no write reserves numbers anew after a sleep. */
  numbers(): NotedNumbers;
  resumeNumbers: SeqNumbers["resume"];
  /** Whether {@link writeNotes} has something to write. */
  hasNotes(): boolean;
  /** Returns whether offers were seen by it. */
  writeNotes(): boolean;
  /** The transaction was rolled back: what memory holds of it is read anew. */
  undo(): void;
  /** Events of turns that are open, or offers that are, in order. */
  readOpen(of: "turn" | "offer"): InboxItem[];
  count(): { unacknowledged: number; last: number };
  /** Whether a number is greater than any that was ever given here: it is of another life of the mailbox, as before a restore. */
  isBeyond(seq: number): boolean;
  /** How far an event has come of which a receipt is kept. */
  find(event: { source: string; id: string }): Omit<Delivered, "agent">;
  /** Calls back once when something was received. */
  onReceive(listener: () => void): () => void;
}

export interface MailboxPorts {
  clock: Clock;
  later(milliseconds: number, work: () => void): void;
  /** Hears of mail that is stored, within the transaction. */
  stored(mail: Mail): void;
  commit(body: () => void): void;
  /** Absent: each commit is written by itself. */
  late?: Pick<Committer, "commitLate" | "settle"> | undefined;
  /** The last connection has closed. */
  unread(): void;
}

/** What a mailbox keeps. */
export interface MailboxDocuments extends MailDocuments {
  numbers: Resident<ReservedNumbers>;
  offers: Resident<ShownDocument>;
  senders: KeyedInPage<KnownSenders>;
  receipts: KeyedInPage<Receipt>;
}

export function createMailbox(documents: MailboxDocuments, ports: MailboxPorts): Mailbox {
  const { clock, later, stored, commit, late, unread } = ports;
  const seqs = createSeqNumbers(documents.numbers, () => readers.noteNumbers());
  const senders = createDedup(documents.senders, clock);
  const given = createGivenTurns();
  const inFlight = createTurnsInFlight(clock, later);
  const receipts = createReceipts(documents.receipts, clock);
  const notes = createMailNotes();
  const rows = createMailRows(documents, clock, notes);
  const shown = createShownOffers(documents.offers, clock);
  const all = readWithOffers(rows, shown);
  const readers = createMailReaders({ rows: all, findEnd, now: clock.now, given: noteGiven });
  const { wakePolls, isPolled, onReceive } = createListeners();
  const reserve = (): void => seqs.reserve(seqs.last() + 1);

  /** The greatest number behind which nothing can appear any more. */
  function findEnd(): number {
    return Math.min(seqs.last(), rows.firstHeld() - 1);
  }

  function noteGiven(event: CloudEvent): void {
    given.note(event, clock.now());
    shown.noteGiven(event);
  }

  const offers = createShowOffers({
    ...{ clock, offers: shown, seqs, readers, wakePolls },
    firstHeld: () => rows.firstHeld(),
    reserve: () => commit(reserve),
  });
  const receiving = createMailReceiving({
    ...{ seqs, senders, inFlight, notes, rows, readers, offers, shown, stored, wakePolls, isPolled, late },
  });
  let seen = false;

  return {
    ...createOfferLooks(shown, offers, readers),
    ...receiving,
    readFree(query) {
      late?.settle();
      return readers.readFree(query);
    },
    readHeld: (of) => new Map(all.readBetween(of).map(({ seq, about }) => [seq, about])),
    attach: (...joining) => readers.attach(joining),
    takeOver: readers.takeOver,
    pump: readers.pump,
    waitsFor: readers.waitsFor,
    detach(reader) {
      late?.settle();
      inFlight.store((turn) => turn.reader === reader, false);
      readers.detach(reader);
      wakePolls();
      if (!readers.count()) unread();
    },
    ack(ack) {
      const { seqs: named, seq, channel } = ack;
      inFlight.store(({ item }) => isMeant(ack, item), true);
      // Held items were shown to nobody: an acknowledgement can't mean them.
      const acked = [...(named ?? []), ...(seq === undefined ? [] : all.listThrough(Math.min(seq, findEnd()), channel))];
      for (const each of acked) {
        if (each >= rows.firstHeld()) continue;
        if (shown.ack(each)) seen = true;
        // What has gone meanwhile, as an offer that has closed, needs no note.
        else if (rows.isStored(each)) notes.noteAcked(each);
      }
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
    expire: () => readers.forgetSeqs([...rows.expire(), ...shown.expire()]),
    due: rows.due,
    clear() {
      inFlight.clear();
      rows.clear();
      shown.clear();
      readers.clear();
      senders.forget();
    },
    refuseSent: (source, bytes) => rows.refuse({ source, bytes }),
    hasNotes() {
      return notes.size() > 0;
    },
    isRead() {
      return readers.count() > 0;
    },
    reserve,
    numbers() {
      return seqs.noted();
    },
    resumeNumbers: seqs.resume,
    writeNotes() {
      shown.beforeCommit();
      const hasSeen = seen;
      seen = false;
      if (!notes.size()) return hasSeen;
      receipts.acknowledge(rows.writeNotes());
      notes.clear();
      return hasSeen;
    },
    undo() {
      senders.forget();
      rows.undo();
      shown.undo();
    },
    readOpen: (of) => (of === "turn" ? [...rows.readTurns(), ...inFlight.items()] : listOpenOffers(shown)),
    count: () => ({ unacknowledged: all.countWaiting() + inFlight.items().length, last: findEnd() }),
    isBeyond: (seq) => seq > seqs.last(),
    find: (event) => findSent(event, { receipts, rows, notes, readers, now: clock.now }),
    onReceive,
  };
}

/** Whether an acknowledgement is of it. */
function isMeant({ seqs, seq, channel }: Parameters<Mailbox["ack"]>[0], item: InboxItem): boolean {
  return seqs?.includes(item.seq) || (seq !== undefined && item.seq <= seq && (channel === undefined || item.channel === channel));
}

/** Polls that wait for something to come. */
function createListeners(): { wakePolls(): void; isPolled(): boolean; onReceive: Mailbox["onReceive"] } {
  const listeners = new Set<() => void>();
  return {
    wakePolls() {
      const woken = [...listeners];
      listeners.clear();
      for (const listener of woken) listener();
    },
    isPolled: () => listeners.size > 0,
    onReceive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** How far an event has come that somebody sent. */
function findSent(
  event: { source: string; id: string },
  of: {
    receipts: ReturnType<typeof createReceipts>;
    rows: ReturnType<typeof createMailRows>;
    notes: ReturnType<typeof createMailNotes>;
    readers: ReturnType<typeof createMailReaders>;
    now(): number;
  },
): Omit<Delivered, "agent"> {
  const receipt = of.receipts.find(event);
  if (receipt) return { status: "acknowledged", at: new Date(receipt.acked).toISOString() };
  const mail = of.rows.findSent(event);
  if (!mail) return { status: "absent" };
  if (of.notes.isAcked(mail.seq)) return { status: "acknowledged", at: new Date(of.now()).toISOString() };
  return { status: of.readers.isHeld(mail.seq) ? "given" : "waiting" };
}
