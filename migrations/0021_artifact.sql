-- Artifacts: docs/artifacts.md. Their content is in R2, under the key `object`; `hash` is its SHA-256 as 64 hexadecimal digits. Times are
-- in milliseconds.
CREATE TABLE artifact (
  hash TEXT PRIMARY KEY,
  object TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Who brought it, and may read and name it for a day: an agent's id, or `operators/<name>`.
CREATE TABLE artifact_holder (
  owner TEXT NOT NULL,
  hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  type TEXT NOT NULL,
  name TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (owner, hash)
) WITHOUT ROWID;
CREATE INDEX artifact_holder_hash ON artifact_holder (hash);
CREATE INDEX artifact_holder_at ON artifact_holder (at);

-- The threads that refer to it, whose readers may read it.
CREATE TABLE artifact_thread (
  thread TEXT NOT NULL,
  hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  type TEXT NOT NULL,
  name TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (thread, hash)
) WITHOUT ROWID;
CREATE INDEX artifact_thread_hash ON artifact_thread (hash);

-- Uploads that are not finished: `parts` are R2's tags of the parts that are stored, as JSON.
CREATE TABLE artifact_upload (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  object TEXT NOT NULL,
  multipart TEXT NOT NULL,
  size INTEGER NOT NULL,
  hash TEXT,
  type TEXT NOT NULL,
  name TEXT,
  received INTEGER NOT NULL,
  parts TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX artifact_upload_owner ON artifact_upload (owner);
CREATE INDEX artifact_upload_expires ON artifact_upload (expires_at);

-- What R2 still has, and is to lose: a row goes when its object is gone.
CREATE TABLE artifact_waste (
  object TEXT PRIMARY KEY,
  multipart TEXT
) WITHOUT ROWID;
