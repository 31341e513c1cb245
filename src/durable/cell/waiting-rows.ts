/**
 * Rows that wait to be written together, by owner: of one that is written more than once the last, and no more than that is ever
 * written. Knows the three tables.
 */
import type { SqlValue, StagedRows, Storage } from "../host/ports.ts";

/** What waits of one owner. */
interface OwnerRows {
  /** What the rows have for its address. */
  name: string;
  journal: SqlValue[][];
  /** By collection and key; null: it goes. */
  documents: Map<string, Map<string, SqlValue[] | null>>;
  /** By name; null: it goes. */
  cursors: Map<string, SqlValue[] | null>;
}

/** None, of the cell's own. */
export const noRows: StagedRows = { owner: "", journal: [], documents: [], deletedDocuments: [], cursors: [], deletedCursors: [] };

export interface WaitingRows {
  has(owner: string): boolean;
  add(owner: string, rows: StagedRows): void;
  /** The row of a document; null: it is deleted; undefined: nothing of it waits. */
  find(owner: string, collection: string, key: string): readonly SqlValue[] | null | undefined;
  /** Characters of an owner's rows. */
  measure(owner: string): number;
  write(storage: Storage): void;
}

export function createWaitingRows(): WaitingRows {
  const owners = new Map<string, OwnerRows>();

  function open(owner: string, name: string): OwnerRows {
    let rows = owners.get(owner);
    if (!rows) {
      rows = { name, journal: [], documents: new Map(), cursors: new Map() };
      owners.set(owner, rows);
    }
    return rows;
  }

  return {
    has: (owner) => owners.has(owner),
    add(owner, { owner: name, journal, documents, deletedDocuments, cursors, deletedCursors }) {
      const waiting = open(owner, name);
      for (const row of journal) waiting.journal.push(row);
      for (const row of documents) put(waiting.documents, row[1] as string, row[2] as string, row);
      for (const [collection, key] of deletedDocuments) put(waiting.documents, collection, key, null);
      for (const row of cursors) waiting.cursors.set(row[1] as string, row);
      for (const name of deletedCursors) waiting.cursors.set(name, null);
    },
    find: (owner, collection, key) => owners.get(owner)?.documents.get(collection)?.get(key),
    measure(owner) {
      const waiting = owners.get(owner);
      if (!waiting) return 0;
      let characters = 0;
      for (const row of waiting.journal) characters += measureRow(row);
      for (const documents of waiting.documents.values()) for (const row of documents.values()) if (row) characters += measureRow(row);
      for (const row of waiting.cursors.values()) if (row) characters += measureRow(row);
      return characters;
    },
    write(storage) {
      const journal = createInsert(storage, journalTable);
      const document = createInsert(storage, documentTable);
      const cursor = createInsert(storage, cursorTable);
      const goneDocuments: [owner: string, collection: string, key: string][] = [];
      const goneCursors: [owner: string, name: string][] = [];
      for (const rows of owners.values()) {
        const { name } = rows;
        for (const row of rows.journal) journal.add(row);
        for (const [collection, documents] of rows.documents)
          for (const [key, row] of documents) {
            if (row) document.add(row);
            else goneDocuments.push([name, collection, key]);
          }
        for (const [key, row] of rows.cursors) {
          if (row) cursor.add(row);
          else goneCursors.push([name, key]);
        }
      }
      journal.end();
      document.end();
      cursor.end();
      if (goneDocuments.length > 0) storage.exec(deleteDocuments, JSON.stringify(goneDocuments));
      if (goneCursors.length > 0) storage.exec(deleteCursors, JSON.stringify(goneCursors));
    },
  };
}

function put(documents: OwnerRows["documents"], collection: string, key: string, row: SqlValue[] | null): void {
  let changes = documents.get(collection);
  if (!changes) {
    changes = new Map();
    documents.set(collection, changes);
  }
  changes.set(key, row);
}

/** Characters of a row's texts. */
export function measureRow(row: readonly SqlValue[]): number {
  let characters = 0;
  for (const value of row) if (typeof value === "string") characters += value.length;
  return characters;
}

const deleteDocuments =
  "DELETE FROM document WHERE (owner, collection, key) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
const deleteCursors = "DELETE FROM cursor WHERE (owner, name) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";

/** Rows of one statement: the platform binds at most 100 values. */
const rowsPerStatement = 20;

/** How rows of a table are written. */
interface Table {
  columns: number;
  /** The statement for so many rows: made once, for the platform knows a prepared one by its text. */
  text(rows: number): string;
}

/** A row that is there stays where it is: its key is not written again. */
function defineTable(into: string, columns: number, replace: string): Table {
  const texts: string[] = [];
  const row = `(${Array<string>(columns).fill("?").join(", ")})`;
  return {
    columns,
    text(rows) {
      texts[rows] ??= `INSERT INTO ${into} VALUES ${Array<string>(rows).fill(row).join(", ")} ON CONFLICT ${replace}`;
      return texts[rows];
    },
  };
}

const journalTable = defineTable(
  "journal",
  5,
  "(owner, seq) DO UPDATE SET at = excluded.at, cursors = excluded.cursors, body = excluded.body",
);
const documentTable = defineTable("document", 5, "(owner, collection, key) DO UPDATE SET facts = excluded.facts, body = excluded.body");
const cursorTable = defineTable("cursor", 4, "(owner, name) DO UPDATE SET seq = excluded.seq, body = excluded.body");

function createInsert(storage: Storage, { columns, text }: Table) {
  let values: SqlValue[] = [];
  function end(): void {
    if (values.length === 0) return;
    storage.exec(text(values.length / columns), ...values);
    values = [];
  }
  return {
    add(row: readonly SqlValue[]): void {
      for (const value of row) values.push(value);
      if (values.length >= rowsPerStatement * columns) end();
    },
    end,
  };
}
