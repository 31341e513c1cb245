-- How many offers an agent has seen and does not answer, though it is there and has slots free.
ALTER TABLE agent_presence ADD COLUMN ignores INTEGER NOT NULL DEFAULT 0;
