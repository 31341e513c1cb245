/** The table that rows for the log and the index had before the journal: as it was released, and how it becomes entries. Knows SQL. */

import { createFormerJournal } from "../host/former-tables.ts";
import type { Storage } from "../host/ports.ts";
import type { FormerTables } from "../host/store/tables.ts";

const projectionMigrations = ["CREATE TABLE projection (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);"];

/** By the name of its version. */
export const formerProjection: { projection: FormerTables } = {
  projection: {
    migrations: projectionMigrations,
    convert(storage, owner) {
      const journal = createFormerJournal(storage, owner);
      for (const { body } of walk(storage)) journal.add(0, `{"log":${body}}`);
      storage.exec("DROP TABLE projection");
    },
  },
};

/** A few at a time, for each may have a megabyte. */
function* walk(storage: Storage): Generator<{ id: number; body: string }> {
  for (let after = -1; ; ) {
    const rows = storage.exec<{ id: number; body: string }>("SELECT id, body FROM projection WHERE id > ? ORDER BY id LIMIT 8", after);
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}
