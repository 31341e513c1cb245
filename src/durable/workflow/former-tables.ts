/** The tables that a workflow's object had before its documents, and how they become those. Knows SQL only. */
import type { FormerTables } from "../host/store/tables.ts";

/** Statements by version, as they were released. */
export const queueMigrations: readonly string[] = [
  `CREATE TABLE admitted (place INTEGER PRIMARY KEY AUTOINCREMENT, thread TEXT NOT NULL UNIQUE, status TEXT NOT NULL, key TEXT, start TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX admitted_key ON admitted (key) WHERE key IS NOT NULL;
   CREATE INDEX admitted_status ON admitted (status, place);`,
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
  `CREATE TABLE ended_sender (sender TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX ended_sender_at ON ended_sender (at);`,
];

export const outcomeMigrations: readonly string[] = [
  `CREATE TABLE outcome (ref TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX outcome_at ON outcome (at);`,
];

/** Texts that are JSON are joined as texts: SQLite's own functions refuse what is nested deeper than they go. */
const queueCopies = [
  `SELECT 'waiting', thread, json_array(initiator, priority, place, epoch),
   '{"start":' || start || ',"initiator":' || json_quote(initiator) || ',"priority":' || priority || ',"place":' || place || ',"epoch":' || epoch || ',"key":' || json_quote(key) || '}'
   FROM admitted WHERE status = 'queued'`,
  `SELECT 'live', thread, NULL, json_object('status', status, 'epoch', epoch, 'key', key) FROM admitted WHERE status <> 'queued'`,
  "SELECT 'ring', initiator, NULL, CAST(stand AS TEXT) FROM ring",
  "SELECT 'gate', 'rules', NULL, json_object('revision', revision, 'places', places, 'overflow', overflow, 'maxQueue', max_queue) FROM gate WHERE revision IS NOT NULL",
  "SELECT 'gate', 'pause', NULL, paused FROM gate WHERE paused IS NOT NULL",
  `SELECT 'key', e.key, e.at, json_object('ended', e.thread, 'at', e.at) FROM ended_key e WHERE NOT EXISTS (SELECT 1 FROM admitted a WHERE a.key = e.key)`,
  `SELECT 'key', a.key, NULL, CASE WHEN e.key IS NULL THEN json_object('live', a.thread) ELSE json_object('live', a.thread, 'ended', e.thread, 'at', e.at) END
   FROM admitted a LEFT JOIN ended_key e ON e.key = a.key WHERE a.key IS NOT NULL`,
];

/** By the name of their version. */
export const formerWorkflowTables: Readonly<Record<string, FormerTables>> = {
  admission: {
    migrations: queueMigrations,
    convert(storage, owner) {
      for (const copy of queueCopies) storage.exec(`INSERT OR REPLACE INTO document SELECT ?, * FROM (${copy})`, owner);
      storage.exec("DROP TABLE admitted; DROP TABLE ring; DROP TABLE gate; DROP TABLE ended_key; DROP TABLE ended_sender;");
    },
  },
  outcome: {
    migrations: outcomeMigrations,
    convert(storage, owner) {
      storage.exec(`INSERT INTO document SELECT ?, 'outcome', ref, at, '{"outcome":' || body || ',"at":' || at || '}' FROM outcome`, owner);
      storage.exec("DROP TABLE outcome;");
    },
  },
};
