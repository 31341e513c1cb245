/**
 * What comes into one agent's mailbox: mail that is stored, given to a reader at once where nothing is before it; and turns that are
 * given without being stored, for an agent that answers at once.
 */
import { limits } from "../../../contract/limits.ts";
import type { Committer } from "../../host/committer.ts";
import { refuseOver } from "../../host/inbox.ts";
import { answerUnknown } from "../../host/take-envelope.ts";
import { type Mail, readMail } from "../../protocol/agent.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { ShowOffers } from "../offers/show-offers.ts";
import type { ShownOffers } from "../offers/shown-offers.ts";
import type { Dedup } from "./dedup.ts";
import type { MailNotes } from "./mail-notes.ts";
import type { MailReaders } from "./mail-readers.ts";
import { measureMail, type RoomTaken } from "./mail-room.ts";
import type { MailRows } from "./mail-rows.ts";
import type { Incoming } from "./reader.ts";
import type { SeqNumbers } from "./seq-numbers.ts";
import type { TurnsInFlight } from "./turns-in-flight.ts";

export interface MailReceiving {
  /**
   * Gives a turn to a connection without storing it. Resolves with undefined when the agent has answered it, or with what
   * must be stored after all: it takes longer, was acknowledged only, or the connection is gone.
   * @returns undefined if it can't be passed on so: then it is to be received
   */
  pass(envelope: Envelope): Promise<Incoming | undefined> | undefined;
  /**
   * Takes what a connection is given at once, or holds, and writes it with the next commit: what several threads tell is one.
   * @returns undefined if it must be received
   */
  takeLate(incoming: Incoming): Delivery | undefined;
  /**
   * Takes envelopes that arrived together: gives to readers at once what may be given, then the caller runs `write` in a
   * transaction, if there is something to write, and `wake` after it.
   */
  receive(incoming: Incoming[]): { answers: Delivery[]; readonly hasWrites: boolean; write(): void; wake(): void };
  /** A turn that has no row goes. @returns whether there was one */
  dropInFlight(turn: string): boolean;
}

export interface MailReceivingPorts {
  seqs: SeqNumbers;
  senders: Dedup;
  inFlight: TurnsInFlight;
  notes: MailNotes;
  rows: MailRows;
  readers: MailReaders;
  offers: ShowOffers;
  shown: Pick<ShownOffers, "noteMailed" | "size" | "drop">;
  /** Hears of mail that is stored, within the transaction. */
  stored(mail: Mail): void;
  /** Polls look again. */
  wakePolls(): void;
  /** Whether a poll waits. */
  isPolled(): boolean;
  /** Writes with the next commit, before anything leaves that follows from it; absent: each commit is written by itself. */
  late?: Pick<Committer, "commitLate"> | undefined;
}

/** Whether a connection is given the mail at once, or holds it, and nothing but its row is to be written. */
function mayComeLate({ envelope, given }: Incoming, { rows, seqs, readers }: MailReceivingPorts): boolean {
  const mail = readMail(envelope.message);
  if (!mail || envelope.phase !== undefined) return false;
  // Of these somebody may ask, or something comes of its time.
  if (mail.offer !== undefined || mail.receipt || mail.expires !== undefined) return false;
  if (given) return given.acked || readers.isHeld(given.seq);
  if (mail.turn !== undefined || rows.firstHeld() !== Number.POSITIVE_INFINITY) return false;
  return seqs.hasReserved() && readers.findReady(mail.channel) !== undefined;
}

function answerNoMail({ park, message: { type } }: Envelope): Delivery {
  if (!park) return answerUnknown("an agent's mailbox", type);
  return { status: "refused", code: "unknown_message", detail: `an agent's mailbox takes no ${type}` };
}

/** Why there is none; undefined: there is. */
function makeRoom(taken: RoomTaken, { rows, readers, shown }: MailReceivingPorts): string | undefined {
  const why = rows.refuse(taken);
  if (why !== undefined) return why;
  // Offers are the least of what waits.
  if (rows.isFull(shown.size())) readers.forgetSeqs(shown.drop());
  return rows.isFull() ? `${limits.mailboxRows} events wait to be acknowledged` : undefined;
}

function openMailed(offer: Parameters<ShowOffers["open"]>[0], { seqs, offers, shown }: MailReceivingPorts): void {
  if (!seqs.hasReserved()) seqs.reserve(seqs.last() + 1);
  offers.open(offer, true);
  shown.noteMailed(offer.offer);
}

