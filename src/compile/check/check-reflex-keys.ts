/** Checks that the key of a signal can be that of a thread. */
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ExpressionNode, parseExpression } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
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
    if (starts.some((start) => mayEqual(start, signal))) {
      checkNames(starts, signal, report);
      continue;
    }
    const message = first
      ? "No thread of this workflow has such a key: that of its start has another shape."
      : "No thread of this workflow has a key: no reflex that starts one gives it any.";
    report.add("key-never-matches", signal.span, message, {
      hint: first ? "write both keys alike" : "give the reflex of kind `workflow` the same `key`",
      related: first ? [{ span: first.span, message: "the key of the start" }] : [],
    });
  }
}

/** Attributes that no two events have alike. */
const own: readonly string[] = ["id", "time", "traceparent"];

/** A name that is a slip of the one that every start's key has at its place, and one that is another in each event. */
function checkNames(starts: readonly Key[], signal: Key, report: Report): void {
  const asked = readKeyParts(signal);
  const keys = starts.map(readKeyParts);
  const [first] = keys;
  if (!asked || !first || !keys.every((key) => JSON.stringify(key) === JSON.stringify(first))) return;
  for (const [place, stretches] of asked.entries()) {
    const [mine, its] = [listPaths(stretches), listPaths(first[place] ?? [])];
    const part = signal.parts[place];
    for (const [index, path] of mine.entries()) {
      const meant = its[index];
      const name = path.slice(path.lastIndexOf(".") + 1);
      const isSlip = meant !== undefined && meant !== path && name.length > 3 && findNearestName(path, [meant]) !== undefined;
      const isOwn = own.includes(path) && meant !== path;
      if (!part || mine.length !== its.length || (!isSlip && !isOwn)) continue;
      const at = part.value.split(path).length === 2 ? part.value.indexOf(path) : undefined;
      const span = at === undefined ? part.span : part.locate(at, at + path.length);
      const message = isOwn
        ? `\`${path}\` is another in each event: no thread has such a key.`
        : `The key of the start has \`${meant}\` here, and not \`${path}\`.`;
      report.add("key-never-matches", span, message, {
        ...(meant !== undefined && { hint: `did you mean \`${meant}\`?` }),
        ...(meant !== undefined && at !== undefined && { fix: { title: `Write \`${meant}\``, span, text: meant } }),
      });
    }
  }
}

function listPaths(stretches: readonly Stretch[]): string[] {
  return stretches.flatMap((stretch) => ("path" in stretch ? [stretch.path] : []));
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
  if (one.parts.length !== other.parts.length) return false;
  const [mine, its] = [readKeyParts(one), readKeyParts(other)];
  if (mine && its && areOfSameNames(mine.flat(), its.flat())) return JSON.stringify(mine) === JSON.stringify(its);
  return one.parts.every((part, index) => mayBeAlike(part, other.parts[index]));
}

/** A stretch of a key: constant text, or what stands at a path. */
type Stretch = { text: string } | { path: string };

/**
 * Whether one key asks for nothing but what the other asks for too. What both call alike is the same then, and the keys must be written
 * alike. Events may say the same under other names: of those nothing is known.
 */
function areOfSameNames(one: readonly Stretch[], other: readonly Stretch[]): boolean {
  const [mine, its] = [one, other].map((key) => new Set(key.flatMap((stretch) => ("path" in stretch ? [stretch.path] : []))));
  if (!mine || !its || mine.size === 0 || its.size === 0) return false;
  return [...mine].every((path) => its.has(path)) || [...its].every((path) => mine.has(path));
}

function readKeyParts({ parts }: Key): Stretch[][] | undefined {
  const read = parts.map((part) => {
    const parsed = parseExpression(part.value);
    return parsed.ok ? readStretches(parsed.tree, 0) : undefined;
  });
  return read.every((part) => part !== undefined) ? read : undefined;
}

/** What a key is put together from; undefined where it is something else. */
function readStretches(tree: ExpressionNode | undefined, depth: number): Stretch[] | undefined {
  if (!tree || depth > 64) return undefined;
  if (tree.type === "string") return [{ text: String(tree.value) }];
  if (tree.type === "path") return readPath(tree);
  if (tree.type === "block") {
    const [only, ...others] = asNodes(tree["expressions"]);
    return others.length === 0 ? readStretches(only, depth + 1) : undefined;
  }
  if (tree.type === "binary" && tree.value === "&") return append(tree["lhs"], tree["rhs"], depth);
  const called = tree.type === "function" ? asNode(tree["procedure"])?.value : undefined;
  const [first, second, ...others] = asNodes(tree["arguments"]);
  if (called === "string" && !second) return readStretches(first, depth + 1);
  if (called !== "join" || first?.type !== "unary" || first.value !== "[" || second?.type !== "string" || others.length > 0)
    return undefined;
  const items = asNodes(first["expressions"]).map((item) => readStretches(item, depth + 1));
  if (!items.every((item) => item !== undefined)) return undefined;
  return items.flatMap((item, place) => (place === 0 ? item : [{ text: String(second.value) }, ...item]));
}

function append(left: unknown, right: unknown, depth: number): Stretch[] | undefined {
  const [one, other] = [readStretches(asNode(left), depth + 1), readStretches(asNode(right), depth + 1)];
  if (!one || !other) return undefined;
  const [last, next] = [one.at(-1), other[0]];
  if (!last || !next || !("text" in last) || !("text" in next)) return [...one, ...other];
  return [...one.slice(0, -1), { text: last.text + next.text }, ...other.slice(1)];
}

function readPath(tree: ExpressionNode): Stretch[] | undefined {
  const steps = asNodes(tree["steps"]);
  const isPlain = steps.every((step) => step.type === "name" && step["stages"] === undefined && step["predicate"] === undefined);
  return isPlain && tree["group"] === undefined ? [{ path: steps.map(({ value }) => String(value)).join(".") }] : undefined;
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
