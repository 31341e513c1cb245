/** Pictures of big workflows can be read: by numbers, of workflows with 30 and 60 roles in several shapes. */
import { expect, test } from "vitest";
import { createAuthorPicture } from "../../../../src/compile/draw/author-picture.ts";
import { drawWorkflowMermaid, drawWorkflowSvg } from "../../../../src/compile/draw/index.ts";
import { type Box, type Layout, layoutPicture, type Point } from "../../../../src/compile/draw/layout.ts";
import type { Picture } from "../../../../src/compile/draw/picture.ts";
import { textStyles } from "../../../../src/compile/draw/text-block.ts";
import { compileBigWorkflow, shapes } from "./big-workflows.ts";

/** A sheet of A4 across, at 96 pixels an inch. */
const pageWidth = 1123;

const sizes = [
  // Of 60 a sheet of A3 is what can be read.
  { count: 30, smallestText: 8, crossings: 12 },
  { count: 60, smallestText: 5, crossings: 20 },
];
const cases = sizes.flatMap((size) => shapes.map((shape) => ({ shape, ...size })));

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function listOverlaps(boxes: readonly Box[]): [Box, Box][] {
  return boxes.flatMap((a, index) => boxes.slice(index + 1).flatMap((b): [Box, Box][] => (overlap(a, b) ? [[a, b]] : [])));
}

interface Segment {
  edge: number;
  from: Point;
  to: Point;
}

function listSegments({ edges }: Layout): Segment[] {
  return edges.flatMap(({ points }, edge) => points.slice(1).map((to, index) => ({ edge, from: points[index] as Point, to })));
}

/** The segment as a box without width, a little shorter at both ends, so that touching is no crossing. */
function toBox({ from, to }: Segment): Box {
  const [x, y] = [Math.min(from.x, to.x) + 0.5, Math.min(from.y, to.y) + 0.5];
  return { x, y, width: Math.max(from.x, to.x) - 0.5 - x, height: Math.max(from.y, to.y) - 0.5 - y };
}

function countCrossings(layout: Layout): number {
  const segments = listSegments(layout);
  const isLevel = ({ from, to }: Segment): boolean => from.y === to.y;
  const level = segments.filter(isLevel);
  const upright = segments.filter((segment) => !isLevel(segment));
  return level.reduce((sum, a) => sum + upright.filter((b) => a.edge !== b.edge && crosses(toBox(a), toBox(b))).length, 0);
}

function crosses(level: Box, upright: Box): boolean {
  return level.x < upright.x && upright.x < level.x + level.width && upright.y < level.y && level.y < upright.y + upright.height;
}

/** Arrows that run through a box or a label that is not theirs. */
function listHidden(layout: Layout): string[] {
  return listSegments(layout).flatMap((segment) => {
    const { edge, from, to } = segment;
    const own = layout.edges[edge]?.edge;
    const line = { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y) };
    const shrink = ({ x, y, width, height }: Box): Box => ({ x: x + 1, y: y + 1, width: width - 2, height: height - 2 });
    const boxes = layout.nodes.filter(({ node }) => node.id !== own?.from && node.id !== own?.to);
    const labels = layout.edges.flatMap(({ label }, index) => (label && index !== edge ? [label] : []));
    return [...boxes, ...labels].filter((box) => overlap(line, shrink(box))).map(() => `${own?.from} to ${own?.to}`);
  });
}

/** How often each box is left, for what: tags stand for their boxes. */
function listWays({ nodes, edges }: Picture): string[] {
  const titles = new Map(nodes.map(({ id, title }) => [id, title.replace(/^\u2192 /, "")]));
  return edges.map(({ from, to, title, lines }) => `${titles.get(from)} ${title} ${lines.join()}: ${titles.get(to)}`).sort();
}

test.for(cases)(
  "[DRAW11] $count roles as a $shape: no boxes or labels lie on one another, and no arrow runs through them",
  async ({ shape, count, smallestText, crossings }) => {
    const layout = await layoutPicture(createAuthorPicture(compileBigWorkflow(shape, count).ir));
    const labels = layout.edges.flatMap(({ label }) => label ?? []);
    expect(labels.length).toBeGreaterThan(count);
    expect(listOverlaps([...layout.nodes, ...labels])).toEqual([]);
    expect(listHidden(layout)).toEqual([]);
    for (const { x, y, width, height } of [...layout.nodes, ...labels]) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(layout.width);
      expect(y + height).toBeLessThanOrEqual(layout.height);
    }
    expect(countCrossings(layout)).toBeLessThanOrEqual(crossings);
    const smallest = Math.min(...Object.values(textStyles).map(({ size }) => size));
    expect((smallest * pageWidth) / layout.width).toBeGreaterThanOrEqual(smallestText);
  },
);

test.for(shapes)("[DRAW12] a tag stands for each arrow of a %s that would be too long: no way is lost", (shape) => {
  const { ir } = compileBigWorkflow(shape, 30);
  const picture = createAuthorPicture(ir);
  const targets = new Map([["$END", "end"]]);
  const written = ir.nodes.flatMap(({ name, edges }) =>
    edges.map(({ label, target }) => `${name === "$START" ? "start" : name} ${label} : ${targets.get(target) ?? target}`),
  );
  expect(listWays(picture)).toEqual(expect.arrayContaining(written));
  expect(picture.nodes.filter(({ reference }) => !reference).map(({ title }) => title)).toEqual([
    "start",
    ...ir.roles.map(({ name }) => name),
  ]);
  // Nobody is cut off: each role has an arrow of its own that leads there.
  const reached = new Set(picture.edges.map(({ to }) => to));
  expect(ir.roles.filter(({ name }) => !reached.has(name))).toEqual([]);
});

test("[DRAW12] a tag looks like its box, names it and is in the legend; Mermaid has it too", async () => {
  const compiled = compileBigWorkflow("mesh", 30);
  const svg = await drawWorkflowSvg(compiled, { parts: true });
  expect(svg).toMatch(/<g data-part="role-6"><g><title>goes on at role-6<\/title><rect class="box \w+ tag"/);
  expect(svg).toContain("the arrow goes on at the box of that name");
  const mermaid = drawWorkflowMermaid(compiled);
  expect(mermaid).toContain('state "→ role-6" as role_1_to_role_6');
  expect(mermaid).toContain("role_1 --> role_1_to_role_6 : stuck");
  expect(mermaid).toContain("direction TB");
  expect(drawWorkflowMermaid(compileBigWorkflow("star", 30))).toContain("direction LR");
});

test("[DRAW12] a small workflow has none", async () => {
  const picture = createAuthorPicture(compileBigWorkflow("chain", 8).ir);
  expect(picture.nodes.some(({ reference }) => reference)).toBe(false);
  expect(picture.nodes.map(({ title }) => title)).toContain("end");
});
