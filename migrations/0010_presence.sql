-- Who is there, as each agent's object last said; written behind, like all of the projection. `at` is the object's clock.
CREATE TABLE agent_presence (
  agent TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('online', 'away', 'lost')),
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX agent_presence_state ON agent_presence (state);
