/**
 * Who is given which event of a mailbox: each is with one reader until it is acknowledged, or free for a poll. Knows rows by
 * what they answer, and no transaction.
 */

import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import { agentLimits } from "../agent-schema.ts";
import { type MailRow, toItem } from "./mail-queries.ts";
import type { MailRows } from "./mail-rows.ts";
import type { Reader } from "./reader.ts";
import { createReturnedMail } from "./returned-mail.ts";

export interface MailReaders {
  /** Connections that read. */
  count(): number;
  /** What is to be noted of the mailbox's numbers has changed. */
  noteNumbers(): void;
  /** The newest reader of the channel, if it has all that is there and takes one more. */
  findReady(channel: Channel): Reader | undefined;
  /** Gives the newest event to a reader that has all before it. */
  giveNewest(reader: Reader, item: InboxItem, about: string | null): void;
  /** What nobody holds any more goes to another connection, or to the next poll. */
  handOver(seqs: Iterable<number>): void;
  /** Something new waits for readers of this channel; absent: of any. They read it when they are pumped. */
  recheck(channel?: Channel): void;
  /** Gives a reader what waits for it, as far as its window goes. */
  pump(reader: Reader): void;
  /** {@link pump}s all that something waits for, the newest first. */
  pumpAll(): void;
  waitsFor(reader: Reader): boolean;
  attach(readers: readonly Reader[]): void;
  takeOver(reader: Reader, had: Iterable<number>): void;
  detach(reader: Reader): void;
  /** For a poll. */
  readFree(query: { channels: readonly Channel[]; after?: number; limit: number }): InboxItem[];
  isHeld(seq: number): boolean;
  /** These are acknowledged: nobody holds them and no poll gets them. */
  settle(seqs: readonly number[]): void;
  /** Nobody holds these any more, which makes room for others. */
  forgetSeqs(seqs: Iterable<number>): void;
  forgetAbout(about: string): void;
  clear(): void;
}

export interface MailReadersPorts {
  rows: Pick<MailRows, "read" | "has" | "readSome" | "readAbout">;
  /** The greatest number behind which nothing can appear any more. */
  findEnd(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** An event is on its way to a reader or a poll. */
  given(event: CloudEvent): void;
}

export function createMailReaders({ rows, findEnd, now, given }: MailReadersPorts): MailReaders {
  const readers: Reader[] = [];
  const returned = createReturnedMail(rows, now);

  function newestFor(channel: Channel): Reader | undefined {
    return readers.findLast((reader) => reader.channels.includes(channel));
  }

  function isHeld(seq: number): boolean {
    return readers.some(({ held }) => held.has(seq));
  }

  function giveTo(reader: Reader, item: InboxItem, about: string | null): void {
    given(item.event);
    returned.take(item.seq);
    reader.held.set(item.seq, about);
    reader.give(item);
  }

  function handOver(seqs: Iterable<number>): void {
    const free = [...seqs];
    if (!free.length) return;
    for (const row of rows.readSome(free)) {
      const other = newestFor(row.channel);
      if (!other) returned.add(row.seq);
      else if (findRoom(other) > 0) giveTo(other, toItem(row), row.about);
      else {
        // Go on reading from there once the reader has room.
        other.through = Math.min(other.through, row.seq - 1);
        other.caughtUp = false;
      }
    }
  }

  function pump(reader: Reader): void {
    for (;;) {
      const room = findRoom(reader);
      const limit = Math.min(room, agentLimits.pumpRows);
      const waiting = room > 0 ? rows.read({ channels: reader.channels, after: reader.through, limit }) : [];
      for (const row of waiting) {
        if (!reader.ready()) break;
        reader.through = row.seq;
        if (!isHeld(row.seq)) giveTo(reader, toItem(row), row.about);
      }
      if (room > 0 && (waiting.length === limit || !reader.ready())) continue;
      reader.caughtUp = room > 0;
      if (reader.caughtUp) reader.through = Math.max(reader.through, findEnd());
      reader.note();
      return;
    }
  }

  /** What no live connection holds. */
  function readUnheld({ channels, limit }: { channels: readonly Channel[]; limit: number }): MailRow[] {
    const held = new Set(readers.flatMap((reader) => [...reader.held.keys()]));
    return rows.read({ channels, after: 0, limit, only: (seq) => !held.has(seq) });
  }

  function forgetSeqs(seqs: Iterable<number>): void {
    for (const seq of seqs) for (const reader of readers) reader.held.delete(seq);
  }

  return {
    count: () => readers.length,
    noteNumbers: () => void readers.map((reader) => reader.noteNumbers?.()),
    findReady(channel) {
      const reader = newestFor(channel);
      return reader?.caughtUp && findRoom(reader) > 0 ? reader : undefined;
    },
    giveNewest(reader, item, about) {
      reader.through = Math.max(reader.through, item.seq);
      giveTo(reader, item, about);
    },
    handOver,
    recheck(channel) {
      for (const reader of readers) if (channel === undefined || reader.channels.includes(channel)) reader.caughtUp = false;
    },
    pump,
    pumpAll() {
      for (const reader of [...readers].reverse()) if (!reader.caughtUp) pump(reader);
    },
    waitsFor: ({ channels, through, caughtUp }) => !caughtUp && rows.has({ channels, after: through }),
    attach(joining) {
      readers.push(...joining);
      for (const reader of joining.toReversed()) pump(reader);
    },
    takeOver(reader, had) {
      const free = [...had].filter((seq) => returned.take(seq));
      for (const { seq, about } of rows.readAbout(free)) reader.held.set(seq, about);
      readers.push(reader);
      // Items after its number are read by any rule; unacknowledged ones before it were given to another connection.
      handOver(returned.listThrough(reader.through));
      pump(reader);
    },
    detach(reader) {
      const index = readers.indexOf(reader);
      if (index >= 0) readers.splice(index, 1);
      handOver(reader.held.keys());
    },
    readFree: (query) =>
      (query.after === undefined ? readUnheld(query) : returned.lendBefore(query.after, query)).map((row) => {
        const item = toItem(row);
        given(item.event);
        return item;
      }),
    isHeld,
    settle(seqs) {
      for (const seq of seqs) returned.take(seq);
      forgetSeqs(seqs);
    },
    forgetSeqs,
    forgetAbout(about) {
      for (const { held } of readers) for (const [seq, each] of held) if (each === about) held.delete(seq);
    },
    clear() {
      for (const reader of readers) reader.held.clear();
      returned.clear();
    },
  };
}

/** How many more it takes. */
function findRoom(reader: Reader): number {
  return reader.ready() ? agentLimits.window - reader.held.size : 0;
}
