/** The line of an arrow and its head, from the points that it goes through. */
import type { Point } from "./layout.ts";
import { round } from "./svg-text.ts";

const cornerRadius = 8;

/** The outline of a head that points to the right, with its tip where the axes meet. */
export const arrowHead = "M0 0L-9 -4.5L-7 0L-9 4.5Z";

export interface Arrow {
  /** As the `d` of a path. */
  path: string;
  tip: Point;
  /** Degrees. */
  turn: string;
}

/** @returns undefined where there is no way from one point to another */
export function writeArrow(points: Point[]): Arrow | undefined {
  const last = points.at(-1);
  const before = points.at(-2);
  if (!last || !before) return undefined;
  const angle = Math.atan2(last.y - before.y, last.x - before.x);
  // The line ends inside the arrowhead, whose tip alone touches the box.
  const end = { x: last.x - 6 * Math.cos(angle), y: last.y - 6 * Math.sin(angle) };
  return { path: writePath([...points.slice(0, -1), end]), tip: last, turn: round((angle * 180) / Math.PI) };
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
