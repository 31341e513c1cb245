/**
 * How wide text is, without a font at hand: by the widths of Helvetica, which Arial, Liberation Sans and Nimbus Sans share, so that
 * boxes fit their text on every system.
 */

/** The font stack that the widths hold for. */
export const fontFamily = 'Helvetica, Arial, "Liberation Sans", "Nimbus Sans", sans-serif';

/** Thousandths of the font's size, for the characters from U+0020 to U+007E. */
const regular = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278,
  278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
  667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556,
  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const bold = [
  278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333,
  333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722,
  667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611,
  611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/** A size in pixels and a weight. */
export interface Font {
  size: number;
  bold?: boolean;
}

function measureCharacter(character: string, widths: number[]): number {
  const code = character.codePointAt(0) ?? 0;
  const known = widths[code - 32];
  if (known !== undefined) return known;
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  // Letters of Latin, Greek and Cyrillic are about as wide as a capital; whatever comes from further away fills a square.
  return code < 0x0590 ? 667 : code === 0x2026 || code >= 0x2e80 ? 1000 : 750;
}

/** Width in pixels. */
export function measureText(text: string, font: Font): number {
  const widths = font.bold ? bold : regular;
  let sum = 0;
  for (const character of text) sum += measureCharacter(character, widths);
  return (sum * font.size) / 1000;
}

/** Breaks text into lines of at most `width` pixels, between words where it can; the last of `most` lines ends in `…` if more is cut off. */
export function wrapText(text: string, font: Font, width: number, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (measureText(longer, font) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const character of word) {
      if (measureText(line + character, font) > width && line !== "") {
        lines.push(line);
        line = "";
      }
      line += character;
    }
    if (lines.length > most) break;
  }
  if (line !== "") lines.push(line);
  if (lines.length <= most) return lines;
  const last = lines[most - 1] ?? "";
  const cut = [...last];
  while (cut.length > 0 && measureText(`${cut.join("")}…`, font) > width) cut.pop();
  return [...lines.slice(0, most - 1), `${cut.join("").trimEnd()}…`];
}
