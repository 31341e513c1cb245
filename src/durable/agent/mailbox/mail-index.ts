/**
 * One agent's mail as documents: an event is put once and deleted once. Of each, memory has a few facts, never its event; what is
 * acknowledged and kept, or held, is one small document for all. Knows no reader.
 */
import type { Channel } from "../../../contract/channels.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import { type Indexed, numberKey, type Resident } from "../../host/store/collections.ts";
import { createMailRoom, type MailRoom, type RoomTaken } from "./mail-room.ts";

/** What memory has of mail. */
export interface MailFacts {
  channel: Channel;
  /** The turn that it gives. */
  turn?: string;
  /** Milliseconds since the epoch. */
  expires?: number;
  /** Who sent it, and its id, where that sender may ask what became of it. */
  source?: string;
  id?: string;
  /** Of such mail: the event's size. */
  bytes?: number;
}

export interface StoredMail extends MailFacts {
  event: CloudEvent;
}

/** What has become of mail that is there: numbers of what is acknowledged and kept; and of what is held, with who sent it. */
export interface MailMarks {
  acked: number[];
  held: { [seq: string]: string };
}

export interface MailEntry extends Readonly<MailFacts> {
  readonly seq: number;
  acked: boolean;
  /** The address that it is held for: one half of an event for several agents is here. */
  heldFrom: string | undefined;
}

export interface MailIndex {
  /** In order. */
  list(): Iterable<MailEntry>;
  find(seq: number): MailEntry | undefined;
  /** With their events: one query. */
  readEvents(entries: readonly MailEntry[]): [entry: MailEntry, event: CloudEvent][];
  /** The first number that is held, which stops all behind it; infinite: none is. */
  firstHeld(): number;
  /** When the first expires of what is not held; infinite: none does. */
  nextExpiry(): number;
  room(): Pick<MailRoom, "rows" | "refuse">;
  /** Counts mail that the caller's transaction is about to put. */
  expect(seq: number, isHeld: boolean, taken: RoomTaken): void;
  /** Mail that was expected is not put. */
  forgo(taken: RoomTaken): void;
  /** Puts mail that was {@link MailIndex.expect}ed; within a transaction. @param heldFrom who sent it, if it is held */
  put(seq: number, mail: StoredMail, heldFrom: string | undefined): void;
  /** Memory forgets these. They are deleted by {@link MailIndex.delete}. */
  forget(entries: readonly MailEntry[]): void;
  /** Forgets and deletes; within a transaction. @returns their numbers */
  delete(entries: readonly MailEntry[]): number[];
  /** Deletes what was forgotten; within a transaction. */
  deleteForgotten(seqs: readonly number[]): void;
  /** Writes what was acknowledged or is held; within a transaction. */
  saveMarks(): void;
  /** What an address has held is shown from now on; within a transaction. @returns whether there was something */
  release(from: string): boolean;
  clear(): void;
  /** The transaction was rolled back. */
  undo(): void;
}

export interface MailDocuments {
  mail: Indexed<StoredMail, MailFacts>;
  marks: Resident<MailMarks>;
}

interface Memory {
  bySeq: Map<number, MailEntry>;
  /** The number that was put last, and whether all are in order: a turn that was given first may be put later. */
  last: number;
  isSorted: boolean;
  firstHeld: number;
  nextExpiry: number;
  room: MailRoom;
}

