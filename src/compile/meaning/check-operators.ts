/** Judges operators by the types of their sides: what can never hold, what fails, and what absence decides. */
import type { Json } from "../../contract/event.ts";
import { findNearestName, measureDistance } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNodes } from "../expressions/walk.ts";
import type { TextNode } from "../source/node.ts";
import { ownStatuses } from "./engine-types.ts";
import { type Facts, noFacts } from "./facts.ts";
import { describe, describeValues } from "./find-field.ts";
import type { Env, Inference } from "./inference.ts";
import { findPathStart, findToken, type Literal, nameOf, readLiteral, spanOfOperand, spanOfOperator } from "./literal.ts";
import { mayOrder, turnOrder } from "./range.ts";
import { isNothing, itemsOf, mayBe, mayEqual, number, numbersOf, ofConstants, type ScalarKind, type Type, unknown } from "./type.ts";

export interface Operands {
  node: ExpressionNode;
  left: ExpressionNode;
  right: ExpressionNode;
  types: { left: Type; right: Type };
  env: Env;
  /** What a side may be by fewer facts. */
  widen(side: ExpressionNode, facts: Facts): Type;
}

/** `=`, `!=`, `in`. */
export function checkEquality(operands: Operands, state: Inference): void {
  const { node, left, right, types } = operands;
  const source = state.node.value;
  const isIn = node.value === "in";
  const items = isIn && right.type === "unary" && right.value === "[" ? asNodes(right["expressions"]) : undefined;
  if (items) {
    for (const item of items) state.observe?.({ node: item, type: unknown, compared: types.left });
    const literals = items.flatMap((item) => readLiteral(item, source) ?? []);
    // An item that a test before has is superfluous, but does no harm.
    const isDead = literals.length === items.length && literals.every(({ value }) => !mayBe(types.left, value));
    for (const literal of literals) checkSide(literal, left, types.left, isDead && literal === literals[0], operands, state);
    if (literals.length > 0) return;
  }
  const others = isIn ? itemsOf(types.right) : types.right;
  const [mine, its] = [readLiteral(left, source), readLiteral(right, source)];
  if (mine && !its) {
    state.observe?.({ node: left, type: types.left, compared: others });
    if (checkSide(mine, right, others, true, operands, state)) checkAbsence(node, right, mine, types.right, state);
  } else if (its && !mine) {
    state.observe?.({ node: right, type: types.right, compared: types.left });
    if (checkSide(its, left, types.left, true, operands, state)) checkAbsence(node, left, its, types.left, state);
  } else if (!mine && !checkBareText(left, types.right, state) && !checkBareText(right, types.left, state))
    checkPair(node, left, types.left, right, others, state);
}

