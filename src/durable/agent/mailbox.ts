/**
 * One agent's mailbox: events in `seq` order, each given to one reader until it is acknowledged. What is held (one half
 * of an event for several agents) stops all behind it, which keeps causes before effects. Knows rows and readers, not
 * sockets.
 */
import type { Channel, InboxItem } from "../../wire/frames.ts";
import { limits } from "../../wire/limits.ts";
import type { World } from "../host/ports.ts";
import { type Mail, readMail } from "../mail.ts";
import type { Delivery, Envelope } from "../rpc.ts";
import { agentLimits } from "./agent-schema.ts";

/** A live connection, as the mailbox sees it. */
export interface Reader {
  channels: readonly Channel[];
  /** It has been given nothing up to here, and what it was given since is in `through`. */
  after: number;
  through: number;
  /** Given and not acknowledged. */
  outstanding: number;
  /** Nothing waits for it that it was not given. */
  caughtUp: boolean;
  give(item: InboxItem): void;
  /** `caughtUp` has changed, or `through` while it is not. */
  note(): void;
}

/** What is to be written of mail: as it came, or already given under a number. */
export interface Incoming {
  envelope: Envelope;
  given?: { seq: number; acked: boolean };
}

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
  /** Adds a reader, newest last, and gives it what no other holds. */
  attach(reader: Reader): void;
  /** Removes a reader; what it held goes to another. */
  detach(reader: Reader): void;
  /** Notes acknowledgements; they are written by {@link writeNotes}. */
  ack(ack: { seqs?: number[] | undefined; seq?: number | undefined; channel?: Channel | undefined }, by?: Reader): void;
  /** The turn was answered or is over: its event goes. */
  endTurn(turn: string): void;
  /** Whether {@link writeNotes} has something to write. */
  readonly hasNotes: boolean;
  writeNotes(): void;
  /** The transaction was undone: what memory holds of it is read anew. */
  undo(): void;
  /** Events of turns that are open, or offers that are, in order. */
  readOpen(of: "turn" | "offer"): InboxItem[];
  count(): { unacknowledged: number; last: number };
  /** Calls back once when something was received. */
  onReceive(listener: () => void): () => void;
}

interface MailRow {
  [column: string]: string | number | null;
  seq: number;
  channel: string;
  event: string;
}

