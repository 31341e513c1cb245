/** The text of boxes and labels, and the size that it gives them. */
import { measureText } from "./measure-text.ts";
import type { PictureEdge, PictureNode } from "./picture.ts";
import { type Paragraph, setText, type TextBlock, textStyles } from "./text-block.ts";

/** Pixels. */
export const padding = { x: 14, y: 10 };
const boxWidth = 250;
const labelWidth = 220;
/** Pixels between two arrows at a box, so that their heads are apart. */
const arrowSpacing = 18;
/** A badge is small text in a pill beside the title. */
export const badge = { gap: 10, padding: 7, height: 16 };

/** Width of a node's badge with its pill. */
export function measureBadge(text: string): number {
  return Math.ceil(measureText(text, textStyles.detail)) + 2 * badge.padding;
}

interface Sized {
  box: { width: number; height: number };
  text: TextBlock;
}

/** A box's text and size; the side at which arrows leave, its foot or its right, is long enough for so many. */
export function measureNode(node: PictureNode, arrows: number, isAcross: boolean): Sized {
  if (node.kind === "initial") return { box: { width: 12, height: 12 }, text: setText([], 0, "left") };
  const { box, text } = measureContent(node);
  const least = arrowSpacing * (arrows + 1);
  return { text, box: isAcross ? { ...box, height: Math.max(least, box.height) } : { ...box, width: Math.max(least, box.width) } };
}

function measureContent(node: PictureNode): Sized {
  if (node.kind === "start" || node.kind === "end") {
    const text = setText([{ text: node.title, style: "label" }], boxWidth, "centre");
    return { box: { width: Math.max(58, text.width + 30), height: text.height + 10 }, text };
  }
  if (node.reference) {
    const text = setText([{ text: node.title, style: "detail" }], boxWidth, "centre");
    return { box: { width: text.width + 20, height: text.height + 8 }, text };
  }
  const plain = node.kind === "suspended" || node.kind === "failed" || node.kind === "state";
  const text = setText(
    [
      { text: node.title, style: plain && node.kind === "state" ? "label" : "title", most: 2 },
      ...node.lines.map((line, index): Paragraph => ({ text: line, style: plain ? "detail" : "text", most: 3, gap: index === 0 ? 2 : 3 })),
    ],
    boxWidth,
    plain ? "centre" : "left",
  );
  const first = text.lines[0]?.width ?? 0;
  const header = node.badge === undefined ? 0 : first + badge.gap + measureBadge(node.badge);
  return { box: { width: Math.ceil(Math.max(text.width, header) + 2 * padding.x), height: text.height + 2 * padding.y }, text };
}

/** An arrow's label. */
export function setLabel({ title, lines }: PictureEdge): TextBlock {
  return setText(
    [
      ...(title === "" ? [] : [{ text: title, style: "label" } as const]),
      ...lines.map((text): Paragraph => ({ text, style: "detail", most: 3 })),
    ],
    labelWidth,
    "centre",
  );
}
