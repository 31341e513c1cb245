/** What the forms in a picture mean: only those that are in it. */

import type { Point } from "./layout.ts";
import { measureText } from "./measure-text.ts";
import type { NodeKind, Picture, PictureNode } from "./picture.ts";
import { escapeXml, round } from "./svg-text.ts";
import { textStyles } from "./text-block.ts";

const boxes: Record<Exclude<NodeKind, "start" | "end" | "initial" | "state" | "compound">, string> = {
  open: "open role: recruited",
  named: "named role: one agent",
  broadcast: "broadcast role: many agents",
  suspended: "a person is waited for",
  failed: "the thread fails",
};
const lines = {
  author: ["edge", "the author's edge"],
  status: ["edge status-edge", "the author's edge for a status of the engine"],
  never: ["edge never-edge", "an edge that can never be taken"],
  engine: ["edge engine-edge", "the engine's way: time is up, a failure, nobody there"],
  event: ["edge event-edge", "an event, or a condition that holds"],
  timer: ["edge engine-edge", "time is up"],
} as const;
const gap = 22;
const rowHeight = 20;

function listAll(nodes: PictureNode[]): PictureNode[] {
  return nodes.flatMap((node) => [node, ...listAll(node.children ?? [])]);
}

/** Draws the legend from a corner on, in rows of at most `width`; gives where it ends. */
export function drawLegend(picture: Picture, corner: Point, width: number): { svg: string; bottom: number } {
  const kinds = new Set(listAll(picture.nodes).map(({ kind }) => kind));
  const drawn = new Set(picture.edges.map(({ kind }) => kind));
  const entries = [
    ...Object.entries(boxes)
      .filter(([kind]) => kinds.has(kind as NodeKind))
      .map(([kind, text]) => ({
        text,
        draw: ({ x, y }: Point) => `<rect class="box ${kind}" x="${round(x)}" y="${round(y - 6)}" width="20" height="12" rx="4"/>`,
      })),
    ...(picture.nodes.some(({ kind, reference }) => reference && kind !== "end")
      ? [
          {
            text: "\u2192 the arrow goes on at the box of that name",
            draw: ({ x, y }: Point) => `<rect class="box state tag" x="${round(x)}" y="${round(y - 6)}" width="20" height="12" rx="6"/>`,
          },
        ]
      : []),
    ...Object.entries(lines)
      .filter(([kind]) => drawn.has(kind as keyof typeof lines))
      .map(([, [style, text]]) => ({ text, draw: ({ x, y }: Point) => `<path class="${style}" d="M${round(x)} ${round(y)}h26"/>` })),
  ];
  const parts: string[] = [];
  let { x, y } = corner;
  y += rowHeight / 2;
  for (const { text, draw } of entries) {
    const size = 32 + measureText(text, textStyles.detail);
    if (x > corner.x && x + size > corner.x + width) {
      x = corner.x;
      y += rowHeight;
    }
    parts.push(draw({ x, y }), `<text class="detail dim" x="${round(x + 32)}" y="${round(y + 4)}">${escapeXml(text)}</text>`);
    x += size + gap;
  }
  return { svg: parts.join(""), bottom: entries.length === 0 ? corner.y : y + rowHeight / 2 };
}
