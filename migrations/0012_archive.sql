-- What is shown of a thread whose object was emptied. Kept as long again as the thread was kept after its end.

-- `at` in milliseconds. `view` and `messages` are JSON, as the object last answered.
CREATE TABLE thread_archive (
  thread TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  view TEXT NOT NULL,
  messages TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX thread_archive_at ON thread_archive (at);
