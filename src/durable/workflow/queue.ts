/**
 * The rows of one workflow's queue: who runs, who waits, and who is next. Knows SQL, not messages.
 *
 * Next is, of those that wait with the highest priority, the oldest of the initiator who stands first in the ring. Whoever
 * begins to wait joins the ring at its end; whoever was served goes back there. So of k initiators that wait in a priority
 * each is served once in k, however many threads one of them has queued, and one initiator's threads start in their order.
 */
import type { Storage } from "../host/ports.ts";

/** Tables of a workflow's object; an append-only list. */
export const queueMigrations: readonly string[] = [
  `CREATE TABLE admitted (place INTEGER PRIMARY KEY AUTOINCREMENT, thread TEXT NOT NULL UNIQUE, status TEXT NOT NULL, key TEXT, start TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX admitted_key ON admitted (key) WHERE key IS NOT NULL;
   CREATE INDEX admitted_status ON admitted (status, place);`,
  // `gate`: what the published revision says of the queue, and whether an operator has paused it.
  `ALTER TABLE admitted ADD COLUMN initiator TEXT NOT NULL DEFAULT '';
   ALTER TABLE admitted ADD COLUMN priority REAL NOT NULL DEFAULT 0;
   ALTER TABLE admitted ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
   UPDATE admitted SET initiator = coalesce(start -> '$.event' ->> '$.source', '');
   CREATE INDEX admitted_initiator ON admitted (initiator, status);
   CREATE TABLE ring (initiator TEXT PRIMARY KEY, stand INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO ring SELECT initiator, min(place) FROM admitted WHERE status = 'queued' GROUP BY initiator;
   CREATE TABLE gate (one INTEGER PRIMARY KEY CHECK (one = 1), revision TEXT, places INTEGER, overflow TEXT NOT NULL, max_queue INTEGER, paused TEXT);
   INSERT INTO gate VALUES (1, NULL, NULL, 'queue', NULL, NULL);
   CREATE TABLE ended_key (key TEXT PRIMARY KEY, thread TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX ended_key_at ON ended_key (at);`,
  // Each thread has a row in the inbox: when it ended, so that the row can go.
  `CREATE TABLE ended_sender (sender TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX ended_sender_at ON ended_sender (at);`,
];

export const queueLimits = {
  /** Threads that wait where the author names no `max_queue`: an hour of a busy workflow. */
  waiting: 1_000,
  /** And whatever the author names: choosing the next one sorts them all. */
  waitingMost: 10_000,
  /** Keys whose last ended thread is known, for `resume` signals. */
  endedKeys: 10_000,
  /** Days that an ended thread's last number is kept: no message is tried again for so long. */
  senderDays: 30,
  /** Of those that are too old, so many go with each end: more than come. */
  sendersAtOnce: 10,
  /** Threads of the queue that are shown. */
  shown: 1_000,
} as const;

export interface QueueEntry {
  thread: string;
  /** Source of the initiating event. */
  initiator: string;
  priority: number;
  key: string | null;
  /** What starts the thread, as JSON. */
  start: string;
  /** How many times the thread was begun, this one included. */
  epoch: number;
}

/** `beside`: it runs, and takes no place. `paused`: it is suspended, and keeps none. */
export type AdmittedStatus = "queued" | "running" | "beside" | "paused";

export interface AdmittedRow {
  [column: string]: string | number | null;
  thread: string;
  status: AdmittedStatus;
  start: string;
  epoch: number;
  initiator: string;
  key: string | null;
}

export interface Queue {
  running(): number;
  waiting(): number;
  find(thread: string): AdmittedRow | undefined;
  /** The live thread of a key. */
  findKey(key: string): AdmittedRow | undefined;
  /** The thread waits, behind what it finds. */
  join(entry: QueueEntry, now: number): void;
  /** Gives a place to whoever is next: its start, or undefined if nobody waits. */
  next(): string | undefined;
  /** Gives a place to this one, out of turn; or lets it run `beside` those that the workflow's concurrency counts. */
  take(thread: string, status: "running" | "beside"): void;
  /** The thread has a place, or gives it back and keeps its key. */
  mark(thread: string, status: "running" | "paused"): void;
  remove(thread: string): void;
  /** The oldest that waits for its first beginning, if more than `most` wait. */
  surplus(most: number): AdmittedRow | undefined;
  /** Those that wait, in the order in which they would start if nobody came. */
  order(): string[];
  noteEnded(key: string, thread: string, now: number): void;
  findEnded(key: string): string | undefined;
  /** The key's last thread is not there any more. */
  forgetEnded(key: string, thread: string): void;
  /** A thread has sent its last word: some time later its number is forgotten. */
  noteEndedSender(sender: string, now: number): void;
}

