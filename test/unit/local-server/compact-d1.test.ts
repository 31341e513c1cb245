/** [RET4] D1's file shrinks at a local start once much of it is free, and loses nothing. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { compactD1, compactLimits } from "../../../src/local-server/compact-d1.ts";

const state = mkdtempSync(join(tmpdir(), "nerveflare-compact-"));
afterEach(() => rmSync(state, { recursive: true, force: true }));

test("[RET4] a file of which much is free is shrunk once; one that is full, or absent, is left alone", () => {
  expect(compactD1(state, () => {})).toBe(0);
  mkdirSync(join(state, "d1/database"), { recursive: true });
  const path = join(state, `d1/database/${"a".repeat(64)}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT)");
  const insert = database.prepare("INSERT INTO event (body) VALUES (?)");
  database.exec("BEGIN");
  for (let row = 0; row < 3 * (compactLimits.freeBytes / 10_000); row++) insert.run("x".repeat(10_000));
  database.exec("COMMIT");
  database.close();
  const lines: string[] = [];
  expect(compactD1(state, (line) => lines.push(line))).toBe(0);
  const full = statSync(path).size;

  const again = new DatabaseSync(path);
  again.exec("DELETE FROM event WHERE id > 10");
  again.close();
  expect(statSync(path).size).toBeGreaterThan(full * 0.9);
  expect(compactD1(state, (line) => lines.push(line))).toBeGreaterThan(full * 0.9);
  expect(statSync(path).size).toBeLessThan(full * 0.1);
  expect(lines).toEqual([expect.stringContaining("gave back")]);
  const kept = new DatabaseSync(path);
  expect(kept.prepare("SELECT count(*) AS n FROM event").get()).toEqual({ n: 10 });
  kept.close();
});
