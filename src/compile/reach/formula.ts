/** An expression as a formula over the values that it reads: what it gives where they are known, as far as that can be said. */
import type { Json } from "../../contract/event.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { type Cell, someList, someMap } from "./domain.ts";

/** It may be anything. */
const open = Symbol("open");
type Value = Cell | typeof open;

/** Something that an expression reads, or a part of it that is not understood: the same wherever it is written alike. */
export interface Variable {
  key: string;
  node: ExpressionNode;
  /** What it is compared with. */
  compared: Set<Json>;
  /** Somewhere it is ordered, or its own truth counts. */
  ordered: boolean;
  bare: boolean;
}

/** Gives the value of a formula's variable, by its place in `variables`. */
type Read = (variable: number) => Cell;

/** A formula. */
export interface Formula {
  variables: readonly Variable[];
  /** Nodes of its tree: what evaluating costs. */
  size: number;
  /** What it gives as a condition; undefined where that can't be said. */
  holds(read: Read): boolean | undefined;
}

type Compiled = (read: Read) => Value;

interface Reading {
  variables: Variable[];
  size: number;
}

/** Reads an expression. */
export function readFormula(tree: ExpressionNode): Formula {
  const state: Reading = { variables: [], size: 0 };
  const { evaluate } = compile(tree, true, state);
  return {
    ...state,
    holds(read) {
      const value = evaluate(read);
      return value === open ? undefined : isHeld(value);
    },
  };
}

/** The engine's own truth: an empty list holds. */
function isHeld(value: Cell): boolean {
  return !(value === undefined || value === null || value === false || value === 0 || value === "");
}

const orders = ["<", "<=", ">", ">="];
const comparisons = ["=", "!=", "in", ...orders];

/** A function of one argument that is understood. */
function readCall(node: ExpressionNode): { name: "not" | "boolean" | "exists"; argument: ExpressionNode } | undefined {
  const name = node.type === "function" ? asNode(node["procedure"])?.value : undefined;
  const [argument, ...others] = asNodes(node["arguments"]);
  if ((name !== "not" && name !== "boolean" && name !== "exists") || !argument || others.length > 0) return undefined;
  return { name, argument };
}

function isFiltered(node: ExpressionNode): boolean {
  return node["stages"] !== undefined || node["predicate"] !== undefined || node["group"] !== undefined;
}

/** What stands in brackets. */
function unwrap(node: ExpressionNode | undefined): ExpressionNode | undefined {
  let inner = node;
  while (inner?.type === "block" && !isFiltered(inner)) {
    const [only, ...others] = asNodes(inner["expressions"]);
    if (!only || others.length > 0 || only.type === "bind") return inner;
    inner = only;
  }
  return inner;
}

/** A constant; undefined where it is none. */
function readConstant(given: ExpressionNode | undefined): { value: Json } | undefined {
  const node = unwrap(given);
  if (!node || isFiltered(node)) return undefined;
  if (node.type === "string" || node.type === "number" || node.type === "value") return { value: node.value as Json };
  if (node.type !== "unary") return undefined;
  if (node.value === "-") {
    const number = readConstant(asNode(node["expression"]))?.value;
    return typeof number === "number" ? { value: -number } : undefined;
  }
  if (node.value === "{" && Array.isArray(node["lhs"]) && node["lhs"].length === 0) return { value: {} };
  const items = node.value === "[" ? asNodes(node["expressions"]).map(readConstant) : [undefined];
  return items.every((item) => item !== undefined) ? { value: items.map(({ value }) => value) } : undefined;
}

/** Compiles a node. @param bare whether the truth of what stands here counts */
function compile(given: ExpressionNode | undefined, bare: boolean, state: Reading): { evaluate: Compiled; variable?: Variable } {
  const node = unwrap(given);
  state.size += 1;
  if (!node) return { evaluate: () => undefined };
  const constant = readConstant(node);
  if (constant) return { evaluate: () => constant.value };
  if (isFiltered(node)) return readVariable(node, bare, state);
  const call = readCall(node);
  if (call) {
    const { evaluate } = compile(call.argument, call.name !== "exists", state);
    return { evaluate: (read) => callFunction(call.name, evaluate(read)) };
  }
  if (node.type === "condition") return compileChoice(node, state);
  if (node.type !== "binary") return readVariable(node, bare, state);
  const operator = String(node.value);
  const [left, right] = [asNode(node["lhs"]), asNode(node["rhs"])];
  if (operator === "and" || operator === "or") {
    const [one, other] = [compile(left, true, state), compile(right, true, state)];
    return { evaluate: (read) => connect(operator === "and", one.evaluate(read), () => other.evaluate(read)) };
  }
  // Two unknown values: the comparison as a whole is what may hold or not.
  if (!comparisons.includes(operator) || !(isUnderstood(left) || isUnderstood(right))) return readVariable(node, bare, state);
  const [one, other] = [compile(left, false, state), compile(right, false, state)];
  note(operator, one.variable, right);
  note(operator, other.variable, left);
  return { evaluate: (read) => compare(operator, one.evaluate(read), other.evaluate(read)) };
}

