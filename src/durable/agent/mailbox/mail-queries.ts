/**
 * What of one agent's mailbox can be read. What was noted as acknowledged or answered and is not written yet counts as written.
 * Looks at the facts in memory, reads the events of what it gives, and changes nothing.
 */
import type { Channel } from "../../../contract/channels.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import { limits } from "../../../contract/limits.ts";
import type { Clock } from "../../host/ports.ts";
import type { MailEntry, MailIndex } from "./mail-index.ts";
import type { MailNotes } from "./mail-notes.ts";

export interface MailRow extends InboxItem {
  /** The turn or offer that it is about. */
  about: string | null;
}

/** Which mail is read. */
export interface MailQuery {
  channels: readonly Channel[];
  /** Excluded. */
  after: number;
  limit: number;
  /** Absent: all. */
  only?: (seq: number) => boolean;
}

export interface MailQueries {
  /** Unacknowledged events of the channels behind a number, as far as nothing is held, in order. */
  read(query: MailQuery): MailRow[];
  /** Whether {@link MailQueries.read} would find something. */
  has(query: Omit<MailQuery, "limit">): boolean;
  /** Those of the numbers that are not acknowledged, in order. */
  readSome(seqs: readonly number[]): MailRow[];
  /** As {@link readSome}, without the events: many of the largest would not fit into memory. */
  readAbout(seqs: readonly number[]): Pick<MailRow, "seq" | "about">[];
  /** What was unacknowledged between two numbers when it was last written. */
  readBetween(of: { channels: readonly Channel[]; after: number; through: number }): Pick<MailRow, "seq" | "about">[];
  /** The numbers that an acknowledgement of all through a number is for. */
  listThrough(seq: number, channel: Channel | undefined): number[];
  /** Events of turns that are open. */
  readTurns(): InboxItem[];
  countWaiting(): number;
  /** How an event stands that somebody sent; undefined: it is not here. */
  findSent(event: { source: string; id: string }): MailEntry | undefined;
}

export function toItem({ seq, channel, event }: MailRow): InboxItem {
  return { seq, channel, event };
}

const aboutOf = ({ turn }: MailEntry): string | null => turn ?? null;

export function createMailQueries(index: MailIndex, clock: Clock, notes: MailNotes): MailQueries {
  const isAcked = ({ seq, acked }: MailEntry): boolean => acked || notes.isAcked(seq);
  const isLive = ({ expires }: MailEntry, now: number): boolean => expires === undefined || expires > now;

  function select(limit: number, isWanted: (entry: MailEntry) => boolean): MailEntry[] {
    const found: MailEntry[] = [];
    if (limit <= 0) return found;
    for (const entry of index.list()) {
      if (isWanted(entry)) found.push(entry);
      if (found.length === limit) break;
    }
    return found;
  }

  function selectWaiting({ channels, after, limit, only }: MailQuery): MailEntry[] {
    const now = clock.now();
    const end = index.firstHeld();
    return select(limit, (entry) => {
      const { seq, channel } = entry;
      if (seq <= after || seq >= end || !channels.includes(channel) || isAcked(entry) || !isLive(entry, now)) return false;
      return !notes.isEnded(aboutOf(entry)) && (only === undefined || only(seq));
    });
  }

  function selectSome(seqs: readonly number[]): MailEntry[] {
    const found = seqs.flatMap((seq) => index.find(seq) ?? []).filter((entry) => !isAcked(entry));
    return found.sort((a, b) => a.seq - b.seq);
  }

  function readRows(entries: readonly MailEntry[]): MailRow[] {
    return index.readEvents(entries).map(([entry, event]) => ({ seq: entry.seq, channel: entry.channel, event, about: aboutOf(entry) }));
  }

  const withoutEvents = (entries: readonly MailEntry[]): Pick<MailRow, "seq" | "about">[] =>
    entries.map((entry) => ({ seq: entry.seq, about: aboutOf(entry) }));

  const all = Number.POSITIVE_INFINITY;

  return {
    read: (query) => readRows(selectWaiting(query)),
    has: (query) => selectWaiting({ ...query, limit: 1 }).length > 0,
    readSome: (seqs) => readRows(selectSome(seqs)),
    readAbout: (seqs) => withoutEvents(selectSome(seqs)),
    readBetween: ({ channels, after, through }) =>
      withoutEvents(
        select(all, ({ seq, acked, heldFrom, channel }) => {
          return seq > after && seq <= through && !acked && heldFrom === undefined && channels.includes(channel);
        }),
      ),
    listThrough: (through, wanted) =>
      select(all, ({ seq, acked, heldFrom, channel }) => {
        return seq <= through && !acked && heldFrom === undefined && (wanted === undefined || channel === wanted);
      }).map(({ seq }) => seq),
    readTurns() {
      const now = clock.now();
      return readRows(
        select(limits.mailboxRows, (entry) => {
          return entry.turn !== undefined && entry.heldFrom === undefined && isLive(entry, now) && !notes.isEnded(entry.turn);
        }),
      ).map(toItem);
    },
    countWaiting() {
      const now = clock.now();
      return select(all, (entry) => {
        return entry.heldFrom === undefined && !isAcked(entry) && isLive(entry, now) && !notes.isEnded(entry.turn ?? null);
      }).length;
    },
    findSent: ({ source, id }) => select(1, (entry) => entry.source === source && entry.id === id)[0],
  };
}
