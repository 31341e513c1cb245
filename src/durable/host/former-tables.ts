/**
 * The tables that objects had before their journal: as they were released, and how what they hold becomes entries and documents.
 * Runs once an object. Knows SQL.
 */
import type { Json } from "../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../contract/limits.ts";
import type { Message } from "../protocol/envelope.ts";
import { type ActorRow, actorCollection, encodeActor, type StoredJob, type StoredTimer } from "./actor-docs.ts";
import { type DeadLetterDoc, type DeadLetterRow, deadLetterCollection, deadLetterNumber, readFacts } from "./dead-letters.ts";
import { findEntryAfter, type OutFact } from "./entry.ts";
import { type HeadNote, sentCursor } from "./head-notes.ts";
import { type HeldSum, heldCollection, nameHeld, unreachableCollection } from "./held-back-docs.ts";
import { inboxCollection } from "./inbox.ts";
import { hostLimits } from "./limits.ts";
import type { Row, SqlValue, Storage } from "./ports.ts";
import { numberKey } from "./store/collections.ts";
import { type FormerTables, FormerTooLargeError } from "./store/tables.ts";

/** The tables of inbox and outbox: what came in, and what went out. Statements by version, as they were released. */
const outboxMigrations: readonly string[] = [
  `CREATE TABLE inbox (sender TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, receivers TEXT NOT NULL, message TEXT NOT NULL, spread INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL DEFAULT 0);`,
  `ALTER TABLE outbox ADD COLUMN failing INTEGER;
   CREATE TABLE held_back (receiver TEXT NOT NULL, id INTEGER NOT NULL, actor TEXT NOT NULL, message TEXT NOT NULL, bytes INTEGER NOT NULL, phase TEXT, failing INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL, PRIMARY KEY (receiver, id)) WITHOUT ROWID;`,
];

/** The tables of the actors. */
const hostMigrations: readonly string[] = [
  `CREATE TABLE actor (id TEXT PRIMARY KEY, logic TEXT NOT NULL, version TEXT NOT NULL, definition TEXT, parent TEXT, child_id TEXT, status TEXT NOT NULL, snapshot TEXT NOT NULL, revision INTEGER NOT NULL, output TEXT, error TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE timer (actor TEXT NOT NULL, id TEXT NOT NULL, due INTEGER NOT NULL, made INTEGER NOT NULL, event TEXT NOT NULL, receiver TEXT, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE child (actor TEXT NOT NULL, id TEXT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE job (actor TEXT NOT NULL, id TEXT NOT NULL, run TEXT NOT NULL, src TEXT NOT NULL, input TEXT, attempts INTEGER NOT NULL, PRIMARY KEY (actor, id)) WITHOUT ROWID;
   CREATE TABLE history (actor TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL, effects TEXT NOT NULL, PRIMARY KEY (actor, revision)) WITHOUT ROWID;
   CREATE TABLE parked (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL, at INTEGER NOT NULL, sender TEXT, number INTEGER, origin TEXT, event TEXT NOT NULL, code TEXT NOT NULL, error TEXT NOT NULL);`,
];

/** What every object with an outbox, and every object with actors, may have of before. */
export const formerOutbox: { lane: FormerTables } = { lane: { migrations: outboxMigrations, convert: convertOutbox } };
export const formerHost: { lane: FormerTables; host: FormerTables } = {
  ...formerOutbox,
  host: { migrations: hostMigrations, convert: convertHost },
};

/** Adds entries to the journal of an object that is taken over. */
interface FormerJournal {
  /** The next entry has at least this number. */
  skipTo(seq: number): void;
  /** @returns its number */
  add(at: number, text: string): number;
}

export function createFormerJournal(storage: Storage, owner: string): FormerJournal {
  let last = storage.exec<{ last: number | null }>("SELECT max(seq) AS last FROM journal WHERE owner = ?", owner)[0]?.last ?? 0;
  return {
    skipTo(seq) {
      last = Math.max(last, seq - 1);
    },
    add(at, text) {
      last += 1;
      storage.exec("INSERT INTO journal VALUES (?, ?, ?, '{}', ?)", owner, last, at, text);
      return last;
    },
  };
}

