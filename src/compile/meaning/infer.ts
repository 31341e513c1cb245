/** The type that a JSONata expression gives, and what it asks of values that they can't give. */

import { silent } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { allowedFunctions } from "../expressions/views.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { compileLimits } from "../limits.ts";
import { checkCall } from "./check-call.ts";
import { checkArithmetic, checkEquality, checkNegation, checkOrder, type Operands } from "./check-operators.ts";
import { addFacts, applyFacts, type Facts, firstAnchor, forget, keepAnchored, noFacts, readTest, stepAnchor } from "./facts.ts";
import { findField, quote } from "./find-field.ts";
import type { Env, Inference } from "./inference.ts";
import { readLiteral, spanOfOperand } from "./literal.ts";
import { ofLengths } from "./range.ts";
import {
  boolean,
  bound,
  itemsOf,
  join,
  nothing,
  number,
  ofConstants,
  ofFields,
  ofList,
  type Type,
  text,
  unknown,
  unspoken,
  withAbsence,
} from "./type.ts";

/** Judges an expression; gives its type. */
export function infer(tree: ExpressionNode, state: Inference): Type {
  const facts = state.facts ?? noFacts;
  return visit(tree, { context: state.root, atRoot: true, names: new Map(), facts, own: noFacts, within: "all", depth: 0 }, state);
}

function visit(node: ExpressionNode | undefined, env: Env, state: Inference): Type {
  state.count += 1;
  if (node === undefined || env.depth > compileLimits.expressionDepth || state.count > compileLimits.expressionNodes) return unknown;
  const inner = { ...env, depth: env.depth + 1 };
  const found = visitKind(node, inner, state);
  const type = node.type === "name" || node.type === "path" ? found : filter(node, found, inner, state);
  state.observe?.({ node, type, ...(node.type === "name" && { context: env.context }) });
  return type;
}

function visitKind(node: ExpressionNode, env: Env, state: Inference): Type {
  const inner: Inner = (child, more = noFacts) =>
    visit(asNode(child), { ...env, within: "other", facts: addFacts(env.facts, more), own: addFacts(env.own, more) }, state);
  switch (node.type) {
    case "string":
    case "number":
    case "value":
      return ofConstants([node.value as string | number | boolean | null]);
    case "name":
      return filter(node, findField(node, env, state), env, state);
    case "path":
      return visitPath(node, env, state);
    case "variable":
      if (node["predicate"] !== undefined) tellFunction(node, env, state);
      return applyFacts(env.facts, firstAnchor(node), findVariable(String(node.value), env, state));
    case "block":
      return visitBlock(node, env, state);
    case "bind": {
      const bound = inner(node["rhs"]);
      const name = asNode(node["lhs"])?.value;
      if (typeof name === "string") {
        env.names.set(name, bound);
        env.facts = forget(env.facts, name);
        env.own = forget(env.own, name);
      }
      return bound;
    }
    case "condition": {
      inner(node["condition"]);
      const { held, failed } = readTest(asNode(node["condition"]));
      const then = inner(node["then"], held);
      return join([then, node["else"] === undefined ? withAbsence(then, true) : inner(node["else"], failed)]);
    }
    case "binary":
      return visitBinary(node, env, state);
    case "unary":
      return visitUnary(node, inner, state);
    case "function":
      return visitCall(node, [], inner, env, state);
    case "apply":
      return visitApply(node, inner, env, state);
    default:
      return unknown;
  }
}

/** Names that a block binds are known behind it, within it. */
function visitBlock(node: ExpressionNode, env: Env, state: Inference): Type {
  const own: Env = { ...env, names: new Map(env.names) };
  let type: Type = nothing;
  for (const child of asNodes(node["expressions"])) {
    if (child.type !== "bind") {
      type = visit(child, own, state);
      continue;
    }
    type = visit(asNode(child["rhs"]), own, state);
    const name = asNode(child["lhs"])?.value;
    if (typeof name !== "string") continue;
    own.names.set(name, type);
    own.facts = forget(own.facts, name);
    own.own = forget(own.own, name);
  }
  return type;
}

function findVariable(name: string, env: Env, state: Inference): Type {
  if (name === "") return env.context;
  if (name === "$") return state.root;
  return env.names.get(name) ?? (name === "event" ? state.event : unknown);
}

