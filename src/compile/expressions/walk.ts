/** What the checks of an expression's tree share: the walk's state, the names bound, and how to point into the source. */
import type { DiagnosticName } from "../diagnostics/catalogue.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import type { TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { ExpressionNode, ParsedExpression } from "./parse-expression.ts";
import type { ExpressionView } from "./views.ts";

/** What the checks of one file share. */
export interface ExpressionContext {
  report: Report;
  /** The workflow's roles, for `$first` and `$last`; undefined where they are not known. */
  roles: ReadonlySet<string> | undefined;
  /** Trees by source: the same expression is often written at several places. */
  parsed: Map<string, ParsedExpression>;
}

/** The state of one walk over an expression. */
export interface Walk {
  node: TextNode;
  view: ExpressionView;
  context: ExpressionContext;
  count: number;
  stopped: boolean;
}

/** Names bound in a block, with how often their value repeats the input. */
export type Scope = { names: Map<string, number>; outer: Scope | undefined };

/** Reports a finding that ends where a node's token ends. */
export function add(
  state: Walk,
  name: DiagnosticName,
  at: ExpressionNode,
  length: number,
  message: string,
  details?: DiagnosticDetails,
): void {
  const source = state.node.value;
  const end = typeof at.position === "number" ? Math.min(at.position, source.length) : source.length;
  state.context.report.add(name, state.node.locate(Math.max(0, end - Math.max(1, length)), Math.max(end, 1)), message, details);
}

/** The source of so many characters before the end of a node's token. */
export function spanOf(state: Walk, node: ExpressionNode, length: number): Span {
  const end = typeof node.position === "number" ? Math.min(node.position, state.node.value.length) : state.node.value.length;
  return state.node.locate(Math.max(0, end - length), end);
}

/** Tells whether a name is bound here. */
export function isBound(name: string, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

/** Tells nodes from other values of the tree. */
export function isNode(value: unknown): value is ExpressionNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** The value as a node, if it is one. */
export function asNode(value: unknown): ExpressionNode | undefined {
  if (isNode(value)) return value;
  // Groups (`a{…}`) are nodes without a type.
  return typeof value === "object" && value !== null && !Array.isArray(value) && "lhs" in value ? { type: "group", ...value } : undefined;
}

/** The nodes of a list. */
export function asNodes(value: unknown): ExpressionNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}
