/** Places in a source text: offsets inside, line and column only when something is shown to a person. */

/** Half-open range of UTF-16 offsets. */
export interface Span {
  start: number;
  end: number;
}

/** One-based line and column (in UTF-16 units). */
export interface Position {
  line: number;
  column: number;
}

/** Finds the position of an offset; offsets outside the text are clamped. */
export function locateOffset(text: string, offset: number): Position {
  const end = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: end - lineStart + 1 };
}
