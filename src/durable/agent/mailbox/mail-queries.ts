/**
 * What of one agent's mailbox can be read. What was noted as acknowledged or answered and is not written yet counts as written. Knows
 * one table, and changes nothing.
 */
import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import { limits } from "../../../contract/limits.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { MailNotes } from "./mail-notes.ts";

export interface MailRow {
  [column: string]: string | number | null;
  seq: number;
  channel: string;
  event: string;
  /** The turn or offer that it is about. */
  about: string | null;
}

export interface MailQueries {
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
}

export function toItem(row: Pick<MailRow, "seq" | "channel" | "event">): InboxItem {
  return { seq: row.seq, channel: row.channel as Channel, event: JSON.parse(row.event) };
}

/** @param findFirstHeld the first number that is held, which stops all behind it */
export function createMailQueries(storage: Storage, clock: Clock, notes: MailNotes, findFirstHeld: () => number): MailQueries {
  return {
    read: ({ channels, after, limit }) =>
      storage
        .exec<MailRow>(
          `SELECT seq, channel, event, coalesce(turn, offer) AS about FROM mailbox WHERE seq > ? AND seq < ? AND acked = 0 AND channel IN (${channels.map(() => "?").join(",")}) AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?`,
          after,
          Math.min(findFirstHeld(), Number.MAX_SAFE_INTEGER),
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
  };
}
