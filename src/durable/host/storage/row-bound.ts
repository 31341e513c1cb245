/**
 * The platform's bound on a row, enforced wherever the same statements run: the local runtime takes rows that a deployed one
 * refuses, and what cannot be stored there must not be here. Knows SQL as far as it counts the rows of an INSERT.
 */
import { countBytes } from "../../../contract/limits.ts";
import type { SqlValue } from "../ports.ts";

/** Bytes of one row, or of one value in it: https://developers.cloudflare.com/durable-objects/platform/limits/ */
export const rowBytes = 2_000_000;

/** A row that the platform does not take. No retry helps. */
export class RowTooLargeError extends Error {
  override name = "RowTooLargeError";

  constructor(bytes: number) {
    super(`string or blob too big: SQLITE_TOOBIG: a row would have ${bytes} bytes, and ${rowBytes} is the most`);
  }
}

/** Whether it is a row that is too large; told by the message, for class identity does not cross a call. */
export function isRowTooLarge(error: unknown): boolean {
  return /SQLITE_TOOBIG/.test(String((error as { message?: unknown } | null)?.message));
}

/** @throws {RowTooLargeError} when the values of one row have more bytes than the platform takes */
export function checkRows(sql: string, values: readonly SqlValue[]): void {
  // Cheap for all but the largest: a unit of UTF-16 takes three bytes at most.
  if (countAtMost(values) <= rowBytes) return;
  const perRow = values.length / countRows(sql);
  for (let at = 0; at < values.length; at += perRow) checkRow(values.slice(at, at + perRow));
}

/** @throws {RowTooLargeError} as {@link checkRows}, of one row's values */
export function checkRow(values: readonly SqlValue[]): void {
  if (countAtMost(values) <= rowBytes) return;
  const bytes = values.reduce<number>((sum, value) => sum + (typeof value === "string" ? countBytes(value) : 8), 0);
  if (bytes > rowBytes) throw new RowTooLargeError(bytes);
}

function countAtMost(values: readonly SqlValue[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === "string" ? value.length * 3 : 8;
  return bytes;
}

/** Rows of an INSERT that has several, each in parentheses; else one. */
function countRows(sql: string): number {
  return Math.max(1, sql.match(/\(\?(?:, \?)*\)/g)?.length ?? 1);
}
