-- Receivers that an object could not reach for so long that their messages wait in a queue of their own.

-- A row that is gone (no messages) stays until retention, so that an older word cannot bring it back. Times in milliseconds.
CREATE TABLE unreachable (
  sender TEXT NOT NULL,
  receiver TEXT NOT NULL,
  at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  error TEXT NOT NULL,
  thread TEXT,
  PRIMARY KEY (sender, receiver)
) WITHOUT ROWID;
CREATE INDEX unreachable_thread ON unreachable (thread) WHERE thread IS NOT NULL;
