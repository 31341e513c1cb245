/**
 * How an object of its own takes what an actor has stored in a cell. Such an object runs nothing and is asked nothing before the move is
 * over, so that until then the cell has the one history, and what a move has left that was given up is replaced by the next.
 */

import type { SqlValue } from "../host/ports.ts";
import { isBuried, type ObjectContext } from "../host/storage/object-context.ts";
import { makeTables } from "../host/store/tables.ts";

export const movedTables = ["journal", "document", "cursor"] as const;

/** A page of one table's rows, their columns in the table's order. */
export interface MovedPage {
  table: (typeof movedTables)[number];
  rows: SqlValue[][];
}

/** What an object of its own answers to beside its endpoint. */
export interface MoveRpc {
  /**
   * Takes facts and rows; the first page replaces what another move has brought.
   * @throws if the object has stored what no move has brought, or a page is missing
   */
  takeMoved(move: string, page: number, facts: { [name: string]: unknown }, pages: MovedPage[]): Promise<void>;
  /** There is no way back: from now on it is woken at that time. */
  settleMoved(move: string, alarm: number | undefined): Promise<void>;
}

/** Which move has brought what is there, and how many pages; until it is settled. */
const moveFact = "moved";

export function takeMoved(ctx: ObjectContext, move: string, page: number, facts: { [name: string]: unknown }, pages: MovedPage[]): void {
  const { name, storage } = ctx;
  storage.transaction(() => {
    const before = ctx.facts.get<{ move: string; pages: number }>(moveFact);
    if (page === 0) {
      if (before === undefined && (ctx.isStored() || isBuried(ctx)))
        throw new Error(
          `move_refused: ${name}'s own object has stored something that no move has brought, and it is not written over. The cell is as it was: start it as one again.`,
        );
      ctx.clear();
      if (name !== undefined) ctx.tellName(name);
      ctx.keepName();
      for (const [key, value] of Object.entries(facts)) ctx.facts.put(key, value);
    } else if (before?.move === move && before.pages > page) {
      // The cell ended before it had noted that this one is here.
      return;
    } else if (before?.move !== move || before.pages !== page) {
      throw new Error(`move_refused: a page of ${name} is missing. Order the move again.`);
    }
    // One that has nothing but facts has no tables either: so it is known to be empty.
    if (pages.length > 0) makeTables(storage);
    for (const { table, rows } of pages)
      for (const row of rows) storage.exec(`INSERT INTO ${table} VALUES (${row.map(() => "?").join(", ")})`, ...row);
    ctx.facts.put(moveFact, { move, pages: page + 1 });
  });
}

export async function settleMoved(ctx: ObjectContext, move: string, alarm: number | undefined): Promise<void> {
  const before = ctx.facts.get<{ move: string }>(moveFact);
  // It was settled before: its alarm is its own by now.
  if (before === undefined) return;
  if (before.move !== move) throw new Error(`move_refused: another move has brought what ${ctx.name}'s own object has.`);
  ctx.storage.transaction(() => {
    ctx.facts.delete(moveFact);
    if (alarm !== undefined) ctx.storage.setAlarm(alarm);
  });
  await ctx.sync();
}