function put(storage: Storage, owner: string, collection: string, key: string, body: string, facts: SqlValue = null): void {
  storage.exec("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)", owner, collection, key, facts, body);
}

/** Rows of a table, a few at a time, in the order of their ids: their texts may be large. */
function* walk<T extends Row & { id: number }>(storage: Storage, table: string): Generator<T> {
  for (let after = -1; ; ) {
    const rows = storage.exec<T>(`SELECT * FROM ${table} WHERE id > ? ORDER BY id LIMIT 16`, after);
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

type OutboxRow = {
  id: number;
  actor: string;
  receivers: string;
  spread: number;
  message: string;
  attempts: number;
  next_at: number;
  failing: number | null;
};

/** What has left may have arrived: each message keeps its number, and new ones are numbered higher. */
function convertOutbox(storage: Storage, owner: string): void {
  // When they spoke last was not kept: as if it were by the end of today, they are forgotten like others.
  storage.exec(
    "INSERT INTO document SELECT ?, ?, sender, (unixepoch() / 86400 + 1) * 86400000, json_object('last', last) FROM inbox",
    owner,
    inboxCollection,
  );
  const journal = createFormerJournal(storage, owner);
  const given = storage.exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")[0]?.seq ?? 0;
  if (given) journal.skipTo(findEntryAfter(given));
  let isHead = true;
  for (const { id, actor, receivers, spread, message, attempts, next_at: nextAt, failing } of walk<OutboxRow>(storage, "outbox")) {
    const facts: Omit<OutFact, "message"> = {
      id,
      ...(actor !== owner && { sender: actor }),
      to: JSON.parse(receivers) as OutFact["to"],
      ...(spread === 1 && { spread: true }),
    };
    const seq = journal.add(0, `{"out":[${JSON.stringify(facts).slice(0, -1)},"message":${message}}]}`);
    if (isHead) {
      const note: HeadNote = { index: 0, receivers: facts.to, attempts, nextAt, failing };
      storage.exec("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)", owner, sentCursor, seq, JSON.stringify(note));
    }
    isHead = false;
  }
  // The number of the last entry is what later ones grow from.
  if (given && isHead) journal.add(0, "{}");
  convertHeldBack(storage, owner);
  storage.exec("DROP TABLE inbox; DROP TABLE outbox; DROP TABLE held_back;");
}

type HeldRow = {
  receiver: string;
  id: number;
  actor: string;
  message: string;
  bytes: number;
  phase: "hold" | "release" | null;
  failing: number;
  attempts: number;
  error: string;
};

function convertHeldBack(storage: Storage, owner: string): void {
  const sums = new Map<string, HeldSum>();
  const keys = storage.exec<{ receiver: string; id: number }>("SELECT receiver, id FROM held_back ORDER BY receiver, id");
  for (const { receiver, id } of keys) {
    // One by one: each may have megabytes.
    const [row] = storage.exec<HeldRow>("SELECT * FROM held_back WHERE receiver = ? AND id = ?", receiver, id);
    if (!row) continue;
    const { actor: sender, message, ...facts } = row;
    put(storage, owner, heldCollection, nameHeld(row), JSON.stringify({ ...facts, sender, message: JSON.parse(message) as Message }));
    const sum = sums.get(receiver);
    sums.set(receiver, {
      receiver,
      since: Math.min(sum?.since ?? row.failing, row.failing),
      messages: (sum?.messages ?? 0) + 1,
      bytes: (sum?.bytes ?? 0) + row.bytes,
      error: row.error,
    });
  }
  for (const [receiver, sum] of sums) put(storage, owner, unreachableCollection, receiver, JSON.stringify(sum));
}

type TimerRow = { actor: string; id: string; due: number; made: number; event: string; receiver: string | null };
type JobRow = { actor: string; id: string; run: string; src: string; input: string | null; attempts: number };
type ChildRow = { actor: string; id: string; address: string };
type HistoryRow = { actor: string; revision: number; at: number; event: string; state: string; effects: string };

function convertHost(storage: Storage, owner: string): void {
  for (const { id, body } of encodeFormerActors(storage)) {
    if (isTooLarge(body)) throw new FormerTooLargeError(`the actor ${id} of ${countBytes(body)} bytes`);
    put(storage, owner, actorCollection, id, body);
  }
  convertHistory(storage, owner);
  convertDeadLetters(storage, owner);
  storage.exec("DROP TABLE actor; DROP TABLE timer; DROP TABLE child; DROP TABLE job; DROP TABLE history; DROP TABLE parked;");
}

/** Actors that cannot be taken over, by their ids: each was rows, and is one. Reads only. */
export function findFormerTooLarge(storage: Pick<Storage, "exec">): string[] {
  return [...encodeFormerActors(storage)].flatMap(({ id, body }) => (isTooLarge(body) ? [id] : []));
}

/** It could be stored, and would take no event. */
const isTooLarge = (body: string): boolean => exceedsBytes(body, hostLimits.actorBytes);

/** Actors as their documents will be, one by one: each may have megabytes. */
function* encodeFormerActors(storage: Pick<Storage, "exec">): Generator<{ id: string; body: string }> {
  const parse = (text: string): Json => JSON.parse(text) as Json;
  for (const row of storage.exec<ActorRow & Row>("SELECT * FROM actor")) {
    const of = <T extends Row>(table: string): T[] => storage.exec<T>(`SELECT * FROM ${table} WHERE actor = ?`, row.id);
    const body = encodeActor({
      row,
      timers: of<TimerRow>("timer").map(({ actor: _, event, ...timer }): StoredTimer => ({ ...timer, event: parse(event) })),
      jobs: of<JobRow>("job").map(({ actor: _, input, ...job }): StoredJob => ({ ...job, ...(input !== null && { input: parse(input) }) })),
      children: Object.fromEntries(of<ChildRow>("child").map(({ id, address }) => [id, address])),
      since: findSince(storage, row.id),
    });
    yield { id: row.id, body };
  }
}

/** Since when the actor's state is what it is, as far as its history goes back. */
function findSince(storage: Pick<Storage, "exec">, actor: string): number {
  const last = "(SELECT state FROM history WHERE actor = ?1 ORDER BY revision DESC LIMIT 1)";
  const other = `(SELECT max(revision) FROM history WHERE actor = ?1 AND state <> ${last})`;
  return (
    storage.exec<{ at: number | null }>(`SELECT min(at) AS at FROM history WHERE actor = ?1 AND revision > ifnull(${other}, 0)`, actor)[0]
      ?.at ?? 0
  );
}

/** Steps as they were committed, those of one moment in one entry. */
function convertHistory(storage: Storage, owner: string): void {
  const journal = createFormerJournal(storage, owner);
  for (let page = 0; ; page += 1) {
    const rows = storage.exec<HistoryRow>(
      "SELECT * FROM history ORDER BY at, actor, revision LIMIT ? OFFSET ?",
      historyPage,
      page * historyPage,
    );
    for (const { actor, revision, at, event, state, effects } of rows) {
      const facts = JSON.stringify({ actor, revision }).slice(0, -1);
      journal.add(at, `{"steps":[${facts},"after":${state},"effects":${effects},"event":${event}}]}`);
    }
    if (rows.length < historyPage) return;
  }
}

/** Steps that are read at once: each may have 128 KB. */
const historyPage = 50;

function convertDeadLetters(storage: Storage, owner: string): void {
  for (const { event, ...row } of walk<DeadLetterRow & Row>(storage, "parked")) {
    const letter: DeadLetterDoc = { ...row, event: JSON.parse(event) as Json };
    put(storage, owner, deadLetterCollection, numberKey(row.id), JSON.stringify(letter), JSON.stringify(readFacts(letter)));
  }
  const given = storage.exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'parked'")[0]?.seq;
  if (given) put(storage, owner, deadLetterNumber, "", String(given));
}
