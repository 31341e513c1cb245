/** The rows of effectful promises: what is to run, which run of it, how often it was begun. Knows SQL, not promises. */
import type { Row, SqlValue, Storage } from "./ports.ts";
import { remember } from "./remembered.ts";

export interface JobRow extends Row {
  actor: string;
  /** The child's id in its machine. */
  id: string;
  /** The spawn that it belongs to: a later spawn of the same id is another run, and only the current one's result is heard. */
  run: string;
  /** Name of the promise logic. */
  src: string;
  input: string | null;
  /** Runs begun; {@link deadLetterAttempts}: it has ended, and its result waits among the dead letters. */
  attempts: number;
}

export type JobKey = Pick<JobRow, "actor" | "id" | "run">;

const deadLetterAttempts = -1;

export interface JobTable {
  /** Adds a job whose first run begins after the commit; one of the same id is replaced. */
  add(job: JobKey & Pick<JobRow, "src" | "input">): void;
  cancel(actor: string, id: string): void;
  clear(actor: string): void;
  /** Removes this very run; a later one stays. */
  forget(job: JobKey): void;
  /** Its result could not be taken: it does not run again, and stays current until its actor stops it. */
  setAside(job: JobKey): void;
  countAttempt(job: JobKey): void;
  isCurrent(job: JobKey): boolean;
  /** Jobs that run, or should. */
  list(): JobRow[];
  any(): boolean;
  /** A transaction was rolled back. */
  reread(): void;
}

export function createJobTable(storage: Storage): JobTable {
  const some = remember(() => storage.exec("SELECT 1 FROM job WHERE attempts >= 0 LIMIT 1").length > 0);
  const write = (sql: string, ...values: SqlValue[]): void => {
    storage.exec(sql, ...values);
    some.forget();
  };
  const one = "WHERE actor = ? AND id = ? AND run = ?";
  return {
    add: ({ actor, id, run, src, input }) =>
      write("INSERT OR REPLACE INTO job (actor, id, run, src, input, attempts) VALUES (?, ?, ?, ?, ?, 1)", actor, id, run, src, input),
    cancel: (actor, id) => write("DELETE FROM job WHERE actor = ? AND id = ?", actor, id),
    clear: (actor) => write("DELETE FROM job WHERE actor = ?", actor),
    forget: ({ actor, id, run }) => write(`DELETE FROM job ${one}`, actor, id, run),
    setAside: ({ actor, id, run }) => write(`UPDATE job SET attempts = ${deadLetterAttempts} ${one}`, actor, id, run),
    countAttempt: ({ actor, id, run }) => write(`UPDATE job SET attempts = attempts + 1 ${one}`, actor, id, run),
    isCurrent: ({ actor, id, run }) => storage.exec(`SELECT 1 FROM job ${one}`, actor, id, run).length > 0,
    list: () => storage.exec<JobRow>("SELECT * FROM job WHERE attempts >= 0"),
    any: some.get,
    reread: some.forget,
  };
}
