-- What agents say they accept: kinds, each with a JSON Schema of its `data` (`true`: any). Projected from their reports; `at` is the
-- object's clock in milliseconds, and the newer report stands. Read only beside a row of `agent`: one that is gone accepts nothing.
CREATE TABLE agent_accepts (
  agent TEXT PRIMARY KEY,
  accepts TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
