-- Where changes of A2A tasks are pushed to: each by a webhook's object of its own, which has the secrets. See src/worker/a2a-push-store.ts.
CREATE TABLE a2a_push (
  thread TEXT NOT NULL,
  id TEXT NOT NULL,
  webhook TEXT NOT NULL,
  url TEXT NOT NULL,
  scheme TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (thread, id)
) WITHOUT ROWID;
CREATE INDEX a2a_push_webhook ON a2a_push (webhook);
