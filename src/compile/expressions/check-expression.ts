/** Judges a JSONata expression: that it parses, replays, stays small, and asks only for what it is given. */

import type { DiagnosticName } from "../diagnostics/catalogue.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import { findNearestName } from "../diagnostics/nearest-name.ts";
import { compileLimits } from "../limits.ts";
import type { TextNode } from "../source/node.ts";
import type { ExpressionNode, ParsedExpression } from "./parse-expression.ts";
import { parseExpression } from "./parse-expression.ts";
import type { ExpressionView } from "./views.ts";
import { allowedFunctions, refusedFunctions } from "./views.ts";

/** What the checks of one file share. */
export interface ExpressionContext {
  report: Report;
  /** The workflow's roles, for `$first` and `$last`; undefined where they are not known. */
  roles: ReadonlySet<string> | undefined;
  /** Trees by source: the same expression is often written at several places. */
  parsed: Map<string, ParsedExpression>;
}

/** Reports what is wrong with an expression, inside its scalar. */
export function checkExpression(node: TextNode, view: ExpressionView, context: ExpressionContext): void {
  const { report } = context;
  const source = node.value;
  if (source.trim() === "") return;
  const parsed = context.parsed.get(source) ?? parseExpression(source);
  context.parsed.set(source, parsed);
  if (!parsed.ok) {
    if (parsed.tooLarge) report.add("expression-too-large", node.span, parsed.message);
    else report.add("bad-expression", node.locate(parsed.start, parsed.end), parsed.message, hintAtSyntax(source, parsed.start));
    return;
  }
  walk(parsed.tree, { node, view, context, count: 0, stopped: false });
}

function hintAtSyntax(source: string, start: number): DiagnosticDetails {
  const rest = source.slice(Math.max(0, start - 1));
  if (/==/.test(rest)) return { hint: "JSONata compares with a single `=`" };
  if (/&&|\|\|/.test(rest)) return { hint: "JSONata says `and`, `or`" };
  if (/^.?!/.test(rest) && !/^.?!=/.test(rest)) return { hint: "JSONata negates with `$not(…)`" };
  return {};
}

interface Walk {
  node: TextNode;
  view: ExpressionView;
  context: ExpressionContext;
  count: number;
  stopped: boolean;
}

/** Names bound in a block, with how often their value repeats the input. */
type Scope = { names: Map<string, number>; outer: Scope | undefined };

function walk(tree: ExpressionNode, state: Walk): void {
  visit(tree, { names: new Map(), outer: undefined }, true, 0, state);
}

function add(state: Walk, name: DiagnosticName, at: ExpressionNode, length: number, message: string, details?: DiagnosticDetails): void {
  const source = state.node.value;
  const end = typeof at.position === "number" ? Math.min(at.position, source.length) : source.length;
  state.context.report.add(name, state.node.locate(Math.max(0, end - Math.max(1, length)), Math.max(end, 1)), message, details);
}

