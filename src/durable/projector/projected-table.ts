/** What a projected table says of itself: how its rows become JSON, and the statements that unfold it. Knows no table. */
import type { Json } from "../../contract/event.ts";
import type { ProjectionRow } from "../protocol/projector.ts";

export interface ProjectedTable<Table extends ProjectionRow["table"]> {
  encode(row: Extract<ProjectionRow, { table: Table }>): {
    /** What the statements read of one row. */
    values: { [name: string]: Json | undefined };
    /** Of rows of one key only the one of the greatest order is worth a write. */
    newest?: { key: string; order: number };
  };
  /**
   * SQL that takes many rows as one parameter, a JSON array: each runs in the same transaction, in this order, and writing the
   * same rows again changes nothing.
   */
  statements: readonly string[];
}
