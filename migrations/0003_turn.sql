-- What became of each turn that an agent had: the ground of `stats`, by which agents are ranked. Written behind, like the log.

-- A turn may be given again, to the same agent or another: `attempt` counts. Times are the thread's clock, in milliseconds.
CREATE TABLE turn (
  turn TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  thread TEXT NOT NULL,
  workflow TEXT NOT NULL,
  role TEXT NOT NULL,
  agent TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'failed', 'timeout', 'lost', 'revoked')),
  given_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (turn, attempt)
) WITHOUT ROWID;
-- One agent's newest turns, of one role and of all.
CREATE INDEX turn_role ON turn (agent, workflow, role, ended_at);
CREATE INDEX turn_agent ON turn (agent, ended_at);
CREATE INDEX turn_ended_at ON turn (ended_at);
