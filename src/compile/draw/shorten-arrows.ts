/**
 * Keeps big pictures readable: an arrow that would run past many boxes leads to a tag beside its source instead, with the name of the box
 * where it goes on. What is left is about a tree, which has room on a page.
 */
import { groupBy } from "./group-by.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";

/** Boxes, or arrows, from which on a picture is big. Smaller ones show each arrow whole. */
const bigFrom = { boxes: 14, arrows: 40 };
/** Steps up or down which an arrow beside the tree may lead. */
const near = 3;
/** Such arrows that may lead to one box. */
const most = 4;

export function isBig(boxes: number, arrows: number): boolean {
  return boxes >= bigFrom.boxes || arrows >= bigFrom.arrows;
}

/** A picture without children in its boxes. The same picture gives the same. */
export function shortenArrows(picture: Picture): Picture {
  const { depths, tree } = walk(picture);
  const nodes = new Map(picture.nodes.map((node) => [node.id, node]));
  const beside = picture.edges.filter((edge) => !tree.has(edge) && edge.from !== edge.to);
  const arriving = groupBy(beside, ({ to }) => to);
  const isShort = (edge: PictureEdge): boolean => {
    if (!beside.includes(edge)) return true;
    const distance = Math.abs((depths.get(edge.from) ?? 0) - (depths.get(edge.to) ?? 0));
    return distance <= near && (arriving.get(edge.to)?.length ?? 0) <= most;
  };
  const tags = new Map<string, PictureNode>();
  const edges = picture.edges.map((edge): PictureEdge => {
    const target = nodes.get(edge.to);
    if (!target || (!isSink(target) && isShort(edge))) return edge;
    const id = `${edge.from} to ${edge.to}`;
    const { badge: _, ...named } = target;
    tags.set(id, { ...named, id, lines: [], reference: true, title: isSink(target) ? target.title : `\u2192 ${target.title}` });
    return { ...edge, to: id };
  });
  // A tag comes after what leads to it, in the order in which boxes are laid out.
  const ofSource = groupBy(tags, ([id]) => edges.find(({ to }) => to === id)?.from);
  const withTags = picture.nodes
    .filter((node) => !isSink(node))
    .flatMap((node) => [node, ...(ofSource.get(node.id) ?? []).map(([, tag]) => tag)]);
  return { ...picture, nodes: withTags, edges };
}

/** Where a thread ends or stops: there is no way on from there, so that each way there has its own. */
function isSink({ kind }: PictureNode): boolean {
  return kind === "end" || kind === "suspended" || kind === "failed";
}

/** How deep each box is from the start, and the arrows by which it is first reached, in the author's order. */
function walk({ nodes, edges }: Picture): { depths: Map<string, number>; tree: Set<PictureEdge> } {
  const leaving = groupBy(edges, ({ from }) => from);
  const depths = new Map<string, number>();
  const tree = new Set<PictureEdge>();
  for (const { id } of nodes) {
    if (depths.has(id)) continue;
    depths.set(id, 0);
    const open = [{ id, rest: [...(leaving.get(id) ?? [])] }];
    for (let last = open.at(-1); last; last = open.at(-1)) {
      const edge = last.rest.shift();
      if (!edge) open.pop();
      else if (!depths.has(edge.to)) {
        tree.add(edge);
        depths.set(edge.to, open.length);
        open.push({ id: edge.to, rest: [...(leaving.get(edge.to) ?? [])] });
      }
    }
  }
  return { depths, tree };
}

/** Other boxes that one leads to, up to which they stand side by side. */
const sideBySideUpTo = 8;

/** Whether boxes had better stand one under the other, with arrows to the right: side by side they would not fit a page. */
export function leadsToMany({ nodes, edges }: Picture): boolean {
  if (nodes.some(({ children }) => children !== undefined)) return false;
  const targets = groupBy(edges, ({ from }) => from).values();
  return [...targets].some((leaving) => new Set(leaving.map(({ to }) => to)).size > sideBySideUpTo);
}
