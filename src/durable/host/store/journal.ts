/**
 * An owner's journal: what each of its events led to, in order. Whoever reads on from it, such as the outbox, has a cursor, which
 * rides along with the next entry. Knows no entry's content.
 */
import type { Json } from "../../../contract/event.ts";
import type { Storage } from "../ports.ts";
import type { Staging } from "./staging.ts";

export interface JournalRow<Entry> {
  seq: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** Undefined: what is stored is not readable. */
  entry: Entry | undefined;
  /** Bytes of the stored entry. */
  size: number;
}

export interface JournalRange {
  /** Excluded. */
  after: number;
  /** Included. */
  through?: number;
  limit: number;
  /** Bytes of entries, of which one more is read at most. */
  size?: number;
  /** The newest first. */
  reverse?: boolean;
}

export interface Journal<Entry> {
  /** Number of the last entry; 0: there is none. */
  last(): number;
  /** Adds an entry to the present transaction. @param text the entry as JSON @returns its number */
  append(text: string, at: number): number;
  /** Entries that were committed. */
  read(range: JournalRange): JournalRow<Entry>[];
  /** As far as a reader has come, as memory has it. */
  position(cursor: string): number;
  /** A reader has come to there. Memory only: the next entry carries it. */
  move(cursor: string, seq: number): void;
  /** A small fact that every entry carries, as the present transaction leaves it. */
  carried(name: string): Json | undefined;
  /** Changes it in the present transaction, whose next entry, or {@link Journal.save}, writes it. */
  carry(name: string, value: Json): void;
  /** Whether a reader has moved and no entry has carried it yet. */
  hasMoved(): boolean;
  /** Whether the present transaction has changed a fact and no entry of it carries that. */
  hasUncarried(): boolean;
  /** Writes where the readers are, and the facts, in the present transaction: where no entry follows that would carry them. */
  save(): void;
  /** The same outside of a transaction, where nothing follows: what the store writes next writes it. Only where it can do that. */
  saveLater(): void;
  /** What a reader keeps of the entry that it is at, such as its attempts; undefined: nothing. */
  readNote(cursor: string): { seq: number; body: string } | undefined;
  /** Keeps it, in the present transaction. */
  note(cursor: string, note: { seq: number; body: string } | undefined): void;
  /** Deletes entries up to there but the last, whose number must not be given twice; within a transaction. */
  trim(through: number): void;
}

/** Where readers are, and the facts, are kept under this name of a cursor where no entry carries them: it is no reader's. */
const carriedName = "";

/** What an entry says beside itself, under `cursors`: all of it, so that the newest is the truth. */
interface Carried {
  positions: { [cursor: string]: number };
  facts: { [name: string]: Json };
}

interface Note {
  seq: number;
  body: string;
}

interface Memory extends Carried {
  last: number;
  /** Positions as they are written. */
  saved: Carried["positions"];
  notes: Map<string, Note>;
}

/** Makes the text of {@link Carried}: each entry has one, and most of it stays the same. */
function createCarriedText(): (carried: Carried) => string {
  const names = new Map<string, string>();
  let facts: { of: Carried["facts"]; text: string } | undefined;
  function quote(name: string): string {
    let quoted = names.get(name);
    if (quoted === undefined) {
      quoted = JSON.stringify(name);
      names.set(name, quoted);
    }
    return quoted;
  }
  return (carried) => {
    // What changes facts makes others of them.
    if (facts?.of !== carried.facts) facts = { of: carried.facts, text: JSON.stringify(carried.facts) };
    let positions = "";
    for (const name in carried.positions) positions += `${positions === "" ? "" : ","}${quote(name)}:${carried.positions[name]}`;
    return `{"positions":{${positions}},"facts":${facts.text}}`;
  };
}

/** What the present transaction changes of {@link Memory}. */
interface Staged {
  last: number | undefined;
  saved: Carried["positions"] | undefined;
  facts: Carried["facts"] | undefined;
  hasUncarried: boolean;
  notes: Map<string, Note | undefined>;
}

export interface JournalMemory {
  /** The transaction held, or did not. */
  settle(held: boolean): void;
}

