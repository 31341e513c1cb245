/** Text of a file as a terminal may show it: nothing in it is obeyed, and the width of every character is known. */

/** Columns of a terminal that an excerpt takes at most. */
const excerptWidth = 120;
const tabWidth = 4;

/** What a terminal would obey, or what turns the order of what is read: controls, line separators, bidirectional marks. */
const unsafe = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff]/u;
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Text on one line, with what a terminal would obey replaced by a visible mark. */
export function showText(text: string): string {
  return [...text]
    .map((character) => (unsafe.test(character) ? (character === "\n" || character === "\t" ? " " : "�") : character))
    .join("");
}

/** Columns that one grapheme takes in a terminal. */
function measure(grapheme: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme)) return 0;
  return wide.test(grapheme) || grapheme.includes("\ufe0f") ? 2 : 1;
}

/**
 * Shows a line and carets under its part from `start` to `end` (UTF-16 offsets into the line), at least one. Of a long line only
 * the surroundings of the part.
 */
export function cropLine(line: string, start: number, end: number): { source: string; carets: string } {
  const cells: { shown: string; width: number; marked: boolean }[] = [];
  let column = 0;
  for (const { segment, index } of segmenter.segment(line)) {
    const tab = segment === "\t";
    const width = tab ? tabWidth - (column % tabWidth) : unsafe.test(segment) ? [...segment].length : measure(segment);
    // A grapheme is marked when any part of it is: a caret cannot stand under half a letter.
    cells.push({ shown: tab ? " ".repeat(width) : showText(segment), width, marked: index < end && index + segment.length > start });
    column += width;
  }
  const first = cells.findIndex(({ marked }) => marked);
  const from = column > excerptWidth && first > excerptWidth / 2 ? first - Math.floor(excerptWidth / 3) : 0;
  let source = from > 0 ? "…" : "";
  let before = source.length;
  let carets = 0;
  let taken = before;
  for (const [index, { shown, width, marked }] of cells.entries()) {
    if (index < from) continue;
    if (taken + width > excerptWidth) {
      source += "…";
      break;
    }
    source += shown;
    taken += width;
    if (marked) carets += width;
    else if (first === -1 || index < first) before += width;
  }
  return { source, carets: " ".repeat(before) + "^".repeat(Math.max(1, carets)) };
}