export function createMailIndex({ mail, marks }: MailDocuments): MailIndex {
  let memory: Memory | undefined;

  function load(): Memory {
    if (memory) return memory;
    const { acked, held } = marks.get("") ?? { acked: [], held: {} };
    const isAcked = new Set(acked);
    const room = createMailRoom();
    const bySeq = new Map<number, MailEntry>();
    for (const [key, facts] of mail.entries()) {
      const seq = Number(key);
      bySeq.set(seq, { ...facts, seq, acked: isAcked.has(seq), heldFrom: held[seq] });
      room.add(toTaken(facts));
    }
    const never = Number.POSITIVE_INFINITY;
    memory = { bySeq, last: [...bySeq.keys()].at(-1) ?? 0, isSorted: true, room, firstHeld: never, nextExpiry: never };
    findTimes(memory);
    return memory;
  }

  function forget(entries: readonly MailEntry[]): void {
    const { bySeq, room } = load();
    for (const entry of entries) if (bySeq.delete(entry.seq)) room.remove(toTaken(entry));
  }

  function deleteForgotten(seqs: readonly number[]): void {
    for (const seq of seqs) mail.delete(numberKey(seq));
  }

  function saveMarks(): void {
    const acked: number[] = [];
    const held: MailMarks["held"] = {};
    for (const entry of load().bySeq.values()) {
      if (entry.acked) acked.push(entry.seq);
      if (entry.heldFrom !== undefined) held[entry.seq] = entry.heldFrom;
    }
    if (acked.length || Object.keys(held).length) marks.put("", { acked, held });
    else marks.delete("");
  }

  return {
    list() {
      const of = load();
      if (!of.isSorted) of.bySeq = new Map([...of.bySeq].sort(([a], [b]) => a - b));
      of.isSorted = true;
      return of.bySeq.values();
    },
    find: (seq) => load().bySeq.get(seq),
    readEvents(entries) {
      const found = new Map(mail.readMany(entries.map(({ seq }) => numberKey(seq))).map(([key, { event }]) => [Number(key), event]));
      return entries.flatMap((entry): [MailEntry, CloudEvent][] => {
        const event = found.get(entry.seq);
        return event ? [[entry, event]] : [];
      });
    },
    firstHeld() {
      return load().firstHeld;
    },
    nextExpiry() {
      return load().nextExpiry;
    },
    room() {
      return load().room;
    },
    expect(seq, isHeld, taken) {
      const of = load();
      of.room.add(taken);
      if (isHeld) of.firstHeld = Math.min(of.firstHeld, seq);
    },
    forgo: (taken) => load().room.remove(taken),
    put(seq, { event, ...facts }, heldFrom) {
      const of = load();
      of.isSorted &&= seq > of.last;
      of.last = Math.max(of.last, seq);
      of.bySeq.set(seq, { ...facts, seq, acked: false, heldFrom });
      mail.put(numberKey(seq), { ...facts, event });
      if (heldFrom === undefined) {
        of.nextExpiry = Math.min(of.nextExpiry, facts.expires ?? Number.POSITIVE_INFINITY);
        return;
      }
      of.firstHeld = Math.min(of.firstHeld, seq);
      saveMarks();
    },
    forget,
    delete(entries) {
      forget(entries);
      const seqs = entries.map(({ seq }) => seq);
      deleteForgotten(seqs);
      const of = load();
      if (entries.some(({ expires }) => expires === of.nextExpiry)) findTimes(of);
      return seqs;
    },
    deleteForgotten,
    saveMarks,
    release(from) {
      const of = load();
      const held = [...of.bySeq.values()].filter(({ heldFrom }) => heldFrom === from);
      for (const entry of held) entry.heldFrom = undefined;
      if (!held.length) return false;
      findTimes(of);
      saveMarks();
      return true;
    },
    clear() {
      mail.clear();
      marks.clear();
      memory = undefined;
    },
    undo() {
      memory = undefined;
    },
  };
}

function toTaken({ source, bytes = 0 }: MailFacts): RoomTaken {
  return { source: source ?? null, bytes };
}

/** What is held first, and what expires first. */
function findTimes(of: Memory): void {
  of.firstHeld = Number.POSITIVE_INFINITY;
  of.nextExpiry = Number.POSITIVE_INFINITY;
  for (const { seq, heldFrom, expires } of of.bySeq.values()) {
    if (heldFrom !== undefined) of.firstHeld = Math.min(of.firstHeld, seq);
    else if (expires !== undefined) of.nextExpiry = Math.min(of.nextExpiry, expires);
  }
}