export function createQueue(storage: Storage): Queue {
  const count = (sql: string, ...values: string[]): number =>
    storage.exec<{ n: number }>(`SELECT count(*) AS n ${sql}`, ...values)[0]?.n ?? 0;
  const find = (where: string, value: string): AdmittedRow | undefined =>
    storage.exec<AdmittedRow>(`SELECT * FROM admitted WHERE ${where} LIMIT 1`, value)[0];

  /** After one of the initiator's threads has left the queue. */
  function step(initiator: string): void {
    if (count("FROM admitted WHERE initiator = ? AND status = 'queued'", initiator))
      storage.exec("UPDATE ring SET stand = (SELECT max(stand) + 1 FROM ring) WHERE initiator = ?", initiator);
    else storage.exec("DELETE FROM ring WHERE initiator = ?", initiator);
  }

  function take({ thread, initiator }: AdmittedRow, status: "running" | "beside"): void {
    storage.exec("UPDATE admitted SET status = ? WHERE thread = ?", status, thread);
    step(initiator);
  }

  return {
    running: () => count("FROM admitted WHERE status = 'running'"),
    waiting: () => count("FROM admitted WHERE status = 'queued'"),
    find: (thread) => find("thread = ?", thread),
    findKey: (key) => find("key = ?", key),
    join({ thread, initiator, priority, key, start, epoch }, now) {
      storage.exec(
        "INSERT OR REPLACE INTO admitted (thread, status, key, start, at, initiator, priority, epoch) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?)",
        thread,
        key,
        start,
        now,
        initiator,
        priority,
        epoch,
      );
      storage.exec("INSERT OR IGNORE INTO ring SELECT ?, coalesce(max(stand), 0) + 1 FROM ring", initiator);
    },
    next() {
      const row = storage.exec<AdmittedRow>(
        `SELECT a.* FROM admitted a JOIN ring r ON r.initiator = a.initiator
         WHERE a.status = 'queued' ORDER BY a.priority DESC, r.stand, a.place LIMIT 1`,
      )[0];
      if (!row) return undefined;
      take(row, "running");
      return row.start;
    },
    take(thread, status) {
      const row = find("thread = ?", thread);
      if (row) take(row, status);
    },
    mark: (thread, status) =>
      void storage.exec("UPDATE admitted SET status = ? WHERE thread = ? AND status NOT IN ('queued', 'beside')", status, thread),
    remove(thread) {
      const row = find("thread = ?", thread);
      if (!row) return;
      storage.exec("DELETE FROM admitted WHERE thread = ?", thread);
      // Who leaves unserved keeps the initiator's stand.
      if (row.status === "queued" && !count("FROM admitted WHERE initiator = ? AND status = 'queued'", row.initiator))
        storage.exec("DELETE FROM ring WHERE initiator = ?", row.initiator);
    },
    surplus: (most) =>
      count("FROM admitted WHERE status = 'queued'") > most ? find("epoch = 1 AND status = ? ORDER BY place", "queued") : undefined,
    order() {
      const rows = storage.exec<{ thread: string; initiator: string; priority: number; stand: number }>(
        `SELECT a.thread, a.initiator, a.priority, r.stand FROM admitted a JOIN ring r ON r.initiator = a.initiator
         WHERE a.status = 'queued' ORDER BY a.priority DESC, a.place LIMIT ?`,
        queueLimits.shown,
      );
      const stands = new Map(rows.map(({ initiator, stand }) => [initiator, stand]));
      let last = Math.max(0, ...stands.values());
      const ordered: string[] = [];
      for (const [, equal] of Map.groupBy(rows, ({ priority }) => priority)) {
        const queues = Map.groupBy(equal, ({ initiator }) => initiator);
        while (queues.size) {
          const [initiator, own] = [...queues].reduce((first, each) =>
            (stands.get(each[0]) as number) < (stands.get(first[0]) as number) ? each : first,
          );
          ordered.push((own.shift() as (typeof own)[number]).thread);
          last += 1;
          stands.set(initiator, last);
          if (!own.length) queues.delete(initiator);
        }
      }
      return ordered;
    },
    noteEnded(key, thread, now) {
      storage.exec("INSERT OR REPLACE INTO ended_key VALUES (?, ?, ?)", key, thread, now);
      if (count("FROM ended_key") > queueLimits.endedKeys)
        storage.exec("DELETE FROM ended_key WHERE key = (SELECT key FROM ended_key ORDER BY at LIMIT 1)");
    },
    noteEndedSender(sender, now) {
      storage.exec("INSERT OR REPLACE INTO ended_sender VALUES (?, ?)", sender, now);
      const before = now - queueLimits.senderDays * 86_400_000;
      const old = storage.exec<{ sender: string }>(
        "SELECT sender FROM ended_sender WHERE at < ? ORDER BY at LIMIT ?",
        before,
        queueLimits.sendersAtOnce,
      );
      if (!old.length) return;
      const senders = JSON.stringify(old.map((row) => row.sender));
      storage.exec("DELETE FROM inbox WHERE sender IN (SELECT value FROM json_each(?))", senders);
      storage.exec("DELETE FROM ended_sender WHERE sender IN (SELECT value FROM json_each(?))", senders);
    },
    forgetEnded: (key, thread) => void storage.exec("DELETE FROM ended_key WHERE key = ? AND thread = ?", key, thread),
    findEnded: (key) => storage.exec<{ thread: string }>("SELECT thread FROM ended_key WHERE key = ?", key)[0]?.thread,
  };
}
