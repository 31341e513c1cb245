/** The type that a JSONata expression gives, and what it asks of values that they can't give. */

import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { compileLimits } from "../limits.ts";
import { checkArithmetic, checkEquality, checkNegation, checkOrder } from "./check-operators.ts";
import { findField } from "./find-field.ts";
import type { Inference, Names } from "./inference.ts";
import {
  boolean,
  itemsOf,
  join,
  narrow,
  nothing,
  number,
  ofConstants,
  ofFields,
  ofList,
  type Type,
  text,
  unknown,
  withAbsence,
} from "./type.ts";

/** What functions give. */
const results: Readonly<Record<string, Type>> = Object.fromEntries([
  ..."count sum max min average length number floor ceil round abs sqrt power toMillis parseInteger"
    .split(" ")
    .map((name) => [name, number]),
  ...(
    "string substring substringBefore substringAfter lowercase uppercase trim join replace formatNumber formatBase formatInteger type " +
    "base64encode base64decode encodeUrl encodeUrlComponent decodeUrl decodeUrlComponent fromMillis"
  )
    .split(" ")
    .map((name) => [name, text]),
  ..."contains boolean not exists".split(" ").map((name) => [name, boolean]),
]);

/** Judges an expression; gives its type. */
export function infer(tree: ExpressionNode, state: Inference): Type {
  return visit(tree, state.root, new Map(), 0, state);
}

function visit(node: ExpressionNode | undefined, context: Type, names: Names, depth: number, state: Inference): Type {
  state.count += 1;
  if (node === undefined || depth > compileLimits.expressionDepth || state.count > compileLimits.expressionNodes) return unknown;
  const type = visitKind(node, context, names, depth + 1, state);
  return node.type === "name" || node.type === "path" ? type : filter(node, type, names, depth, state);
}

function visitKind(node: ExpressionNode, context: Type, names: Names, depth: number, state: Inference): Type {
  const inner = (child: unknown): Type => visit(asNode(child), context, names, depth, state);
  switch (node.type) {
    case "string":
    case "number":
    case "value":
      return ofConstants([node.value as string | number | boolean | null]);
    case "name":
      return filter(node, findField(node, context, state), names, depth, state);
    case "path":
      return visitPath(node, context, names, depth, state);
    case "variable":
      return findVariable(String(node.value), context, names, state);
    case "block": {
      const own = new Map(names);
      return asNodes(node["expressions"]).reduce<Type>((_, child) => visit(child, context, own, depth, state), nothing);
    }
    case "bind": {
      const bound = inner(node["rhs"]);
      const name = asNode(node["lhs"])?.value;
      if (typeof name === "string") names.set(name, bound);
      return bound;
    }
    case "condition": {
      inner(node["condition"]);
      return join([inner(node["then"]), node["else"] === undefined ? unknown : inner(node["else"])]);
    }
    case "binary":
      return visitBinary(node, inner, state);
    case "unary":
      return visitUnary(node, inner);
    case "function":
      return visitCall(node, inner, state);
    case "apply":
      inner(node["lhs"]);
      return unknown;
    default:
      return unknown;
  }
}

function findVariable(name: string, context: Type, names: Names, state: Inference): Type {
  if (name === "") return context;
  if (name === "$") return state.root;
  return names.get(name) ?? (name === "event" ? state.event : unknown);
}

function visitPath(node: ExpressionNode, context: Type, outer: Names, depth: number, state: Inference): Type {
  const names = new Map(outer);
  let type = context;
  asNodes(node["steps"]).forEach((step, place) => {
    // Joins and parents reach back: what they see is not followed.
    if (step["tuple"] !== undefined || step["focus"] !== undefined || step["index"] !== undefined || step.type === "parent") {
      for (const name of [step["focus"], step["index"]]) if (typeof name === "string") names.set(name, unknown);
      type = unknown;
      return;
    }
    const items = place === 0 ? type : itemsOf(type);
    if (step.type === "sort") {
      for (const term of Array.isArray(step["terms"]) ? step["terms"] : [])
        visit(asNode((term as { expression?: unknown }).expression), items, names, depth, state);
      return;
    }
    const asked = visit(step, items, names, depth, state);
    const found = place > 0 && type.absent && !asked.any ? withAbsence(asked, true) : asked;
    type = type.lists.length > 0 && place > 0 ? join([itemsOf(found), ofList(() => itemsOf(found))]) : found;
  });
  const group = asNode(node["group"]);
  if (!group) return type;
  visitPairs(group["lhs"], (child) => visit(asNode(child), itemsOf(type), names, depth, state));
  return unknown;
}

