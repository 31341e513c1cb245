-- Who is signed in to the inspector: see src/worker/session-store.ts. `id` is the SHA-256 of the cookie's value, `token` that of the token which
-- opened the session and is proven again with each call.
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  token TEXT NOT NULL,
  expires INTEGER NOT NULL
);
CREATE INDEX session_owner ON session (owner, expires);
CREATE INDEX session_expires ON session (expires);
