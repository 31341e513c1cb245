/** Judges tests and comparisons of a template. */
import { silent } from "../diagnostics/diagnostic.ts";
import { checkConstant, mayOrderTypes, orderWords } from "./check-operators.ts";
import { addFacts } from "./facts.ts";
import { describe, describeValues, lookUpField } from "./find-field.ts";
import { turnOrder } from "./range.ts";
import { readTest } from "./template-facts.ts";
import { findPlace, type Judging, type Scope, typeOf, typeWithoutFacts } from "./template-scope.ts";
import { readFilters, readLiteral, readPath, type Token, type Tree } from "./template-tokens.ts";
import { boolean, isNothing, itemsOf, mayBe, mayEqual, ofConstants, type Type, unknown } from "./type.ts";

interface Operand {
  token: Token | undefined;
  type: Type;
  /** By schemas alone, whatever tests before say. */
  schema: Type;
}

const orders: readonly unknown[] = ["<", "<=", ">", ">="];

/**
 * Judges what an argument says before its filters; gives its type.
 * @param decides the test holds only if this part does
 */
export function judgeTree(tree: Tree | undefined, scope: Scope, state: Judging, decides = true): Type {
  if (!tree) return unknown;
  if ("token" in tree) return judgeToken(tree.token, scope, state).type;
  const { operator, left, right } = tree;
  if (operator === "and" || operator === "or") {
    const isAll = decides && operator === "and";
    judgeTree(left, scope, state, isAll);
    const told = readTest(left, findPlace(scope, state));
    const facts = addFacts(scope.facts, operator === "and" ? told.held : told.failed);
    judgeTree(right, { ...scope, facts }, state, isAll);
    return boolean;
  }
  const [one, other] = [left, right].map((side): Operand => {
    if (side && "token" in side) return judgeToken(side.token, scope, state);
    const type = judgeTree(side, scope, state, false);
    return { token: undefined, type, schema: type };
  });
  if (left && one && other) judgeOperator(operator, one, other, decides, state);
  return boolean;
}

function judgeToken(token: Token, scope: Scope, state: Judging): Operand {
  const literal = readLiteral(token);
  const type = token.props ? typeOf(token.props, scope, state) : literal ? ofConstants([literal.value]) : unknown;
  return { token, type, schema: token.props && scope.facts.size > 0 ? typeWithoutFacts(token, scope, state) : type };
}

function judgeOperator(operator: string, left: Operand, right: Operand, decides: boolean, state: Judging): void {
  if (operator === "contains") {
    // Of text it asks for a part.
    if (left.schema.lists.length > 0) compare(left.token, right.token, itemsOf(left.schema), state);
    else if (!left.schema.any && !isNothing(left.schema) && !left.schema.scalars.has("string") && left.token?.props) {
      const words = `\`contains\` looks into text and lists, and this is ${describe(left.schema)}.`;
      state.context.report.add("impossible-comparison", state.node.locate(left.token.begin, left.token.end), words);
    }
    return;
  }
  const [path, other] = left.token?.props ? [left, right] : [right, left];
  if (!path.token?.props) return;
  if (operator === "==" || operator === "!=") {
    if (!other.token?.props) {
      if (compare(path.token, other.token, path.schema, state) && operator === "==" && decides) checkTaken(path, other.token, state);
    } else if (!mayEqual(left.schema, right.schema) && left.token && right.token) {
      const span = state.node.locate(left.token.begin, right.token.end);
      const words = `The left side is ${describeValues(left.schema)} and the right one ${describeValues(right.schema)}: they are never the same.`;
      state.context.report.add("impossible-comparison", span, words);
    }
  } else if (orders.includes(operator) && checkKinds(path, other, state))
    checkBounds(path === left ? operator : turnOrder(operator), path, other, decides, state);
}

/** A constant that tests before have taken. */
function checkTaken({ token, type }: Operand, other: Token | undefined, state: Judging): void {
  const literal = other && readLiteral(other);
  if (!token || !literal || type.any || isNothing(type) || mayBe(type, literal.value)) return;
  const shown = typeof literal.value === "string" ? `'${literal.value}'` : String(literal.value);
  const message = `${nameOf(token)} is ${describeValues(type)} here, never ${shown}.`;
  state.context.report.add("impossible-comparison", state.node.locate(literal.start, literal.end), message, { hint: fromTests });
}

const fromTests = "the tests before it leave nothing else";

