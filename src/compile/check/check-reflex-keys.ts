/** Checks that the key of a signal can be that of a thread. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ExpressionNode, parseExpression } from "../expressions/parse-expression.ts";
import { asNode } from "../expressions/walk.ts";
import type { MapNode, TextNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { Outline } from "./outline.ts";

interface Key {
  parts: TextNode[];
  span: Span;
}

/** Reports signals that find no thread. */
export function checkReflexKeys(outline: Outline, report: Report): void {
  const listKeys = (kind: string): Key[] =>
    outline.reflexes.filter((reflex) => findText(reflex, "kind")?.value === kind).flatMap((reflex) => readKey(reflex) ?? []);
  const starts = listKeys("workflow");
  const [first] = starts;
  for (const signal of listKeys("signal")) {
    if (starts.some((start) => mayEqual(start, signal))) continue;
    const message = first
      ? "No thread of this workflow has such a key: that of its start has another shape."
      : "No thread of this workflow has a key: no reflex that starts one gives it any.";
    report.add("key-never-matches", signal.span, message, {
      hint: first ? "write both keys alike" : "give the reflex of kind `workflow` the same `key`",
      related: first ? [{ span: first.span, message: "the key of the start" }] : [],
    });
  }
}

function readKey(reflex: MapNode): Key | undefined {
  const entry = findEntry(reflex, "key");
  const key = findValue(reflex, "key");
  if (!entry || !key) return undefined;
  if (isText(key)) return { parts: [key], span: key.span };
  return key.kind === "list" && key.items.length > 0 && key.items.every(isText)
    ? { parts: key.items, span: entry.keyNode.span }
    : undefined;
}

function mayEqual(one: Key, other: Key): boolean {
  return one.parts.length === other.parts.length && one.parts.every((part, index) => mayBeAlike(part, other.parts[index]));
}

/** Keys that are put together from values and constant text are alike where the constants are. */
function mayBeAlike(one: TextNode, other: TextNode | undefined): boolean {
  const [left, right] = [readConstants(one), other && readConstants(other)];
  return left === undefined || right === undefined || left.join("\0") === right.join("\0");
}

/** The constant text of `a & '#' & b`; undefined where the expression is no such chain. */
function readConstants(node: TextNode): string[] | undefined {
  const parsed = parseExpression(node.value);
  if (!parsed.ok) return undefined;
  const constants: string[] = [];
  const open: ExpressionNode[] = [parsed.tree];
  for (let tree = open.pop(); tree !== undefined; tree = open.pop()) {
    if (tree.type === "string") constants.push(String(tree.value));
    if (tree.type !== "binary" || tree.value !== "&") continue;
    for (const side of [asNode(tree["rhs"]), asNode(tree["lhs"])]) if (side) open.unshift(side);
  }
  return constants.length > 0 ? constants.sort() : undefined;
}