export function createMailbox(
  world: World,
  reserved: { from: number; reserve(upTo: number): void },
  later: (milliseconds: number, work: () => void) => void,
): Mailbox {
  const { storage, clock } = world;
  let nextSeq = reserved.from;
  let reservedTo = reserved.from;
  let lastSeq = storage.exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM mailbox")[0]?.seq ?? 0;
  let firstHeld = readFirstHeld();
  let rowCount = storage.exec<{ n: number }>("SELECT count(*) AS n FROM mailbox")[0]?.n ?? 0;
  const readers: Reader[] = [];
  const listeners = new Set<() => void>();
  let ackedSeqs: number[] = [];
  let endedTurns: string[] = [];

  function readFirstHeld(): number {
    return storage.exec<{ seq: number | null }>("SELECT min(seq) AS seq FROM mailbox WHERE held = 1")[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** Senders whose last number is in memory: those of the threads that are busy now. */
  const senders = new Map<string, { last: number; held: number | null }>();

  function readSender(address: string): { last: number; held: number | null } | undefined {
    const known = senders.get(address);
    if (known) return known;
    const row = storage.exec<{ last: number; held_seq: number | null }>("SELECT last, held_seq FROM sender WHERE address = ?", address)[0];
    return row && { last: row.last, held: row.held_seq };
  }

  function remember(address: string, sender: { last: number; held: number | null }): void {
    senders.delete(address);
    senders.set(address, sender);
    if (senders.size > agentLimits.sendersInMemory) senders.delete(senders.keys().next().value as string);
  }

  function toItem(row: MailRow): InboxItem {
    return { seq: row.seq, channel: row.channel as Channel, event: JSON.parse(row.event) };
  }

  function read({ channels, after, limit }: { channels: readonly Channel[]; after: number; limit: number }): InboxItem[] {
    const acked = new Set(ackedSeqs);
    return storage
      .exec<MailRow>(
        `SELECT seq, channel, event FROM mailbox WHERE seq > ? AND seq < ? AND acked = 0 AND channel IN (${channels.map(() => "?").join(",")}) AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
        after,
        Math.min(firstHeld, Number.MAX_SAFE_INTEGER),
        ...channels,
        clock.now(),
        limit + acked.size,
      )
      .filter((row) => !acked.has(row.seq))
      .slice(0, limit)
      .map(toItem);
  }

  /** Turns that a connection was given and that have no row. */
  const passing = new Map<
    string,
    {
      envelope: Envelope;
      item: InboxItem;
      reader: Reader;
      since: number;
      settled: Promise<Incoming | undefined>;
      resolve(incoming: Incoming | undefined): void;
    }
  >();
  let watching = false;

  function store(turn: string, acked: boolean): void {
    const passed = passing.get(turn);
    if (!passed) return;
    passing.delete(turn);
    passed.resolve({ envelope: passed.envelope, given: { seq: passed.item.seq, acked } });
  }

  function watchPassing(): void {
    if (watching) return;
    watching = true;
    later(agentLimits.pass, () => {
      watching = false;
      for (const [turn, { since }] of passing) if (clock.now() - since >= agentLimits.pass) store(turn, false);
      if (passing.size) watchPassing();
    });
  }

  function newestFor(channel: Channel): Reader | undefined {
    return readers.findLast((reader) => reader.channels.includes(channel));
  }

  function holds(reader: Reader, item: { seq: number; channel: Channel }): boolean {
    return reader.channels.includes(item.channel) && item.seq > reader.after && item.seq <= reader.through;
  }

  function giveTo(reader: Reader, item: InboxItem): void {
    reader.through = Math.max(reader.through, item.seq);
    reader.outstanding += 1;
    reader.give(item);
  }

  /** Gives a reader what waits for it, as far as its window goes. */
  function pump(reader: Reader): void {
    for (;;) {
      const room = agentLimits.window - reader.outstanding;
      const items = room > 0 ? read({ channels: reader.channels, after: Math.max(reader.through, reader.after), limit: room }) : [];
      for (const item of items) {
        if (readers.some((other) => other !== reader && holds(other, item))) reader.through = Math.max(reader.through, item.seq);
        else giveTo(reader, item);
      }
      if (room > 0 && items.length === room) continue;
      reader.caughtUp = room > 0;
      reader.note();
      return;
    }
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
      const same = mail?.turn === undefined ? undefined : passing.get(mail.turn);
      if (same) return same.envelope.id === id && same.envelope.from === from ? same.settled : undefined;
      if (mail?.turn === undefined || phase !== undefined || firstHeld !== Number.POSITIVE_INFINITY || rowCount >= limits.mailboxRows)
        return undefined;
      const reader = newestFor(mail.channel);
      if (!reader?.caughtUp || reader.outstanding >= agentLimits.window || id <= (readSender(from)?.last ?? 0)) return undefined;
      const seq = takeSeq();
      lastSeq = seq;
      giveTo(reader, { seq, channel: mail.channel, event: mail.event });
      const { promise, resolve } = Promise.withResolvers<Incoming | undefined>();
      passing.set(mail.turn, {
        envelope,
        item: { seq, channel: mail.channel, event: mail.event },
        reader,
        since: clock.now(),
        settled: promise,
        resolve,
      });
      watchPassing();
      return promise;
    },
    receive(incoming) {
      const late: Reader[] = [];
      const writes: (() => void)[] = [];
      const answers = incoming.map(({ envelope, given }): Delivery => {
        const { from, id, phase, message } = envelope;
        const last = readSender(from)?.last ?? 0;
        if (phase === "release") {
          const held = readSender(from)?.held;
          if (last === id && held !== null && held !== undefined)
            writes.push(() => {
              storage.exec("UPDATE mailbox SET held = 0 WHERE seq = ?", held);
              storage.exec("UPDATE sender SET held_seq = NULL WHERE address = ?", from);
              remember(from, { last: id, held: null });
              firstHeld = readFirstHeld();
              for (const reader of readers) reader.caughtUp = false;
            });
          return { status: "stored" };
        }
        if (id <= last) return { status: "stored" };
        const mail = readMail(message);
        if (!mail) return { status: "refused", code: "malformed", detail: `an agent's mailbox takes no ${message.type}` };
        if (rowCount >= limits.mailboxRows) {
          rowCount -= dropOffers();
          if (rowCount >= limits.mailboxRows)
            return { status: "refused", code: "mailbox_full", detail: `${limits.mailboxRows} events wait to be acknowledged` };
        }
        const seq = given?.seq ?? takeSeq();
        rowCount += 1;
        remember(from, { last: id, held: phase === "hold" ? seq : null });
        const held = phase === "hold";
        const event = JSON.stringify(mail.event);
        const item = { seq, channel: mail.channel, event: mail.event };
        const reader = held || seq > firstHeld ? undefined : newestFor(mail.channel);
        lastSeq = Math.max(lastSeq, seq);
        if (given) writes.push(() => given.acked && ackedSeqs.push(seq));
        else if (held) firstHeld = Math.min(firstHeld, seq);
        else if (reader?.caughtUp && reader.outstanding < agentLimits.window) giveTo(reader, item);
        else for (const other of readers) if (other.channels.includes(mail.channel)) late.push(other);
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
          for (const listener of [...listeners]) listener();
          listeners.clear();
        },
      };
    },
    readFree: ({ channels, after, limit }) =>
      after !== undefined
        ? read({ channels, after, limit })
        : read({ channels, after: 0, limit: limit + agentLimits.window })
            .filter((item) => !readers.some((reader) => holds(reader, item)))
            .slice(0, limit),
    attach(reader) {
      readers.push(reader);
      pump(reader);
    },
    detach(reader) {
      for (const [turn, passed] of passing) if (passed.reader === reader) store(turn, false);
      const index = readers.indexOf(reader);
      if (index >= 0) readers.splice(index, 1);
      for (const item of read({ channels: reader.channels, after: reader.after, limit: agentLimits.window })) {
        if (item.seq > reader.through) break;
        const other = newestFor(item.channel);
        if (other) giveTo(other, item);
      }
    },
    ack({ seqs, seq, channel }, by) {
      for (const [turn, { item }] of passing) if (seqs?.includes(item.seq) || (seq !== undefined && item.seq <= seq)) store(turn, true);
      if (seqs) ackedSeqs.push(...seqs);
      if (seq !== undefined)
        for (const row of storage.exec<{ seq: number }>(
          "SELECT seq FROM mailbox WHERE seq <= ? AND acked = 0 AND (? IS NULL OR channel = ?) ORDER BY seq",
          seq,
          channel ?? null,
          channel ?? null,
        ))
          ackedSeqs.push(row.seq);
      if (!by) return;
      by.outstanding = Math.max(0, by.outstanding - (seqs?.length ?? agentLimits.window));
      if (!by.caughtUp) pump(by);
    },
    endTurn(turn) {
      const passed = passing.get(turn);
      if (!passed) {
        endedTurns.push(turn);
        return;
      }
      passing.delete(turn);
      passed.reader.outstanding = Math.max(0, passed.reader.outstanding - 1);
      passed.resolve(undefined);
    },
    get hasNotes() {
      return ackedSeqs.length > 0 || endedTurns.length > 0;
    },
    writeNotes() {
      if (endedTurns.length)
        rowCount -= storage.exec(
          "DELETE FROM mailbox WHERE turn IN (SELECT value FROM json_each(?)) RETURNING seq",
          JSON.stringify(endedTurns),
        ).length;
      if (ackedSeqs.length) {
        const seqs = JSON.stringify(ackedSeqs);
        rowCount -= storage.exec(
          "DELETE FROM mailbox WHERE seq IN (SELECT value FROM json_each(?)) AND turn IS NULL AND offer IS NULL RETURNING seq",
          seqs,
        ).length;
        storage.exec("UPDATE mailbox SET acked = 1 WHERE seq IN (SELECT value FROM json_each(?)) AND acked = 0", seqs);
      }
      // Lost with a transaction that is undone: then what was acknowledged is given once more.
      ackedSeqs = [];
      endedTurns = [];
    },
    undo() {
      senders.clear();
      firstHeld = readFirstHeld();
    },
    readOpen(of) {
      const rows = storage.exec<MailRow>(
        `SELECT seq, channel, event FROM mailbox WHERE ${of} IS NOT NULL AND held = 0 AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
        clock.now(),
        limits.mailboxRows,
      );
      const passed = of === "turn" ? [...passing.values()].map(({ item }) => item) : [];
      return [...rows.map(toItem), ...passed];
    },
    count: () => ({
      unacknowledged:
        (storage.exec<{ n: number }>("SELECT count(*) AS n FROM mailbox WHERE acked = 0 AND held = 0")[0]?.n ?? 0) + passing.size,
      last: lastSeq,
    }),
    onReceive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  function dropOffers(): number {
    return storage.exec("DELETE FROM mailbox WHERE offer IS NOT NULL RETURNING seq").length;
  }

  function writeMail(envelope: Envelope, mail: Mail, seq: number, held: boolean, event: string): void {
    storage.exec("INSERT OR REPLACE INTO sender VALUES (?, ?, ?, ?)", envelope.from, envelope.id, held ? seq : null, clock.now());
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
    if (mail.ends !== undefined)
      rowCount -= storage.exec("DELETE FROM mailbox WHERE turn = ? OR offer = ? RETURNING seq", mail.ends, mail.ends).length;
    const { seat } = mail;
    if (seat?.held) storage.exec("INSERT OR REPLACE INTO seat VALUES (?, ?, ?, ?)", seat.thread, seat.role, seat.workflow, seat.generation);
    else if (seat)
      storage.exec("DELETE FROM seat WHERE thread = ? AND role = ? AND generation <= ?", seat.thread, seat.role, seat.generation);
  }
}