/** A constant against the other side: by what its schema says, then by what tests before have left of it. */
function checkSide(literal: Literal, side: ExpressionNode, type: Type, decides: boolean, operands: Operands, state: Inference): boolean {
  const { node, env, widen } = operands;
  // A role that there is not is told as such.
  if (state.view.steps && nameOf(side) === "role" && typeof literal.value === "string" && !isRole(literal.value, state)) return true;
  const isItems = node.value === "in" && side === operands.right;
  const seen = (facts: Facts): Type => (isItems ? itemsOf(widen(side, facts)) : widen(side, facts));
  if (type.any || isNothing(type) || mayBe(type, literal.value) || env.facts.size === 0)
    return checkConstant(literal, type, nameOf(side), state);
  if (!checkConstant(literal, seen(noFacts), nameOf(side), state)) return false;
  const isOwn = !mayBe(seen(env.own), literal.value);
  const isTold = node.value === "!=" ? isOwn && env.within === "or" : isOwn || env.within === "all";
  if (!decides || !isTold || literal.value === null) return true;
  const shown = typeof literal.value === "string" ? `'${literal.value}'` : String(literal.value);
  const name = nameOf(side);
  const span = state.node.locate(literal.start, literal.end);
  const message = `${name === undefined ? "This" : `\`${name}\``} is ${describeValues(type)} here, never ${shown}.`;
  const hint = isOwn ? "the test before it says so" : "the transitions before it have taken the rest";
  const tell = (): void => state.context.report.add("impossible-comparison", span, message, { hint });
  if (state.later) state.later(tell);
  else tell();
  return false;
}

function isRole(name: string, { steps }: Inference): boolean {
  return itemsOf(steps).objects.some((step) => mayBe(step.get("role"), name));
}

/** A constant without its quotes: a path that finds nothing. */
function checkBareText(side: ExpressionNode, compared: Type, state: Inference): boolean {
  const [only, ...others] = side.type === "path" ? asNodes(side["steps"]) : [];
  if (only?.type !== "name" || others.length > 0 || only["stages"] !== undefined || compared.any) return false;
  const name = String(only.value);
  const isConstant = itemsOf(compared).scalars.get("string")?.has(name) === true;
  const { start, end } = findToken(only, state.node.value);
  if (!isConstant || end - start !== name.length || state.view.names?.includes(name)) return false;
  // What is no name at the root was told.
  const span = state.node.locate(start, end);
  if (state.context.report.list().some((told) => told.span.start === span.start)) return true;
  state.context.report.add("unknown-field-of-type", span, `Text stands in quotes; \`${name}\` without them is a field.`, {
    hint: `did you mean \`'${name}'\`?`,
    fix: { title: `Write \`'${name}'\``, span, text: `'${name}'` },
  });
  return true;
}

/** Two values that are never the same. */
function checkPair(node: ExpressionNode, left: ExpressionNode, mine: Type, right: ExpressionNode, others: Type, state: Inference): void {
  if (mayEqual(mine, others)) return;
  const span = spanOfOperator(node, state);
  const [one, other] = [nameOf(left), nameOf(right)].map((name) => (name === undefined ? undefined : `\`${name}\``));
  const isSame = one === other;
  state.context.report.add(
    "impossible-comparison",
    span,
    `${one === undefined || isSame ? "The left side" : one} is ${describeValues(mine)} and ${other === undefined || isSame ? "the right one" : other} ${describeValues(others)}: they are never the same.`,
    convertPair(right, mine, others),
  );
}

function convertPair(right: ExpressionNode, mine: Type, others: Type): DiagnosticDetails {
  const [one, other] = [mine, others].map(({ scalars }) => (scalars.size === 1 ? [...scalars.keys()][0] : undefined));
  const kinds = new Set([one, other]);
  if (kinds.has("string") && kinds.has("number")) return { hint: "`$number(…)` reads text, `$string(…)` writes a number" };
  if (others.lists.length > 0 && mine.lists.length === 0 && right.type === "path") return { hint: "`in` looks into a list" };
  return {};
}

/** Where a finding is told. */
export interface Place {
  node: TextNode;
  context: { report: Report };
}

