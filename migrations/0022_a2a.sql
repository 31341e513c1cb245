-- Agents that have an A2A card: see src/worker/exposed-agents.ts. `decided`: an operator said so, and what the agent says of itself counts no more.
CREATE TABLE exposed_agent (
  agent TEXT PRIMARY KEY,
  open INTEGER NOT NULL,
  description TEXT,
  decided INTEGER NOT NULL
) WITHOUT ROWID;

-- Tasks by the context that their first message named. Those that named none are a context of their own.
CREATE TABLE a2a_context (
  context TEXT NOT NULL,
  thread TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (context, thread)
) WITHOUT ROWID;
CREATE INDEX a2a_context_at ON a2a_context (at);
