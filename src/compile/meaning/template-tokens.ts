/** The parts of Liquid's tags and outputs, as far as they are read. */
import type { Literal } from "./literal.ts";

export interface Token {
  begin: number;
  end: number;
  /** What a literal says, or a name. */
  content?: unknown;
  operator?: string;
  /** Of a path: its names, literals and paths. */
  props?: readonly Token[];
  /** Of a range. */
  lhs?: unknown;
}

export interface Filter {
  name?: unknown;
  args?: readonly unknown[];
  token?: Token;
}

/** A value, or an operator with its sides; `not` has none on the left. */
export type Tree = { token: Token } | { operator: string; left: Tree | undefined; right: Tree };

/** What an argument says before its filters. The library lists operands first, their operator behind them. */
export function readTree(argument: unknown): Tree | undefined {
  const { initial } = argument as { initial?: { postfix?: readonly Token[] } };
  const stack: Tree[] = [];
  for (const token of initial?.postfix ?? [argument as Token]) {
    const { operator } = token;
    if (operator === undefined) {
      stack.push({ token });
      continue;
    }
    const right = stack.pop();
    const left = operator === "not" ? undefined : stack.pop();
    if (!right) return undefined;
    stack.push({ operator, left, right });
  }
  return stack.length === 1 ? stack[0] : undefined;
}

export function readFilters(argument: unknown): readonly Filter[] {
  return (argument as { filters?: readonly Filter[] }).filters ?? [];
}

/** The path that an argument is, whatever its filters. */
export function readPath(argument: unknown): Token | undefined {
  const tree = readTree(argument);
  return tree && "token" in tree && tree.token.props ? tree.token : undefined;
}

/** The constant that a token is. */
export function readLiteral(token: unknown): (Literal & { value: string | number | boolean }) | undefined {
  const { content: value, begin: start, end, props, operator } = token as Token;
  if (props || operator !== undefined) return undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? { value, start, end } : undefined;
}

/** Tests with what stands behind each, and what stands where none holds. */
export interface Branches<Node> {
  /** `unless`: the first holds where its test fails. */
  isNegated: boolean;
  branches: readonly { test: unknown; nodes: readonly Node[] }[];
  rest: readonly Node[];
}

/** The ways of an `if` or `unless`. */
export function readBranches<Node>(tag: unknown): Branches<Node> | undefined {
  const { name, branches, elseTemplates } = tag as {
    name?: unknown;
    branches?: readonly { value: unknown; templates: readonly Node[] }[];
    elseTemplates?: readonly Node[];
  };
  if ((name !== "if" && name !== "unless") || !branches) return undefined;
  return {
    isNegated: name === "unless",
    branches: branches.map(({ value, templates }) => ({ test: value, nodes: templates })),
    rest: elseTemplates ?? [],
  };
}

/** The ways of a `case`, each with the values that lead to it. */
export function readCases<Node>(
  tag: unknown,
): { value: unknown; ways: readonly { values: readonly unknown[]; nodes: readonly Node[] }[]; rest: readonly Node[] } | undefined {
  const { name, value, branches, elseTemplates } = tag as {
    name?: unknown;
    value?: unknown;
    branches?: readonly { values: readonly unknown[]; templates: readonly Node[] }[];
    elseTemplates?: readonly Node[];
  };
  if (name !== "case" || !branches) return undefined;
  return { value, ways: branches.map(({ values, templates }) => ({ values, nodes: templates })), rest: elseTemplates ?? [] };
}
