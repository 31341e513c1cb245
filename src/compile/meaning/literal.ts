/** Constants and names as they are written in an expression, and where. */
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import type { Span } from "../source/span.ts";
import type { Inference } from "./inference.ts";

/** A constant as it is written, and where. */
export interface Literal {
  value: string | number | boolean | null;
  start: number;
  end: number;
}

/** The constant that a node is. */
export function readLiteral(node: ExpressionNode, source: string): Literal | undefined {
  if (node.type !== "string" && node.type !== "number" && node.type !== "value") return undefined;
  const value = node.value as Literal["value"];
  const end = Math.min(typeof node.position === "number" ? node.position : source.length, source.length);
  const length = String(value).length + (node.type === "string" ? 2 : 0);
  const written = source.slice(Math.max(0, end - length), end);
  const exact = node.type === "string" ? written.slice(1, -1) === value : written === String(value);
  return { value, start: exact ? end - length : Math.max(0, end - 1), end: Math.max(end, 1) };
}

/** The field that a path ends with. */
export function nameOf(node: ExpressionNode): string | undefined {
  const last = node.type === "path" ? asNodes(node["steps"]).at(-1) : undefined;
  return last?.type === "name" ? String(last.value) : undefined;
}

/** Where a name stands in the source, with its backquotes. */
export function findToken(node: ExpressionNode, source: string): { start: number; end: number } {
  const end = Math.min(typeof node.position === "number" ? node.position : source.length, source.length);
  const { length } = String(node.value);
  const start = source.slice(end - length, end) === String(node.value) ? end - length : end - length - 2;
  return { start: Math.max(0, start), end: Math.max(end, 1) };
}

/** Where a path of plain names begins. */
export function findPathStart(path: ExpressionNode, source: string): number | undefined {
  const steps = asNodes(path["steps"]);
  const [first] = steps;
  if (!first || steps.some((step) => step["stages"] !== undefined && step !== steps[0])) return undefined;
  if (first.type === "variable" && first.value !== "")
    return typeof first.position === "number" ? first.position - String(first.value).length - 1 : undefined;
  return first.type === "name" ? findToken(first, source).start : undefined;
}

/** A constant, the name that a path ends with, or the token of anything else. */
export function spanOfOperand(node: ExpressionNode, state: Inference): Span {
  const source = state.node.value;
  const literal = readLiteral(node, source);
  if (literal) return state.node.locate(literal.start, literal.end);
  const last = node.type === "path" ? asNodes(node["steps"]).at(-1) : asNode(node);
  const callee = asNode(last?.["procedure"]);
  if (last?.type === "name") {
    const { start, end } = findToken(last, source);
    return state.node.locate(start, end);
  }
  const at = callee?.type === "variable" ? callee : last;
  const end = Math.min(at?.position ?? 1, source.length);
  const length = at?.type === "variable" ? String(at.value).length + 1 : 1;
  return state.node.locate(Math.max(0, end - length), Math.max(1, end));
}

/** Where an operator stands. */
export function spanOfOperator({ value, position }: ExpressionNode, { node }: Inference): Span {
  const end = Math.min(typeof position === "number" ? position : 1, node.value.length);
  return node.locate(Math.max(0, end - String(value).length), end);
}
