-- Identity: operators beside the one whose token is the Worker's secret, codes by which machines enrol, and who decided what.

-- Tokens and codes are stored as SHA-256 only. `access`: `read` may look, `admin` may change.
CREATE TABLE operator (
  name TEXT PRIMARY KEY,
  access TEXT NOT NULL CHECK (access IN ('read', 'admin')),
  token_hash TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A code is good once, until `expires_at`. The rights are those that the agent will have; lists are JSON, NULL means all.
CREATE TABLE enrolment (
  id TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  roles TEXT,
  kinds TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  redeemed_at INTEGER
) WITHOUT ROWID;

-- A row is written before its decision is carried out, and `status` (HTTP) and `code` after: where they are missing, the
-- Worker ended in between. AUTOINCREMENT, so that a cursor never meets another row after pruning.
CREATE TABLE audit (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  operator TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT,
  path TEXT NOT NULL,
  detail TEXT,
  status INTEGER,
  code TEXT
);
-- Every index of a rowid table ends in the rowid, so each of these is ordered by position within its value.
CREATE INDEX audit_operator ON audit (operator);
CREATE INDEX audit_action ON audit (action);
CREATE INDEX audit_target ON audit (target);
