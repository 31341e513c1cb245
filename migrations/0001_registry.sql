-- The registry: who the agents are and what is published. D1 is the truth of this half.

-- One row. `id` tells one database from another, so that what an isolate has cached of one is never taken for the other's;
-- `version` grows with each publish, so that one small read tells whether a cached reflex set is the newest.
CREATE TABLE registry (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  version INTEGER NOT NULL
);
INSERT INTO registry (one, id, version) VALUES (1, lower(hex(randomblob(16))), 0);

-- `state`: `registering` until the agent's object has its token, so that a crash between the two leaves something that can
-- be repeated; `removing` until the object has forgotten it. Only `active` agents exist for recruitment.
-- `registration` names the call that is registering; `revision` grows with every change, so that two changes at once end
-- with the object holding the later one. Lists are JSON; NULL means all.
CREATE TABLE agent (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('registering', 'active', 'removing')),
  registration TEXT NOT NULL,
  revision INTEGER NOT NULL,
  capabilities TEXT NOT NULL,
  roles TEXT,
  kinds TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Recruitment asks for those who hold a capability; a scan of all agents would not do.
CREATE TABLE agent_capability (
  capability TEXT NOT NULL,
  agent TEXT NOT NULL,
  PRIMARY KEY (capability, agent)
) WITHOUT ROWID;
CREATE INDEX agent_capability_agent ON agent_capability (agent);

-- What was compiled, by the hash of its content: immutable, for a thread keeps the revision that it started with.
CREATE TABLE revision (
  hash TEXT PRIMARY KEY,
  workflow TEXT NOT NULL,
  compiled TEXT NOT NULL,
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What is published under a name. The row stays when it is withdrawn (`published` 0): `changed`, the registry's version at
-- the last change, tells caches about that too. `reflexes` and `input` are copies from the revision, so that reading all
-- reflexes reads no machines. `source` is as last sent: comments change it, and not the revision.
CREATE TABLE workflow (
  name TEXT PRIMARY KEY,
  revision TEXT NOT NULL,
  published INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  description TEXT NOT NULL,
  source TEXT NOT NULL,
  input TEXT,
  reflexes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX workflow_changed ON workflow (changed);
