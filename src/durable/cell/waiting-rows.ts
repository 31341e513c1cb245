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
      const journal = createBatch(storage, journalTable);
      const document = createBatch(storage, documentTable);
      const cursor = createBatch(storage, cursorTable);
      const goneDocument = createBatch(storage, documentsGone);
      const goneCursor = createBatch(storage, cursorsGone);
      for (const rows of owners.values()) {
        const { name } = rows;
        for (const row of rows.journal) journal.add(row);
        for (const [collection, documents] of rows.documents)
          for (const [key, row] of documents) {
            if (row) document.add(row);
            else goneDocument.add([name, collection, key]);
          }
        for (const [key, row] of rows.cursors) {
          if (row) cursor.add(row);
          else goneCursor.add([name, key]);
        }
      }
      journal.end();
      document.end();
      cursor.end();
      goneDocument.end();
      goneCursor.end();
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

/** Rows of one statement: the platform binds at most 100 values. */
const rowsPerStatement = 20;

/** What is done to rows of a table. */
interface Statement {
  /** Values of a row that it takes. */
  columns: number;
  /** The statement for so many rows: made once, for the platform knows a prepared one by its text. */
  text(rows: number): string;
}

function defineStatement(columns: number, make: (rows: number) => string): Statement {
  const texts: string[] = [];
  return {
    columns,
    text(rows) {
      texts[rows] ??= make(rows);
      return texts[rows];
    },
  };
}

/** A row that is there stays where it is: its key is not written again. */
function defineInsert(into: string, columns: number, replace: string): Statement {
  const row = `(${Array<string>(columns).fill("?").join(", ")})`;
  return defineStatement(
    columns,
    (rows) => `INSERT INTO ${into} VALUES ${Array<string>(rows).fill(row).join(", ")} ON CONFLICT ${replace}`,
  );
}

/** Each is looked for by itself: SQLite takes twice as long where they are a list. */
function defineDelete(from: string, key: readonly string[]): Statement {
  const row = key.map((column) => `${column} = ?`).join(" AND ");
  return defineStatement(key.length, (rows) => `DELETE FROM ${from} WHERE ${Array<string>(rows).fill(row).join(" OR ")}`);
}

const journalTable = defineInsert(
  "journal",
  5,
  "(owner, seq) DO UPDATE SET at = excluded.at, cursors = excluded.cursors, body = excluded.body",
);
const documentTable = defineInsert("document", 5, "(owner, collection, key) DO UPDATE SET facts = excluded.facts, body = excluded.body");
const cursorTable = defineInsert("cursor", 4, "(owner, name) DO UPDATE SET seq = excluded.seq, body = excluded.body");
const documentsGone = defineDelete("document", ["owner", "collection", "key"]);
const cursorsGone = defineDelete("cursor", ["owner", "name"]);

function createBatch(storage: Storage, { columns, text }: Statement) {
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
