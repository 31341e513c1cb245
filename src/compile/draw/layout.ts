/** Where everything in a picture goes. Sizes of text are known before; the rest is the layout library's. */
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk-api.js";
import { loadElk } from "./load-elk.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";
import { leadsToMany } from "./shorten-arrows.ts";
import { measureNode, setLabel } from "./size-picture.ts";
import type { TextBlock } from "./text-block.ts";

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** A box in its place; `text` is set from its upper left corner plus the padding. */
export interface PlacedNode extends Box {
  node: PictureNode;
  text: TextBlock;
}

/** An arrow in its place. */
export interface PlacedEdge {
  edge: PictureEdge;
  points: Point[];
  label?: Box & { text: TextBlock };
}

/** A picture in its places, parents before their children. Pixels from the upper left corner. */
export interface Layout {
  width: number;
  height: number;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

const options: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=8,left=8,bottom=8,right=8]",
  "elk.spacing.nodeNode": "48",
  "elk.spacing.edgeNode": "24",
  "elk.spacing.edgeEdge": "16",
  "elk.spacing.edgeLabel": "6",
  "elk.spacing.labelNode": "8",
  "elk.spacing.nodeSelfLoop": "20",
  "elk.spacing.componentComponent": "40",
  "elk.layered.spacing.nodeNodeBetweenLayers": "36",
  "elk.layered.spacing.edgeNodeBetweenLayers": "20",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "14",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
  "elk.layered.edgeLabels.sideSelection": "SMART_DOWN",
  "elk.layered.feedbackEdges": "true",
  "elk.randomSeed": "1",
};

/** What makes small pictures as good as they get: it takes seconds from a hundred arrows on. */
const careful: LayoutOptions = { "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX", "elk.layered.thoroughness": "20" };
const quick: LayoutOptions = {
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.thoroughness": "1",
  "elk.layered.crossingMinimization.greedySwitch.type": "OFF",
};
/** Arrows up to which a picture is laid out with care. */
const carefulUpTo = 60;
/** Where one box leads to so many others that they would not fit a page side by side, they stand one under the other: boxes are wide and low. */
const across: LayoutOptions = { "elk.direction": "RIGHT", "elk.spacing.nodeNode": "24" };
/** Arrows at most, but for those inside regions: more take minutes, and nobody could follow them. */
const mostEdges = 250;

/** A picture has more arrows than are laid out. */
export class PictureTooDenseError extends Error {
  constructor(edges: number) {
    super(`The picture has ${edges} arrows; ${mostEdges} can be laid out.`);
    this.name = "PictureTooDenseError";
  }
}

/** Boxes side by side, packed into about the form of a page. */
const packed: LayoutOptions = {
  "elk.hierarchyHandling": "SEPARATE_CHILDREN",
  "elk.algorithm": "rectpacking",
  "elk.aspectRatio": "1.5",
  "elk.spacing.nodeNode": "20",
};
/** So many that the form of a page would make them too small on one: about two side by side, and as long as it gets. */
const packedLong: LayoutOptions = {
  ...packed,
  "elk.rectpacking.widthApproximation.strategy": "TARGET_WIDTH",
  "elk.rectpacking.widthApproximation.targetWidth": "2400",
};
/** Boxes up to which they fit a page. */
const packedUpTo = 8;

const constraints: Partial<Record<PictureNode["kind"], string>> = { start: "FIRST", initial: "FIRST" };

interface Sizes {
  /** How many a box has at one side. */
  arrows: Map<string, number>;
  /** Takes the text of each. */
  texts: Map<string, TextBlock>;
  /** Whether arrows lead to the right, and not down. */
  isAcross: boolean;
}

