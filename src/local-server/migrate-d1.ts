/** Brings the local D1 up to date, in the table that Wrangler uses, so that both may take turns. */
import type { Miniflare } from "miniflare";
import type { Migration } from "./built-worker.ts";

type D1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/** Applies each migration that is not on record, one transaction each, in order. Returns the names applied. */
export async function migrateD1(database: D1, migrations: readonly Migration[]): Promise<string[]> {
  await database.exec(
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
  );
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, statements } of pending) {
    const prepared = statements.map((sql) => database.prepare(sql));
    await database.batch([...prepared, database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name)]);
  }
  return pending.map(({ name }) => name);
}
