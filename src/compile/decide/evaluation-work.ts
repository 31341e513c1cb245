/**
 * What one evaluation has cost. The library counts steps; what a step goes through (a list that is searched, two values that are
 * compared, texts that are joined) it leaves alone, so the operands of each pay for their size.
 */
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { letOthersIn } from "../let-others-in.ts";
import { refuse, weigh, weighDeep, workLimits } from "../weigh.ts";

/** What belongs to one evaluation; the library gives it to whatever it calls. */
export interface Evaluation {
  base?: object;
}

const spent = new WeakMap<object, number>();

/** Adds to an evaluation's work. */
export function spend(evaluation: Evaluation, amount: number): void {
  const key = evaluation.base ?? evaluation;
  const total = (spent.get(key) ?? 0) + amount;
  spent.set(key, total);
  if (total > workLimits.work) refuse("the functions and operators of the expression are given too much");
}

/** Nodes of one evaluation between two breaks: some 4 ms. */
const nodesBetweenBreaks = 3_000;

/** Hooks of the library, called before and after each node where they are bound. It waits for what the first returns. */
export interface Watch {
  entry: (node: ExpressionNode, input: unknown, evaluation: Evaluation) => Promise<void> | undefined;
  exit: (node: ExpressionNode, input: unknown, evaluation: Evaluation, result: unknown) => void;
}

/** The nodes whose results are gone through, by how they are. */
interface Consumed {
  shallow: Set<ExpressionNode>;
  deep: Set<ExpressionNode>;
  /** Keys of groups: the library copies a group for each item that joins it. */
  keys: Set<ExpressionNode>;
  /** Whether some of it is done once for each item of a list. */
  loops: boolean;
}

const comparing = new Set(["=", "!=", "in", "&", "<", ">", "<=", ">="]);
const callingBack = new Set(["map", "filter", "single", "reduce", "sift", "each", "sort"]);
const looping = new Set(["wildcard", "descendant", "parent", "sort", "apply", "partial", "lambda", "transform", "regex"]);

/** What watches the evaluations of an expression; undefined where nothing in it is done over and over, for watching costs a step twice. */
export function createWatch(tree: ExpressionNode): Watch | undefined {
  const consumed: Consumed = { shallow: new Set(), deep: new Set(), keys: new Set(), loops: false };
  find(tree, consumed, false);
  if (!consumed.loops) return undefined;
  const { shallow, deep, keys } = consumed;
  const joined = new WeakMap<object, Map<unknown, number>>();
  const entered = new WeakMap<object, number>();
  return {
    entry(node, input, evaluation) {
      if (node.type === "wildcard" && typeof input === "object" && input !== null) {
        const lists = Object.values(input).filter(Array.isArray).length;
        spend(evaluation, 16 * Object.keys(input).length + ((lists * lists) >> 5));
      }
      const base = evaluation.base ?? evaluation;
      if (node.type === "unary" && node.value === "{") joined.delete(base);
      const nodes = (entered.get(base) ?? 0) + 1;
      entered.set(base, nodes);
      return nodes % nodesBetweenBreaks === 0 ? letOthersIn() : undefined;
    },
    exit(node, _input, evaluation, result) {
      if (deep.has(node)) spend(evaluation, weighDeep(result));
      else if (shallow.has(node)) spend(evaluation, weigh(result));
      if (!keys.has(node)) return;
      const base = evaluation.base ?? evaluation;
      const groups = joined.get(base) ?? new Map<unknown, number>();
      joined.set(base, groups);
      const size = (groups.get(result) ?? 0) + 1;
      groups.set(result, size);
      spend(evaluation, size >> 4);
    },
  };
}

function isNode(value: unknown): value is ExpressionNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

function isPlain(node: unknown): boolean {
  return isNode(node) && ["string", "number", "value"].includes(node.type);
}

function find(value: unknown, consumed: Consumed, isStep: boolean): void {
  if (Array.isArray(value)) {
    for (const each of value) find(each, consumed, false);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (isNode(value)) note(value, consumed, isStep);
  for (const [field, inner] of Object.entries(value)) {
    if (field === "steps" && Array.isArray(inner)) for (const [place, step] of inner.entries()) find(step, consumed, place > 0);
    else if (typeof inner === "object") find(inner, consumed, false);
  }
}

/** Notes what a node goes through, and whether it does anything over and over. */
function note(node: ExpressionNode, consumed: Consumed, isStep: boolean): void {
  const { type, value, lhs, rhs, group, predicate, stages, expressions, condition, procedure } = node;
  const take = (into: Set<ExpressionNode>, ...nodes: unknown[]): void => {
    for (const each of nodes) if (isNode(each) && !isPlain(each)) into.add(each);
  };
  if (looping.has(type) || group !== undefined || node["focus"] !== undefined) consumed.loops = true;
  if (isStep && type !== "name" && type !== "variable") consumed.loops = true;
  if (type === "function" && isNode(procedure) && callingBack.has(String(procedure.value))) consumed.loops = true;
  if (type === "binary") take(comparing.has(String(value)) ? consumed.deep : consumed.shallow, lhs, rhs);
  if (type === "condition") take(consumed.shallow, condition);
  if (type === "unary" && Array.isArray(expressions)) take(consumed.shallow, ...expressions);
  for (const filter of [predicate, stages].flatMap((each) => (Array.isArray(each) ? (each as { expr?: unknown }[]) : []))) {
    if (!isNode(filter.expr) || filter.expr.type === "number") continue;
    take(consumed.shallow, filter.expr);
    consumed.loops = true;
  }
  const pairs = type === "unary" && value === "{" ? lhs : (group as { lhs?: unknown } | undefined)?.lhs;
  for (const pair of Array.isArray(pairs) ? (pairs as unknown[][]) : []) if (isNode(pair[0])) consumed.keys.add(pair[0]);
}