function toElkNode(node: PictureNode, sizes: Sizes, region = false): ElkNode {
  const { arrows, texts, isAcross } = sizes;
  const { box, text } = measureNode(node, arrows.get(node.id) ?? 0, isAcross);
  texts.set(node.id, text);
  const constraint = constraints[node.kind];
  if (!node.children)
    return {
      id: node.id,
      ...box,
      ...(constraint ? { layoutOptions: { "elk.layered.layering.layerConstraint": constraint } } : {}),
    };
  return {
    id: node.id,
    children: node.children.map((child) => toElkNode(child, sizes, node.parallel)),
    layoutOptions: {
      ...(node.parallel ? (node.children.length > packedUpTo ? packedLong : packed) : region ? { ...options, ...careful } : {}),
      "elk.padding": `[top=${text.height + 28},left=16,bottom=16,right=16]`,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${text.width + 32},${text.height + 40})`,
    },
  };
}

function toElkEdge(edge: PictureEdge, index: number): ElkExtendedEdge {
  const text = setLabel(edge);
  const label = text.lines.length === 0 ? [] : [{ text: edge.title || "label", width: text.width + 8, height: text.height + 4 }];
  return {
    id: `e${index}`,
    sources: [edge.from],
    targets: [edge.to],
    labels: label.map((size) => ({ ...size, layoutOptions: { "elk.edgeLabels.inline": edge.from === edge.to ? "false" : "true" } })),
    layoutOptions: {
      // What the author wrote runs straight; the engine's ways give way to it.
      "elk.layered.priority.straightness": edge.kind === "engine" || edge.kind === "timer" ? "0" : "10",
      "elk.layered.priority.direction": edge.kind === "engine" || edge.kind === "timer" ? "0" : "5",
    },
  };
}

/** How many arrows a node has at the side that has most. */
function countArrows(edges: PictureEdge[]): Map<string, number> {
  const counts = new Map<string, { to: number; from: number }>();
  const count = (id: string, side: "to" | "from"): void => {
    const sides = counts.get(id) ?? { to: 0, from: 0 };
    sides[side] += 1;
    counts.set(id, sides);
  };
  for (const { from, to } of edges) {
    if (from === to) continue;
    count(from, "from");
    count(to, "to");
  }
  return new Map([...counts].map(([id, { to, from }]) => [id, Math.max(to, from)]));
}

function listNodes(nodes: PictureNode[]): PictureNode[] {
  return nodes.flatMap((node) => [node, ...listNodes(node.children ?? [])]);
}

function listPlaced(node: ElkNode): ElkNode[] {
  return (node.children ?? []).flatMap((child) => [child, ...listPlaced(child)]);
}

function toPlacedEdge(edge: PictureEdge, placed: ElkExtendedEdge): PlacedEdge {
  const points = (placed.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
  const [label] = placed.labels ?? [];
  if (label?.x === undefined || label.y === undefined) return { edge, points };
  const { x, y, width = 0, height = 0 } = label;
  return { edge, points, label: { x, y, width, height, text: setLabel(edge) } };
}

/** How many arrows are not inside a region, where each is laid out by itself. */
function countOutside({ nodes, edges }: Picture): number {
  const holders = listNodes(nodes).filter(({ parallel }) => parallel);
  return edges.filter(({ from, to }) => !holders.some(({ id }) => from.startsWith(`${id}.`) && to.startsWith(`${id}.`))).length;
}

/**
 * Lays a picture out. The same picture gives the same layout.
 * @throws {PictureTooDenseError}
 */
export async function layoutPicture(picture: Picture): Promise<Layout> {
  const outside = countOutside(picture);
  if (outside > mostEdges) throw new PictureTooDenseError(outside);
  const texts = new Map<string, TextBlock>();
  const elk = await loadElk();
  const arrows = countArrows(picture.edges);
  const isAcross = leadsToMany(picture);
  // What is about a tree gets no better by care, only wider.
  const isShortened = picture.nodes.some(({ reference }) => reference);
  const graph: ElkNode = await elk.layout({
    id: "picture",
    layoutOptions: { ...options, ...(outside > carefulUpTo || isShortened ? quick : careful), ...(isAcross ? across : {}) },
    children: picture.nodes.map((node) => toElkNode(node, { arrows, texts, isAcross })),
    edges: picture.edges.map(toElkEdge),
  });
  const known = new Map(listNodes(picture.nodes).map((node) => [node.id, node]));
  const none: TextBlock = { lines: [], width: 0, height: 0 };
  return {
    width: graph.width ?? 0,
    height: graph.height ?? 0,
    nodes: listPlaced(graph).flatMap(({ id, x = 0, y = 0, width = 0, height = 0 }) => {
      const node = known.get(id);
      return node ? [{ node, x, y, width, height, text: texts.get(id) ?? none }] : [];
    }),
    edges: (graph.edges ?? []).flatMap((placed, index) => {
      const edge = picture.edges[index];
      return edge ? [toPlacedEdge(edge, placed)] : [];
    }),
  };
}
