-- When the object that says it committed a row, in milliseconds: `recorded_at` minus this is how far the log was behind. Of
-- what an agent sends this is when it was accepted, while `time` is the sender's own claim.
ALTER TABLE event ADD COLUMN committed_at INTEGER;

-- What a thread waits for while it is recruiting or running, one row a part of it: `recruitment` (a claim) and `task` (an
-- answer, acknowledgements, children). The parts may live in two objects, so each has a clock of its own; `waits_for` NULL:
-- for nothing. That a thread waits for a place or a person its status says.
CREATE TABLE wait (
  thread TEXT NOT NULL,
  part TEXT NOT NULL,
  at INTEGER NOT NULL,
  waits_for TEXT,
  role TEXT,
  agent TEXT,
  since INTEGER,
  until INTEGER,
  PRIMARY KEY (thread, part)
) WITHOUT ROWID;
