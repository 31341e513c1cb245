/** Evaluates checked JSONata over JSON, bounded and compiled once. Errors are data. */

import jsonata from "jsonata";
import type { Json } from "../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../contract/limits.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import type { Expression } from "../ir.ts";
import { loadBoundedFunctions } from "./bounded-functions.ts";
import { createWatch } from "./evaluation-work.ts";

/** Bounds of one evaluation. The clock stands still during computation on Cloudflare: there the other bounds hold. */
const evaluationLimits = {
  /** Nodes evaluated, each as often as it is: some 0.15 s, and as many as sort four thousand items. */
  steps: 120_000,
  /** Milliseconds, the breaks for others included: what is counted holds long before on all but an overloaded machine. */
  timeout: 20_000,
  /** Depth of calls. */
  stack: 300,
  /** Items of one sequence. */
  sequence: 100_000,
  /** Characters of strings and keys in the input, and its values: JSONata copies what it walks. */
  inputSize: 16 * 1024 * 1024,
  /** Bytes of a result: what is kept of it fits a row. */
  resultSize: 1024 * 1024,
  /** Expressions kept compiled: those of a few hundred workflows. */
  cached: 2_000,
} as const;

/** A value that stays data, or what went wrong. */
export type Evaluated = { ok: true; value: Json | undefined } | { ok: false; error: EvaluationError };

/** Why something could not be evaluated. */
export interface EvaluationError {
  code: "expression_failed" | "input_too_large" | "result_too_large" | "template_failed";
  message: string;
}

/** Values and functions that an expression sees as `$name`. */
export interface Bindings {
  [name: string]: unknown;
}

/** An expression as it is kept, with what bounds its evaluations. */
interface Compiled {
  expression: ReturnType<typeof jsonata>;
  /** Steps that the evaluations under way may still take; those of one expression share them. */
  left: number;
  running: number;
}

const compiled = new Map<Expression, Compiled>();

async function compile(source: Expression): Promise<Compiled> {
  const known = compiled.get(source);
  if (known) {
    // The map's order is the order of use, so that what goes first is what was longest unused.
    compiled.delete(source);
    compiled.set(source, known);
    return known;
  }
  const functions = await loadBoundedFunctions();
  const { timeout, stack, sequence } = evaluationLimits;
  const made: Compiled = {
    left: 0,
    running: 0,
    expression: jsonata(source, {
      stack,
      sequence,
      // The library reads this once a step, and its own hook for counting them doubles the time of each.
      get timeout() {
        made.left -= 1;
        if (made.left < 0) throw new Error("the expression takes too many steps");
        return timeout;
      },
    }),
  };
  for (const [name, bounded] of functions) made.expression.assign(name, bounded);
  const watch = createWatch(made.expression.ast() as unknown as ExpressionNode);
  if (watch) {
    // The library binds its hooks under symbols, which its types do not know.
    made.expression.assign(Symbol.for("jsonata.__evaluate_entry") as never, watch.entry);
    made.expression.assign(Symbol.for("jsonata.__evaluate_exit") as never, watch.exit);
  }
  compiled.set(source, made);
  const [oldest] = compiled.keys();
  if (compiled.size > evaluationLimits.cached && oldest !== undefined) compiled.delete(oldest);
  return made;
}

/** Evaluates with the steps that one evaluation may take. */
async function run(made: Compiled, input: unknown, bindings: Bindings): Promise<unknown> {
  made.left = (made.running === 0 ? 0 : made.left) + evaluationLimits.steps * 2;
  made.running += 1;
  try {
    return await made.expression.evaluate(input, bindings);
  } finally {
    made.running -= 1;
  }
}

/** Measures JSON by characters and values; stops at the bound. */
function measure(value: unknown, left: number): number {
  if (left < 0) return left;
  if (typeof value === "string") return left - value.length - 1;
  if (typeof value !== "object" || value === null) return left - 1;
  let rest = left - 1;
  if (Array.isArray(value)) {
    // An index is a key like another.
    for (let index = 0, digits = 1, more = 10; index < value.length; index++) {
      if (index === more) {
        digits += 1;
        more *= 10;
      }
      rest = measure(value[index], rest - digits);
      if (rest < 0) return rest;
    }
    return rest;
  }
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    rest = measure(fields[key], rest - key.length);
    if (rest < 0) return rest;
  }
  return rest;
}

/** Plain JSON of a result: JSONata's sequences carry marks, and a function is no data. */
function toJson(value: unknown): Json | undefined {
  if (typeof value === "boolean" || value === null) return value;
  // JSON has no -0, and a letter takes six characters at most.
  if (typeof value === "number") return value === 0 ? 0 : value;
  if (typeof value === "string" && 6 * value.length + 2 <= evaluationLimits.resultSize) return value;
  if (measure(value, evaluationLimits.resultSize) < 0)
    throw new RangeError(`the result has more than ${evaluationLimits.resultSize} characters`);
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "function" ? undefined : inner)) as string | undefined;
  if (text === undefined) return undefined;
  if (exceedsBytes(text, evaluationLimits.resultSize)) throw new RangeError(`the result has ${countBytes(text)} bytes`);
  return JSON.parse(text) as Json;
}

/** The message of anything thrown. */
export function describeError(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return (typeof message === "string" && message !== "" ? message : String(error)).slice(0, 500);
}

/**
 * Evaluates an expression.
 * @param bindings seen as `$name`; functions may be asynchronous
 */
export async function evaluateExpression(source: Expression, input: unknown, bindings: Bindings = {}): Promise<Evaluated> {
  if (measure(input, evaluationLimits.inputSize) < 0)
    return { ok: false, error: { code: "input_too_large", message: `the input is larger than ${evaluationLimits.inputSize} characters` } };
  try {
    const value = await run(await compile(source), input, bindings);
    return { ok: true, value: typeof value === "number" && !Number.isFinite(value) ? null : toJson(value) };
  } catch (error) {
    const code = error instanceof RangeError && /^the result has/.test(error.message) ? "result_too_large" : "expression_failed";
    return { ok: false, error: { code, message: describeError(error) } };
  }
}

/** The engine's own truth: `null`, undefined, `false`, `0`, `NaN` and `""` are false; all else is true. */
export function isTruthy(value: Json | undefined): boolean {
  return !(value === undefined || value === null || value === false || value === 0 || value === "");
}