function visitPath(node: ExpressionNode, outer: Env, state: Inference): Type {
  const env: Env = { ...outer, names: new Map(outer.names) };
  let type = applyFacts(env.facts, "", env.context);
  let anchor: string | undefined = "";
  let between: string[] = [];
  const inside = (items: Type): Env => enter(items, env);
  const steps = asNodes(node["steps"]);
  if (steps[0]?.type === "variable" && steps.length > 1) tellFunction(steps[0], env, state);
  for (const [place, step] of steps.entries()) {
    // Joins and parents reach back: what they see is not followed.
    if (step["tuple"] !== undefined || step["focus"] !== undefined || step["index"] !== undefined || step.type === "parent") {
      for (const name of [step["focus"], step["index"]]) if (typeof name === "string") env.names.set(name, unknown);
      [type, anchor] = [unknown, undefined];
      continue;
    }
    if (place > 0 && tellLength(step, type, state)) return unknown;
    const items = place === 0 ? type : itemsOf(type);
    if (step.type === "sort") {
      for (const term of Array.isArray(step["terms"]) ? step["terms"] : [])
        visit(asNode((term as { expression?: unknown }).expression), inside(items), state);
      type = filter(step, type, env, state);
      anchor = undefined;
      continue;
    }
    const isPlain = step.type === "name" && step["stages"] === undefined && step["predicate"] === undefined;
    const asked = visit(step, place > 0 ? inside(items) : step.type === "name" ? { ...env, context: items } : env, state);
    const found = place > 0 && type.absent && !asked.any ? withAbsence(asked, true) : asked;
    type = type.lists.length > 0 && place > 0 ? join([itemsOf(found), ofList(() => itemsOf(found))]) : found;
    if (isPlain) {
      between.push(String(step.value));
      continue;
    }
    // Values of their own, of which tests may have told more.
    anchor = place === 0 && step.type !== "name" ? firstAnchor(step) : stepAnchor(anchor, between, step);
    between = [];
    if (step.type !== "variable") type = applyFacts(env.facts, anchor, type);
  }
  const group = asNode(node["group"]);
  if (!group) return type;
  visitPairs(group["lhs"], (child) => visit(asNode(child), inside(itemsOf(type)), state));
  return unknown;
}

/** Where paths begin at something else. */
function enter(context: Type, env: Env): Env {
  return { ...env, context, atRoot: false, facts: keepAnchored(env.facts), own: keepAnchored(env.own), within: "other" };
}

/** What is left behind the filters of a step. */
function filter(node: ExpressionNode, type: Type, env: Env, state: Inference): Type {
  let left = type;
  for (const stage of [...asNodes(node["stages"]), ...asNodes(node["predicate"])]) {
    const test = asNode(stage["expr"]);
    if (test === undefined) continue;
    if (test.type === "string") {
      if (!isFunction(node, env, state)) tellFieldInBrackets(test, state);
      left = unknown;
      continue;
    }
    const isLast = test.type === "unary" && test.value === "-" && asNode(test["expression"])?.value === 1;
    if (test.type === "number" || isLast) {
      if (test.type === "number") checkIndex(test, left, state);
      left = left === state.steps && (isLast || test.value === -1) ? state.last : itemsOf(left);
      continue;
    }
    const items = itemsOf(left);
    visit(test, { ...enter(items, env), within: "all" }, state);
    const held = applyFacts(readTest(test).held, "", items);
    left =
      left.any || left.lists.length > 0
        ? join([
            held,
            bound(
              ofList(() => held),
              { count: ofLengths(0, left.count?.most) },
            ),
          ])
        : held;
  }
  return left;
}

/** `output['vote']` of other languages: a text always holds, so that all is left. */
function tellFieldInBrackets(test: ExpressionNode, state: Inference): void {
  const { node } = state;
  const literal = readLiteral(test, node.value);
  if (!literal) return;
  const [before, after] = [node.value.slice(0, literal.start), node.value.slice(literal.end)];
  const start = before.lastIndexOf("[");
  const span = node.locate(start, literal.end + after.indexOf("]") + 1);
  const name = quote(String(literal.value));
  const isWhole = before.slice(start + 1).trim() === "" && /^\s*\]/.test(after);
  state.context.report.add(
    "wrong-result",
    span,
    "In brackets stands a test or a number, and this text always holds: nothing is left out.",
    {
      hint: `a field is written \`.${name}\``,
      ...(isWhole && /^[\w$` -]+$/.test(name) && { fix: { title: `Write \`.${name}\``, span, text: `.${name}` } }),
    },
  );
}

/** `$last['writer']` and `$last.writer`: a function that is not called is no value that has fields or items. */
function tellFunction(node: ExpressionNode, env: Env, state: Inference): void {
  if (!isFunction(node, env, state)) return;
  const name = String(node.value);
  const end = Math.min(node.position ?? 0, state.node.value.length);
  state.context.report.add(
    "unknown-field-of-type",
    state.node.locate(end - name.length - 1, end),
    `\`$${name}\` is a function, and has no fields and no items; this is always undefined.`,
    { hint: allowedFunctions.has(name) ? `it is called: \`$${name}(…)\`` : `write \`$${name}('role')\`` },
  );
}

function isFunction({ type, value }: ExpressionNode, { names }: Env, { view }: Inference): boolean {
  const name = String(value);
  if (type !== "variable" || names.has(name)) return false;
  return allowedFunctions.has(name) || (view.steps === true && (name === "first" || name === "last"));
}

/** `steps.length` of other languages; says whether it is that. */
function tellLength(step: ExpressionNode, { any, lists, scalars, objects }: Type, state: Inference): boolean {
  const name = String(step.value);
  if (step.type !== "name" || (name !== "length" && name !== "size")) return false;
  if (any || lists.length === 0 || scalars.size + objects.length > 0) return false;
  const items = join(lists.map((item) => item()));
  if (items.any || items.objects.some(({ names, others }) => others === "free" || names.includes(name))) return false;
  const message = `A list has no \`${name}\`; this is always undefined.`;
  state.context.report.add("unknown-field-of-type", spanOfOperand(step, state), message, { hint: "`$count(…)` counts a list's items" });
  return true;
}

