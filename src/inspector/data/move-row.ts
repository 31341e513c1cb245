/** Which row of a table a key leads to. Knows no page. */

/** @returns undefined: the key moves nothing */
export function moveRow(key: string, at: number, count: number, page: number): number | undefined {
  const last = count - 1;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: at + page, PageUp: at - page }[key];
  return to === undefined || count === 0 ? undefined : Math.max(0, Math.min(last, to));
}
