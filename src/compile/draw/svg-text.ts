/** Text in SVG: escaped, and set where it was measured. */
import type { Point } from "./layout.ts";
import type { TextBlock, TextStyle } from "./text-block.ts";

/** Text as XML may hold it: without control characters and halves of surrogate pairs. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A number as short as it is exact enough. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const dimStyles = new Set<TextStyle>(["text", "detail"]);

/** Draws a block's lines from a corner on; `ink` colours the smaller ones. */
export function drawText(block: TextBlock, corner: Point, ink = "dim"): string {
  return block.lines
    .map(({ text, x, y, style }) => {
      const colour = dimStyles.has(style) ? ` ${ink}` : "";
      return `<text class="${style}${colour}" x="${round(corner.x + x)}" y="${round(corner.y + y)}">${escapeXml(text)}</text>`;
    })
    .join("");
}