function compileChoice(node: ExpressionNode, state: Reading): { evaluate: Compiled } {
  const [test, yes, no] = [node["condition"], node["then"], node["else"]].map((part) => compile(asNode(part), true, state).evaluate);
  return {
    evaluate(read) {
      const held = toBoolean(test?.(read));
      return held === open ? open : held === true ? yes?.(read) : no?.(read);
    },
  };
}

/** Whether a node is no variable. */
function isUnderstood(given: ExpressionNode | undefined): boolean {
  const node = unwrap(given);
  if (!node || readConstant(node)) return true;
  if (isFiltered(node)) return false;
  if (readCall(node) || node.type === "condition") return true;
  if (node.type !== "binary") return false;
  const operator = String(node.value);
  return (
    operator === "and" ||
    operator === "or" ||
    (comparisons.includes(operator) && [node["lhs"], node["rhs"]].some((side) => isUnderstood(asNode(side))))
  );
}

/** A tree as a text, without places. */
function nameNode(node: ExpressionNode): string {
  return JSON.stringify(node, (key, value: unknown) => (key === "position" ? undefined : value));
}

function readVariable(node: ExpressionNode, bare: boolean, state: Reading): { evaluate: Compiled; variable: Variable } {
  const key = nameNode(node);
  let place = state.variables.findIndex((known) => known.key === key);
  if (place < 0) place = state.variables.push({ key, node, compared: new Set(), ordered: false, bare: false }) - 1;
  const variable = state.variables[place] as Variable;
  variable.bare ||= bare;
  return { evaluate: (read) => read(place), variable };
}

function note(operator: string, variable: Variable | undefined, other: ExpressionNode | undefined): void {
  if (!variable) return;
  variable.ordered ||= orders.includes(operator);
  const constant = readConstant(other);
  if (!constant) return;
  variable.compared.add(constant.value);
  if (Array.isArray(constant.value)) for (const value of constant.value) variable.compared.add(value);
}

/** Of values that no test of the variable tells apart, the first. */
export function distinguish(cells: readonly Cell[], { compared, ordered, bare }: Omit<Variable, "key" | "node">): Cell[] {
  const constants = [...compared];
  const seen = new Map<string, Cell>();
  for (const cell of cells) {
    const told = [
      cell === undefined,
      Array.isArray(cell) && cell.length,
      ...(bare ? [isHeld(cell), String(toBoolean(cell))] : []),
      // What is compared with a truth may be one.
      typeof cell === "boolean" && cell,
      ...constants.map((constant) => cell !== undefined && String(isEqual(cell, constant))),
      ...(ordered ? [typeof cell, ...constants.map((constant) => cell !== undefined && String(order("<", cell, constant)))] : []),
    ].join();
    if (!seen.has(told)) seen.set(told, cell);
  }
  return [...seen.values()];
}

function connect(isAnd: boolean, left: Value, right: () => Value): Value {
  const one = toBoolean(left);
  if (one !== open && (one === true) !== isAnd) return !isAnd;
  const other = toBoolean(right());
  if (other !== open && (other === true) !== isAnd) return !isAnd;
  return one === open || other === open ? open : isAnd;
}

/** JSONata's own truth, in which an empty list is false. */
function toBoolean(value: Value): Value {
  if (value === open || value === undefined) return value;
  if (Array.isArray(value)) return value.length === 0 ? false : open;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function callFunction(name: "not" | "boolean" | "exists", value: Value): Value {
  if (value === open) return open;
  if (name === "exists") return value !== undefined;
  const boolean = toBoolean(value);
  if (boolean === open || boolean === undefined) return boolean;
  return name === "not" ? boolean !== true : boolean;
}

function compare(operator: string, left: Value, right: Value): Value {
  if (left === undefined || right === undefined) return orders.includes(operator) ? undefined : false;
  if (left === open || right === open) return open;
  switch (operator) {
    case "=":
      return isEqual(left, right);
    case "!=": {
      const equal = isEqual(left, right);
      return equal === open ? open : equal !== true;
    }
    case "in":
      return right === someList ? open : (Array.isArray(right) ? right : [right]).some((item) => item === left);
    default:
      return order(operator, left, right);
  }
}

function isEqual(left: Json, right: Json): Value {
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  const isSome = [left, right].some((value) => value === someList || value === someMap);
  if (!isSome || left === null || right === null) return JSON.stringify(left) === JSON.stringify(right);
  return Array.isArray(left) === Array.isArray(right) && [left, right].every((value) => Object.keys(value).length > 0) ? open : false;
}

function order(operator: string, left: Json, right: Json): Value {
  // Of other types the expression fails, and the thread with it: nothing is claimed of that.
  if (typeof left !== typeof right || (typeof left !== "number" && typeof left !== "string")) return open;
  const other = right as typeof left;
  switch (operator) {
    case "<":
      return left < other;
    case "<=":
      return left <= other;
    case ">":
      return left > other;
    default:
      return left >= other;
  }
}
