/**
 * What a cell's actors have committed and the disk does not have yet: all that they write in one turn of the event loop is one transaction
 * of the database. A commit of an actor's is whole here or not at all; what leaves the cell leaves behind the disk. Knows rows by their
 * owner, and no actor.
 */
import type { SqlValue, StagedRows, Storage } from "../host/ports.ts";
import { cellLimits } from "./cell-limits.ts";
import { createWaitingRows, measureRow, type WaitingRows } from "./waiting-rows.ts";

export interface CellWrites {
  /** Runs a commit: what it adds is kept, or with a throw nothing of it. Not nested. */
  commit<T>(body: () => T): T;
  /** Adds rows of an actor's. @param characters of them, where they are known */
  add(owner: string, rows: StagedRows, characters?: number): void;
  /** Adds rows, outside of a commit, that are written with what is written next: a crash before that may forget them. */
  addLater(owner: string, rows: StagedRows): void;
  /** Adds a statement that gives nothing back; it runs in its place among the rows. */
  run(owner: string, sql: string, values: readonly SqlValue[]): void;
  /** Sets the platform's alarm with what is written. */
  setAlarm(at: number): void;
  /** What is read of an actor now is what it has committed. */
  show(owner: string): void;
  /**
   * A document of an actor's that it has committed and the disk does not have: its row; null: it is deleted. Undefined: what the disk
   * has of it now is what was committed.
   */
  find(owner: string, collection: string, key: string): readonly SqlValue[] | null | undefined;
  /** Characters of an actor's that wait. */
  waiting(owner: string): number;
  /** Does something, which may commit, before anything is written that was committed since: in the same write. */
  before(work: () => void): void;
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

/** Rows that are written together, and the statement that comes after them. */
interface Part {
  rows: WaitingRows;
  run: { owner: string; sql: string; values: readonly SqlValue[] } | undefined;
}

/** Rows in no hurry. @param full called when so many wait that they are to be written */
function createLateRows(full: () => void) {
  let waiting: Extract<Step, { type: "rows" }>[] = [];
  return {
    add(owner: string, rows: StagedRows): void {
      waiting.push({ type: "rows", owner, rows });
      if (waiting.length >= cellLimits.laterAtMost) full();
    },
    has: (owner: string): boolean => waiting.some((step) => step.owner === owner),
    moveTo(add: (step: Step) => void): void {
      const steps = waiting;
      waiting = [];
      for (const step of steps) add(step);
    },
  };
}

/** What was committed, in the order in which it is written. */
function createCommitted(late: Pick<ReturnType<typeof createLateRows>, "has" | "moveTo">) {
  const parts: Part[] = [];
  let last: Part | undefined;
  let alarm: number | undefined;

  function open(): Part {
    if (!last) {
      last = { rows: createWaitingRows(), run: undefined };
      parts.push(last);
    }
    return last;
  }

  function put(step: Step): void {
    if (step.type === "rows") open().rows.add(step.owner, step.rows);
    else if (step.type === "alarm") alarm = step.at;
    else {
      open().run = step;
      last = undefined;
    }
  }

  return {
    isEmpty: () => parts.length === 0 && alarm === undefined,
    add(step: Step): void {
      // Before what their owners commit now.
      late.moveTo(put);
      put(step);
    },
    has: (owner: string): boolean => late.has(owner) || parts.some(({ rows, run }) => rows.has(owner) || run?.owner === owner),
    hasRun: (owner: string): boolean => parts.some(({ run }) => run?.owner === owner),
    find(owner: string, collection: string, key: string): ReturnType<WaitingRows["find"]> {
      for (let at = parts.length - 1; at >= 0; at--) {
        const row = parts[at]?.rows.find(owner, collection, key);
        if (row !== undefined) return row;
      }
      return undefined;
    },
    measure: (owner: string): number => parts.reduce((sum, { rows }) => sum + rows.measure(owner), 0),
    write(storage: Storage): void {
      for (const { rows, run } of parts) {
        rows.write(storage);
        if (run) storage.exec(run.sql, ...run.values);
      }
      if (alarm !== undefined) storage.setAlarm(alarm);
    },
  };
}

/** What is done before a write, which may ask for more of it. */
function createBefore() {
  let waiting: (() => void)[] = [];
  let running = false;
  return {
    isEmpty: () => waiting.length === 0,
    isRunning: () => running,
    add: (work: () => void) => void waiting.push(work),
    clear(): void {
      waiting = [];
    },
    run(): void {
      running = true;
      try {
        while (waiting.length) {
          const works = waiting;
          waiting = [];
          for (const work of works) work();
        }
      } finally {
        running = false;
      }
    },
  };
}

export function createCellWrites({ storage, failed }: CellWritesPorts): CellWrites {
  const late = createLateRows(schedule);
  let committed = createCommitted(late);
  /** What the present commit has added; undefined: there is none. */
  let staged: Step[] | undefined;
  const before = createBefore();
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
    if (staged) return void staged.push(step);
    committed.add(step);
    schedule();
  }

  function schedule(): void {
    if (scheduled || before.isRunning()) return;
    scheduled = true;
    void writeAtEnd();
  }

  /** As the present turn of the event loop ends, so that what it wrote is one commit of the platform's too: a later turn would be another. */
  async function writeAtEnd(): Promise<void> {
    for (let earlier = -1, quiet = 0; quiet < cellLimits.quietMicrotasks; quiet += 1) {
      if (pushed !== earlier) quiet = 0;
      earlier = pushed;
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
    late.moveTo(committed.add);
    if (!staged && !before.isEmpty()) before.run();
    if (!committed.isEmpty()) {
      const { write } = committed;
      committed = createCommitted(late);
      characters = 0;
      try {
        storage.transaction(() => write(storage));
      } catch (error) {
        before.clear();
        after = [];
        broken = { error };
        failed(error);
        throw error;
      }
    }
    if (staged) return;
    for (const work of after.splice(0)) work();
  }

  function show(owner: string): void {
    if (committed.has(owner)) flush();
  }

  return {
    commit(body) {
      const steps: Step[] = [];
      staged = steps;
      let held = false;
      try {
        const result = body();
        held = true;
        return result;
      } finally {
        staged = undefined;
        if (held && !broken) for (const step of steps) committed.add(step);
        if (characters >= cellLimits.waveCharacters && !broken) flush();
        else if (!committed.isEmpty()) schedule();
      }
    },
    add(owner, rows, size = measureRows(rows)) {
      push({ type: "rows", owner, rows });
      characters += size;
    },
    addLater: late.add,
    run: (owner, sql, values) => push({ type: "run", owner, sql, values }),
    setAlarm: (at) => push({ type: "alarm", at }),
    before(work) {
      before.add(work);
      schedule();
    },
    show,
    find(owner, collection, key) {
      if (committed.hasRun(owner)) flush();
      return committed.find(owner, collection, key);
    },
    waiting(owner) {
      let size = committed.measure(owner);
      for (const step of staged ?? []) if (step.type === "rows" && step.owner === owner) size += measureRows(step.rows);
      return size;
    },
    after(work) {
      check();
      if (committed.isEmpty() && !staged?.length && before.isEmpty() && after.length === 0) return work();
      after.push(work);
      schedule();
    },
    flush,
  };
}

function measureRows({ journal, documents, cursors }: StagedRows): number {
  let characters = 0;
  for (const row of journal) characters += measureRow(row);
  for (const row of documents) characters += measureRow(row);
  for (const row of cursors) characters += measureRow(row);
  return characters;
}
