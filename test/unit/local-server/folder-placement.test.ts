/** Where the actors of a folder live, as its D1 says it without a server. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { readFolderPlacement, refuseOtherPlacement } from "../../../src/local-server/folder-placement.ts";
import { migrateD1 } from "../../../src/local-server/migrate-d1.ts";
import { findD1, listFiles } from "../../../src/local-server/state-files.ts";

const all = readdirSync("migrations")
  .filter((name) => name.endsWith(".sql"))
  .sort()
  .map((name) => ({ name, sql: readFileSync(join("migrations", name), "utf8") }));
const before = all.filter(({ name }) => name < "0016");

/** A folder whose D1 has these migrations, and then that row. */
function open(migrations: typeof all, sql?: string): string {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-placement-"));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const state = join(data, "state");
  mkdirSync(state, { recursive: true });
  migrateD1(state, migrations);
  const db = new DatabaseSync(join(state, findD1(listFiles(state)) as string));
  db.exec("PRAGMA ignore_check_constraints = 1");
  if (sql !== undefined) db.exec(sql);
  db.close();
  return data;
}

const fill = (table: string): string => {
  const db = new DatabaseSync(":memory:");
  for (const { sql } of before) db.exec(sql);
  const columns = db.prepare("SELECT name, type FROM pragma_table_info(?)").all(table) as { name: string; type: string }[];
  return `INSERT INTO ${table} (${columns.map(({ name }) => name)}) VALUES (${columns.map(({ type }) => (type === "INTEGER" ? 1 : "'[]'"))})`;
};

test("[PLACE12] a folder of before there was a choice is of objects of their own where anything was served, a log alone too", () => {
  expect(readFolderPlacement(open([]))).toBeUndefined();
  expect(readFolderPlacement(open(before))).toBeUndefined();
  for (const table of ["agent", "workflow", "event", "log_entry"]) {
    const data = open(before, fill(table));
    expect(readFolderPlacement(data), table).toBe("own");
    expect(() => refuseOtherPlacement(data, "cell"), table).toThrow(/placement "own"/);
    // As the migration sees it, which comes after: what starts is served.
    migrateD1(join(data, "state"), all);
    expect(readFolderPlacement(data), table).toBe("own");
  }
  expect(readFolderPlacement(open(all))).toBeUndefined();
  expect(readFolderPlacement(open(all, "INSERT INTO placement VALUES (1, 'cell')"))).toBe("cell");
});
