-- The log with fewer indexes: Cloudflare bills each entry of an index as a row, at the insert and again at the delete.

-- What was logged before stays in `event` until retention takes it; nothing is copied, for a log may be as large as the database allows.
-- `position` is given by the insert, above all of this table and `log_start`. `recorded_at` does not go back: time is asked by position.
-- `by_source`, `by_type`: the row is in that index. A thread's own events are found by their thread, and the kinds that every thread
-- has many of by reading on.
CREATE TABLE log_entry (
  position INTEGER PRIMARY KEY,
  recorded_at INTEGER NOT NULL,
  committed_at INTEGER NOT NULL,
  by_source INTEGER NOT NULL,
  by_type INTEGER NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  type TEXT NOT NULL,
  thread TEXT,
  correlation TEXT,
  cause TEXT,
  routing TEXT,
  body TEXT NOT NULL,
  UNIQUE (id, source)
);
-- Every index of a rowid table ends in the rowid, so each of these is ordered by position within its value.
CREATE INDEX log_entry_thread ON log_entry (thread) WHERE thread IS NOT NULL;
CREATE INDEX log_entry_correlation ON log_entry (correlation) WHERE correlation IS NOT NULL;
CREATE INDEX log_entry_source ON log_entry (source) WHERE by_source = 1;
CREATE INDEX log_entry_type ON log_entry (type) WHERE by_type = 1;

-- Both, for looking up single events. An order over both is not taken from their indexes.
CREATE VIEW log AS
SELECT position, recorded_at, coalesce(committed_at, CAST(unixepoch(time, 'subsec') * 1000 AS INTEGER)) AS committed_at,
  id, source, type, thread, cause, routing, body FROM event
UNION ALL
SELECT position, recorded_at, committed_at, id, source, type, thread, cause, routing, body FROM log_entry;

-- One row: the greatest position that was ever given and may have been deleted since. Far above those of `event`, which a Worker of
-- before may still write while it is replaced.
CREATE TABLE log_start (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL
);
INSERT INTO log_start (one, position) SELECT 1, coalesce((SELECT seq + 1000000 FROM sqlite_sequence WHERE name = 'event'), 0);

-- The newest turns of an agent in a role, as JSON: [key, outcome, given, ended], newest first. `ended_at` is the newest's, `oldest_at`
-- the oldest's. What was written before stays in `turn`, and is read beside this, until retention takes it.
CREATE TABLE agent_turns (
  agent TEXT NOT NULL,
  workflow TEXT NOT NULL,
  role TEXT NOT NULL,
  ended_at INTEGER NOT NULL,
  oldest_at INTEGER NOT NULL,
  turns TEXT NOT NULL,
  PRIMARY KEY (agent, workflow, role)
) WITHOUT ROWID;

-- Who took part is found by the thread's own list.
DROP INDEX thread_agent_thread;

-- Whether any thread still has a revision.
CREATE INDEX thread_revision ON thread (revision);