/** What is left behind the filters of a step. */
function filter(node: ExpressionNode, type: Type, names: Names, depth: number, state: Inference): Type {
  let left = type;
  for (const stage of [...asNodes(node["stages"]), ...asNodes(node["predicate"])]) {
    const test = asNode(stage["expr"]);
    if (test === undefined) continue;
    if (test.type === "number") {
      left = left === state.steps && test.value === -1 ? state.last : itemsOf(left);
      continue;
    }
    const items = itemsOf(left);
    visit(test, items, names, depth, state);
    const held = narrowBy(items, test);
    left = left.lists.length > 0 ? join([held, ofList(() => held)]) : held;
  }
  return left;
}

/** What may be where the test holds, as far as it compares fields with constants. */
function narrowBy(type: Type, test: ExpressionNode): Type {
  const [left, right] = [asNode(test["lhs"]), asNode(test["rhs"])];
  if (test.type !== "binary" || !left || !right) return type;
  if (test.value === "and") return narrowBy(narrowBy(type, left), right);
  if (test.value !== "=" || left.type !== "path" || right.type !== "string") return type;
  const steps = asNodes(left["steps"]);
  if (steps.some((step) => step.type !== "name" || step["stages"] !== undefined)) return type;
  return narrow(
    type,
    steps.map((step) => String(step.value)),
    String(right.value),
  );
}

function visitBinary(node: ExpressionNode, inner: (child: unknown) => Type, state: Inference): Type {
  const [left, right] = [asNode(node["lhs"]), asNode(node["rhs"])];
  const types = { left: inner(left), right: inner(right) };
  if (!left || !right) return unknown;
  const operands = { node, left, right, types };
  switch (node.value) {
    case "=":
    case "!=":
    case "in":
      checkEquality(operands, state);
      return boolean;
    case "<":
    case "<=":
    case ">":
    case ">=":
      checkOrder(operands, state);
      return boolean;
    case "and":
    case "or":
      return boolean;
    case "&":
      return text;
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      checkArithmetic(operands, state);
      return number;
    default:
      return unknown;
  }
}

function visitPairs(pairs: unknown, inner: (child: unknown) => Type): [string | undefined, Type][] {
  return (Array.isArray(pairs) ? pairs : []).map((pair) => {
    const [key, value] = asNodes(pair);
    inner(key);
    return [key?.type === "string" ? String(key.value) : undefined, inner(value)];
  });
}

function visitUnary(node: ExpressionNode, inner: (child: unknown) => Type): Type {
  if (node.value === "[") {
    const items = join(asNodes(node["expressions"]).map((item) => inner(item)));
    return ofList(() => items);
  }
  if (node.value === "{") {
    const pairs = visitPairs(node["lhs"], inner);
    if (pairs.some(([key]) => key === undefined)) return unknown;
    return ofFields("the object", Object.fromEntries(pairs.map(([key, type]) => [key ?? "", type])));
  }
  inner(node["expression"]);
  return node.value === "-" ? number : unknown;
}

function visitCall(node: ExpressionNode, inner: (child: unknown) => Type, state: Inference): Type {
  const procedure = asNode(node["procedure"]);
  const name = procedure?.type === "variable" ? String(procedure.value) : "";
  const args = asNodes(node["arguments"]);
  const types = args.map((argument) => inner(argument));
  const [argument] = args;
  if (name === "not" && argument && types[0]) checkNegation(argument, types[0], state);
  if ((name === "first" || name === "last") && state.answerOf) {
    const role = argument?.type === "string" ? String(argument.value) : undefined;
    return role === undefined ? unknown : state.answerOf(role);
  }
  return (Object.hasOwn(results, name) ? results[name] : undefined) ?? unknown;
}
