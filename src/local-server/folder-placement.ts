/** Where the actors of a data folder live: D1 says so, for a backup has it too. */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { findPlacementMismatch, type Placement, readPlacement } from "../contract/placement.ts";
import { ServerStartError } from "./server-start-error.ts";
import { findD1, findState, listFiles, withDatabase } from "./state-files.ts";

/** The placement of the data in a folder; undefined: there are none yet. */
export function readFolderPlacement(data: string): Placement | undefined {
  const state = findState(data);
  const d1 = findD1(listFiles(state));
  return d1 === undefined ? undefined : withDatabase(join(state, d1), readPlacementOf);
}

function readPlacementOf(db: DatabaseSync): Placement | undefined {
  const has = (table: string): boolean =>
    db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  if (has("placement")) {
    const row = db.prepare("SELECT placement FROM placement WHERE one = 1").get() as { placement: string } | undefined;
    return row && readPlacement(row.placement);
  }
  // Before there was a choice, each actor had an object of its own. As the migration that keeps it looks: migrations/0016_placement.sql.
  const served = ["agent", "workflow", "event", "log_entry"].some(
    (table) => has(table) && db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined,
  );
  return served ? "own" : undefined;
}

/** @throws {ServerStartError} `placement_differs`, with the ways out */
export function refuseOtherPlacement(data: string, placement: Placement): void {
  const fault = findPlacementMismatch(readFolderPlacement(data) ?? placement, placement);
  if (fault === undefined) return;
  const end = fault.indexOf(". ") + 1;
  throw new ServerStartError("placement_differs", `${data}: ${fault.slice(0, end)}`, { hint: fault.slice(end + 1) });
}
