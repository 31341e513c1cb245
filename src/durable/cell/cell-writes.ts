/**
 * What a cell's actors have committed and the disk does not have yet: all that they write in one turn of the event loop is one transaction
 * of the database. A commit of an actor's is whole here or not at all; what leaves the cell leaves behind the disk. Knows rows by their
 * owner, and no actor.
 */
import type { SqlValue, StagedRows, Storage } from "../host/ports.ts";
import { cellLimits } from "./cell-limits.ts";

export interface CellWrites {
  /** Runs a commit: what it adds is kept, or with a throw nothing of it. Not nested. */
  commit<T>(body: () => T): T;
  /** Adds rows of an actor's. */
  add(owner: string, rows: StagedRows): void;
  /** Adds a statement that gives nothing back; it runs in its place among the rows. */
  run(owner: string, sql: string, values: readonly SqlValue[]): void;
  /** Sets the platform's alarm with what is written. */
  setAlarm(at: number): void;
  /** What is read of an actor now is what it has committed. */
  show(owner: string): void;
  /** Characters of an actor's that wait. */
  waiting(owner: string): number;
  /** Does something once all that was committed is written: it is seen by nobody before that. At once where nothing waits. */
  after(work: () => void): void;
  /** Writes now. @throws what the disk throws: then nothing of it is kept, and all that memory knows of it must go */
  flush(): void;
}

export interface CellWritesPorts {
  storage: Storage;
  /** Nothing of what waited is written: whoever has committed it must be loaded anew. */
  failed(error: unknown): void;
}

/** A statement of the next transaction, or the rows of one. */
type Step =
  | { type: "rows"; owner: string; rows: StagedRows }
  | { type: "run"; owner: string; sql: string; values: readonly SqlValue[] }
  | { type: "alarm"; at: number };

export function createCellWrites({ storage, failed }: CellWritesPorts): CellWrites {
  let steps: Step[] = [];
  /** Whose rows wait. */
  const owners = new Set<string>();
  /** How many of the steps the present commit found; undefined: there is none. */
  let mark: number | undefined;
  let after: (() => void)[] = [];
  let characters = 0;
  let scheduled = false;
  /** Steps that ever were. */
  let pushed = 0;
  let broken: { error: unknown } | undefined;

  /** Who asks from then on must not be answered by what memory says. */
  function check(): void {
    if (broken) throw broken.error;
  }

  function push(step: Step): void {
    check();
    pushed += 1;
    steps.push(step);
    if (step.type !== "alarm") owners.add(step.owner);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    void writeAtEnd();
  }

  /** As the present turn of the event loop ends, so that what it wrote is one commit of the platform's too: a later turn would be another. */
  async function writeAtEnd(): Promise<void> {
    for (let before = -1, quiet = 0; quiet < cellLimits.quietMicrotasks; quiet += 1) {
      if (pushed !== before) quiet = 0;
      before = pushed;
      await undefined;
    }
    scheduled = false;
    try {
      flush();
    } catch {
      // Whoever waited for it has heard.
    }
  }

  /** Of a commit that is under way what it found. */
  function flush(): void {
    check();
    const written = steps.slice(0, mark);
    if (written.length > 0) {
      steps = steps.slice(written.length);
      if (mark !== undefined) mark = 0;
      owners.clear();
      for (const step of steps) if (step.type !== "alarm") owners.add(step.owner);
      characters = 0;
      try {
        storage.transaction(() => writeSteps(storage, written));
      } catch (error) {
        after = [];
        broken = { error };
        failed(error);
        throw error;
      }
    }
    if (mark !== undefined) return;
    const works = after;
    after = [];
    for (const work of works) work();
  }

  return {
    commit(body) {
      mark = steps.length;
      try {
        return body();
      } catch (error) {
        steps = steps.slice(0, mark);
        throw error;
      } finally {
        mark = undefined;
        if (broken) steps = [];
        else if (characters >= cellLimits.waveCharacters) flush();
        else if (steps.length > 0) schedule();
      }
    },
    add(owner, rows) {
      push({ type: "rows", owner, rows });
      characters += measureRows(rows);
      if (mark === undefined) schedule();
    },
    run(owner, sql, values) {
      push({ type: "run", owner, sql, values });
      if (mark === undefined) schedule();
    },
    setAlarm(at) {
      push({ type: "alarm", at });
      if (mark === undefined) schedule();
    },
    show(owner) {
      if (owners.has(owner)) flush();
    },
    waiting: (owner) => (owners.has(owner) ? measureNewest(steps.flatMap((step) => (isOf(step, owner) ? [step.rows] : []))) : 0),
    after(work) {
      check();
      if (steps.length === 0 && after.length === 0) return work();
      after.push(work);
      schedule();
    },
    flush,
  };
}

