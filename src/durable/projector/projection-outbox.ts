/**
 * An object's second outbox: rows for the log and the thread index. They are in the journal with the commit that they tell of, and
 * sent from there in batches a little later, so the log may lag but misses nothing. No message waits for it, but outside a
 * cell for what a thread says of its end: that waits until the index has the end, a tenth of a second at most.
 */
import type { LogSource } from "../host/committer.ts";
import type { Added, Entry } from "../host/entry.ts";
import { createJournalReader, EntryUnreadableError } from "../host/journal-reader.ts";
import { hostLimits } from "../host/limits.ts";
import type { World } from "../host/ports.ts";
import type { Journal } from "../host/store/journal.ts";
import type { Store } from "../host/store/store.ts";
import type { ProjectionRow } from "../protocol/projector.ts";

export const projectionLimits = {
  /** Milliseconds that rows gather before they are sent: one batch per thread of a fast exchange, and a log that lags a blink. */
  gather: 250,
  /** Commits' worth of rows in one call: a call is answered when its rows are in D1. */
  rows: 64,
  /** Bytes of the entries in one call, of which one more is taken at most: they are copied a few times on their way. */
  callBytes: 8_000_000,
} as const;

export interface ProjectionOutbox {
  /** Adds a row to the present transaction. */
  append(row: ProjectionRow): void;
  /** For the object's commits, which write its rows. */
  log: LogSource;
  /** The transaction was rolled back. */
  undo(): void;
  /** Starts the gathering if rows wait; called after a commit. */
  wake(): void;
  /** When the alarm must look, or undefined. */
  due(): number | undefined;
  flush(): Promise<void>;
  /** Everything that was committed is in D1. */
  idle(): boolean;
}

const projectedCursor = "projected";

/**
 * @param project answers when the rows are in D1; a throw means again later
 * @param emptied hears that all that was committed is in D1
 */
export function createProjectionOutbox(
  world: World,
  store: Store,
  later: (milliseconds: number, work: () => void) => void,
  project: (rows: ProjectionRow[]) => Promise<unknown>,
  emptied: () => void = () => {},
): ProjectionOutbox {
  const { clock, scheduler } = world;
  const journal = store.journal as Journal<Entry>;
  const reader = createJournalReader<ProjectionRow>(journal, projectedCursor, ({ log = [] }) => log as ProjectionRow[]);
  let gathered: ProjectionRow[] = [];
  /** The present transaction has rows that are not with its reader yet. */
  let isStaged = false;
  let woken = false;
  let running: Promise<void> | undefined;
  let failures = 0;

  function noteFailure(error: unknown): void {
    failures += 1;
    console.warn(JSON.stringify({ at: "projection", address: world.address, failures, error: String(error) }));
  }

  const run = async (): Promise<void> => {
    for (;;) {
      const batch = readBatch();
      const end = batch.at(-1)?.seq;
      if (end === undefined) return;
      const rows: ProjectionRow[] = [];
      for (const { parts } of batch) for (const row of parts) rows.push(row);
      try {
        await project(rows);
        failures = 0;
        reader.done(end);
      } catch (error) {
        noteFailure(error);
        return;
      }
    }
  };

  /** An entry that cannot be read is said and waited for. */
  function readBatch(): readonly Added<ProjectionRow>[] {
    // Do not read the journal of an object that may have been emptied since the timer was set.
    if (reader.isEmpty()) return [];
    try {
      const first = reader.first();
      let count = 0;
      for (let size = 0; count < first.length && count < projectionLimits.rows && size <= projectionLimits.callBytes; count += 1)
        size += first[count]?.size ?? 0;
      return first.slice(0, count);
    } catch (error) {
      if (!(error instanceof EntryUnreadableError)) throw error;
      noteFailure(error);
      return [];
    }
  }

  function flush(): Promise<void> {
    running ??= run().finally(() => {
      running = undefined;
      if (reader.isEmpty()) emptied();
      else if (failures) wake();
    });
    return running;
  }

  function wake(): void {
    if (woken || reader.isEmpty()) return;
    woken = true;
    later(pause(), () => {
      woken = false;
      // What was sent meanwhile needs no look, by which an object that rests would seem to be at work.
      if (!reader.isEmpty()) scheduler.background(flush());
    });
  }

  const pause = (): number => Math.min(projectionLimits.gather * 2 ** failures, hostLimits.retryLast);

  return {
    append: (row) => void gathered.push({ at: clock.now(), ...row }),
    log: {
      cursor: projectedCursor,
      take() {
        const rows = gathered;
        gathered = [];
        isStaged = rows.length > 0;
        return rows;
      },
      added(entries) {
        isStaged = false;
        reader.added(entries as Added<ProjectionRow>[]);
      },
    },
    undo() {
      gathered = [];
      isStaged = false;
    },
    wake,
    // While it fails the alarm keeps to its pauses: what is there is tried again no more often for being waited for.
    due: () => (reader.isEmpty() && !isStaged ? undefined : clock.now() + Math.max(hostLimits.safetyNet, pause())),
    idle() {
      return !gathered.length && reader.isEmpty();
    },
    flush,
  };
}