export function createMailReceiving(ports: MailReceivingPorts): MailReceiving {
  const { seqs, senders, inFlight, notes, rows, readers, offers, stored, wakePolls, isPolled, late } = ports;

  function dropInFlight(turn: string): boolean {
    const ended = inFlight.end(turn);
    if (ended) readers.forgetAbout(turn);
    return ended;
  }

  function writeMail(envelope: Envelope, mail: Mail, seq: number, held: boolean, taken: RoomTaken): void {
    seqs.reserve(seq);
    senders.write(envelope);
    if (mail.turn !== undefined) inFlight.stored(mail.turn);
    // The turn was answered before it was stored: only its number must be kept. Turns never change assignments.
    if (notes.isAnswered(mail.turn)) {
      rows.forgo(taken);
      return;
    }
    readers.forgetSeqs(rows.write(mail, seq, held ? envelope.from : undefined, taken));
    stored(mail);
  }

  /** Adds to `writes` what the caller's transaction is to write, and to `withRow` a turn that was given before it had a row. */
  function receiveOne({ envelope, given }: Incoming, withRow: number[], writes: (() => void)[]): Delivery {
    const { from, phase } = envelope;
    if (phase === "release") {
      if (senders.isLast(envelope))
        writes.push(() => {
          if (rows.release(from)) readers.recheck();
        });
      return { status: "stored" };
    }
    const known = refuseOver(senders, envelope) ?? (senders.isKnown(envelope) ? { status: "stored" } : undefined);
    if (known) return known;
    const mail = readMail(envelope.message);
    if (!mail) return answerNoMail(envelope);
    if (mail.offer !== undefined) {
      // A thread of an earlier version mails its offers.
      const { offer, event, expires = Number.MAX_SAFE_INTEGER } = mail;
      senders.remember(envelope);
      writes.push(() => {
        senders.write(envelope);
        openMailed({ offer, event, expires }, ports);
      });
      return { status: "stored" };
    }
    const taken = measureMail(mail);
    const why = makeRoom(taken, ports);
    if (why !== undefined) return { status: "refused", code: "mailbox_full", detail: why };
    if (mail.again && mail.turn !== undefined) dropInFlight(mail.turn);
    const seq = given?.seq ?? seqs.take();
    const held = phase === "hold";
    rows.expect(seq, held, taken);
    senders.remember(envelope);
    // A number that is not reserved yet is shown once it is.
    const reader = held || seq > rows.firstHeld() || !seqs.isReserved(seq) ? undefined : readers.findReady(mail.channel);
    seqs.note(seq);
    if (given?.acked) writes.push(() => notes.noteAcked(seq));
    else if (given) withRow.push(seq);
    else if (reader) readers.giveNewest(reader, { seq, channel: mail.channel, event: mail.event }, mail.turn ?? null);
    // Nobody took it: mark the channel's readers as behind now, so that later mail can't overtake it even if there is room again.
    else if (!held) readers.recheck(mail.channel);
    if (mail.ends !== undefined) {
      readers.forgetAbout(mail.ends);
      offers.end(mail.ends);
    }
    writes.push(() => writeMail(envelope, mail, seq, held, taken));
    return { status: "stored" };
  }

  return {
    pass(envelope) {
      const { from, id, phase, message } = envelope;
      const mail = readMail(message);
      const same = mail?.turn === undefined ? undefined : inFlight.find(mail.turn);
      if (same) return same.envelope.id === id && same.envelope.from === from ? same.settled : undefined;
      // A turn that is given again replaces its earlier row, so it must be stored.
      if (mail?.turn === undefined || mail.again || phase !== undefined || rows.firstHeld() !== Number.POSITIVE_INFINITY || rows.isFull())
        return undefined;
      if (!seqs.hasReserved()) return undefined;
      const reader = readers.findReady(mail.channel);
      if (!reader || senders.isKnown(envelope)) return undefined;
      const seq = seqs.take();
      seqs.note(seq);
      const item = { seq, channel: mail.channel, event: mail.event };
      readers.giveNewest(reader, item, mail.turn);
      return inFlight.add(mail.turn, { envelope, item, reader });
    },
    takeLate(incoming) {
      if (!late || isPolled() || !mayComeLate(incoming, ports)) return undefined;
      const writes: (() => void)[] = [];
      const answer = receiveOne(incoming, [], writes);
      for (const write of writes) late.commitLate(write);
      return answer;
    },
    receive(incoming) {
      const withRow: number[] = [];
      const writes: (() => void)[] = [];
      const answers: Delivery[] = [];
      for (const each of incoming) {
        const isCutOff = each.isBehind && answers.at(-1)?.status !== "stored";
        answers.push(isCutOff ? { status: "later", detail: "the one before it was not taken" } : receiveOne(each, withRow, writes));
      }
      return {
        answers,
        hasWrites: writes.length > 0,
        write() {
          for (const write of writes) write();
        },
        wake() {
          readers.pumpAll();
          // The connection may have closed while the turn had no row.
          readers.handOver(withRow.filter((seq) => !readers.isHeld(seq)));
          wakePolls();
        },
      };
    },
    dropInFlight,
  };
}