/** An order that bounds rule out. */
function checkBounds(operator: string, path: Operand, other: Operand, decides: boolean, state: Judging): void {
  const isOfSchema = !mayOrderTypes(operator, path.schema, other.schema);
  if (!path.token || (!isOfSchema && (!decides || mayOrderTypes(operator, path.type, other.type)))) return;
  const of = isOfSchema ? path.schema : path.type;
  const at = other.token && readLiteral(other.token) ? other.token : path.token;
  const message = `${nameOf(path.token)} is ${describeValues(of)}${isOfSchema ? "" : " here"}, never ${orderWords[operator]} ${describeValues(isOfSchema ? other.schema : other.type)}.`;
  state.context.report.add("impossible-comparison", state.node.locate(at.begin, at.end), message, isOfSchema ? {} : { hint: fromTests });
}

function nameOf({ props }: Token): string {
  const name = props?.at(-1)?.content;
  return typeof name === "string" ? `\`${name}\`` : "This";
}

/** Liquid reads numbers from text to order it with numbers; other text is neither more nor less. Says whether it may be. */
function checkKinds({ schema: type, token }: Operand, other: Operand, state: Judging): boolean {
  if (type.any || isNothing(type) || type.scalars.has("number") || !token) return true;
  const literal = other.token && readLiteral(other.token);
  const isNumber = literal !== undefined && typeof literal.value === "number";
  if (type.scalars.has("string") && !isNumber) return true;
  if (type.scalars.size > 0 && !isNumber) return true;
  const constants = type.scalars.get("string");
  if (type.scalars.has("string") && (!constants || [...constants].some((each) => Number.isFinite(Number(each))))) return true;
  state.context.report.add(
    "impossible-comparison",
    state.node.locate(token.begin, token.end),
    `${describeValues(type)} is neither more nor less than ${literal?.value ?? "the other side"}.`,
    type.lists.length > 0 ? { hint: "`.size` counts the items of a list" } : {},
  );
  return false;
}

/** Holds a constant against what it is compared with; says whether it may be. */
export function compare(path: Token | undefined, other: unknown, type: Type, state: Judging): boolean {
  const literal = other === undefined ? undefined : readLiteral(other);
  const name = path?.props?.at(-1)?.content;
  if (!path?.props || !literal) return true;
  state.observer?.constant({ start: literal.start, end: literal.end, compared: type });
  return checkConstant(literal, type, typeof name === "string" ? name : undefined, state);
}

/** Whether it is false, whatever it is. */
function isFalse({ any, scalars, objects, lists }: Type): boolean {
  const booleans = scalars.get("boolean");
  return !any && objects.length + lists.length === 0 && scalars.size === 1 && booleans?.has(false) === true && booleans.size === 1;
}

/** A test of what is always there, or never: in Liquid `0`, empty text and empty lists count as true. */
export function checkTest(argument: unknown, scope: Scope, state: Judging): void {
  const path = readPath(argument);
  if (!path?.props || readFilters(argument).length > 0) return;
  const span = state.node.locate(path.begin, path.end);
  const type = typeWithoutFacts(path, scope, state);
  if (scope.facts.size > 0 && !isFalse(type) && isFalse(typeOf(path.props, scope, { ...state, context: { report: silent } })))
    state.context.report.add("impossible-comparison", span, `${nameOf(path)} is false here: the test never holds.`, { hint: fromTests });
  const { scalars, objects, lists } = type;
  if (type.any || isNothing(type)) return;
  if (type.absent || scalars.has("boolean") || scalars.has("null") || !isSure(path.props, scope, state)) return;
  const test = lists.length > 0 ? ".size > 0" : objects.length > 0 ? undefined : scalars.has("string") ? " != blank" : " != 0";
  state.context.report.add("always-holds", span, `This is ${describe(type)} and always there: the test always holds.`, {
    ...(test !== undefined && {
      hint: `did you mean \`${state.node.value.slice(path.begin, path.end)}${test}\`?`,
      fix: { title: `Ask for \`${test.trim()}\``, span: state.node.locate(path.end, path.end), text: test },
    }),
  });
}

/** Whether a schema says of each name of a path that it must be there. */
function isSure(props: readonly Token[], { names }: Scope, state: Judging): boolean {
  const [first, ...rest] = props;
  const root = String(first?.content);
  if (state.assigned.has(root) || (state.own.has(root) && root !== "_event")) return false;
  let type = names.get(root) ?? (root === "_event" ? state.own.get(root) : undefined);
  for (const { content } of type ? rest : props) {
    const context: Type = type ?? state.root;
    const isMap = context.objects.length > 0 && context.scalars.size + context.lists.length === 0 && !context.absent;
    if (typeof content !== "string" || !isMap || !context.objects.every(({ must }) => must.includes(content))) return false;
    const found = lookUpField(context, content);
    if (!("type" in found) || found.type.absent) return false;
    type = found.type;
  }
  return true;
}
