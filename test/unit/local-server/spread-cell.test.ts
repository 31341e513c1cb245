/** A cell's file becomes a file for each of its actors, also where an earlier move has left some of them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";
import { expect, onTestFinished, test } from "vitest";
import { layOutCell } from "../../../src/durable/cell/cell-database.ts";
import { createNodeStorage } from "../../../src/durable/host/storage/node-storage.ts";
import { findActorFile, findObjectFile } from "../../../src/local-server/object-names.ts";
import { findCellFile, spreadCell } from "../../../src/local-server/spread-cell.ts";
import { findD1, listFiles } from "../../../src/local-server/state-files.ts";

const actors = ["agent/bob", "task/t1"];

/** Two actors with a row each, and an alarm of one. @param phase of a move that has begun */
function open(phase?: "rows" | "alarms"): string {
  const state = mkdtempSync(join(tmpdir(), "nerveflare-spread-"));
  onTestFinished(() => rmSync(state, { recursive: true }));
  const d1 = join(state, "d1", "database", `${"a".repeat(64)}.sqlite`);
  mkdirSync(dirname(d1), { recursive: true });
  const index = new DatabaseSync(d1);
  index.exec("CREATE TABLE placement (one INTEGER PRIMARY KEY, placement TEXT); INSERT INTO placement VALUES (1, 'cell')");
  index.close();
  const path = join(state, findObjectFile("CellObject", "cell"));
  mkdirSync(dirname(path), { recursive: true });
  const storage = createNodeStorage(path);
  layOutCell(storage);
  storage.exec(`INSERT INTO cursor VALUES ('facts task/t1', 'rows', 0, '"#0000001"')`);
  for (const owner of actors)
    storage.exec("INSERT INTO document VALUES (?, 'account', '', NULL, '{\"of\":\"the cell\"}')", owner === "task/t1" ? "#0000001" : owner);
  storage.exec("INSERT INTO cursor VALUES ('', 'task/t1', 5000, '')");
  if (phase)
    storage.exec("INSERT INTO cursor VALUES ('facts ', 'move', 0, ?)", JSON.stringify({ id: "m", phase, after: "", done: 0, of: 2 }));
  storage.close();
  return state;
}

/** What is in bob's own object. */
function leave(state: string, left: { moved?: boolean; rows?: boolean; tombstone?: boolean }): void {
  const path = join(state, findActorFile("agent/bob"));
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID");
  const put = (key: string, value: unknown) => db.prepare("INSERT INTO _cf_KV VALUES (?, ?)").run(key, serialize(value));
  if (left.moved) put("moved", { move: "before", pages: 1 });
  if (left.tombstone) put("tombstone", 99);
  if (left.rows) {
    db.exec("CREATE TABLE document (owner TEXT, collection TEXT, key TEXT, facts TEXT, body TEXT)");
    db.exec("INSERT INTO document VALUES ('agent/bob', 'account', '', NULL, '{\"of\":\"its own\"}')");
  }
  db.close();
}

function read(state: string, address: string): unknown {
  const db = new DatabaseSync(join(state, findActorFile(address)));
  const [row] = db.prepare("SELECT body FROM document WHERE owner = ?").all(address) as { body: string }[];
  db.close();
  return row && (JSON.parse(row.body) as { of: string }).of;
}

function readPlacement(state: string): unknown {
  const db = new DatabaseSync(join(state, findD1(listFiles(state)) as string));
  const row = db.prepare("SELECT placement FROM placement").get() as { placement: string } | undefined;
  db.close();
  return row?.placement;
}

const nothing = { moved: false };

test.each([
  { left: undefined, phase: undefined },
  { left: nothing, phase: undefined },
  { left: { moved: true, rows: true }, phase: undefined },
  { left: { moved: true, rows: true }, phase: "rows" as const },
  { left: { moved: true, rows: true }, phase: "alarms" as const },
])("[PLACE13] a cell's file is spread where a move has left $left in an object, begun as far as $phase", ({ left, phase }) => {
  const state = open(phase);
  if (left) leave(state, left);
  expect(spreadCell(state, () => {})).toBe(2);
  expect(actors.map((address) => read(state, address))).toEqual(["the cell", "the cell"]);
  expect([findCellFile(state), readPlacement(state)]).toEqual([undefined, "own"]);
});

test("[PLACE13] what an object has stored of its own is not written over: nothing is touched, unless a move was past its rows", () => {
  for (const left of [{ rows: true }, { tombstone: true }]) {
    const state = open("rows");
    leave(state, left);
    const before = listFiles(state);
    expect(() => spreadCell(state, () => {})).toThrow("agent/bob's own object has stored something that no move has brought");
    expect(listFiles(state)).toEqual(before);
    expect(existsSync(join(state, findActorFile("task/t1")))).toBe(false);
  }
  const state = open("alarms");
  leave(state, { rows: true });
  expect(spreadCell(state, () => {})).toBe(2);
  expect(actors.map((address) => read(state, address))).toEqual(["its own", "the cell"]);
});
