/** A picture as SVG: one file that stands alone, readable in light and in dark. */
import { type Box, type Layout, layoutPicture, type PlacedEdge, type PlacedNode, type Point } from "./layout.ts";
import { drawLegend } from "./legend.ts";
import type { Picture, PictureEdge } from "./picture.ts";
import { badge, measureBadge, padding } from "./size-picture.ts";
import { drawText, escapeXml, round } from "./svg-text.ts";
import { setText, type TextBlock } from "./text-block.ts";
import { type Theme, writeStyleSheet } from "./theme.ts";

const margin = 24;
/** Pixels that the header and the notes take at least, however narrow the picture is. */
const leastWidth = 420;
const cornerRadius = 8;

/** Draws a picture. The same picture gives the same text. */
export async function drawSvg(
  picture: Picture,
  { theme = "auto", parts = false }: { theme?: Theme; parts?: boolean } = {},
): Promise<string> {
  const layout = await layoutPicture(picture);
  const group: Group = (part, inner) =>
    inner === "" ? "" : parts && part !== undefined ? `<g data-part="${escapeXml(part)}">${inner}</g>` : inner;
  const inner = Math.max(leastWidth, layout.width);
  const header = setText(
    [{ text: picture.title, style: "heading" }, ...picture.lines.map((text) => ({ text, style: "text", gap: 2 }) as const)],
    inner,
    "left",
  );
  const notes = setText(
    picture.notes.map((text) => ({ text, style: "detail", gap: 3 })),
    inner,
    "left",
  );
  const top = margin + header.height + 20;
  const left = margin + (inner - layout.width) / 2;
  const bottom = top + layout.height + 24;
  const legend = drawLegend(picture, { x: margin, y: bottom + notes.height + (notes.height > 0 ? 14 : 0) }, inner);
  const width = Math.ceil(inner + 2 * margin);
  const height = Math.ceil(legend.bottom + margin);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title about">`,
    `<title id="title">${escapeXml(picture.title)}</title>`,
    `<desc id="about">${escapeXml(picture.lines.join(" "))}</desc>`,
    `<style>${writeStyleSheet(theme)}</style>`,
    `<rect class="canvas" width="${width}" height="${height}"/>`,
    drawText(header, { x: margin, y: margin - 6 }),
    `<g transform="translate(${round(left)} ${round(top)})">`,
    ...drawLayout(layout, group),
    "</g>",
    `<path class="rule" d="M${margin} ${round(bottom - 8)}H${width - margin}" fill="none"/>`,
    drawText(notes, { x: margin, y: bottom }),
    legend.svg,
    "</svg>",
    "",
  ].join("\n");
}

/** Boxes that hold others first, then the lines, so that no box hides one; labels last. */
function drawLayout({ nodes, edges }: Layout, group: Group): string[] {
  const holders = nodes.filter(({ node }) => node.children !== undefined);
  const leaves = nodes.filter(({ node }) => node.children === undefined);
  const box = (placed: PlacedNode) => group(placed.node.part, drawNode(placed));
  const arrow = (draw: (placed: PlacedEdge) => string) => (placed: PlacedEdge) => group(placed.edge.part, draw(placed));
  return [...holders.map(box), ...edges.map(arrow(drawEdge)), ...leaves.map(box), ...edges.map(arrow(drawLabel))].filter(
    (drawn) => drawn !== "",
  );
}

/** Puts together what stands for one part of the source. */
type Group = (part: string | undefined, inner: string) => string;

