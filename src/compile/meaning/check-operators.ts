/** Judges operators by the types of their sides: what can never hold, what fails, and what absence decides. */
import type { Json } from "../../contract/event.ts";
import { findNearestName, measureDistance } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import type { TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { ownStatuses } from "./engine-types.ts";
import { describe, findToken } from "./find-field.ts";
import type { Inference } from "./inference.ts";
import { isNothing, itemsOf, mayBe, ofConstants, type ScalarKind, type Type } from "./type.ts";

export interface Operands {
  node: ExpressionNode;
  left: ExpressionNode;
  right: ExpressionNode;
  types: { left: Type; right: Type };
}

/** A constant as it is written, and where. */
export interface Literal {
  value: string | number | boolean | null;
  start: number;
  end: number;
}

function readLiteral(node: ExpressionNode, source: string): Literal | undefined {
  if (node.type !== "string" && node.type !== "number" && node.type !== "value") return undefined;
  const value = node.value as Literal["value"];
  const end = Math.min(typeof node.position === "number" ? node.position : source.length, source.length);
  const length = String(value).length + (node.type === "string" ? 2 : 0);
  const written = source.slice(Math.max(0, end - length), end);
  const exact = node.type === "string" ? written.slice(1, -1) === value : written === String(value);
  return { value, start: exact ? end - length : Math.max(0, end - 1), end: Math.max(end, 1) };
}

/** `=`, `!=`, `in`. */
export function checkEquality({ node, left, right, types }: Operands, state: Inference): void {
  const source = state.node.value;
  const sides = [
    { at: right, other: left, type: types.left },
    { at: left, other: right, type: types.right },
  ];
  if (node.value === "in") {
    const items = right.type === "unary" && right.value === "[" ? asNodes(right["expressions"]) : undefined;
    for (const item of items ?? []) {
      const literal = readLiteral(item, source);
      if (literal) checkConstant(literal, types.left, nameOf(left), state);
    }
    const literal = items ? undefined : readLiteral(left, source);
    if (literal && !types.right.any) checkConstant(literal, itemsOf(types.right), nameOf(right), state);
    return;
  }
  for (const { at, other, type } of sides) {
    const literal = readLiteral(at, source);
    if (!literal || readLiteral(other, source)) continue;
    if (checkConstant(literal, type, nameOf(other), state) && node.value === "!=") checkAbsence(node, other, literal, type, state);
    return;
  }
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
  const isEngine = type.any && field === "$status" && typeof value === "string" && value.startsWith("$");
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
  state.context.report.add("impossible-comparison", span, `${subject} is ${describe(known)}, never ${shown}.`, {
    ...(isList && { hint: "`in` looks into a list: `'x' in tags`" }),
    ...(meant !== undefined && {
      hint: `did you mean \`${meant}\`?`,
      ...(end - start > 1 && { fix: { title: `Write \`${meant}\``, span, text: meant } }),
    }),
  });
  return false;
}

/** The field that a path ends with. */
function nameOf(node: ExpressionNode): string | undefined {
  const last = node.type === "path" ? asNodes(node["steps"]).at(-1) : undefined;
  return last?.type === "name" ? String(last.value) : undefined;
}

/** The constant that is nearest, if it is so alone: `sev0` may be each of `sev1`, `sev2`. */
function findMeant(value: string, constants: readonly string[]): string | undefined {
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
  if (!type.absent || path.type !== "path" || empty.includes(literal.value)) return;
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

/** `$not(x)` of what may be absent gives nothing, which is false too. */
export function checkNegation(argument: ExpressionNode, type: Type, state: Inference): void {
  if (!type.absent || argument.type !== "path" || type.any) return;
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

/** Who asks for a field twice knows that it may be absent. */
function isMentionedTwice(source: string, written: string | undefined, token: { start: number; end: number } | undefined): boolean {
  const text = written ?? (token && source.slice(token.start, token.end));
  return text !== undefined && source.split(text).length > 2;
}

/** Where a path of plain names begins. */
function findPathStart(path: ExpressionNode, source: string): number | undefined {
  const steps = asNodes(path["steps"]);
  const [first] = steps;
  if (!first || steps.some((step) => step["stages"] !== undefined && step !== steps[0])) return undefined;
  if (first.type === "variable" && first.value !== "")
    return typeof first.position === "number" ? first.position - String(first.value).length - 1 : undefined;
  return first.type === "name" ? findToken(first, source).start : undefined;
}

/** `<`, `<=`, `>`, `>=`: JSONata compares numbers with numbers and text with text, and fails else. */
export function checkOrder({ left, right, types }: Operands, state: Inference): void {
  const sides = [types.left, types.right];
  if (sides.some((type) => type.any || isNothing(type) || type.objects.length > 0)) return;
  if ((["number", "string"] as const).some((kind) => sides.every((type) => type.scalars.has(kind)))) return;
  const at = readLiteral(right, state.node.value) ? right : left;
  const literal = readLiteral(at, state.node.value);
  const type = at === right ? types.left : types.right;
  const meant = literal?.value === null || literal === undefined ? undefined : convert(literal.value, type);
  const span = spanOf(literal ? at : left, state);
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

/** `+`, `-`, `*`, `/`, `%` take numbers alone. */
export function checkArithmetic({ left, right, types }: Operands, state: Inference): void {
  for (const [node, type] of [
    [left, types.left],
    [right, types.right],
  ] as const) {
    if (type.any || isNothing(type) || type.scalars.has("number") || type.lists.length > 0) continue;
    const details: DiagnosticDetails = type.scalars.has("string") ? { hint: "`$number(…)` reads text; `&` joins it" } : {};
    state.context.report.add(
      "impossible-comparison",
      spanOf(node, state),
      `JSONata can't calculate with ${describe(type)}: the expression fails.`,
      details,
    );
  }
}

function spanOf(node: ExpressionNode, state: Inference): Span {
  const source = state.node.value;
  const literal = readLiteral(node, source);
  if (literal) return state.node.locate(literal.start, literal.end);
  const last = node.type === "path" ? asNodes(node["steps"]).at(-1) : asNode(node);
  const { start, end } =
    last?.type === "name" ? findToken(last, source) : { start: Math.max(0, (node.position ?? 1) - 1), end: node.position ?? 1 };
  return state.node.locate(start, end);
}
