/**
 * Holds a Liquid template against the types of what it sees: fields of loops' variables and of roles' outputs, comparisons, and what
 * filters are given.
 */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { TextNode } from "../source/node.ts";
import { addFacts, type Facts, noFacts } from "./facts.ts";
import { filterSignatures } from "./filter-signatures.ts";
import { describe } from "./find-field.ts";
import { type FilterArgument, judgeFilter } from "./judge-filter.ts";
import { checkTest, compare, judgeTree } from "./judge-test.ts";
import { readCase, readTest } from "./template-facts.ts";
import { findPlace, type Judging, type Scope, type TemplateObserver, type TemplateSight, typeOf } from "./template-scope.ts";
import { type Filter, readBranches, readCases, readFilters, readLiteral, readPath, readTree, type Token } from "./template-tokens.ts";
import { isNothing, itemsOf, number, ofConstants, type Type, text, unknown } from "./type.ts";

/** A tag or an output, as far as it is read. */
export interface TemplateNode {
  arguments?(): Iterable<unknown>;
  children?(partials: boolean, sync: boolean): Iterator<unknown, readonly TemplateNode[]>;
}

/** Reports what no value gives that the template asks for. */
export function judgeTemplate(
  tree: readonly TemplateNode[],
  node: TextNode,
  sight: TemplateSight,
  report: Report,
  observer?: TemplateObserver,
): void {
  const assigned = new Map<string, number>();
  for (const [, name = ""] of node.value.matchAll(/\{%-?\s*(?:assign|capture|increment|decrement)\s+["']?([\w-]+)/g))
    assigned.set(name, (assigned.get(name) ?? 0) + 1);
  const state: Judging = { ...sight, node, context: { report }, assigned, locals: new Map(), observer };
  walk(tree, { names: new Map(), facts: noFacts }, state);
}

function walk(nodes: readonly TemplateNode[], scope: Scope, state: Judging): void {
  for (const node of nodes) if (!walkBranches(node, scope, state) && !walkCases(node, scope, state)) walkOther(node, scope, state);
}

/** Behind each test what it says is known, and what those before it say that failed. */
function walkBranches(tag: TemplateNode, scope: Scope, state: Judging): boolean {
  const found = readBranches<TemplateNode>(tag);
  if (!found) return false;
  let { facts } = scope;
  for (const [place, { test, nodes }] of found.branches.entries()) {
    const here: Scope = { ...scope, facts };
    judgeArgument(test, here, state);
    checkTest(test, here, state);
    const isPlain = readFilters(test).length === 0;
    const { held, failed } = readTest(isPlain ? readTree(test) : undefined, findPlace(here, state));
    const isNegated = found.isNegated && place === 0;
    walk(nodes, { ...scope, facts: addFacts(facts, isNegated ? failed : held) }, state);
    facts = addFacts(facts, isNegated ? held : failed);
  }
  walk(found.rest, { ...scope, facts }, state);
  return true;
}

/** All values that fit are gone through, and not the first alone. */
function walkCases(tag: TemplateNode, scope: Scope, state: Judging): boolean {
  const found = readCases<TemplateNode>(tag);
  if (!found) return false;
  const type = judgeArgument(found.value, scope, state);
  const isPlain = readFilters(found.value).length === 0;
  let rest: Facts = scope.facts;
  for (const { values, nodes } of found.ways) {
    for (const value of values) {
      judgeArgument(value, scope, state);
      compare(readPath(found.value), value, type, state);
    }
    const { held, failed } = readCase(found.value, isPlain ? values : [], findPlace(scope, state));
    walk(nodes, { ...scope, facts: addFacts(scope.facts, held) }, state);
    rest = addFacts(rest, failed);
  }
  walk(found.rest, { ...scope, facts: rest }, state);
  return true;
}

function walkOther(node: TemplateNode, scope: Scope, state: Judging): void {
  // A word without a value, as `reversed`, is listed as nothing.
  const args = [...(node.arguments?.() ?? [])].filter((argument) => argument !== undefined);
  const types = args.map((argument) => judgeArgument(argument, scope, state));
  const { name, variable, key } = node as { name?: unknown; variable?: unknown; key?: unknown };
  const [first = unknown] = types;
  if (name === "for") checkLoop(args[0], first, state);
  if ((name === undefined || name === "echo") && args.length === 1) checkWritten(args[0], first, state);
  if (name === "assign" && typeof key === "string" && state.assigned.get(key) === 1) state.locals.set(key, first);
  const inner = name === "for" && typeof variable === "string" ? enterLoop(variable, itemOf(args[0], first), scope) : scope;
  const children = node.children?.(false, true).next();
  if (children?.done) walk(children.value, inner, state);
  if (name === "capture" && typeof variable === "string" && state.assigned.get(variable) === 1) state.locals.set(variable, text);
}

function enterLoop(variable: string, item: Type, { names, facts }: Scope): Scope {
  const left = new Map([...facts].filter(([anchor]) => anchor !== variable));
  return { names: new Map([...names, [variable, item], ["forloop", unknown]]), facts: left };
}

function itemOf(collection: unknown, type: Type): Type {
  const tree = readTree(collection);
  if (tree && "token" in tree && tree.token.lhs !== undefined) return number;
  // A map is run through by pairs.
  return type.lists.length > 0 && type.objects.length === 0 ? itemsOf(type) : unknown;
}

function judgeArgument(argument: unknown, scope: Scope, state: Judging): Type {
  const first = judgeTree(readTree(argument), scope, state);
  return readFilters(argument).reduce<Type>((type, filter) => applyFilter(filter, type, scope, state), first);
}

function applyFilter({ name, args, token }: Filter, input: Type, scope: Scope, state: Judging): Type {
  const signature = typeof name === "string" ? filterSignatures.get(name) : undefined;
  if (typeof name !== "string" || !signature || !token) return unknown;
  const positional = (args ?? []).filter((arg) => !Array.isArray(arg)) as Token[];
  const given = positional.map((arg): FilterArgument => {
    const literal = readLiteral(arg);
    const type = arg.props ? typeOf(arg.props, scope, state) : literal ? ofConstants([literal.value]) : unknown;
    return { type, literal, span: { start: arg.begin, end: arg.end } };
  });
  return judgeFilter(name, signature, input, given, { start: token.begin, end: token.begin + name.length }, state);
}

/** A loop over what is no list. */
function checkLoop(collection: unknown, type: Type, state: Judging): void {
  const path = readPath(collection);
  if (!path || type.any || isNothing(type) || type.lists.length + type.objects.length > 0) return;
  const kinds = [...type.scalars.keys()].filter((kind) => kind !== "null");
  if (kinds.length === 0) return;
  const once = kinds.includes("string") ? "once, over all of it" : "not at all";
  const span = state.node.locate(path.begin, path.end);
  state.context.report.add(
    "impossible-comparison",
    span,
    `This is ${describe(type)}, no list: the loop runs ${once}.`,
    kinds.includes("string") ? { hint: "`split` makes a list of text" } : {},
  );
}

/** A map that is written out. */
function checkWritten(argument: unknown, type: Type, state: Judging): void {
  const items = type.lists.length > 0 && type.objects.length === 0 ? itemsOf(type) : type;
  if (type.any || items.any || items.objects.length === 0 || type.scalars.size > 0 || items.scalars.size > 0 || items.lists.length > 0)
    return;
  const path = readPath(argument);
  if (!path) return;
  const isPlain = readFilters(argument).length === 0;
  const span = state.node.locate(path.begin, path.end);
  state.context.report.add(
    "map-as-text",
    span,
    `This is ${describe(type)}${items === type ? "" : " of maps"}; Liquid writes \`[object Object]\` for it.`,
    {
      hint: "name one of its fields, or write all of it with `| json`",
      ...(isPlain && { fix: { title: "Write it as JSON", span: state.node.locate(path.end, path.end), text: " | json" } }),
    },
  );
}
