/** The table that keys of orders were kept in before documents. Knows SQL only. */
import type { FormerTables } from "../host/store/tables.ts";
import { controlKeyCollection } from "./control-keys.ts";

const controlKeyMigrations: readonly string[] = [
  "CREATE TABLE control_key (key TEXT PRIMARY KEY, hash TEXT NOT NULL, answer TEXT, at INTEGER NOT NULL);",
];

export const formerControlKeys: FormerTables = {
  migrations: controlKeyMigrations,
  convert(storage, owner) {
    // An answer that is JSON is joined as a text: SQLite's own functions refuse what is nested deeper than they go.
    storage.exec(
      `INSERT INTO document SELECT ?, ?, key, json_object('at', at, 'place', rowid),
       '{"hash":' || json_quote(hash) || ',"answer":' || coalesce(answer, 'null') || ',"at":' || at || ',"place":' || rowid || '}' FROM control_key`,
      owner,
      controlKeyCollection,
    );
    storage.exec("DROP TABLE control_key;");
  },
};
