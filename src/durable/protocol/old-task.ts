/** The rows of a task that an earlier version kept in its root's object, on their way to an object of their own. */
import type { Row } from "../host/ports.ts";

/** Where the next page of an old task's rows begins. */
export interface OldTaskPlace {
  /** Index of the table. */
  table: number;
  /** Rows of it that were read. */
  offset: number;
}

/** Rows of one table. */
export interface OldTaskPage {
  /** Versions of the tables, by the name of their room. */
  versions: { [room: string]: number };
  /** The last number that was drawn of each table that counts: receivers know messages by it. */
  numbers: { [table: string]: number };
  table: string;
  rows: Row[];
  /** Null: these were the last. */
  next: OldTaskPlace | null;
}
