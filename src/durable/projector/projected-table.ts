/** What a projected table says of itself: the statements that unfold its rows. Knows no table. */
import type { ProjectionRow } from "../protocol/projector.ts";

export type RowOf<Table extends ProjectionRow["table"]> = Extract<ProjectionRow, { table: Table }>;

export interface ProjectedTable<Table extends ProjectionRow["table"]> {
  /** Of rows of one key only the one of the greatest order is worth a write. */
  newest?(row: RowOf<Table>): { key: string; order: number };
  /** Rows of one batch as the statements read them, each as JSON; absent: as their objects' journals have them. */
  encode?(rows: readonly RowOf<Table>[]): string[];
  /**
   * SQL that takes many rows as one parameter, a JSON array: each runs in the same transaction, in this order, and writing the
   * same rows again changes nothing.
   */
  statements: readonly (string | SomeRows<Table>)[];
}

/** A statement that some of the rows need. */
export interface SomeRows<Table extends ProjectionRow["table"]> {
  sql: string;
  needs(row: RowOf<Table>): boolean;
}
