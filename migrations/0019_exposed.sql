-- Workflows that clients and agents start by name: see src/worker/exposed-workflows.ts. A copy from the revision, as `input` is.
ALTER TABLE workflow ADD COLUMN exposed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX workflow_exposed ON workflow (name) WHERE exposed = 1 AND published = 1;
