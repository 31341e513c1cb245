-- Who may post here, by name. Secrets, maps and what became of deliveries are in each hook's object.
CREATE TABLE hook (
  name TEXT PRIMARY KEY,
  sender TEXT NOT NULL,
  kinds TEXT NOT NULL,
  note TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