/** Says whether the constant may be a value of the other side; reports one that can't. */
export function checkConstant(literal: Literal, type: Type, field: string | undefined, state: Place): boolean {
  const { value, start, end } = literal;
  // Where the schema says nothing of statuses, those of the engine are known all the same.
  const isEngine =
    type.any &&
    field === "$status" &&
    typeof value === "string" &&
    (value.startsWith("$") || ownStatuses.some((each) => each === `$${value.toUpperCase()}`));
  const known = isEngine ? ofConstants(ownStatuses) : type;
  // A field may be compared with null to see whether it is there.
  if (known.any || isNothing(known) || value === null || mayBe(known, value)) return true;
  const span = state.node.locate(start, end);
  const constants = [...(known.scalars.get("string") ?? [])].map(String);
  const shown = typeof value === "string" ? `'${value}'` : String(value);
  const subject = field === undefined ? "This" : `\`${field}\``;
  if (typeof value === "string" && constants.length > 0) {
    const nearest = findMeant(value, constants);
    const canFix = end - start === value.length + 2 && !/['"\\]/.test(nearest ?? "");
    const fix = { title: `Write '${nearest}'`, span: state.node.locate(start + 1, end - 1), text: nearest ?? "" };
    state.context.report.add("impossible-comparison", span, `${subject} is never ${shown}.`, {
      hint: nearest === undefined ? `it is ${list(constants)}` : `did you mean '${nearest}'?`,
      ...(nearest !== undefined && canFix && { fix }),
    });
    return false;
  }
  const meant = convert(value, known);
  const isList = known.lists.length > 0 && known.scalars.size === 0;
  state.context.report.add("impossible-comparison", span, `${subject} is ${describeValues(known)}, never ${shown}.`, {
    ...(isList && { hint: "`in` looks into a list: `'x' in tags`" }),
    ...(meant !== undefined && {
      hint: `did you mean \`${meant}\`?`,
      ...(end - start > 1 && { fix: { title: `Write \`${meant}\``, span, text: meant } }),
    }),
  });
  return false;
}

/** The constant that is nearest, if it is so alone: `sev0` may be each of `sev1`, `sev2`. */
function findMeant(value: string, constants: readonly string[]): string | undefined {
  const [same, ...others] = constants.filter((each) => each.toLowerCase().replace("$", "") === value.toLowerCase().replace("$", ""));
  if (same !== undefined && others.length === 0) return same;
  const nearest = findNearestName(value, constants);
  if (nearest === undefined) return undefined;
  const distance = measureDistance(value, nearest);
  return constants.some((each) => each !== nearest && measureDistance(value, each) <= distance) ? undefined : nearest;
}

function list(values: readonly string[]): string {
  const shown = values.slice(0, 12).map((value) => `'${value}'`);
  return `${shown.join(", ")}${values.length > shown.length ? ", …" : ""}`;
}

/** The constant of the type that looks the same. */
function convert(value: string | number | boolean, type: Type): string | undefined {
  if (typeof value === "string") {
    if ((value === "true" || value === "false") && mayBe(type, value === "true")) return value;
    const number = Number(value);
    return value.trim() !== "" && String(number) === value && mayBe(type, number) ? value : undefined;
  }
  const text = String(value);
  return type.scalars.get("string")?.has(text) ? `'${text}'` : undefined;
}

/** Constants whose absence is meant to be told from them: `x != ''` asks for a text that is there. */
const empty: readonly Json[] = [null, "", 0];

function checkAbsence(node: ExpressionNode, path: ExpressionNode, literal: Literal, type: Type, state: Inference): void {
  if (node.value === "=" && literal.value === null) checkNull(node, path, type, state);
  if (node.value !== "!=" || !type.absent || path.type !== "path" || empty.includes(literal.value)) return;
  const source = state.node.value;
  const start = findPathStart(path, source);
  const end = typeof node.position === "number" ? node.position : 0;
  const last = asNodes(path["steps"]).at(-1);
  const token = last?.type === "name" ? findToken(last, source) : undefined;
  const written = start === undefined || !token ? undefined : source.slice(start, token.end);
  if (isMentionedTwice(source, written, token)) return;
  const span = state.node.locate(Math.max(0, end - 2), end);
  const shown = typeof literal.value === "string" ? `'${literal.value}'` : String(literal.value);
  const isBehind = written !== undefined && literal.start >= end && literal.end - literal.start > 1;
  const text = `$not(${written} = ${source.slice(literal.start, literal.end)})`;
  state.context.report.add(
    "absence-decides",
    span,
    `The field may be absent, and what is absent is not \`!= ${shown}\` either: this is false then.`,
    {
      hint: isBehind ? `if it is to hold then: \`${text}\`` : "if it is to hold then: `$not(… = …)`",
      ...(isBehind && { fix: { title: "Let it hold where the field is absent", span: state.node.locate(start ?? 0, literal.end), text } }),
    },
  );
}

/** `x = null` of what is never null is never true: what is absent is no null either. */
function checkNull(node: ExpressionNode, path: ExpressionNode, type: Type, state: Inference): void {
  if (type.any || isNothing(type) || type.scalars.has("null") || path.type !== "path") return;
  const source = state.node.value;
  const start = findPathStart(path, source);
  const last = asNodes(path["steps"]).at(-1);
  const end = last?.type === "name" ? findToken(last, source).end : undefined;
  const [behind] = /^\s*=\s*null\b/.exec(end === undefined ? "" : source.slice(end)) ?? [];
  const text = start === undefined || end === undefined ? undefined : `$not($exists(${source.slice(start, end)}))`;
  state.context.report.add(
    "absence-decides",
    spanOfOperator(node, state),
    "This is never null, and what is absent is not `= null` either: this is always false.",
    {
      hint: `if it is to hold where nothing is there: \`${text ?? "$not($exists(…))"}\``,
      ...(text !== undefined &&
        behind !== undefined && {
          fix: { title: "Ask whether it is there", span: state.node.locate(start ?? 0, (end ?? 0) + behind.length), text },
        }),
    },
  );
}

/** `$not(x)` of what may be absent gives nothing, which is false too. */
export function checkNegation(argument: ExpressionNode, type: Type, state: Inference): void {
  if (!type.absent || type.any) return;
  if (argument.type === "binary") checkNegatedOrder(argument, state);
  if (argument.type !== "path") return;
  const source = state.node.value;
  const last = asNodes(argument["steps"]).at(-1);
  const start = findPathStart(argument, source);
  if (last?.type !== "name" || last["stages"] !== undefined) return;
  const token = findToken(last, source);
  const written = start === undefined ? undefined : source.slice(start, token.end);
  if (isMentionedTwice(source, written, token)) return;
  const kinds: ScalarKind[] = [...type.scalars.keys()];
  const isFlag = kinds.length === 1 && kinds[0] === "boolean" && type.objects.length + type.lists.length === 0;
  const text = `$not(${written ?? "…"} = true)`;
  const name = source.slice(token.start, token.end);
  state.context.report.add(
    "absence-decides",
    state.node.locate(token.start, token.end),
    "The field may be absent, and `$not` of what is absent gives nothing, which counts as false.",
    {
      hint: isFlag ? `if it is to hold then: \`${text}\`` : "if it is to hold then: `$not($exists(…))`",
      ...(isFlag && {
        fix: { title: "Let it hold where the field is absent", span: state.node.locate(token.start, token.end), text: `${name} = true` },
      }),
    },
  );
}

/** `x > 3` of what may be absent gives nothing, and so does `$not` of it. */
function checkNegatedOrder(node: ExpressionNode, state: Inference): void {
  const source = state.node.value;
  const [path] = [node["lhs"], node["rhs"]].flatMap((side) => asNodes([side]).filter(({ type }) => type === "path"));
  const start = path && findPathStart(path, source);
  const last = path && asNodes(path["steps"]).at(-1);
  const token = last?.type === "name" ? findToken(last, source) : undefined;
  const written = start === undefined || !token ? undefined : source.slice(start, token.end);
  if (written === undefined || source.split(written).length > 2) return;
  const span = spanOfOperator(node, state);
  state.context.report.add(
    "absence-decides",
    span,
    "The field may be absent. It is neither more nor less then, and `$not` of that gives nothing, which counts as false.",
    { hint: `if it is to hold then: \`$not($exists(${written}) and …)\`` },
  );
}

/** Who asks for a field elsewhere too, and not whether it is unequal, knows that it may be absent. */
function isMentionedTwice(source: string, written: string | undefined, token: { start: number; end: number } | undefined): boolean {
  const text = written ?? (token && source.slice(token.start, token.end));
  if (text === undefined) return false;
  const [, ...behind] = source.split(text);
  return behind.length > 1 && behind.some((rest) => !/^\s*!=/.test(rest));
}

/** `<`, `<=`, `>`, `>=`: JSONata compares numbers with numbers and text with text, and fails else. */
export function checkOrder(operands: Operands, state: Inference): void {
  const { left, right, types } = operands;
  const sides = [types.left, types.right];
  if (sides.some((type) => type.any || isNothing(type) || type.objects.length > 0)) return;
  if (sides.every((type) => type.scalars.has("number"))) checkBounds(operands, state);
  if ((["number", "string"] as const).some((kind) => sides.every((type) => type.scalars.has(kind)))) return;
  const at = readLiteral(right, state.node.value) ? right : left;
  const literal = readLiteral(at, state.node.value);
  const type = at === right ? types.left : types.right;
  const meant = literal?.value === null || literal === undefined ? undefined : convert(literal.value, type);
  const span = spanOfOperand(literal ? at : left, state);
  state.context.report.add(
    "impossible-comparison",
    span,
    `JSONata can't order ${describe(types.left)} and ${describe(types.right)}: the expression fails.`,
    {
      ...(meant !== undefined &&
        literal && { hint: `did you mean \`${meant}\`?`, fix: { title: `Write \`${meant}\``, span, text: meant } }),
    },
  );
}

/** An order of numbers that their bounds rule out: those of schemas, else those that tests before have left. */
function checkBounds({ node, left, right, types, env, widen }: Operands, state: Inference): void {
  const operator = String(node.value);
  if (mayOrderTypes(operator, types.left, types.right)) return;
  const isHeld = (facts: Facts): boolean => mayOrderTypes(operator, widen(left, facts), widen(right, facts));
  const isOwn = env.facts.size > 0 && !isHeld(env.own) && isHeld(noFacts);
  const isFact = env.facts.size > 0 && isHeld(noFacts);
  if (isFact && !isOwn && env.within !== "all") return;
  const at = readLiteral(right, state.node.value) ? right : readLiteral(left, state.node.value) ? left : undefined;
  const [side, type, turned] = at === left ? [right, types.right, turnOrder(operator)] : [left, types.left, operator];
  const other = at === left ? types.left : types.right;
  const name = nameOf(side);
  const span = at ? spanOfOperand(at, state) : spanOfOperator(node, state);
  const subject = name === undefined ? "This" : `\`${name}\``;
  const message = `${subject} is ${describeValues(type)}${isFact ? " here" : ""}, never ${orderWords[turned] ?? turned} ${describeValues(other)}.`;
  const hint = isOwn ? "the test before it says so" : "the transitions before it have taken the rest";
  const tell = (): void => state.context.report.add("impossible-comparison", span, message, isFact ? { hint } : {});
  if (isFact && state.later) state.later(tell);
  else tell();
}

/** Whether an order of two types may hold, as far as their numbers tell. */
export function mayOrderTypes(operator: string, left: Type, right: Type): boolean {
  const [one, other] = [left, right].map((type) => (type.any || type.scalars.has("string") ? undefined : numbersOf(type)));
  return !one || !other || mayOrder(operator, one, other);
}

/** Orders as they are said. */
export const orderWords: Readonly<Record<string, string>> = { "<": "less than", "<=": "at most", ">": "more than", ">=": "at least" };

/** `+`, `-`, `*`, `/`, `%`, `..` take numbers alone. */
export function checkArithmetic(operands: readonly ExpressionNode[], types: readonly Type[], state: Inference): void {
  for (const [place, node] of operands.entries()) {
    const type = types[place] ?? unknown;
    if (type.any || isNothing(type) || type.scalars.has("number")) continue;
    const items = itemsOf(type);
    // One item alone may come without its list.
    if (type.lists.length > 0 && (type.scalars.size > 0 || type.objects.length > 0) && (items.any || items.scalars.has("number"))) continue;
    const literal = readLiteral(node, state.node.value);
    const meant = literal?.value === null || literal === undefined ? undefined : convert(literal.value, number);
    const span = spanOfOperand(node, state);
    const hint = type.scalars.has("string")
      ? "`$number(…)` reads text; `&` joins it"
      : type.lists.length > 0
        ? "`$sum(…)` adds a list's numbers up, `$count(…)` counts its items"
        : undefined;
    state.context.report.add("impossible-comparison", span, `JSONata can't calculate with ${describe(type)}: the expression fails.`, {
      ...(hint !== undefined && { hint }),
      ...(meant !== undefined && { hint: `did you mean \`${meant}\`?`, fix: { title: `Write \`${meant}\``, span, text: meant } }),
    });
  }
}
