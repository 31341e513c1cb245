/** Tables that a thread's objects had beside the host's: a list for its root, and one for its task. And a thread's limits. */
import { createTables, type FormerTables } from "../host/store/tables.ts";

/**
 * What the root knows of its thread becomes documents. Texts that are JSON are joined as texts: SQLite's own functions refuse what is
 * nested deeper than they go. The table of the thread itself stays until its offers have moved, which name it.
 */
const moveThread = `${createTables}
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || id, 'thread', '', NULL, '{"event":' || event || ',"outcome":' || coalesce(outcome, 'null') || ',"parent":' || coalesce(parent, 'null') || ',"supplement":' ||
     CASE WHEN supplement IS NULL THEN 'null' ELSE '{"added":' || supplement || '}' END || ',' || substr(json_object('id', id, 'workflow', workflow, 'revision', revision, 'initiator', initiator, 'key', key, 'status', status,
     'changes', changes, 'task', task, 'reason', reason, 'priority', priority, 'created_at', created_at, 'updated_at', updated_at), 2) FROM thread;
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || thread.id, 'thread.epochs', '', NULL, '{"last":' || (SELECT max(number) FROM epoch) ||
     coalesce((SELECT ',"present":{"number":' || number || ',"plan":' || plan || '}' FROM epoch WHERE begun = 1 ORDER BY number DESC LIMIT 1), '') ||
     coalesce((SELECT ',"next":{"number":' || number || ',"plan":' || plan || '}' FROM epoch WHERE begun = 0 LIMIT 1), '') || '}' FROM thread WHERE EXISTS (SELECT 1 FROM epoch);
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || thread.id, 'thread.origin', '', NULL, json_object('parent', origin.parent, 'at', origin.at) FROM thread, origin;
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || thread.id, 'thread.forks', '', NULL, CAST((SELECT count(*) FROM fork) AS TEXT) FROM thread WHERE EXISTS (SELECT 1 FROM fork);
   DROP TABLE epoch; DROP TABLE origin; DROP TABLE fork;`;
/** Offers become documents: of each role the newest, with those to whom it was made and what they said. */
const moveOffers = `${createTables}
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || thread.id, 'offer', role, NULL, json_object('id', o.id, 'opened', opened, 'expires', expires, 'closed', closed, 'asked',
     json((SELECT json_group_array(agent) FROM (SELECT agent FROM offered WHERE offered.offer = o.id ORDER BY agent LIMIT 1000))))
     FROM offer o, thread WHERE NOT EXISTS (SELECT 1 FROM offer newer WHERE newer.role = o.role AND newer.opened > o.opened) ORDER BY expires;
   INSERT OR REPLACE INTO document SELECT 'recruitment/' || thread.id, 'reply', o.role || ' ' || agent, NULL, json_object('offer', o.id, 'text', reply, 'score', score, 'at', at)
     FROM offered JOIN offer o ON o.id = offered.offer, thread WHERE reply IS NOT NULL ORDER BY o.opened;
   INSERT INTO document SELECT 'recruitment/' || thread.id, 'claimed', agent || ' ' || claimed.id, NULL, json_quote(hash) FROM claimed, thread;
   INSERT INTO document SELECT 'recruitment/' || thread.id, 'ended_seat', role || ' ' || agent, NULL, json_object('generation', generation, 'reason', ended_seat.reason, 'at', at) FROM ended_seat, thread;
   DROP TABLE offer; DROP TABLE offered; DROP TABLE claimed; DROP TABLE ended_seat; DROP TABLE thread;`;

export const recruitmentMigrations: readonly string[] = [
  `CREATE TABLE thread (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, workflow TEXT NOT NULL, revision TEXT NOT NULL, event TEXT NOT NULL, initiator TEXT NOT NULL, key TEXT, status TEXT NOT NULL, changes INTEGER NOT NULL, task TEXT, outcome TEXT, reason TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
   CREATE TABLE offer (id TEXT PRIMARY KEY, role TEXT NOT NULL, opened INTEGER NOT NULL, expires INTEGER NOT NULL, scan_at INTEGER, scans INTEGER NOT NULL, closed TEXT) WITHOUT ROWID;
   CREATE TABLE offered (offer TEXT NOT NULL, agent TEXT NOT NULL, reply TEXT, PRIMARY KEY (offer, agent)) WITHOUT ROWID;
   CREATE TABLE claimed (agent TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (agent, id)) WITHOUT ROWID;`,
  `ALTER TABLE offered ADD COLUMN score REAL;
   ALTER TABLE offered ADD COLUMN at INTEGER;`,
  `ALTER TABLE thread ADD COLUMN parent TEXT;`,
  `CREATE TABLE epoch (number INTEGER PRIMARY KEY, plan TEXT NOT NULL, begun INTEGER NOT NULL);
   CREATE TABLE origin (one INTEGER PRIMARY KEY CHECK (one = 1), parent TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE TABLE fork (thread TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;`,
  `ALTER TABLE thread ADD COLUMN priority REAL;`,
  // When and why each agent last lost a role: told to it when it answers under that lease.
  `CREATE TABLE ended_seat (role TEXT NOT NULL, agent TEXT NOT NULL, generation INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (role, agent)) WITHOUT ROWID;`,
  `ALTER TABLE thread ADD COLUMN supplement TEXT;`,
  moveThread,
  moveOffers,
];

