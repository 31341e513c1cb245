/** The colours and line styles of a picture, as CSS: light, dark, or as the reader's system is set. */
import { fontFamily } from "./measure-text.ts";
import type { NodeKind } from "./picture.ts";
import { textStyles } from "./text-block.ts";

/** `auto` follows the reader's system. */
export type Theme = "auto" | "light" | "dark";

/** Boxes that have colours of their own: where a thread begins and ends there are dots. */
type BoxKind = Exclude<NodeKind, "start" | "end" | "initial">;

interface Palette {
  canvas: string;
  ink: string;
  dim: string;
  line: string;
  engine: string;
  /** Fill and stroke of each kind of box. */
  boxes: Record<BoxKind, [fill: string, stroke: string]>;
}

const light: Palette = {
  canvas: "#ffffff",
  ink: "#1f2328",
  dim: "#57606a",
  line: "#4b5563",
  engine: "#9a6700",
  boxes: {
    open: ["#eaf2ff", "#2f6fdb"],
    named: ["#f3edff", "#7c4dca"],
    broadcast: ["#e4f6ee", "#1a7f5a"],
    suspended: ["#fff4d6", "#b47a00"],
    failed: ["#ffe9e7", "#cf3b33"],
    state: ["#f6f8fa", "#7d8590"],
    compound: ["#fbfcfd", "#afb8c1"],
  },
};

const dark: Palette = {
  canvas: "#0d1117",
  ink: "#e6edf3",
  dim: "#a3adb8",
  line: "#a3adb8",
  engine: "#d9a33b",
  boxes: {
    open: ["#11233f", "#5b9bff"],
    named: ["#221a38", "#a98bf0"],
    broadcast: ["#0f2a21", "#4cc38a"],
    suspended: ["#32260a", "#d9a33b"],
    failed: ["#391614", "#f47067"],
    state: ["#161b22", "#7d8590"],
    compound: ["#10151c", "#444c56"],
  },
};

function writeColours({ canvas, ink, dim, line, engine, boxes }: Palette): string {
  return [
    `.canvas{fill:${canvas}}`,
    `text{fill:${ink}}.dim{fill:${dim}}.inverse{fill:${canvas}}`,
    ...Object.entries(boxes).map(([kind, [fill, stroke]]) => `.${kind}{fill:${fill};stroke:${stroke}}.${kind}-ink{fill:${stroke}}`),
    `.edge{stroke:${line}}.head{fill:${line}}.dot{fill:${ink}}.ring{fill:none;stroke:${ink}}`,
    `.engine-edge{stroke:${engine}}.engine-head,.engine-ink{fill:${engine}}`,
    `.rule{stroke:${boxes.compound[1]}}`,
  ].join("");
}

/** Line styles and fonts, the same in every theme. */
function writeShapes(): string {
  const fonts = Object.entries(textStyles).map(
    ([style, { size, bold }]) => `.${style}{font-size:${size}px;font-weight:${bold ? 700 : 400}}`,
  );
  return [
    `text{font-family:${fontFamily}}`,
    ...fonts,
    ".edge{fill:none;stroke-width:1.6}.status-edge,.engine-edge{stroke-dasharray:6 4}.engine-edge{stroke-width:1.3}",
    ".never-edge{stroke-dasharray:1.5 5;stroke-width:1.2;opacity:.6}.never-head{opacity:.6}",
    ".box{stroke-width:1.6}.compound{stroke-width:1.2}.parallel{stroke-dasharray:3 3}.tag{stroke-width:1.1}.event-edge{stroke-width:1.2}.ring{stroke-width:1.8}",
  ].join("");
}

/** The style sheet of a picture. Plain rules, no variables: not every renderer knows those. */
export function writeStyleSheet(theme: Theme): string {
  const shapes = writeShapes();
  if (theme !== "auto") return shapes + writeColours(theme === "dark" ? dark : light);
  return `${shapes}${writeColours(light)}@media (prefers-color-scheme:dark){${writeColours(dark)}}`;
}
