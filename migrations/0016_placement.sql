-- Where the actors of these data live: 'own', each in an object of its own, or 'cell', all in one. A server of the other placement does not
-- serve them. Without a row nothing was ever served, and the first server says which it is.
CREATE TABLE placement (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  placement TEXT NOT NULL CHECK (placement IN ('own', 'cell'))
);
-- Before there was a choice, each had an object of its own.
INSERT INTO placement (one, placement)
SELECT 1, 'own' WHERE EXISTS (SELECT 1 FROM agent) OR EXISTS (SELECT 1 FROM workflow) OR EXISTS (SELECT 1 FROM event) OR EXISTS (SELECT 1 FROM log_entry);
