/**
 * An owner's journal: what each of its events led to, in order. Whoever reads on from it, such as the outbox, has a cursor, which
 * rides along with the next entry. Knows no entry's content.
 */
import type { Storage } from "../ports.ts";
import type { Staging } from "./staging.ts";

export interface JournalRow<Entry> {
  seq: number;
  /** Milliseconds since the epoch. */
  at: number;
  entry: Entry;
}

export interface JournalRange {
  /** Excluded. */
  after: number;
  /** Included. */
  through?: number;
  limit: number;
  /** The newest first. */
  reverse?: boolean;
}

export interface Journal<Entry> {
  /** Number of the last entry; 0: there is none. */
  readonly last: number;
  /** Adds an entry to the present transaction. @returns its number */
  append(entry: Entry, at: number): number;
  /** Entries that were committed. */
  read(range: JournalRange): JournalRow<Entry>[];
  /** As far as a reader has come, as memory has it. */
  position(cursor: string): number;
  /** A reader has come to there. Memory only: the next entry carries it. */
  move(cursor: string, seq: number): void;
  /** Whether a reader has moved and no entry has carried it yet. */
  readonly hasMoved: boolean;
  /** Writes where the readers are, in the present transaction: where no entry follows that would carry it. */
  save(): void;
  /** What a reader keeps of the entry that it is at, such as its attempts; undefined: nothing. */
  readNote(cursor: string): { seq: number; body: string } | undefined;
  /** Keeps it, in the present transaction. */
  note(cursor: string, note: { seq: number; body: string } | undefined): void;
  /** Deletes entries up to there but the last, whose number must not be given twice; within a transaction. */
  trim(through: number): void;
}

/** Where readers are is kept under this name of a cursor: it is no reader's. */
const positionsName = "";

type Positions = Record<string, number>;

export interface JournalMemory {
  /** The transaction held, or did not. */
  settle(held: boolean): void;
}

export function createJournal<Entry>(ports: {
  storage: Storage;
  owner: string;
  staging: Staging;
  isEmpty(): boolean;
}): Journal<Entry> & JournalMemory {
  const { storage, owner, staging, isEmpty } = ports;
  let memory: { last: number; positions: Positions; saved: Positions; notes: Map<string, { seq: number; body: string }> } | undefined;
  let staged: { last: number; saved: Positions } | undefined;
  let stagedNotes = new Map<string, { seq: number; body: string } | undefined>();

  function load(): NonNullable<typeof memory> {
    if (memory) return memory;
    const notes = new Map<string, { seq: number; body: string }>();
    const positions: Positions = {};
    let last = 0;
    if (!isEmpty()) {
      const raise = (text: string | undefined): void => {
        for (const [name, seq] of Object.entries(JSON.parse(text ?? "{}") as Positions))
          positions[name] = Math.max(positions[name] ?? 0, seq);
      };
      const newest = storage.exec<{ seq: number; cursors: string }>(
        "SELECT seq, cursors FROM journal WHERE owner = ? ORDER BY seq DESC LIMIT 1",
        owner,
      )[0];
      last = newest?.seq ?? 0;
      raise(newest?.cursors);
      for (const { name, seq, body } of storage.exec<{ name: string; seq: number; body: string }>(
        "SELECT name, seq, body FROM cursor WHERE owner = ?",
        owner,
      )) {
        if (name === positionsName) raise(body);
        else notes.set(name, { seq, body });
      }
    }
    memory = { last, positions, saved: { ...positions }, notes };
    return memory;
  }

  const lastNow = (): number => staged?.last ?? load().last;

  return {
    get last() {
      return lastNow();
    },
    append(entry, at) {
      const { positions } = load();
      const seq = lastNow() + 1;
      staging.append(seq, at, JSON.stringify(positions), JSON.stringify(entry));
      staged = { last: seq, saved: { ...positions } };
      return seq;
    },
    read({ after, through, limit, reverse }) {
      if (isEmpty()) return [];
      return storage
        .exec<{ seq: number; at: number; body: string }>(
          `SELECT seq, at, body FROM journal WHERE owner = ? AND seq > ? AND seq <= ? ORDER BY seq ${reverse ? "DESC" : "ASC"} LIMIT ?`,
          owner,
          after,
          through ?? Number.MAX_SAFE_INTEGER,
          limit,
        )
        .map(({ seq, at, body }) => ({ seq, at, entry: JSON.parse(body) as Entry }));
    },
    position: (cursor) => load().positions[cursor] ?? 0,
    move(cursor, seq) {
      load().positions[cursor] = seq;
    },
    get hasMoved() {
      const { positions, saved } = load();
      return Object.entries(positions).some(([name, seq]) => saved[name] !== seq);
    },
    save() {
      const { positions } = load();
      staging.note(positionsName, { seq: lastNow(), body: JSON.stringify(positions) });
      staged = { last: lastNow(), saved: { ...positions } };
    },
    readNote: (cursor) => (stagedNotes.has(cursor) ? stagedNotes.get(cursor) : load().notes.get(cursor)),
    note(cursor, note) {
      stagedNotes.set(cursor, note);
      staging.note(cursor, note ?? null);
    },
    trim(through) {
      const end = Math.min(through, load().last - 1);
      if (end > 0) storage.exec("DELETE FROM journal WHERE owner = ? AND seq <= ?", owner, end);
    },
    settle(held) {
      if (held && memory) {
        if (staged) Object.assign(memory, staged);
        for (const [name, note] of stagedNotes) {
          if (note) memory.notes.set(name, note);
          else memory.notes.delete(name);
        }
      }
      staged = undefined;
      stagedNotes = new Map();
    },
  };
}
