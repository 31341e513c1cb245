import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { requiredMigrations } from "../../../src/durable/required-migrations.ts";
import { localDatabase, migrateD1 } from "../../../src/local-server/migrate-d1.ts";
import { findD1, listFiles, readMigrations, withDatabase } from "../../../src/local-server/state-files.ts";

const migrations = requiredMigrations.map((name) => ({ name, sql: readFileSync(`migrations/${name}`, "utf8") }));

function makeState(): string {
  const state = mkdtempSync(join(tmpdir(), "nerveflare-state-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  return state;
}

test("[SRV25] a new folder's D1 gets every migration once, and one of before those that it lacks", () => {
  const state = makeState();
  expect(migrateD1(state, migrations.slice(0, 3))).toEqual(requiredMigrations.slice(0, 3));
  expect(findD1(listFiles(state))).toBe(localDatabase.file);
  expect(migrateD1(state, migrations)).toEqual(requiredMigrations.slice(3));
  expect(migrateD1(state, migrations)).toEqual([]);
  expect(readMigrations(join(state, localDatabase.file))).toEqual(requiredMigrations);
});

test("[SRV26] a migration that fails leaves nothing of itself, and those before it", () => {
  const state = makeState();
  const broken = { name: "0099_broken.sql", sql: "CREATE TABLE half (id INTEGER);\nINSERT INTO nowhere VALUES (1);" };
  expect(() => migrateD1(state, [...migrations.slice(0, 1), broken])).toThrow(/^migration 0099_broken\.sql: no such table: nowhere/);
  const d1 = join(state, localDatabase.file);
  expect(readMigrations(d1)).toEqual(requiredMigrations.slice(0, 1));
  expect(withDatabase(d1, (db) => db.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all())).toEqual([]);
});

test("[SRV27] a D1 that was made under another database's name is found again", () => {
  const state = makeState();
  migrateD1(state, migrations);
  const d1 = join(state, localDatabase.file);
  withDatabase(d1, (db) => db.exec("CREATE TABLE mine (id INTEGER); INSERT INTO mine VALUES (7)"));
  mkdirSync(dirname(d1), { recursive: true });
  renameSync(d1, join(dirname(d1), `${"e".repeat(64)}.sqlite`));
  expect(migrateD1(state, migrations)).toEqual([]);
  expect(withDatabase(d1, (db) => db.prepare("SELECT id FROM mine").all())).toEqual([{ id: 7 }]);
  expect(readdirSync(dirname(d1)).filter((name) => name.endsWith(".sqlite"))).toHaveLength(1);
});
