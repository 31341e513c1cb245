/**
 * One agent's mailbox: events in `seq` order, each given to one reader until it is acknowledged. What is held (one half
 * of an event for several agents) stops all behind it, which keeps causes before effects. Knows rows and readers, not
 * sockets.
 */
import type { CloudEvent } from "../../wire/event.ts";
import type { Channel, InboxItem } from "../../wire/frames.ts";
import { limits } from "../../wire/limits.ts";
import type { Delivered } from "../../wire/routing.ts";
import type { World } from "../host/ports.ts";
import { type Mail, readMail } from "../mail.ts";
import type { Delivery, Envelope } from "../rpc.ts";
import { agentLimits } from "./agent-schema.ts";
import { createGivenTurns } from "./given-turns.ts";
import { createKnownSenders } from "./known-senders.ts";
import { createPassingTurns } from "./passing-turns.ts";
import type { Incoming, Reader } from "./reader.ts";
import { createReceipts } from "./receipts.ts";

export interface Mailbox {
  /**
   * Gives a turn to a connection without storing it. Resolves with undefined when the agent has answered it, or with what
   * must be stored after all: it takes longer, was acknowledged only, or the connection is gone.
   * @returns undefined if it can't be passed on so: then it is to be received
   */
  pass(envelope: Envelope): Promise<Incoming | undefined> | undefined;
  /**
   * Takes envelopes that arrived together: gives to readers at once what may be given, then the caller runs `write` in a
   * transaction and `wake` after it.
   */
  receive(incoming: Incoming[]): { answers: Delivery[]; write(): void; wake(): void };
  /** For a poll: what is unacknowledged after `after`; without it, what no live connection holds. In order. */
  readFree(query: { channels: readonly Channel[]; after?: number; limit: number }): InboxItem[];
  /** Adds readers, newest last, and gives them what no other holds. */
  attach(...readers: Reader[]): void;
  /**
   * Adds a reader that goes on where one that dropped ended: `had` it has already, and holds; of what that one was given
   * besides, it is given what nobody has taken since.
   */
  takeOver(reader: Reader, had: Iterable<number>, missed: Iterable<number>): void;
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
  endPassing(turn: string): void;
  /** Deletes what has expired; within a transaction. */
  expire(): void;
  /** When the next event expires, at the earliest. */
  due(): number | undefined;
  /** The agent is gone: everything goes; within a transaction. */
  clear(): void;
  /** Whether {@link writeNotes} has something to write. */
  readonly hasNotes: boolean;
  writeNotes(): void;
  /** The transaction was undone: what memory holds of it is read anew. */
  undo(): void;
  /** Events of turns that are open, or offers that are, in order. */
  readOpen(of: "turn" | "offer"): InboxItem[];
  /** The event of an offer that is open. */
  findOffer(offer: string): CloudEvent | undefined;
  count(): { unacknowledged: number; last: number };
  /** How far an event has come of which a receipt is kept. */
  find(event: { source: string; id: string }): Omit<Delivered, "agent">;
  /** Where an offer is. */
  locateOffer(offer: string): "absent" | "waiting" | "given" | "acknowledged";
  /** Calls back once when something was received. */
  onReceive(listener: () => void): () => void;
}

interface MailRow {
  [column: string]: string | number | null;
  seq: number;
  channel: string;
  event: string;
  about: string | null;
}

