/** A picture in its places as plain data, for whoever draws it by other means than a file: what is a part of it can be lit. */
import { type Arrow, writeArrow } from "./arrow.ts";
import { layoutPicture, type PlacedNode } from "./layout.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";
import { padding } from "./size-picture.ts";
import type { TextLine } from "./text-block.ts";

export interface PlacedBox extends Pick<PictureNode, "id" | "kind" | "title" | "badge" | "reference" | "parallel"> {
  x: number;
  y: number;
  width: number;
  height: number;
  /** It holds others. */
  holds: boolean;
  /** From the picture's corner. */
  lines: TextLine[];
}

export interface PlacedArrow extends Pick<PictureEdge, "from" | "to" | "part" | "kind" | "title">, Arrow {
  label?: { x: number; y: number; width: number; height: number; lines: TextLine[] };
}

/** Pixels from the upper left corner. Boxes that hold others come before those. */
export interface PlacedPicture {
  title: string;
  width: number;
  height: number;
  boxes: PlacedBox[];
  arrows: PlacedArrow[];
  notes: string[];
}

/** @throws {PictureTooDenseError} */
export async function placePicture(picture: Picture): Promise<PlacedPicture> {
  const { width, height, nodes, edges } = await layoutPicture(picture);
  return {
    title: picture.title,
    width,
    height,
    boxes: nodes.map(placeBox),
    arrows: edges.flatMap(({ edge, points, label }): PlacedArrow[] => {
      const arrow = writeArrow(points);
      if (!arrow) return [];
      const { from, to, part, kind, title } = edge;
      const placed = { from, to, kind, title, ...(part !== undefined && { part }), ...arrow };
      if (!label) return [placed];
      const { x, y, width: wide, height: high, text } = label;
      const corner = { x: x + (wide - text.width) / 2, y: y + (high - text.height) / 2 };
      return [{ ...placed, label: { x, y, width: wide, height: high, lines: shift(text.lines, corner) } }];
    }),
    notes: picture.notes,
  };
}

function placeBox({ node, x, y, width, height, text }: PlacedNode): PlacedBox {
  const { id, kind, title, badge, reference, parallel, children } = node;
  const centred = { x: x + (width - text.width) / 2, y: y + (height - text.height) / 2 };
  const isCentred = reference || ["start", "end", "suspended", "failed", "state"].includes(kind);
  return {
    ...{ id, kind, title, x, y, width, height, holds: children !== undefined },
    ...(badge !== undefined && { badge }),
    ...(reference && { reference }),
    ...(parallel !== undefined && { parallel }),
    lines: kind === "initial" ? [] : shift(text.lines, isCentred ? centred : { x: x + padding.x, y: y + padding.y }),
  };
}

function shift(lines: TextLine[], corner: { x: number; y: number }): TextLine[] {
  return lines.map((line) => ({ ...line, x: corner.x + line.x, y: corner.y + line.y }));
}