const isOf = (step: Step, owner: string): step is Extract<Step, { type: "rows" }> => step.type === "rows" && step.owner === owner;

function measureRows({ journal, documents, cursors }: StagedRows): number {
  let characters = 0;
  for (const table of [journal, documents, cursors])
    for (const row of table) for (const value of row) if (typeof value === "string") characters += value.length;
  return characters;
}

/** Of a row that is written more than once the last counts. */
function measureNewest(waiting: readonly StagedRows[]): number {
  const sizes = new Map<string, number>();
  for (const { journal, documents, cursors } of waiting)
    for (const row of [...journal, ...documents, ...cursors])
      sizes.set(`${row.length} ${row[1]} ${row[2]}`, measureRows({ ...none, documents: [row] }));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

const none: StagedRows = { journal: [], documents: [], deletedDocuments: [], cursors: [], deletedCursors: [] };

/** Rows of one statement: the platform binds at most 100 values. */
const rowsPerStatement = 20;

function writeSteps(storage: Storage, steps: readonly Step[]): void {
  let rows = createRowsByKey();
  for (const step of steps) {
    if (step.type === "rows") rows.add(step.owner, step.rows);
    else if (step.type === "alarm") storage.setAlarm(step.at);
    else {
      rows.write(storage);
      rows = createRowsByKey();
      storage.exec(step.sql, ...step.values);
    }
  }
  rows.write(storage);
}

/** Of a row that is written more than once, the last is. */
function createRowsByKey() {
  const journal = new Map<string, SqlValue[]>();
  const documents = new Map<string, SqlValue[]>();
  const deleted = new Map<string, [owner: string, collection: string, key: string]>();
  const cursors = new Map<string, SqlValue[]>();
  const gone = new Map<string, [owner: string, name: string]>();

  function insert(storage: Storage, table: string, rows: readonly SqlValue[][]): void {
    for (let at = 0; at < rows.length; at += rowsPerStatement) {
      const chunk = rows.slice(at, at + rowsPerStatement);
      const places = chunk.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
      storage.exec(`INSERT OR REPLACE INTO ${table} VALUES ${places}`, ...chunk.flat());
    }
  }

  return {
    add(owner: string, rows: StagedRows): void {
      for (const row of rows.journal) journal.set(`${owner}\0${row[1]}`, row);
      for (const row of rows.documents) {
        const key = `${owner}\0${row[1]}\0${row[2]}`;
        documents.set(key, row);
        deleted.delete(key);
      }
      for (const [collection, name] of rows.deletedDocuments) {
        const key = `${owner}\0${collection}\0${name}`;
        documents.delete(key);
        deleted.set(key, [owner, collection, name]);
      }
      for (const row of rows.cursors) {
        const key = `${owner}\0${row[1]}`;
        cursors.set(key, row);
        gone.delete(key);
      }
      for (const name of rows.deletedCursors) {
        const key = `${owner}\0${name}`;
        cursors.delete(key);
        gone.set(key, [owner, name]);
      }
    },
    write(storage: Storage): void {
      insert(storage, "journal", [...journal.values()]);
      insert(storage, "document", [...documents.values()]);
      insert(storage, "cursor", [...cursors.values()]);
      if (deleted.size > 0)
        storage.exec(
          "DELETE FROM document WHERE (owner, collection, key) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))",
          JSON.stringify([...deleted.values()]),
        );
      if (gone.size > 0)
        storage.exec(
          "DELETE FROM cursor WHERE (owner, name) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
          JSON.stringify([...gone.values()]),
        );
    },
  };
}