function stop(state: Walk, message: string): number {
  if (!state.stopped)
    state.context.report.add("expression-too-large", state.node.span, message, {
      hint: "split the work into steps, or let an agent do it",
    });
  state.stopped = true;
  return 1;
}

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
  if (type === "binary" && node.value === "..") {
    const [from, to] = [asNode(node.lhs), asNode(node.rhs)];
    visit(from, scope, atRoot, depth, state);
    visit(to, scope, atRoot, depth, state);
    return typeof from?.value === "number" && typeof to?.value === "number" ? Math.max(1, to.value - from.value + 1) : 1000;
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

function checkFunctionName(node: ExpressionNode, name: string, state: Walk, called: boolean): void {
  const length = name.length + 1;
  if (Object.hasOwn(refusedFunctions, name)) {
    add(
      state,
      "forbidden-function",
      node,
      length,
      `\`$${name}\` is refused: ${refusedFunctions[name]}.`,
      name === "now" || name === "millis" ? { hint: "use `$event.time`" } : {},
    );
    return;
  }
  if (allowedFunctions.has(name) || (state.view.steps && (name === "first" || name === "last"))) return;
  if (name === "first" || name === "last") {
    add(
      state,
      "unknown-variable",
      node,
      length,
      `\`$${name}\` is not known here: it looks at steps, and this expression is over ${state.view.title}.`,
    );
    return;
  }
  if (name === "status" && !called) {
    add(state, "unknown-variable", node, length, "`$status` is a JSONata variable here, and no such variable is bound.", {
      hint: "write the field in backquotes: output.`$status`",
      fix: { title: "Put `$status` in backquotes", span: spanOf(state, node, length), text: "`$status`" },
    });
    return;
  }
  const candidates = [...allowedFunctions, "event", ...(state.view.steps ? ["first", "last"] : [])];
  const nearest = findNearestName(name, candidates);
  add(state, "unknown-variable", node, length, `There is no ${called ? "function" : "variable"} \`$${name}\`.`, {
    ...(nearest === undefined
      ? {}
      : {
          hint: `did you mean \`$${nearest}\`?`,
          fix: { title: `Write \`$${nearest}\``, span: spanOf(state, node, length), text: `$${nearest}` },
        }),
  });
}

function spanOf(state: Walk, node: ExpressionNode, length: number) {
  const end = typeof node.position === "number" ? Math.min(node.position, state.node.value.length) : state.node.value.length;
  return state.node.locate(Math.max(0, end - length), end);
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
  visitStages(node, scope, depth, state);
  if (procedure === undefined) return growth;
  if (name === undefined) {
    visit(procedure, scope, atRoot, depth, state);
    return growth;
  }
  if (!bound && procedure.position !== undefined) checkFunctionName(procedure, name, state, true);
  return growth;
}

function isBound(name: string, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

/** Judges the argument of `$first` and `$last`; says whether it found fault. */
function checkRoleArgument(call: ExpressionNode, name: string, args: ExpressionNode[], state: Walk): boolean {
  const [argument] = args;
  const { node, context } = state;
  if (argument === undefined) {
    add(state, "bad-role-argument", call, 1, `\`$${name}\` takes the name of a role.`, { hint: `\`$${name}('reviewer')\`` });
    return true;
  }
  if (argument.type === "string") {
    checkRoleText(argument, state);
    return true;
  }
  if (argument.type === "number" || argument.type === "value" || argument.type === "unary") {
    add(state, "bad-role-argument", argument, String(argument.value ?? "").length, `\`$${name}\` takes the name of a role, as text.`);
    return true;
  }
  const steps = argument.type === "path" ? asNodes(argument.steps) : [];
  const [only] = steps;
  if (only?.type !== "name" || steps.length !== 1 || !context.roles?.has(String(only.value))) return false;
  const role = String(only.value);
  const end = typeof only.position === "number" ? only.position : node.value.length;
  add(state, "bad-role-argument", only, role.length, `\`$${name}\` takes the role's name as text; \`${role}\` without quotes is a path.`, {
    fix: { title: "Put the name in quotes", span: node.locate(end - role.length, end), text: `'${role}'` },
  });
  return true;
}

/** `role = 'x'`: a step's role compared with a name that is none. */
function checkComparison(node: ExpressionNode, state: Walk): void {
  const sides = [asNode(node.lhs), asNode(node.rhs)];
  const path = sides.find((side) => side?.type === "path");
  const text = sides.find((side) => side?.type === "string");
  const last = asNodes(path?.steps).at(-1);
  const names = asNodes(path?.steps).map((step) => step.value);
  if (text && last?.type === "name" && last.value === "role" && !names.includes("output") && !names.includes("data"))
    checkRoleText(text, state, "warning");
}

/** What a moderator may pick beside a role. */
const endings = ["__end__", "$END", "$SUSPEND"];

/** The moderator's `{role: 'x'}`. */
function checkPick(node: ExpressionNode, state: Walk): void {
  for (const pair of Array.isArray(node.lhs) ? node.lhs : []) {
    const [key, value] = asNodes(pair);
    if (key?.value !== "role" || value === undefined) continue;
    for (const picked of value.type === "condition" ? [asNode(value.then), asNode(value.else)] : [value]) {
      if (picked?.type === "string" && !endings.includes(String(picked.value))) checkRoleText(picked, state);
    }
  }
}

function checkRoleText(argument: ExpressionNode, state: Walk, severity: "error" | "warning" = "error"): void {
  const role = String(argument.value);
  const { node, context } = state;
  if (context.roles === undefined || context.roles.has(role)) return;
  const nearest = findNearestName(role, context.roles);
  // The string token's position lies behind its closing quote.
  const end = typeof argument.position === "number" ? argument.position : node.value.length;
  const written = node.value.slice(end - role.length - 1, end - 1) === role;
  const span = written ? node.locate(end - role.length - 1, end - 1) : node.locate(Math.max(0, end - 1), end);
  context.report.add("unknown-role", span, `There is no role \`${role}\`.`, {
    severity,
    ...(nearest === undefined
      ? {}
      : { hint: `did you mean \`${nearest}\`?`, ...(written ? { fix: { title: `Write \`${nearest}\``, span, text: nearest } } : {}) }),
  });
}

function checkName(node: ExpressionNode, state: Walk): void {
  const { names, title } = state.view;
  const name = String(node.value);
  if (names === undefined || names.includes(name)) return;
  const nearest = findNearestName(name, names);
  const written = state.node.value.slice((node.position ?? 0) - name.length, node.position) === name;
  const length = written ? name.length : name.length + 2;
  const isEvent = names.includes("data");
  const hint =
    nearest !== undefined
      ? `did you mean \`${nearest}\`?`
      : isEvent
        ? `what the sender wrote is under \`data\`: \`data.${name}\``
        : names.includes("steps")
          ? `the last output is \`steps[-1].output\`: \`steps[-1].output.${name}\``
          : undefined;
  const text = nearest ?? (isEvent ? `data.${name}` : undefined);
  add(state, "unknown-name", node, length, `The expression is over ${title}, which has no \`${name}\`; this is always undefined.`, {
    ...(hint === undefined ? {} : { hint }),
    ...(text === undefined || !written ? {} : { fix: { title: `Write \`${text}\``, span: spanOf(state, node, length), text } }),
  });
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

function isNode(value: unknown): value is ExpressionNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

function asNode(value: unknown): ExpressionNode | undefined {
  if (isNode(value)) return value;
  // Groups (`a{…}`) are nodes without a type.
  return typeof value === "object" && value !== null && !Array.isArray(value) && "lhs" in value ? { type: "group", ...value } : undefined;
}

function asNodes(value: unknown): ExpressionNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}
