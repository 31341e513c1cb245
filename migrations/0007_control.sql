-- What operators steer by: workflows whose admission is stopped, and events that could not be run.

-- A copy of what the workflow's own object holds, so that lists show it.
CREATE TABLE paused (
  workflow TEXT PRIMARY KEY,
  by TEXT NOT NULL,
  reason TEXT,
  since TEXT NOT NULL
) WITHOUT ROWID;

-- `id` names the object and its own number of the event. `revision_number` orders what the object said of it: parked,
-- tried in vain, gone; a row that is gone stays until retention, so that an older word cannot bring it back.
CREATE TABLE parked (
  id TEXT PRIMARY KEY,
  revision_number INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  thread TEXT NOT NULL,
  actor TEXT NOT NULL,
  type TEXT NOT NULL,
  code TEXT NOT NULL,
  error TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX parked_at ON parked (gone, at);