/** @param taken hears of mail that is stored, within the transaction */
export function createMailbox(
  world: World,
  reserved: { from: number; reserve(upTo: number): void },
  later: (milliseconds: number, work: () => void) => void,
  taken: (mail: Mail) => void,
): Mailbox {
  const { storage, clock } = world;
  let nextSeq = reserved.from;
  let reservedTo = reserved.from;
  // Nothing beyond the block was ever shown.
  let lastSeq = reserved.from;
  let firstHeld = readFirstHeld();
  let rowCount = countRows();
  const readers: Reader[] = [];
  const senders = createKnownSenders(storage, clock);
  const given = createGivenTurns();
  const passing = createPassingTurns(clock, later);
  const receipts = createReceipts(storage, clock);
  const listeners = new Set<() => void>();
  let ackedSeqs = new Set<number>();
  let endedTurns: string[] = [];
  /** Turns that were answered lately: one that is stored after its answer is none to show. */
  const answered = new Set<string>();
  /** Left by connections that dropped, with none to take them: for polls that are past their numbers. */
  const returned = new Set<number>();
  let nextExpiry = readNextExpiry();

  function readFirstHeld(): number {
    return storage.exec<{ seq: number | null }>("SELECT min(seq) AS seq FROM mailbox WHERE held = 1")[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  function readNextExpiry(): number {
    return storage.exec<{ at: number | null }>("SELECT min(expires) AS at FROM mailbox WHERE held = 0")[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  function countRows(): number {
    return storage.exec<{ n: number }>("SELECT count(*) AS n FROM mailbox")[0]?.n ?? 0;
  }

  /** The greatest number behind which nothing can appear any more. */
  function findEnd(): number {
    return Math.min(lastSeq, firstHeld - 1);
  }

  function toItem(row: Pick<MailRow, "seq" | "channel" | "event">): InboxItem {
    return { seq: row.seq, channel: row.channel as Channel, event: JSON.parse(row.event) };
  }

  function read({ channels, after, limit }: { channels: readonly Channel[]; after: number; limit: number }): MailRow[] {
    return storage
      .exec<MailRow>(
        `SELECT seq, channel, event, coalesce(turn, offer) AS about FROM mailbox WHERE seq > ? AND seq < ? AND acked = 0 AND channel IN (${channels.map(() => "?").join(",")}) AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
        after,
        Math.min(firstHeld, Number.MAX_SAFE_INTEGER),
        ...channels,
        clock.now(),
        limit + ackedSeqs.size + endedTurns.length,
      )
      .filter(({ seq, about }) => !ackedSeqs.has(seq) && (about === null || !endedTurns.includes(about)))
      .slice(0, limit);
  }

  function toPolled(row: MailRow): InboxItem {
    const item = toItem(row);
    given.note(item.event, clock.now());
    return item;
  }

  function newestFor(channel: Channel): Reader | undefined {
    return readers.findLast((reader) => reader.channels.includes(channel));
  }

  function giveTo(reader: Reader, item: InboxItem, about: string | null): void {
    given.note(item.event, clock.now());
    returned.delete(item.seq);
    reader.held.set(item.seq, about);
    reader.give(item);
  }

  /** Gives the newest event to a reader that has all before it. */
  function giveNewest(reader: Reader, item: InboxItem, about: string | null): void {
    reader.through = Math.max(reader.through, item.seq);
    giveTo(reader, item, about);
  }

  /** What nobody holds any more goes to another connection, or to the next poll. */
  function handOver(seqs: Iterable<number>): void {
    const free = [...seqs].filter((seq) => !ackedSeqs.has(seq));
    if (!free.length) return;
    for (const row of storage.exec<MailRow>(
      "SELECT seq, channel, event, coalesce(turn, offer) AS about FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0 ORDER BY seq",
      JSON.stringify(free),
    )) {
      const other = newestFor(row.channel as Channel);
      if (!other) returned.add(row.seq);
      else if (findRoom(other) > 0) giveTo(other, toItem(row), row.about);
      else {
        // Read again from there once it has room.
        other.through = Math.min(other.through, row.seq - 1);
        other.caughtUp = false;
      }
    }
  }

  function findRoom(reader: Reader): number {
    return reader.ready ? agentLimits.window - reader.held.size : 0;
  }

  /** Gives a reader what waits for it, as far as its window goes. */
  function pump(reader: Reader): void {
    for (;;) {
      const room = findRoom(reader);
      const limit = Math.min(room, agentLimits.pumpRows);
      const rows = room > 0 ? read({ channels: reader.channels, after: reader.through, limit }) : [];
      for (const row of rows) {
        if (!reader.ready) break;
        reader.through = row.seq;
        if (!readers.some((other) => other.held.has(row.seq))) giveTo(reader, toItem(row), row.about);
      }
      if (room > 0 && (rows.length === limit || !reader.ready)) continue;
      reader.caughtUp = room > 0;
      if (reader.caughtUp) reader.through = Math.max(reader.through, findEnd());
      reader.note();
      return;
    }
  }

  /** Nobody holds these any more, which makes room for others. */
  function forgetSeqs(seqs: Iterable<number>): void {
    for (const seq of seqs) for (const reader of readers) reader.held.delete(seq);
  }

  function forgetAbout(about: string): void {
    for (const { held } of readers) for (const [seq, each] of held) if (each === about) held.delete(seq);
  }

  function wakePolls(): void {
    const woken = [...listeners];
    listeners.clear();
    for (const listener of woken) listener();
  }

  function pumpAll(): void {
    for (const reader of [...readers].reverse()) if (!reader.caughtUp) pump(reader);
  }

  function takeSeq(): number {
    nextSeq += 1;
    if (nextSeq > reservedTo) {
      // On disk before a number of the block is shown: what is given after this write waits for it.
      reservedTo = nextSeq + agentLimits.seqBlock;
      reserved.reserve(reservedTo);
    }
    return nextSeq;
  }

  return {
    pass(envelope) {
      const { from, id, phase, message } = envelope;
      const mail = readMail(message);
      const same = mail?.turn === undefined ? undefined : passing.find(mail.turn);
      if (same) return same.envelope.id === id && same.envelope.from === from ? same.settled : undefined;
      if (mail?.turn === undefined || phase !== undefined || firstHeld !== Number.POSITIVE_INFINITY || rowCount >= limits.mailboxRows)
        return undefined;
      const reader = newestFor(mail.channel);
      if (!reader?.caughtUp || findRoom(reader) <= 0 || id <= (senders.read(from)?.last ?? 0)) return undefined;
      const seq = takeSeq();
      lastSeq = seq;
      const item = { seq, channel: mail.channel, event: mail.event };
      giveNewest(reader, item, mail.turn);
      return passing.add(mail.turn, { envelope, item, reader });
    },
    receive(incoming) {
      const late: Reader[] = [];
      const stored: number[] = [];
      const writes: (() => void)[] = [];
      const answers = incoming.map(({ envelope, given }): Delivery => {
        const { from, id, phase, message } = envelope;
        const last = senders.read(from)?.last ?? 0;
        if (phase === "release") {
          const held = senders.read(from)?.held;
          if (last === id && held !== null && held !== undefined)
            writes.push(() => {
              storage.exec("UPDATE mailbox SET held = 0 WHERE seq = ?", held);
              senders.write(from, { last: id, held: null });
              senders.remember(from, { last: id, held: null });
              firstHeld = readFirstHeld();
              for (const reader of readers) reader.caughtUp = false;
            });
          return { status: "stored" };
        }
        if (id <= last) return { status: "stored" };
        const mail = readMail(message);
        if (!mail) return { status: "refused", code: "malformed", detail: `an agent's mailbox takes no ${message.type}` };
        if (rowCount >= limits.mailboxRows) {
          forgetSeqs(deleteRows("DELETE FROM mailbox WHERE offer IS NOT NULL RETURNING seq"));
          if (rowCount >= limits.mailboxRows)
            return { status: "refused", code: "mailbox_full", detail: `${limits.mailboxRows} events wait to be acknowledged` };
        }
        const seq = given?.seq ?? takeSeq();
        rowCount += 1;
        senders.remember(from, { last: id, held: phase === "hold" ? seq : null });
        const held = phase === "hold";
        const event = JSON.stringify(mail.event);
        const item = { seq, channel: mail.channel, event: mail.event };
        const reader = held || seq > firstHeld ? undefined : newestFor(mail.channel);
        lastSeq = Math.max(lastSeq, seq);
        if (given?.acked) writes.push(() => ackedSeqs.add(seq));
        else if (given) stored.push(seq);
        else if (held) firstHeld = Math.min(firstHeld, seq);
        else if (reader?.caughtUp && findRoom(reader) > 0) giveNewest(reader, item, mail.turn ?? mail.offer ?? null);
        else for (const other of readers) if (other.channels.includes(mail.channel)) late.push(other);
        if (mail.ends !== undefined) forgetAbout(mail.ends);
        writes.push(() => writeMail(envelope, mail, seq, held, event));
        return { status: "stored" };
      });
      return {
        answers,
        write() {
          for (const write of writes) write();
        },
        wake() {
          for (const reader of late) reader.caughtUp = false;
          pumpAll();
          // Its connection may have gone while it had no row.
          handOver(stored.filter((seq) => !readers.some((reader) => reader.held.has(seq))));
          wakePolls();
        },
      };
    },
    readFree({ channels, after, limit }) {
      if (after !== undefined) {
        // A connection that dropped leaves what is behind the number that the poll has come to.
        const behind = [...returned].filter((seq) => seq <= after).length ? read({ channels, after: 0, limit: limits.mailboxRows }) : [];
        const left = behind.filter(({ seq }) => seq <= after && returned.delete(seq));
        return [...left, ...read({ channels, after, limit })].slice(0, limit).map(toPolled);
      }
      const held = new Set(readers.flatMap((reader) => [...reader.held.keys()]));
      return read({ channels, after: 0, limit: limit + held.size })
        .filter(({ seq }) => !held.has(seq))
        .slice(0, limit)
        .map(toPolled);
    },
    readHeld: ({ channels, after, through }) =>
      new Map(
        storage
          .exec<{ seq: number; about: string | null }>(
            `SELECT seq, coalesce(turn, offer) AS about FROM mailbox WHERE seq > ? AND seq <= ? AND acked = 0 AND held = 0 AND channel IN (${channels.map(() => "?").join(",")}) ORDER BY seq`,
            after,
            through,
            ...channels,
          )
          .map(({ seq, about }) => [seq, about]),
      ),
    attach(...joining) {
      readers.push(...joining);
      for (const reader of joining.toReversed()) pump(reader);
    },
    takeOver(reader, had, missed) {
      const free = [...had].filter((seq) => returned.delete(seq));
      for (const { seq, about } of storage.exec<Pick<MailRow, "seq" | "about">>(
        "SELECT seq, coalesce(turn, offer) AS about FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0",
        JSON.stringify(free),
      ))
        if (!ackedSeqs.has(seq)) reader.held.set(seq, about);
      readers.push(reader);
      // What comes after its number it reads as everybody does.
      handOver([...missed].filter((seq) => seq <= reader.through && returned.delete(seq)));
      pump(reader);
    },
    pump,
    waitsFor: ({ channels, through, caughtUp }) => !caughtUp && read({ channels, after: through, limit: 1 }).length > 0,
    detach(reader) {
      passing.store((turn) => turn.reader === reader, false);
      const index = readers.indexOf(reader);
      if (index >= 0) readers.splice(index, 1);
      handOver(reader.held.keys());
      wakePolls();
    },
    ack({ seqs, seq, channel }) {
      passing.store(
        ({ item }) =>
          seqs?.includes(item.seq) || (seq !== undefined && item.seq <= seq && (channel === undefined || item.channel === channel)),
        true,
      );
      const acked = [...(seqs ?? [])];
      if (seq !== undefined)
        // What is held has been shown to nobody, whatever number is named.
        for (const row of storage.exec<{ seq: number }>(
          "SELECT seq FROM mailbox WHERE seq <= ? AND acked = 0 AND held = 0 AND (? IS NULL OR channel = ?) ORDER BY seq",
          Math.min(seq, findEnd()),
          channel ?? null,
          channel ?? null,
        ))
          acked.push(row.seq);
      for (const each of acked) if (each < firstHeld) ackedSeqs.add(each);
      for (const each of acked) returned.delete(each);
      forgetSeqs(acked);
      pumpAll();
    },
    givenAt: (turn) => given.find(turn),
    endTurn(turn) {
      forgetAbout(turn);
      answered.add(turn);
      if (answered.size > agentLimits.sendersInMemory) answered.delete(answered.keys().next().value as string);
      if (!passing.end(turn)) endedTurns.push(turn);
      pumpAll();
    },
    endPassing(turn) {
      if (!passing.end(turn)) return;
      forgetAbout(turn);
      pumpAll();
    },
    expire() {
      receipts.expire();
      const now = clock.now();
      if (nextExpiry > now) return;
      forgetSeqs(deleteRows("DELETE FROM mailbox WHERE expires <= ? AND held = 0 RETURNING seq", now));
      nextExpiry = readNextExpiry();
    },
    due: () => (nextExpiry === Number.POSITIVE_INFINITY ? undefined : nextExpiry),
    clear() {
      storage.exec("DELETE FROM mailbox");
      for (const reader of readers) reader.held.clear();
      returned.clear();
      senders.forget();
      firstHeld = Number.POSITIVE_INFINITY;
      nextExpiry = Number.POSITIVE_INFINITY;
      rowCount = 0;
    },
    get hasNotes() {
      return ackedSeqs.size > 0 || endedTurns.length > 0;
    },
    writeNotes() {
      if (endedTurns.length)
        deleteRows("DELETE FROM mailbox WHERE turn IN (SELECT value FROM json_each(?)) RETURNING seq", JSON.stringify(endedTurns));
      if (ackedSeqs.size) {
        const seqs = JSON.stringify([...ackedSeqs]);
        deleteRows(
          "DELETE FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND turn IS NULL AND offer IS NULL RETURNING seq",
          seqs,
        );
        storage.exec("UPDATE mailbox SET acked = 1 WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0", seqs);
        receipts.acknowledge(ackedSeqs);
      }
      // Lost with a transaction that is undone: then what was acknowledged is given once more.
      ackedSeqs = new Set();
      endedTurns = [];
    },
    undo() {
      senders.forget();
      receipts.undo();
      firstHeld = readFirstHeld();
      rowCount = countRows();
      nextExpiry = readNextExpiry();
    },
    readOpen(of) {
      const rows = storage.exec<MailRow>(
        `SELECT seq, channel, event, ${of} AS about FROM mailbox WHERE ${of} IS NOT NULL AND held = 0 AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
        clock.now(),
        limits.mailboxRows,
      );
      const passed = of === "turn" ? passing.items : [];
      return [...rows.filter(({ about }) => about === null || !endedTurns.includes(about)).map(toItem), ...passed];
    },
    findOffer(offer) {
      const row = storage.exec<{ event: string }>("SELECT event FROM mailbox WHERE offer = ?", offer)[0];
      return row && (JSON.parse(row.event) as CloudEvent);
    },
    count() {
      const waiting = storage.exec<{ seq: number; turn: string | null }>(
        "SELECT seq, turn FROM mailbox WHERE acked = 0 AND held = 0 AND (expires IS NULL OR expires > ?)",
        clock.now(),
      );
      const unacknowledged = waiting.filter(({ seq, turn }) => !ackedSeqs.has(seq) && (turn === null || !endedTurns.includes(turn)));
      return { unacknowledged: unacknowledged.length + passing.items.length, last: findEnd() };
    },
    find(event) {
      const receipt = receipts.find(event);
      if (!receipt) return { status: "absent" };
      const { seq, acked } = receipt;
      if (acked !== null) return { status: "acknowledged", at: new Date(acked).toISOString() };
      if (ackedSeqs.has(seq)) return { status: "acknowledged", at: new Date(clock.now()).toISOString() };
      return { status: readers.some(({ held }) => held.has(seq)) ? "given" : "waiting" };
    },
    locateOffer(offer) {
      const [row] = storage.exec<{ seq: number; acked: number }>(
        "SELECT seq, acked FROM mailbox WHERE offer = ? ORDER BY seq DESC LIMIT 1",
        offer,
      );
      if (!row) return "absent";
      if (row.acked || ackedSeqs.has(row.seq)) return "acknowledged";
      return readers.some(({ held }) => held.has(row.seq)) ? "given" : "waiting";
    },
    onReceive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  function deleteRows(sql: string, ...values: (string | number)[]): number[] {
    const seqs = storage.exec<{ seq: number }>(sql, ...values).map(({ seq }) => seq);
    rowCount -= seqs.length;
    return seqs;
  }

  function writeMail(envelope: Envelope, mail: Mail, seq: number, held: boolean, event: string): void {
    senders.write(envelope.from, { last: envelope.id, held: held ? seq : null });
    // Answered before it was stored: only its number is worth keeping. No turn gives or ends a role.
    if (mail.turn !== undefined && answered.has(mail.turn)) {
      rowCount -= 1;
      return;
    }
    nextExpiry = Math.min(nextExpiry, mail.expires ?? Number.POSITIVE_INFINITY);
    storage.exec(
      "INSERT INTO mailbox (seq, channel, event, held, turn, offer, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
      seq,
      mail.channel,
      event,
      held ? 1 : 0,
      mail.turn ?? null,
      mail.offer ?? null,
      mail.expires ?? null,
    );
    if (mail.receipt) receipts.note(mail.event, seq);
    if (mail.ends !== undefined) deleteRows("DELETE FROM mailbox WHERE turn = ? OR offer = ? RETURNING seq", mail.ends, mail.ends);
    if (mail.endsThread !== undefined) {
      // Its tasks are named by it: a turn whose answer was noted in a life that crashed goes now. A broadcast's turn has a time to
      // live of its own, which the thread's end doesn't shorten.
      deleteRows(
        "DELETE FROM mailbox WHERE turn > ? AND turn < ? AND expires IS NULL RETURNING seq",
        `${mail.endsThread}-`,
        `${mail.endsThread}/`,
      );
    }
    taken(mail);
  }
}