function loadMemory(storage: Storage, owner: string): Memory {
  const newest = storage.exec<{ seq: number; cursors: string }>(
    "SELECT seq, cursors FROM journal WHERE owner = ? ORDER BY seq DESC LIMIT 1",
    owner,
  )[0];
  const notes = new Map<string, Note>();
  let { seq, cursors } = newest ?? { seq: 0, cursors: "{}" };
  let last = seq;
  for (const { name, ...note } of storage.exec<{ name: string; seq: number; body: string }>(
    "SELECT name, seq, body FROM cursor WHERE owner = ?",
    owner,
  )) {
    if (name !== carriedName) {
      notes.set(name, note);
      continue;
    }
    // Entries that were deleted by hand had their numbers, too.
    last = Math.max(last, note.seq);
    if (note.seq >= seq) ({ seq, body: cursors } = note);
  }
  const { positions = {}, facts = {} } = JSON.parse(cursors) as Partial<Carried>;
  return { last, positions, facts, saved: { ...positions }, notes };
}

export function createJournal<Entry>(ports: {
  storage: Storage;
  owner: string;
  staging: Staging;
  isEmpty(): boolean;
}): Journal<Entry> & JournalMemory {
  const { storage, owner, staging, isEmpty } = ports;
  const toText = createCarriedText();
  let memory: Memory | undefined;
  const staged: Staged = { last: undefined, saved: undefined, facts: undefined, hasUncarried: false, notes: new Map() };

  function load(): Memory {
    memory ??= isEmpty() ? { last: 0, positions: {}, facts: {}, saved: {}, notes: new Map() } : loadMemory(storage, owner);
    return memory;
  }

  const lastNow = (): number => staged.last ?? load().last;
  const factsNow = (): Carried["facts"] => staged.facts ?? load().facts;

  /** What is written now of positions and facts. */
  function writeCarried(): string {
    const { positions } = load();
    staged.saved = { ...positions };
    staged.hasUncarried = false;
    return toText({ positions, facts: factsNow() });
  }

  return {
    last() {
      return lastNow();
    },
    append(text, at) {
      const seq = lastNow() + 1;
      staging.append(seq, at, writeCarried(), text);
      staged.last = seq;
      return seq;
    },
    read({ after, through, limit, size, reverse }) {
      if (isEmpty()) return [];
      const order = reverse ? "DESC" : "ASC";
      const page = `SELECT seq, at, body, length(CAST(body AS BLOB)) AS size FROM journal WHERE owner = ? AND seq > ? AND seq <= ? ORDER BY seq ${order} LIMIT ?`;
      const bounded = `SELECT seq, at, body, size FROM (SELECT seq, at, body, size, sum(size) OVER (ORDER BY seq ${order}) - size AS before FROM (${page})) WHERE before <= ? ORDER BY seq ${order}`;
      return storage
        .exec<{ seq: number; at: number; body: string; size: number }>(
          size === undefined ? page : bounded,
          owner,
          after,
          through ?? Number.MAX_SAFE_INTEGER,
          limit,
          ...(size === undefined ? [] : [size]),
        )
        .map(({ body, ...row }) => ({ ...row, entry: parse<Entry>(body) }));
    },
    position: (cursor) => load().positions[cursor] ?? 0,
    move(cursor, seq) {
      load().positions[cursor] = seq;
    },
    carried: (name) => factsNow()[name],
    carry(name, value) {
      staged.facts = { ...factsNow(), [name]: value };
      staged.hasUncarried = true;
    },
    hasMoved() {
      const { positions, saved } = load();
      for (const name in positions) if (saved[name] !== positions[name]) return true;
      return false;
    },
    hasUncarried() {
      return staged.hasUncarried;
    },
    save() {
      staging.note(carriedName, { seq: lastNow(), body: writeCarried() });
    },
    saveLater() {
      const { positions, facts, last } = load();
      storage.writeLater?.([[owner, carriedName, last, toText({ positions, facts })]]);
      load().saved = { ...positions };
    },
    readNote: (cursor) => (staged.notes.has(cursor) ? staged.notes.get(cursor) : load().notes.get(cursor)),
    note(cursor, note) {
      staged.notes.set(cursor, note);
      staging.note(cursor, note ?? null);
    },
    trim(through) {
      const end = Math.min(through, load().last - 1);
      if (end > 0) storage.exec("DELETE FROM journal WHERE owner = ? AND seq <= ?", owner, end);
    },
    settle(held) {
      if (held && memory) {
        memory.last = staged.last ?? memory.last;
        memory.saved = staged.saved ?? memory.saved;
        memory.facts = staged.facts ?? memory.facts;
        for (const [name, note] of staged.notes) {
          if (note) memory.notes.set(name, note);
          else memory.notes.delete(name);
        }
      }
      staged.last = undefined;
      staged.saved = undefined;
      staged.facts = undefined;
      staged.hasUncarried = false;
      staged.notes.clear();
    },
  };
}

function parse<Entry>(body: string): Entry | undefined {
  try {
    return JSON.parse(body) as Entry;
  } catch {
    return undefined;
  }
}
