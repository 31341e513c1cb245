-- What was decided of an event at its acceptance, as JSON: each reflex's verdict, and whom it was sent to.
ALTER TABLE event ADD COLUMN routing TEXT;

-- Which kinds an agent is sent without being named: `granted` by an operator, `kinds` what the agent has left of it. Lists are
-- JSON. The row stays when nothing is left, for `changed`, the registry's version at the last change, tells caches about it.
CREATE TABLE subscription (
  agent TEXT PRIMARY KEY,
  granted TEXT NOT NULL,
  kinds TEXT NOT NULL,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX subscription_changed ON subscription (changed);
