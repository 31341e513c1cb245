/** Effectful promises of an object's actors: what is to run, which run of it, how often it was begun. Knows documents, not promises. */
import type { ActorDocs, StoredJob } from "./actor-docs.ts";
import { remember } from "./remembered.ts";

export interface JobRow extends StoredJob {
  actor: string;
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

export function createJobTable(docs: ActorDocs): JobTable {
  const read = (actor: string): readonly StoredJob[] => docs.read(actor)?.jobs ?? [];
  const isAny = remember(() => docs.all().some(({ jobs }) => jobs.some(({ attempts }) => attempts >= 0)));
  const write = (actor: string, jobs: StoredJob[]): void => {
    docs.change(actor, { jobs });
    isAny.forget();
  };
  const keep = (actor: string, isKept: (job: StoredJob) => boolean): void => {
    const jobs = read(actor);
    const kept = jobs.filter(isKept);
    if (kept.length < jobs.length) write(actor, kept);
  };
  const change = ({ actor, id, run }: JobKey, attempts: (job: StoredJob) => number): void =>
    write(
      actor,
      read(actor).map((job) => (job.id === id && job.run === run ? { ...job, attempts: attempts(job) } : job)),
    );
  return {
    add({ actor, id, run, src, input }) {
      const others = read(actor).filter((job) => job.id !== id);
      write(actor, [...others, { id, run, src, ...(input !== undefined && { input }), attempts: 1 }]);
    },
    cancel: (actor, id) => keep(actor, (job) => job.id !== id),
    clear: (actor) => keep(actor, () => false),
    forget: ({ actor, id, run }) => keep(actor, (job) => job.id !== id || job.run !== run),
    setAside: (job) => change(job, () => deadLetterAttempts),
    countAttempt: (job) => change(job, ({ attempts }) => attempts + 1),
    isCurrent: ({ actor, id, run }) => read(actor).some((job) => job.id === id && job.run === run),
    list: () =>
      docs.all().flatMap(({ row, jobs }) => jobs.filter(({ attempts }) => attempts >= 0).map((job) => ({ ...job, actor: row.id }))),
    any: isAny.get,
    reread: isAny.forget,
  };
}
