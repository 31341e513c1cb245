/** Lines of text, one under the other, with their sizes: what boxes and labels hold. */
import { type Font, measureText, wrapText } from "./measure-text.ts";

/** One line; `x` is its left edge, `y` its baseline, from the block's corner. */
export interface TextLine {
  text: string;
  x: number;
  y: number;
  width: number;
  style: TextStyle;
}

/** What a line is for. */
export type TextStyle = "heading" | "title" | "text" | "label" | "detail";

/** Lines and the room that they take. */
export interface TextBlock {
  lines: TextLine[];
  width: number;
  height: number;
}

/** Font and line height of each style, in pixels. */
export const textStyles: Record<TextStyle, Font & { height: number }> = {
  heading: { size: 20, bold: true, height: 28 },
  title: { size: 15, bold: true, height: 20 },
  text: { size: 12, height: 16 },
  label: { size: 13, bold: true, height: 17 },
  detail: { size: 11.5, height: 15 },
};

/** A paragraph to be set. */
export interface Paragraph {
  text: string;
  style: TextStyle;
  /** Lines at most. */
  most?: number;
  /** Pixels above. */
  gap?: number;
}

/** Sets paragraphs one under the other, none wider than `width`, aligned left or centred. */
export function setText(paragraphs: Paragraph[], width: number, align: "left" | "centre"): TextBlock {
  const lines: TextLine[] = [];
  let y = 0;
  for (const { text, style, most, gap = 0 } of paragraphs) {
    const font = textStyles[style];
    y += gap;
    for (const line of wrapText(text, font, width, most)) {
      // The baseline of Helvetica-like fonts is about three quarters down the line.
      lines.push({ text: line, x: 0, y: y + font.height * 0.5 + font.size * 0.36, width: measureText(line, font), style });
      y += font.height;
    }
  }
  const widest = Math.ceil(Math.max(0, ...lines.map((line) => line.width)));
  if (align === "centre") for (const line of lines) line.x = (widest - line.width) / 2;
  return { lines, width: widest, height: y };
}
