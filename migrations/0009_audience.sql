-- Who was given a broadcast's turn, and so takes part in its thread. By the thread's id, not its position: a task's object
-- may tell of its audience before its thread is in the index.
CREATE TABLE thread_audience (
  agent TEXT NOT NULL,
  thread TEXT NOT NULL,
  PRIMARY KEY (agent, thread)
) WITHOUT ROWID;
CREATE INDEX thread_audience_thread ON thread_audience (thread);
