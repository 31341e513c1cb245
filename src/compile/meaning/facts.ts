/** What a test tells of the values that it looks at, once it held or failed: behind `x = 'a' and …` `x` is `'a'`. */
import type { Json } from "../../contract/event.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { compileLimits } from "../limits.ts";
import { negateOrder, ofOrder, turnOrder } from "./range.ts";
import { either, isAtMost, isBounded, isFalse, isNoneOf, isOfKind, isOneOf, isThere, isTrue, type Refinement, refineAt } from "./refine.ts";
import type { Type } from "./type.ts";

/** A value that an expression names alike wherever it stands: what paths of plain names begin with. `""` is what stands at the root there. */
export type Anchor = string;

interface Fact {
  path: readonly string[];
  refinement: Refinement;
}

export type Facts = ReadonlyMap<Anchor, readonly Fact[]>;

export const noFacts: Facts = new Map();

/** What is known where a test held, and where it failed. */
export interface Outcome {
  held: Facts;
  failed: Facts;
}

const nothingKnown: Outcome = { held: noFacts, failed: noFacts };

/** What stands at an anchor, as far as facts tell. */
export function applyFacts(facts: Facts, anchor: Anchor | undefined, type: Type): Type {
  const known = anchor === undefined ? undefined : facts.get(anchor);
  return known?.reduce((left, { path, refinement }) => refineAt(left, path, refinement), type) ?? type;
}

/** Both. */
export function addFacts(facts: Facts, more: Facts): Facts {
  if (more.size === 0) return facts;
  if (facts.size === 0) return more;
  const all = new Map(facts);
  for (const [anchor, known] of more) all.set(anchor, [...(all.get(anchor) ?? []), ...known].slice(0, compileLimits.facts));
  return all;
}

/** What holds on either way. */
export function joinFacts(one: Facts, other: Facts): Facts {
  const joined = new Map<Anchor, Fact[]>();
  for (const [anchor, facts] of one) {
    const others = other.get(anchor) ?? [];
    const both = facts.flatMap(({ path, refinement }) => {
      const same = others.find((fact) => fact.path.length === path.length && fact.path.every((name, place) => name === path[place]));
      return same ? [{ path, refinement: either(refinement, same.refinement) }] : [];
    });
    if (both.length > 0) joined.set(anchor, both);
  }
  return joined;
}

/** What stays known where paths begin at something else. */
export function keepAnchored(facts: Facts): Facts {
  return facts.size === 0 ? facts : new Map([...facts].filter(([anchor]) => anchor.startsWith("$")));
}

/** What stays known where a variable is bound anew. */
export function forget(facts: Facts, name: string): Facts {
  if (facts.size === 0) return facts;
  return new Map([...facts].filter(([anchor]) => anchor !== `$${name}` && !anchor.startsWith(`$${name}.`)));
}

/** The anchor that a step of a path makes of the one before it and the names between. */
export function stepAnchor(anchor: Anchor | undefined, between: readonly string[], step: ExpressionNode): Anchor | undefined {
  if (anchor === undefined) return undefined;
  const [stage, ...others] = [...asNodes(step["stages"]), ...asNodes(step["predicate"])];
  const place = asNode(stage?.["expr"]);
  if (step.type !== "name" || others.length > 0 || !stage) return undefined;
  const index = place?.type === "number" ? Number(place.value) : readNegative(place);
  return index === undefined ? undefined : [anchor, ...between, `${String(step.value)}[${index}]`].join(".");
}

function readNegative(node: ExpressionNode | undefined): number | undefined {
  const inner = node?.type === "unary" && node.value === "-" ? asNode(node["expression"]) : undefined;
  return inner?.type === "number" ? -Number(inner.value) : undefined;
}

/** The anchor that a path's first step makes, if it is no name. */
export function firstAnchor(step: ExpressionNode | undefined): Anchor | undefined {
  if (!step || step["stages"] !== undefined || step["predicate"] !== undefined) return undefined;
  if (step.type === "variable") return step.value === "" ? "" : `$${String(step.value)}`;
  const callee = step.type === "function" ? asNode(step["procedure"])?.value : undefined;
  const [argument, ...others] = asNodes(step["arguments"]);
  if ((callee !== "first" && callee !== "last") || argument?.type !== "string" || others.length > 0) return undefined;
  return `$${callee}(${String(argument.value)})`;
}

interface Place {
  anchor: Anchor;
  path: readonly string[];
}

/** A path of plain names behind an anchor. */
function readPlace(node: ExpressionNode | undefined): Place | undefined {
  if (node?.type === "variable" || node?.type === "function") {
    const anchor = firstAnchor(node);
    return anchor === undefined ? undefined : { anchor, path: [] };
  }
  if (node?.type !== "path" || node["group"] !== undefined) return undefined;
  let anchor: Anchor | undefined = "";
  let path: string[] = [];
  for (const [place, step] of asNodes(node["steps"]).entries()) {
    if (step["focus"] !== undefined || step["index"] !== undefined || step["tuple"] !== undefined) return undefined;
    if (place === 0 && step.type !== "name") anchor = firstAnchor(step);
    else if (step.type !== "name") return undefined;
    else if (step["stages"] === undefined && step["predicate"] === undefined) path.push(String(step.value));
    else {
      anchor = stepAnchor(anchor, path, step);
      path = [];
    }
    if (anchor === undefined) return undefined;
  }
  return { anchor, path };
}