function drawNode({ node, x, y, width, height, text }: PlacedNode): string {
  const { kind, title } = node;
  const middle = { x: x + width / 2, y: y + height / 2 };
  const centred = { x: middle.x - text.width / 2, y: middle.y - text.height / 2 };
  if (kind === "start" || kind === "end") {
    const ring = kind === "end" ? drawRect("ring", { x, y, width, height }, height / 2) : "";
    const inset = kind === "end" ? 3.5 : 0;
    const inner = { x: x + inset, y: y + inset, width: width - 2 * inset, height: height - 2 * inset };
    return `<g>${ring}${drawRect("dot", inner, inner.height / 2)}${drawText(text, centred).replaceAll('class="label"', 'class="label inverse"')}</g>`;
  }
  if (kind === "initial") return `<circle class="dot" cx="${round(middle.x)}" cy="${round(middle.y)}" r="${round(width / 2 - 1)}"/>`;
  const pill = kind === "suspended" || kind === "failed";
  const corner = pill || kind === "state" ? centred : { x: x + padding.x, y: y + padding.y };
  const radius = pill ? Math.min(20, height / 2) : kind === "state" ? 8 : 10;
  const shape = drawRect(`box ${kind}${node.parallel ? " parallel" : ""}`, { x, y, width, height }, radius);
  const extra = node.badge === undefined ? "" : drawBadge(node.badge, kind, x + width - padding.x, y + padding.y);
  return `<g><title>${escapeXml(title)}</title>${shape}${drawText(text, corner)}${extra}</g>`;
}

function drawRect(style: string, { x, y, width, height }: Box, radius: number): string {
  return `<rect class="${style}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${round(radius)}"/>`;
}

function drawBadge(text: string, kind: string, right: number, y: number): string {
  const width = measureBadge(text);
  const block: TextBlock = setText([{ text, style: "detail" }], width, "left");
  return [
    `<rect class="${kind}" x="${round(right - width)}" y="${round(y + 2)}" width="${width}" height="${badge.height}" rx="${badge.height / 2}"/>`,
    drawText(block, { x: right - width + badge.padding, y: y + 2.5 }, `${kind}-ink`),
  ].join("");
}

const classes = {
  author: "edge",
  status: "edge status-edge",
  engine: "edge engine-edge",
  event: "edge event-edge",
  timer: "edge engine-edge",
} as const;

function isEngine({ kind }: PictureEdge): boolean {
  return kind === "engine" || kind === "timer";
}

function drawEdge({ edge, points }: PlacedEdge): string {
  const last = points.at(-1);
  const before = points.at(-2);
  if (!last || !before) return "";
  const head = isEngine(edge) ? "engine-head" : "head";
  const angle = Math.atan2(last.y - before.y, last.x - before.x);
  // The line ends inside the arrowhead, whose tip alone touches the box.
  const end = { x: last.x - 6 * Math.cos(angle), y: last.y - 6 * Math.sin(angle) };
  const turn = round((angle * 180) / Math.PI);
  return [
    `<path class="${classes[edge.kind]}" d="${writePath([...points.slice(0, -1), end])}"/>`,
    `<path class="${head}" d="M0 0L-9 -4.5L-7 0L-9 4.5Z" transform="translate(${round(last.x)} ${round(last.y)}) rotate(${turn})"/>`,
  ].join("");
}

/** A line through points with its corners rounded. */
function writePath(points: Point[]): string {
  const parts: string[] = [];
  for (const [index, point] of points.entries()) {
    const from = points[index - 1];
    const to = points[index + 1];
    if (!from) parts.push(`M${round(point.x)} ${round(point.y)}`);
    else if (!to) parts.push(`L${round(point.x)} ${round(point.y)}`);
    else {
      const start = approach(point, from);
      const end = approach(point, to);
      parts.push(`L${round(start.x)} ${round(start.y)}Q${round(point.x)} ${round(point.y)} ${round(end.x)} ${round(end.y)}`);
    }
  }
  return parts.join("");
}

/** The point on the way from a corner to its neighbour where the curve begins. */
function approach(corner: Point, neighbour: Point): Point {
  const length = Math.hypot(neighbour.x - corner.x, neighbour.y - corner.y);
  const share = length === 0 ? 0 : Math.min(cornerRadius, length / 2) / length;
  return { x: corner.x + (neighbour.x - corner.x) * share, y: corner.y + (neighbour.y - corner.y) * share };
}

function drawLabel({ edge, label }: PlacedEdge): string {
  if (!label) return "";
  const { x, y, width, height, text } = label;
  const corner = { x: x + (width - text.width) / 2, y: y + (height - text.height) / 2 };
  const tip = edge.tip === undefined ? "" : `<title>${escapeXml(edge.tip)}</title>`;
  const back = `<rect class="canvas" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="3"/>`;
  return `<g>${tip}${back}${drawText(text, corner, isEngine(edge) ? "engine-ink" : "dim")}</g>`;
}
