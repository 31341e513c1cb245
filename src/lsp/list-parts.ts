/** The parts of a text that a picture shows, with their places: what ties the picture to the cursor. */
import type { EdgeOutline, Outline } from "../compile/check/outline.ts";
import type { ScalarNode, SourceNode } from "../compile/source/node.ts";
import type { Span } from "../compile/source/span.ts";

/** A piece of the text that the picture shows. */
export interface Part {
  /** A role's name, `$START`, `$moderator`, or an edge as `<node> <edge>`: the picture's boxes and arrows have the same. Else a word of its own. */
  id: string;
  span: Span;
  /** Where its name stands, inside `span`. */
  name: Span;
  /** Ids of the boxes and arrows that stand for it. */
  shows: string[];
}

/** Lists the parts of a file. What other files bring in is left out: it can't be pointed at. */
export function listParts(outline: Outline): Part[] {
  const parts: Part[] = [];
  const add = (id: string, key: ScalarNode, value: SourceNode | undefined, shows: string[]): void => {
    if (key.style === "included" || shows.length === 0) return;
    parts.push({ id, span: join(key.span, value?.span), name: key.span, shows });
  };
  const conditions = new Map<string, string[]>();
  for (const { name, key, node } of outline.roles.values()) add(name, key, node, [name]);
  for (const { name, key, value, edges } of outline.nodes) {
    add(name === "$START" ? name : `graph ${name}`, key, value, [name]);
    for (const edge of edges) {
      const id = `${name} ${edge.id}`;
      addEdge(parts, id, edge);
      const condition = edge.condition?.value;
      if (condition !== undefined) conditions.set(condition, [...(conditions.get(condition) ?? []), id]);
    }
  }
  for (const { name, key, expression } of outline.conditions.values())
    add(`condition ${name}`, key, expression, conditions.get(name) ?? []);
  const { moderator } = outline;
  if (moderator && moderator.style !== "included")
    parts.push({
      id: "$moderator",
      span: moderator.span,
      name: { start: moderator.span.start, end: moderator.span.start },
      shows: ["$moderator"],
    });
  return parts;
}

function addEdge(parts: Part[], id: string, { key, node }: EdgeOutline): void {
  if (key?.style === "included") return;
  const name = key?.span ?? { start: node.span.start, end: node.span.start };
  parts.push({ id, span: join(name, node.span), name, shows: [id] });
}

/** From a key to the end of its value; an alias's value stands elsewhere. */
function join(key: Span, value: Span | undefined): Span {
  return { start: key.start, end: value && value.start >= key.start ? Math.max(key.end, value.end) : key.end };
}
