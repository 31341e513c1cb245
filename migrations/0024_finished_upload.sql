-- Uploads that became artifacts: whoever did not hear of it asks again. They are kept for as long as its holder may name it.
CREATE TABLE artifact_finished (
  upload TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  hash TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX artifact_finished_at ON artifact_finished (at);
