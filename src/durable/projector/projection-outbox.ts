/**
 * An object's second outbox: rows for the log and the thread index. They are stored with the commit that they tell of and
 * sent in batches a little later, so the log may lag but misses nothing, and no message ever waits for it.
 */
import { countBytes } from "../../contract/limits.ts";
import { hostLimits } from "../host/limits.ts";
import type { World } from "../host/ports.ts";
import type { ProjectionRow } from "../protocol/projector.ts";

/** Its tables; an append-only list. */
export const projectionMigrations: readonly string[] = [
  `CREATE TABLE projection (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);`,
];

export const projectionLimits = {
  /** Milliseconds that rows gather before they are sent: one batch per thread of a fast exchange, and a log that lags a blink. */
  gather: 250,
  /** Commits' worth of rows in one call: a call is answered when its rows are in D1. */
  rows: 64,
  /** Bytes of rows that one row of the outbox holds: half of the platform's 2 MB, so that one event more always fits. */
  bytes: 1_000_000,
  /** Bytes of one call: they are copied a few times on their way. */
  callBytes: 8_000_000,
} as const;

export interface ProjectionOutbox {
  /** Adds a row to the present transaction. */
  append(row: ProjectionRow): void;
  /** Last in every transaction: stores its rows, as one, and deletes what was sent. */
  beforeCommit(): void;
  /** The transaction was rolled back. */
  undo(): void;
  /** Starts the gathering if rows wait; called after a commit. */
  wake(): void;
  /** When the alarm must look, or undefined. */
  due(): number | undefined;
  flush(): Promise<void>;
  /** Everything that was committed is in D1. */
  readonly idle: boolean;
}

/** @param project answers when the rows are in D1; a throw means again later */
export function createProjectionOutbox(
  world: World,
  later: (milliseconds: number, work: () => void) => void,
  project: (rows: ProjectionRow[]) => Promise<void>,
): ProjectionOutbox {
  const { storage, clock, scheduler } = world;
  let gathered: ProjectionRow[] = [];
  let sent = 0;
  let swept = 0;
  let sweeping = 0;
  let last = storage.exec<{ id: number | null }>("SELECT max(id) AS id FROM projection")[0]?.id ?? 0;
  let lastBefore = last;
  let woken = false;
  let running: Promise<void> | undefined;
  let failures = 0;

  const run = async (): Promise<void> => {
    for (;;) {
      // Do not read the table: the object may have been emptied since the timer was set.
      if (last <= sent) return;
      const rows = storage.exec<{ id: number; body: string }>(
        `SELECT id, body FROM (SELECT id, body, sum(length(CAST(body AS BLOB))) OVER (ORDER BY id) - length(CAST(body AS BLOB)) AS before
           FROM (SELECT id, body FROM projection WHERE id > ? ORDER BY id LIMIT ?)) WHERE before <= ? ORDER BY id`,
        sent,
        projectionLimits.rows,
        projectionLimits.callBytes,
      );
      const end = rows.at(-1)?.id;
      if (end === undefined) return;
      try {
        await project(rows.flatMap((row) => JSON.parse(row.body) as ProjectionRow[]));
        failures = 0;
        sent = end;
      } catch (error) {
        failures += 1;
        console.warn(JSON.stringify({ at: "projection", address: world.address, failures, error: String(error) }));
        return;
      }
    }
  };

  return {
    append: (row) => void gathered.push({ at: clock.now(), ...row }),
    beforeCommit() {
      // The transaction before this one held.
      swept = sweeping;
      if (sent > swept) storage.exec("DELETE FROM projection WHERE id <= ?", sent);
      sweeping = sent;
      lastBefore = last;
      if (!gathered.length) return;
      const rows = gathered;
      gathered = [];
      for (const body of pack(rows))
        last = storage.exec<{ id: number }>("INSERT INTO projection (body) VALUES (?) RETURNING id", body)[0]?.id ?? last;
    },
    undo() {
      gathered = [];
      sweeping = swept;
      last = lastBefore;
    },
    wake() {
      if (woken || last <= sent) return;
      woken = true;
      later(Math.min(projectionLimits.gather * 2 ** failures, hostLimits.retryLast), () => {
        woken = false;
        scheduler.background(this.flush());
      });
    },
    due: () => (last > sweeping ? clock.now() + hostLimits.safetyNet : undefined),
    get idle() {
      return !gathered.length && last <= sent;
    },
    flush() {
      running ??= run().finally(() => {
        running = undefined;
        if (last > sent && failures) this.wake();
      });
      return running;
    },
  };
}

/** The rows as JSON lists, each within the bound on a row: one commit may have more than that. */
function pack(rows: ProjectionRow[]): string[] {
  const packs: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const text = JSON.stringify(row);
    const size = countBytes(text) + 1;
    if (bytes + size > projectionLimits.bytes) {
      packs.push([]);
      bytes = 0;
    }
    packs.at(-1)?.push(text);
    bytes += size;
  }
  return packs.map((texts) => `[${texts.join(",")}]`);
}
