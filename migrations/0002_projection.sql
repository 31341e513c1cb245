-- The projection: a log of events and an index of threads, written behind by the objects, which hold the truth.

-- `position` is the log's cursor: AUTOINCREMENT, so that a position is never given again after retention has pruned.
-- `body` is the whole event. `thread` is where the orchestrator knows it to belong, and decides who may see it; `correlation`
-- is what the sender said, kept where it is something else.
-- `recorded_at` is this database's clock, in milliseconds: `time` is the sender's claim and no ground for pruning.
CREATE TABLE event (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  thread TEXT,
  correlation TEXT,
  cause TEXT,
  time TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (source, id)
);
-- Every index of a rowid table ends in the rowid, so each of these is ordered by position within its value.
CREATE INDEX event_source ON event (source);
CREATE INDEX event_type ON event (type);
CREATE INDEX event_id ON event (id);
CREATE INDEX event_thread ON event (thread) WHERE thread IS NOT NULL;
CREATE INDEX event_correlation ON event (correlation) WHERE correlation IS NOT NULL;
CREATE INDEX event_cause ON event (cause) WHERE cause IS NOT NULL;
CREATE INDEX event_recorded_at ON event (recorded_at);

-- `position` orders the list by first sight, newest last, which an id made of a hash cannot.
-- `revision_number` is the thread's own counter: rows may come twice and out of order, and the newest wins.
CREATE TABLE thread (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  revision_number INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  revision TEXT NOT NULL,
  status TEXT NOT NULL,
  initiator TEXT NOT NULL,
  key TEXT,
  waiting TEXT,
  parent TEXT,
  agents TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX thread_workflow ON thread (workflow);
CREATE INDEX thread_status ON thread (status);
CREATE INDEX thread_parent ON thread (parent) WHERE parent IS NOT NULL;

-- Who takes part: `thread` is the thread's position, so that one agent's threads are read in order from the key alone.
CREATE TABLE thread_agent (
  agent TEXT NOT NULL,
  thread INTEGER NOT NULL,
  PRIMARY KEY (agent, thread)
) WITHOUT ROWID;
CREATE INDEX thread_agent_thread ON thread_agent (thread);