function know(node: ExpressionNode | undefined, refinement: Refinement): Facts {
  const place = readPlace(node);
  return place ? new Map([[place.anchor, [{ path: place.path, refinement }]]]) : noFacts;
}

function isConstant(node: ExpressionNode | undefined): node is ExpressionNode {
  return node?.type === "string" || node?.type === "number" || node?.type === "value";
}

/** What a test tells. It looks at the tree alone. */
export function readTest(test: ExpressionNode | undefined, depth = 0): Outcome {
  if (!test || depth > 64) return nothingKnown;
  const [left, right] = [asNode(test["lhs"]), asNode(test["rhs"])];
  switch (test.type) {
    case "block": {
      const [only, ...others] = asNodes(test["expressions"]);
      return others.length === 0 ? readTest(only, depth + 1) : nothingKnown;
    }
    case "path":
    case "variable":
      return { held: know(test, isTrue), failed: know(test, isFalse) };
    case "function":
      return readCall(test, depth);
    case "binary":
      return readBinary(test.value, left, right, depth);
    default:
      return nothingKnown;
  }
}

function readBinary(operator: unknown, left: ExpressionNode | undefined, right: ExpressionNode | undefined, depth: number): Outcome {
  if (operator === "and" || operator === "or") {
    const [one, other] = [readTest(left, depth + 1), readTest(right, depth + 1)];
    return operator === "and"
      ? { held: addFacts(one.held, other.held), failed: joinFacts(one.failed, other.failed) }
      : { held: joinFacts(one.held, other.held), failed: addFacts(one.failed, other.failed) };
  }
  if (operator === "=" || operator === "!=") {
    const [path, constant] = isConstant(right) ? [left, right] : [right, left];
    if (!isConstant(constant)) {
      const there = addFacts(know(left, isThere), know(right, isThere));
      return { held: there, failed: noFacts };
    }
    const value = constant.value as Json;
    const named = path?.type === "function" && asNode(path["procedure"])?.value === "type" ? asNodes(path["arguments"])[0] : undefined;
    const same = named ? know(named, isOfKind(String(value))) : know(path, isOneOf([value]));
    // What is absent is neither equal nor unequal.
    const other = (present: boolean): Facts => (named ? noFacts : know(path, isNoneOf([value], present)));
    if (operator === "=") return { held: same, failed: other(false) };
    return { held: other(true), failed: named ? noFacts : know(path, isAtMost(value)) };
  }
  if (operator === "in") {
    const items = right?.type === "unary" && right.value === "[" ? asNodes(right["expressions"]) : [];
    if (items.length === 0 || !items.every(isConstant)) return { held: know(left, isThere), failed: noFacts };
    const values = items.map(({ value }) => value as Json);
    return { held: know(left, isOneOf(values)), failed: know(left, isNoneOf(values, false)) };
  }
  if (operator === "<" || operator === "<=" || operator === ">" || operator === ">=") return readOrder(operator, left, right);
  return nothingKnown;
}

function readOrder(operator: string, left: ExpressionNode | undefined, right: ExpressionNode | undefined): Outcome {
  const there = addFacts(know(left, isThere), know(right, isThere));
  const [path, constant, turned] = isNumber(right) ? [left, right, operator] : [right, left, turnOrder(operator)];
  if (!isNumber(constant)) return { held: there, failed: noFacts };
  const bound = Number(constant.value);
  // What is absent is neither more nor less.
  const failed = know(path, isBounded(ofOrder(negateOrder(turned), bound), false));
  return { held: know(path, isBounded(ofOrder(turned, bound), true)), failed };
}

function isNumber(node: ExpressionNode | undefined): node is ExpressionNode {
  return node?.type === "number";
}

function readCall(call: ExpressionNode, depth: number): Outcome {
  const callee = asNode(call["procedure"])?.value;
  const [argument, ...others] = asNodes(call["arguments"]);
  if (others.length > 0) return nothingKnown;
  if (callee === "exists") return { held: know(argument, isThere), failed: noFacts };
  if (callee === "boolean") return readTest(argument, depth + 1);
  if (callee === "not") {
    const { held, failed } = readTest(argument, depth + 1);
    // `$not` of what is absent gives nothing, which counts as false too.
    return { held: addFacts(failed, know(argument, isThere)), failed: isDefinite(argument) ? held : noFacts };
  }
  return { held: know(call, isTrue), failed: know(call, isFalse) };
}

/** Whether a test gives true or false, and never nothing. */
function isDefinite(test: ExpressionNode | undefined): boolean {
  if (test?.type === "block") {
    const [only, ...others] = asNodes(test["expressions"]);
    return others.length === 0 && isDefinite(only);
  }
  if (test?.type === "binary") return ["=", "!=", "in", "and", "or"].includes(String(test.value));
  return test?.type === "function" && asNode(test["procedure"])?.value === "exists";
}
