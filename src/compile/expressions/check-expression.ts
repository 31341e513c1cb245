/** Judges a JSONata expression: that it parses, replays, stays small, and asks only for what it is given. */

import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { TextNode } from "../source/node.ts";
import { checkCallee, checkFunctionName, checkName } from "./check-names.ts";
import { checkComparison, checkPick, checkRoleArgument } from "./check-role-names.ts";
import type { ExpressionNode } from "./parse-expression.ts";
import { parseExpression } from "./parse-expression.ts";
import type { ExpressionView } from "./views.ts";
import type { ExpressionContext, Scope, Walk } from "./walk.ts";
import { add, asNode, asNodes, isBound, isNode } from "./walk.ts";

/** Reports what is wrong with an expression, inside its scalar. */
export function checkExpression(node: TextNode, view: ExpressionView, context: ExpressionContext): void {
  const { report } = context;
  const source = node.value;
  if (source.trim() === "") return;
  const foreign = findLookalike(source);
  if (foreign !== undefined) {
    const sign = source.charAt(foreign);
    const code = sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const message = `JSONata has no \`${sign}\` (U+${code}): it would be read as a letter of a name.`;
    report.add("bad-expression", node.locate(foreign, foreign + 1), message, report.mend?.(node, "expression"));
    return;
  }
  const parsed = context.parsed.get(source) ?? parseExpression(source);
  context.parsed.set(source, parsed);
  if (!parsed.ok) {
    if (parsed.tooLarge) report.add("expression-too-large", node.span, parsed.message);
    else report.add("bad-expression", node.locate(parsed.start, parsed.end), parsed.message, hintAtSyntax(node, report));
    return;
  }
  walk(parsed.tree, { node, view, context, count: 0, stopped: false });
}

/** What stands in quotes, and comments. */
const quoted = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\//g;

