/**
 * A picture as Mermaid's `stateDiagram-v2`. Mermaid cannot link states inside two different composites, so an edge between such is
 * drawn between the composites that stand side by side. Nothing can be dashed there; the words of a label say it.
 */
import { groupBy } from "./group-by.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";

/** What Mermaid's grammar takes for itself where an id may stand; any case. */
const reserved =
  /^(?:state|note|end|as|direction|class|classdef|style|default|click|href|fork|join|choice|history|hide|scale|tb|bt|lr|rl|left|right|of|over|acctitle|accdescr|statediagram.*|constructor|prototype|tostring|valueof|hasownproperty)$/i;
/** What means something inside a label, or ends it. */
const special = /[#;:"<>{}%`\\[\]|&]/g;

/** Writes a picture. The same picture gives the same text. */
export function writeMermaid({ title, nodes, edges, notes }: Picture): string {
  const ids = nameNodes(nodes);
  const parents = new Map(listParents(nodes));
  const placed = groupBy(dedupe(edges.flatMap((edge) => lift(edge, parents))), ({ within }) => within);
  const starts = new Set(nodes.filter(({ kind }) => kind === "start" || kind === "initial").map(({ id }) => id));

  const refer = (id: string, side: "from" | "to", kinds: Map<string, PictureNode["kind"]>): string => {
    const kind = kinds.get(id);
    if (side === "from" && (kind === "start" || kind === "initial")) return "[*]";
    return side === "to" && kind === "end" && id === "$END" ? "[*]" : (ids.get(id) ?? id);
  };

  const write = (inside: PictureNode[], within: string, indent: string): string[] => {
    const kinds = new Map(inside.map(({ id, kind }) => [id, kind]));
    const lines = inside.flatMap((node, index) => [
      ...(index > 0 && parallel.has(within) ? [`${indent}--`] : []),
      ...writeNode(node, indent),
    ]);
    for (const { edge } of placed.get(within) ?? [])
      lines.push(`${indent}${refer(edge.from, "from", kinds)} --> ${refer(edge.to, "to", kinds)}${writeLabel(edge)}`);
    for (const { id, kind } of inside)
      if ((kind === "end" && id !== "$END") || kind === "failed") lines.push(`${indent}${ids.get(id)} --> [*]`);
    return lines;
  };

  const parallel = new Set<string>();
  const writeNode = (node: PictureNode, indent: string): string[] => {
    if (node.kind === "initial" || starts.has(node.id) || node.id === "$END") return [];
    if (node.parallel) parallel.add(node.id);
    const id = ids.get(node.id) ?? node.id;
    const declared = `${indent}state "${escapeLabel(node.title)}" as ${id}`;
    if (node.children) return [`${declared} {`, ...write(node.children, node.id, `${indent}    `), `${indent}}`];
    const badge = node.badge === undefined ? [] : [node.badge];
    return [declared, ...[...badge, ...node.lines].map((line) => `${indent}${id} : ${escapeLabel(line)}`)];
  };

  return [
    "---",
    `title: ${JSON.stringify(title)}`,
    "---",
    "stateDiagram-v2",
    ...notes.map((note) => `    %% ${note.replaceAll(/[{}\r\n]/g, " ")}`),
    "    direction TB",
    ...write(nodes, "", "    "),
    "",
  ].join("\n");
}

function escapeLabel(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll(special, (character) => `#${character.charCodeAt(0)};`);
}

function writeLabel({ title, lines }: PictureEdge): string {
  const parts = [...(title === "" ? [] : [title]), ...lines].map(escapeLabel).filter((part) => part !== "");
  return parts.length === 0 ? "" : ` : ${parts.join("<br/>")}`;
}

/** Words for the nodes: their own names where those can stand as they are. */
function nameNodes(nodes: PictureNode[]): Map<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  const visit = (node: PictureNode): void => {
    const plain = node.id.replaceAll(/\W+/g, "_").replace(/^_+|_+$/g, "") || "state";
    const base = reserved.test(plain) || /^\d/.test(plain) ? `s_${plain}` : plain;
    let name = base;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${base}_${count}`;
    taken.add(name.toLowerCase());
    ids.set(node.id, name);
    node.children?.forEach(visit);
  };
  nodes.forEach(visit);
  return ids;
}

/** For each node the composites that it stands in, the outermost first. */
function listParents(nodes: PictureNode[], above: string[] = []): [string, string[]][] {
  return nodes.flatMap((node): [string, string[]][] => [[node.id, above], ...listParents(node.children ?? [], [...above, node.id])]);
}

interface PlacedEdge {
  /** The composite whose children the edge links; empty at the top. */
  within: string;
  edge: PictureEdge;
}

/** Moves both ends of an edge out to where they stand side by side. An edge that would then lead from a composite to itself is left out. */
function lift(edge: PictureEdge, parents: Map<string, string[]>): PlacedEdge[] {
  const from = [...(parents.get(edge.from) ?? []), edge.from];
  const to = [...(parents.get(edge.to) ?? []), edge.to];
  let depth = 0;
  while (depth < from.length - 1 && depth < to.length - 1 && from[depth] === to[depth]) depth += 1;
  const lifted = { ...edge, from: from[depth] ?? edge.from, to: to[depth] ?? edge.to };
  if (lifted.from === lifted.to && edge.from !== edge.to) return [];
  return [{ within: from[depth - 1] ?? "", edge: lifted }];
}

function dedupe(edges: PlacedEdge[]): PlacedEdge[] {
  const seen = new Map(edges.map((placed) => [JSON.stringify([placed.edge.from, placed.edge.to, writeLabel(placed.edge)]), placed]));
  return [...seen.values()];
}