/** Their last versions are documents: there is nothing left to copy. */
export const formerRecruitment: FormerTables = { migrations: recruitmentMigrations, convert: () => {} };

export const taskMigrations: readonly string[] = [
  `CREATE TABLE task (one INTEGER PRIMARY KEY CHECK (one = 1), thread TEXT NOT NULL, workflow TEXT NOT NULL, event TEXT NOT NULL);
   CREATE TABLE message (turn INTEGER PRIMARY KEY, role TEXT NOT NULL, agent TEXT, output TEXT NOT NULL, body TEXT, at INTEGER NOT NULL);
   CREATE TABLE decision (round INTEGER PRIMARY KEY, turn INTEGER, node TEXT NOT NULL, edge TEXT NOT NULL, target TEXT NOT NULL, prompt TEXT, because TEXT NOT NULL, location TEXT, effects TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE TABLE progress (turn INTEGER NOT NULL, role TEXT NOT NULL, agent TEXT NOT NULL, note TEXT, details TEXT, at INTEGER NOT NULL, PRIMARY KEY (turn)) WITHOUT ROWID;
   CREATE TABLE answered (agent TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (agent, id)) WITHOUT ROWID;`,
  `CREATE TABLE supplement (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);`,
  `CREATE TABLE given (turn INTEGER PRIMARY KEY, attempt INTEGER NOT NULL, role TEXT NOT NULL, agent TEXT NOT NULL, at INTEGER NOT NULL);`,
  `CREATE TABLE revoked (turn INTEGER NOT NULL, agent TEXT NOT NULL, generation INTEGER NOT NULL, role TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (turn, agent, generation)) WITHOUT ROWID;`,
  `CREATE TABLE child_thread (round INTEGER NOT NULL, place INTEGER NOT NULL, workflow TEXT NOT NULL, awaited INTEGER NOT NULL, thread TEXT, status TEXT NOT NULL, output TEXT, error TEXT, told INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (round, place)) WITHOUT ROWID;`,
  `CREATE TABLE asking (turn INTEGER PRIMARY KEY, task TEXT NOT NULL, message TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL);
   CREATE TABLE broadcast (turn INTEGER PRIMARY KEY, task TEXT NOT NULL, role TEXT NOT NULL, asked INTEGER NOT NULL, left_out INTEGER NOT NULL, at INTEGER NOT NULL, deadline INTEGER NOT NULL, expires INTEGER NOT NULL, closed TEXT);
   CREATE TABLE audience (turn INTEGER NOT NULL, agent TEXT NOT NULL, status TEXT NOT NULL, invalid INTEGER NOT NULL DEFAULT 0, output TEXT, body TEXT, error TEXT, at INTEGER, PRIMARY KEY (turn, agent)) WITHOUT ROWID;`,
  // Steps that a later epoch does not count: they stay readable.
  `CREATE TABLE undone (epoch INTEGER PRIMARY KEY, after INTEGER NOT NULL, through INTEGER NOT NULL);
   CREATE VIEW counted AS SELECT * FROM message m WHERE NOT EXISTS (SELECT 1 FROM undone u WHERE m.turn > u.after AND m.turn <= u.through);`,
];

export const threadLimits = {
  /** Milliseconds for which the board keeps an offer that nobody renews: as long it may take one for open that is not. */
  boardKeeps: 90_000,
  /** Milliseconds after which the board is told once more that an offer has closed: it has told whoever was shown it by then, unless it was lost. */
  closedAgain: 7_000,
  /** Milliseconds after which it is written to whom an offer was made, if no claim was before: with what is logged it is sent a quarter of a second later. */
  openedLazy: 100,
  /** First and last pause between two looks at who is there while an offer is open, in milliseconds: the board keeps one for 90 s. */
  scanFirst: 5_000,
  scanLast: 60_000,
  /** Bytes of the thread's last steps, and of progress details, in a hand-over: with the turn's own parts still far under a row's 2 MB. */
  handoverMessages: 64 * 1024,
  handoverDetails: 64 * 1024,
  /** Agents that one broadcast is given to: the ids of all fit its output, and an event, whatever they are called. */
  askedAtMost: 1_000,
  /** Agents that are looked at for one broadcast: bounds the pages that are read of the registry. */
  candidatesAtMost: 10_000,
  /** Bytes of a broadcast's answers that its output tells: with the ids and the prompt it must fit the next turn's event. */
  answersInline: 64 * 1024,
  /** Agents or threads that an explanation or a log entry names; of more it tells the number. */
  namedAtMost: 20,
  /** First and last pause between two tries to find a broadcast's audience, in milliseconds. */
  askFirst: 1_000,
  askLast: 60_000,
  /** Seconds' worth of the thread's own name in a turn's `history`. */
  historyPage: 50,
  /** Steps that a fork copies, and their bytes: the copy is written in one commit, and held in memory for it. */
  copiedSteps: 1_000,
  copiedBytes: 16_000_000,
  /** Bytes of one message of a copy: under the platform's 2 MB for a row. One step always fits. */
  copyBytes: 1_000_000,
} as const;
