/**
 * What the present transaction is about to write: seen by its own reads at once, encoded and measured before the first statement,
 * and by nobody if the transaction fails. Knows the tables, and no collection.
 */
import type { SqlValue, StagedRows, Storage } from "../ports.ts";

/** A document as it will be; null: it goes. `encode`: where the JSON of its value is not what is stored. */
export type Change = { facts: SqlValue; value: unknown; encode?: () => string } | null;

export interface Staging {
  /** What becomes of the document; undefined: it stays as it is. */
  find(collection: string, key: string): Change | undefined;
  /** All that changes in a collection, by key. */
  of(collection: string): ReadonlyMap<string, Change>;
  /** All that changes, by collection. */
  all(): ReadonlyMap<string, ReadonlyMap<string, Change>>;
  change(collection: string, key: string, change: Change): void;
  /** Adds a journal entry. */
  append(seq: number, at: number, cursors: string, body: string): void;
  /** Writes a cursor where no entry carries it; null: the row goes. */
  note(name: string, cursor: { seq: number; body: string } | null): void;
  hasChanges(): boolean;
  /** Writes all that is staged; last in the transaction. */
  write(): void;
  /** The transaction held, or did not: nothing is staged any more. */
  clear(): void;
}

/** Rows of one statement: the platform binds at most 100 values. */
const rowsPerStatement = 20;

const none: ReadonlyMap<string, Change> = new Map();

export function createStaging(storage: Storage, owner: string): Staging {
  const documents = new Map<string, Map<string, Change>>();
  const cursors = new Map<string, { seq: number; body: string } | null>();
  let entries: SqlValue[][] = [];

  function insert(into: string, rows: SqlValue[][]): void {
    for (let at = 0; at < rows.length; at += rowsPerStatement) {
      const chunk = rows.slice(at, at + rowsPerStatement);
      const places = chunk.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
      storage.exec(`INSERT OR REPLACE INTO ${into} VALUES ${places}`, ...chunk.flat());
    }
  }

  function encode(): StagedRows {
    const rows: StagedRows = { owner, journal: entries, documents: [], deletedDocuments: [], cursors: [], deletedCursors: [] };
    for (const [collection, changes] of documents)
      for (const [key, change] of changes) {
        if (!change) rows.deletedDocuments.push([collection, key]);
        else rows.documents.push([owner, collection, key, change.facts, change.encode ? change.encode() : JSON.stringify(change.value)]);
      }
    for (const [name, cursor] of cursors) {
      if (cursor) rows.cursors.push([owner, name, cursor.seq, cursor.body]);
      else rows.deletedCursors.push(name);
    }
    return rows;
  }

  function insertRows({ journal, documents, deletedDocuments, cursors, deletedCursors }: StagedRows): void {
    insert("journal", journal);
    insert("document", documents);
    if (deletedDocuments.length)
      storage.exec(
        "DELETE FROM document WHERE owner = ? AND (collection, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        owner,
        JSON.stringify(deletedDocuments),
      );
    insert("cursor", cursors);
    for (const name of deletedCursors) storage.exec("DELETE FROM cursor WHERE owner = ? AND name = ?", owner, name);
  }

  return {
    find: (collection, key) => documents.get(collection)?.get(key),
    of: (collection) => documents.get(collection) ?? none,
    all: () => documents,
    change(collection, key, change) {
      let changes = documents.get(collection);
      if (!changes) {
        changes = new Map();
        documents.set(collection, changes);
      }
      changes.set(key, change);
    },
    append: (seq, at, positions, body) => void entries.push([owner, seq, at, positions, body]),
    note: (name, cursor) => void cursors.set(name, cursor),
    hasChanges() {
      return documents.size > 0 || cursors.size > 0 || entries.length > 0;
    },
    write() {
      const rows = encode();
      if (storage.write) storage.write(rows);
      else insertRows(rows);
    },
    clear() {
      documents.clear();
      cursors.clear();
      entries = [];
    },
  };
}
