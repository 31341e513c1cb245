/** Finds where in a file a place lies: the path of fields that leads there. Knows YAML's shapes, nothing of workflows. */

import type { MapEntry, ScalarNode, SourceNode } from "../compile/source/node.ts";
import type { Includes } from "../compile/source/read-include.ts";
import { readBrokenYaml } from "../compile/source/read-yaml.ts";

/** Fields and list places that lead from the root to a node. */
export type Path = (string | number)[];

/** A key or a value, and how one gets there. */
export interface Place {
  /** To the value; where `on` is `key`, to the map that holds the key, and then the key. */
  path: Path;
  on: "key" | "value";
  node: ScalarNode;
  entry?: MapEntry;
}

/** The scalar at an offset. */
export function findPlace(root: SourceNode, offset: number): Place | undefined {
  return findScalar(root, ({ span, style }) => style !== "included" && span.start <= offset && offset <= span.end && span.end > span.start);
}

function findScalar(root: SourceNode, matches: (node: ScalarNode) => boolean): Place | undefined {
  const visit = (node: SourceNode, path: Path): Place | undefined => {
    if (node.kind === "scalar") return matches(node) ? { path, on: "value", node } : undefined;
    if (node.kind === "list") {
      for (const [index, item] of node.items.entries()) {
        const found = visit(item, [...path, index]);
        if (found) return found;
      }
      return undefined;
    }
    for (const entry of node.entries) {
      if (entry.merged) continue;
      if (matches(entry.keyNode)) return { path: [...path, entry.key], on: "key", node: entry.keyNode, entry };
      const found = visit(entry.value, [...path, entry.key]);
      if (found) return found;
    }
    return undefined;
  };
  return visit(root, []);
}

/** What is being typed at the cursor, in a file that need not be sound. */
export interface Cursor extends Place {
  /** The file as it reads with something at the cursor. */
  root: SourceNode;
  /** What stands before the cursor in the key or value, as the author means it. */
  before: string;
  /** Offsets of the word around the cursor. */
  word: { start: number; end: number };
  /** A colon follows the word. */
  colon: boolean;
  /** Nothing else stands on the line: fields may begin here. */
  alone: boolean;
}

/** Stands where something is about to be typed, so that the file can be read as if it had been. */
export const placeholder = "nrvCursor";

const wordCharacter = /[\p{L}\p{M}\p{N}_$-]/u;

/** Reads the file with something at the cursor; undefined where that can't be done. */
export function locateCursor(text: string, offset: number, includes?: Includes): Cursor | undefined {
  let start = offset;
  while (start > 0 && wordCharacter.test(text[start - 1] ?? "")) start -= 1;
  let end = offset;
  while (end < text.length && wordCharacter.test(text[end] ?? "")) end += 1;
  // `- ` is no part of a word, and a lone dash begins none.
  if (text.slice(start, offset) === "-") start = offset;
  const colon = /^["']?[ \t]*:/.test(text.slice(end));
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const alone = /^[ \t]*(- +)*$/.test(text.slice(lineStart, start)) && /^[ \t]*(#.*)?(\r?\n|$)/.test(text.slice(end));
  // A word alone on its line is a key that wants its colon, or an item of a list.
  for (const filled of alone ? [`${placeholder}:`, placeholder] : [placeholder, `${placeholder} `]) {
    const root = readBrokenYaml(text.slice(0, offset) + filled + text.slice(alone ? end : offset), includes);
    const place = root && findScalar(root, ({ value }) => typeof value === "string" && value.includes(placeholder));
    if (root && place) {
      const value = String(place.node.value);
      return { ...place, root, before: value.slice(0, value.indexOf(placeholder)), word: { start, end }, colon, alone };
    }
  }
  return undefined;
}