/** An item behind the last one that a list may have. */
function checkIndex(place: ExpressionNode, { any, lists, scalars, objects, count }: Type, state: Inference): void {
  const index = Math.floor(Number(place.value));
  if (any || !count || lists.length === 0 || scalars.size + objects.length > 0 || (index < 0 ? -index - 1 : index) < count.most) return;
  const message = `The list has at most ${count.most} items, counted from 0; this is always undefined.`;
  state.context.report.add("unknown-field-of-type", spanOfOperand(place, state), message);
}

type Inner = (child: unknown, more?: Facts) => Type;

function visitBinary(node: ExpressionNode, env: Env, state: Inference): Type {
  const [left, right] = [asNode(node["lhs"]), asNode(node["rhs"])];
  if (!left || !right) return unknown;
  const within = node.value === "or" ? "or" : node.value === "and" && env.within === "all" ? "all" : "other";
  const first = visit(left, { ...env, within }, state);
  const told = node.value === "and" ? readTest(left).held : node.value === "or" ? readTest(left).failed : noFacts;
  const second = visit(right, { ...env, within, facts: addFacts(env.facts, told), own: addFacts(env.own, told) }, state);
  const types = { left: first, right: second };
  const widen = (side: ExpressionNode, facts: Facts): Type => {
    const muted = { ...state, context: { ...state.context, report: silent }, observe: undefined };
    const type = visit(side, { ...env, facts, within: "other" }, muted);
    state.count = muted.count;
    return type;
  };
  const operands: Operands = { node, left, right, types, env, widen };
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
      return withAbsence(boolean, types.left.absent === true || types.right.absent === true);
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
      checkArithmetic([left, right], [types.left, types.right], state);
      return withAbsence(number, types.left.absent === true || types.right.absent === true);
    case "..":
      checkArithmetic([left, right], [types.left, types.right], state);
      return ofList(() => number);
    default:
      return unknown;
  }
}

function visitPairs(pairs: unknown, inner: Inner): [string | undefined, Type][] {
  return (Array.isArray(pairs) ? pairs : []).map((pair) => {
    const [key, value] = asNodes(pair);
    inner(key);
    return [key?.type === "string" ? String(key.value) : undefined, inner(value)];
  });
}

function visitUnary(node: ExpressionNode, inner: Inner, state: Inference): Type {
  if (node.value === "[") {
    // A list of one range, or of what a path gives, holds its items.
    const items = join(asNodes(node["expressions"]).map((item) => withAbsence(itemsOf(inner(item)), false)));
    return ofList(() => items);
  }
  if (node.value === "{") {
    const pairs = visitPairs(node["lhs"], inner);
    if (pairs.some(([key]) => key === undefined)) return unknown;
    return ofFields("the object", Object.fromEntries(pairs.map(([key, type]) => [key ?? "", type])));
  }
  const operand = asNode(node["expression"]);
  const type = inner(operand);
  if (node.value !== "-" || !operand) return unknown;
  if (operand.type === "number") return ofConstants([-Number(operand.value)]);
  checkArithmetic([operand], [type], state);
  return withAbsence(number, type.absent === true);
}

/** `x ~> $f(y)` is `$f(x, y)`. */
function visitApply(node: ExpressionNode, inner: Inner, env: Env, state: Inference): Type {
  const [left, right] = [asNode(node["lhs"]), asNode(node["rhs"])];
  const type = inner(left);
  if (right?.type === "function" && left) return visitCall(right, [{ node: left, type }], inner, env, state);
  const isFunction = right?.type === "variable" && !env.names.has(String(right.value));
  return isFunction && left ? checkCall(right, [{ node: left, type }], env, state) : unknown;
}

function visitCall(
  node: ExpressionNode,
  before: readonly { node: ExpressionNode; type: Type }[],
  inner: Inner,
  env: Env,
  state: Inference,
): Type {
  const procedure = asNode(node["procedure"]);
  const name = procedure?.type === "variable" ? String(procedure.value) : "";
  const args = [...before, ...asNodes(node["arguments"]).map((argument) => ({ node: argument, type: inner(argument) }))];
  const [argument] = args;
  if (!procedure || env.names.has(name)) return unknown;
  if (name === "not" && argument) checkNegation(argument.node, argument.type, state);
  if ((name === "first" || name === "last") && state.answerOf) {
    const role = argument?.node.type === "string" ? String(argument.node.value) : undefined;
    if (!argument || role === undefined) return unknown;
    const spoken = state.answerOf(role, name);
    if (spoken !== unspoken) return applyFacts(env.facts, firstAnchor(node), spoken);
    const span = spanOfOperand(argument.node, state);
    state.context.report.add("role-never-before", span, `\`${role}\` has not spoken when this is asked; this is always undefined.`);
    return unknown;
  }
  return name === "" ? unknown : checkCall(procedure, args, env, state);
}
