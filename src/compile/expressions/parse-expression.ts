/** JSONata source to its syntax tree. The library throws; this does not. */
import jsonata from "jsonata";
import { compileLimits } from "../limits.ts";

/** A node of JSONata's tree, as far as the checks read it. */
export interface ExpressionNode {
  type: string;
  value?: unknown;
  position?: number;
  [key: string]: unknown;
}

/** The tree, or where and why there is none; offsets are into the expression. */
export type ParsedExpression =
  | { ok: true; tree: ExpressionNode }
  | { ok: false; tooLarge: boolean; message: string; start: number; end: number };

/** Parses an expression. */
export function parseExpression(source: string): ParsedExpression {
  if (source.length > compileLimits.expressionLength) {
    return {
      ok: false,
      tooLarge: true,
      message: `The expression has ${source.length} characters; ${compileLimits.expressionLength} are allowed.`,
      start: 0,
      end: 0,
    };
  }
  try {
    return { ok: true, tree: jsonata(source).ast() as unknown as ExpressionNode };
  } catch (error) {
    return describeFailure(error, source);
  }
}

function describeFailure(error: unknown, source: string): ParsedExpression {
  if (error instanceof RangeError) return { ok: false, tooLarge: true, message: "The expression is nested too deep.", start: 0, end: 0 };
  const { position, token, message } = error as { position?: unknown; token?: unknown; message?: unknown };
  const after = typeof position === "number" ? Math.min(position, source.length) : source.length;
  const length = typeof token === "string" && source.slice(after - token.length, after) === token ? token.length : 1;
  const text = typeof message === "string" && message !== "" ? message : "This does not parse";
  const atEnd = token === "(end)" || after === 0;
  const end = atEnd ? source.length : after;
  return {
    ok: false,
    tooLarge: false,
    message: text.endsWith(".") ? text : `${text}.`,
    start: Math.max(0, end - (atEnd ? 1 : length)),
    end: Math.max(end, 1),
  };
}