/** Blanks, dashes, quotes and signs that are not those of ASCII. */
const lookalike =
  /[\u00a0\u00ab\u00ad\u00bb\u2000-\u200b\u200e-\u203a\u205f\u2060\u2212\u2260\u2264\u2265\u3000-\u3002\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;

/** Where a sign stands that only looks like one of JSONata's, outside of quotes: to JSONata it is a letter. */
function findLookalike(source: string): number | undefined {
  if (!lookalike.test(source)) return undefined;
  const found = lookalike.exec(source.replace(quoted, (literal) => " ".repeat(literal.length)));
  return found?.index;
}

function hintAtSyntax(node: TextNode, report: Report): DiagnosticDetails {
  const source = node.value;
  const braces = /^\s*\$?\{\{\s*([^{}]+?)\s*\}\}\s*$/.exec(source);
  if (braces?.[1] !== undefined && parseExpression(braces[1]).ok) {
    const opening = source.indexOf(braces[1]);
    const quoted = node.style === "double" || node.style === "single";
    const span = quoted ? node.locate(0, source.length) : undefined;
    const text = span && opening > 0 && !/["'\\\n]/.test(braces[1]) ? braces[1] : undefined;
    return {
      hint: `an expression is written without braces: \`${braces[1]}\``,
      ...(span && text !== undefined ? { fix: { title: "Leave the braces out", span, text } } : {}),
    };
  }
  return report.mend?.(node, "expression") ?? {};
}

function walk(tree: ExpressionNode, state: Walk): void {
  visit(tree, { names: new Map(), outer: undefined }, true, 0, state);
}

function stop(state: Walk, message: string): number {
  if (!state.stopped)
    state.context.report.add("expression-too-large", state.node.span, message, {
      hint: "split the work into steps, or let an agent do it",
    });
  state.stopped = true;
  return 1;
}

/** How long a range is taken to be whose ends are not written down; evaluation bounds it in earnest. */
const unknownRange = 100;

/** How often descendants (`**`) are taken to repeat what they come from. */
const descendants = 10;

/** Checks a node and returns how often its result may repeat the input. */
function visit(node: ExpressionNode | undefined, scope: Scope, atRoot: boolean, depth: number, state: Walk): number {
  if (node === undefined || node === null || state.stopped) return 1;
  state.count += 1;
  if (depth > compileLimits.expressionDepth)
    return stop(state, `The expression is nested deeper than ${compileLimits.expressionDepth} levels.`);
  if (state.count > compileLimits.expressionNodes) return stop(state, "The expression has too many parts.");
  const growth = visitKind(node, scope, atRoot, depth + 1, state);
  if (growth > compileLimits.expressionGrowth) return stop(state, "The expression may multiply its input without bound.");
  return growth;
}

function visitKind(node: ExpressionNode, scope: Scope, atRoot: boolean, depth: number, state: Walk): number {
  const { type } = node;
  if (type === "path") return visitPath(node, scope, atRoot, depth, state);
  if (type === "name") {
    if (atRoot) checkName(node, state);
    return visitStages(node, scope, depth, state);
  }
  if (type === "variable") return visitVariable(node, scope, depth, state);
  if (type === "regex" || type === "regexp") {
    const length = String(node.value).length - (String(node.value).endsWith("g") ? 1 : 0);
    add(state, "forbidden-construct", node, length, "Regular expressions are refused: some never end.", {
      hint: "use `$contains`, `$split`, `$substringBefore` with plain text",
    });
    return 1;
  }
  if (type === "lambda") {
    add(state, "forbidden-construct", node, 1, "Functions of one's own are refused: they may call themselves for ever.", {
      hint: "use a path: `items[price > 3].name`",
    });
    return 1;
  }
  if (type === "function" || type === "partial") return visitCall(node, scope, atRoot, depth, state);
  if (type === "block") {
    const inner: Scope = { names: new Map(), outer: scope };
    let last = 1;
    for (const child of asNodes(node.expressions)) last = Math.max(last, visit(child, inner, atRoot, depth, state));
    return last * visitStages(node, scope, depth, state);
  }
  if (type === "bind") {
    const growth = visit(asNode(node.rhs), scope, atRoot, depth, state);
    const target = asNode(node.lhs);
    if (typeof target?.value === "string") scope.names.set(target.value, growth);
    return growth;
  }
  if (type === "descendant") return descendants;
  // What is transformed is what its parts are over.
  if (type === "transform") return visitChildren(node, scope, false, depth, state);
  if (type === "binary" && node.value === "..") {
    const [from, to] = [asNode(node.lhs), asNode(node.rhs)];
    visit(from, scope, atRoot, depth, state);
    visit(to, scope, atRoot, depth, state);
    return typeof from?.value === "number" && typeof to?.value === "number" ? Math.max(1, to.value - from.value + 1) : unknownRange;
  }
  if (type === "binary" && state.view.steps && (node.value === "=" || node.value === "!=")) checkComparison(node, state);
  if (type === "unary" && node.value === "{" && state.view.picks) checkPick(node, state);
  return visitChildren(node, scope, atRoot, depth, state);
}

function visitPath(node: ExpressionNode, scope: Scope, atRoot: boolean, depth: number, state: Walk): number {
  const inner: Scope = { names: new Map(), outer: scope };
  let growth = 1;
  asNodes(node.steps).forEach((step, index) => {
    // A step's own filters see the names that the step binds.
    for (const name of [
      step.focus,
      step.index,
      ...asNodes(step.stages).map((stage) => (stage.type === "index" ? stage.value : undefined)),
    ]) {
      if (typeof name === "string") inner.names.set(name, 1);
    }
    growth *= visit(step, inner, atRoot && index === 0, depth, state);
    // Joins by focus variables (`@$a`) multiply the lists that they run over.
    if (step.focus !== undefined) growth *= 10;
    if (step.type !== "name" && step.type !== "block") visitStages(step, inner, depth, state);
  });
  const group = asNode(node.group);
  if (group) visitChildren(group, inner, false, depth, state);
  return growth;
}

/** Filters behind a step see the step's items, not the root. */
function visitStages(node: ExpressionNode, scope: Scope, depth: number, state: Walk): number {
  for (const stage of [...asNodes(node.stages), ...asNodes(node.predicate)])
    visit(asNode(stage.expr) ?? undefined, scope, false, depth, state);
  return 1;
}

function visitVariable(node: ExpressionNode, scope: Scope, depth: number, state: Walk): number {
  visitStages(node, scope, depth, state);
  const name = String(node.value);
  if (name === "" || name === "$" || name === "event") return 1;
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const bound = at.names.get(name);
    if (bound !== undefined) return bound;
  }
  checkFunctionName(node, name, state, false);
  return 1;
}

function visitCall(node: ExpressionNode, scope: Scope, atRoot: boolean, depth: number, state: Walk): number {
  const procedure = asNode(node.procedure);
  const name = procedure?.type === "variable" ? String(procedure.value) : undefined;
  let growth = 1;
  const args = asNodes(node.arguments);
  const bound = name !== undefined && isBound(name, scope);
  const judged = !bound && state.view.steps && (name === "first" || name === "last") && checkRoleArgument(node, name, args, state);
  for (const argument of judged ? [] : args) {
    if (argument.type === "operator") continue;
    const part = visit(argument, scope, atRoot, depth, state);
    growth = name === "replace" || name === "join" ? growth * part : Math.max(growth, part);
  }
  // The text put in may be as long as the text that it is put into, as often as that has characters.
  const filler = name === "replace" ? args[2] : name === "join" ? args[1] : undefined;
  if (filler && filler.type !== "string" && !bound) growth = Number.POSITIVE_INFINITY;
  visitStages(node, scope, depth, state);
  if (procedure === undefined) return growth;
  if (name === undefined) {
    if (procedure.type === "name" || procedure.type === "path") checkCallee(procedure, state);
    else visit(procedure, scope, atRoot, depth, state);
    return growth;
  }
  if (!bound && procedure.position !== undefined) checkFunctionName(procedure, name, state, true);
  return growth;
}

/** Visits all children alike; the result repeats as much as they do together. */
function visitChildren(node: ExpressionNode, scope: Scope, atRoot: boolean, depth: number, state: Walk): number {
  let growth = 0;
  const children = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) children(item);
    else if (isNode(value)) growth += visit(value, scope, atRoot, depth, state);
    else if (value !== null && typeof value === "object" && "expression" in value) children((value as { expression: unknown }).expression);
  };
  for (const [key, value] of Object.entries(node)) {
    if (key === "value" || key === "position") continue;
    if (key === "stages" || key === "predicate") visitStages(node, scope, depth, state);
    else if (key === "terms") {
      for (const term of Array.isArray(value) ? value : [])
        visit(asNode((term as { expression?: unknown }).expression), scope, false, depth, state);
    } else children(value);
  }
  return Math.max(1, growth);
}
