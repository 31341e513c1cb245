-- What was answered to orders that no single object follows, under their idempotency keys: see src/worker/answer-store.ts.
CREATE TABLE control_answer (
  key TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX control_answer_at ON control_answer (at);
