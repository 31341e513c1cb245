-- Where the log's events are posted to. Lists are JSON; NULL means all. Secrets, and how far each is, are in its object.
CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  workflow TEXT,
  role TEXT,
  agent TEXT,
  links TEXT NOT NULL,
  note TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Grows with each change of the webhooks, so that whoever writes the log knows by what it reads anyhow whether there are any: 0 is never.
ALTER TABLE registry ADD COLUMN webhooks INTEGER NOT NULL DEFAULT 0;
