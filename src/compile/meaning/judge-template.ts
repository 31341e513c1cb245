/**
 * Holds a Liquid template against the types of what it sees: fields of loops' variables and of roles' outputs, comparisons, and what
 * filters are given.
 */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { TextNode } from "../source/node.ts";
import { checkConstant, type Place } from "./check-operators.ts";
import { filterSignatures } from "./filter-signatures.ts";
import { describe, describeValues, lookUpField, suggestField } from "./find-field.ts";
import { type FilterArgument, judgeFilter } from "./judge-filter.ts";
import type { Literal } from "./literal.ts";
import { boolean, isNothing, itemsOf, mayEqual, number, ofConstants, type Type, text, unknown, unspoken } from "./type.ts";

/** A tag or an output, as far as it is read. */
export interface TemplateNode {
  arguments?(): Iterable<unknown>;
  children?(partials: boolean, sync: boolean): Iterator<unknown, readonly TemplateNode[]>;
}

interface Token {
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

interface Filter {
  name?: unknown;
  args?: readonly unknown[];
  token?: Token;
}

/** What a template sees. */
export interface TemplateSight {
  /** Its own variables, which were looked at by name. */
  root: Type;
  /** `_last`, `_event`, `_children` and their like: their fields were not. */
  own: ReadonlyMap<string, Type>;
  /** Nobody has looked at fields of what stands at the root either. */
  deep?: boolean;
}

/** What is found of a name in a template, for those who ask about a place. Offsets are into the template. */
export interface ObservedName {
  start: number;
  end: number;
  name: string;
  type: Type;
  /** What it was looked up in; undefined: the names that the template sees. */
  context: Type | undefined;
}

/** What is found of a constant. */
export interface ObservedConstant {
  start: number;
  end: number;
  compared: Type;
}

export interface TemplateObserver {
  name(seen: ObservedName, names: ReadonlyMap<string, Type>): void;
  constant(seen: ObservedConstant): void;
}

interface Judging extends TemplateSight, Place {
  /** Names that the template gives values of its own, and how often. */
  assigned: ReadonlyMap<string, number>;
  /** What those are that have one value, once it was met. */
  locals: Map<string, Type>;
  observer: TemplateObserver | undefined;
}

/** Properties that Liquid gives to lists and text. */
const builtIn = ["size", "first", "last"];

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
  walk(tree, new Map(), { ...sight, node, context: { report }, assigned, locals: new Map(), observer });
}

function walk(nodes: readonly TemplateNode[], names: ReadonlyMap<string, Type>, state: Judging): void {
  for (const node of nodes) {
    // A word without a value, as `reversed`, is listed as nothing.
    const args = [...(node.arguments?.() ?? [])].filter((argument) => argument !== undefined);
    const types = args.map((argument) => judgeArgument(argument, names, state));
    const { name, variable, key } = node as { name?: unknown; variable?: unknown; key?: unknown };
    const [first = unknown] = types;
    if (name === "case") for (const other of args.slice(1)) compare(readPath(args[0]), other, first, state);
    if (name === "for") checkLoop(args[0], first, state);
    if (name === "if" || name === "unless")
      for (const [place, argument] of args.entries()) checkTest(argument, types[place] ?? unknown, names, state);
    if ((name === undefined || name === "echo") && args.length === 1) checkWritten(args[0], first, state);
    if (name === "assign" && typeof key === "string" && state.assigned.get(key) === 1) state.locals.set(key, first);
    const inner =
      typeof variable === "string" && name === "for"
        ? new Map([...names, [variable, itemOf(args[0], first)], ["forloop", unknown]])
        : names;
    const children = node.children?.(false, true).next();
    if (children?.done) walk(children.value, inner, state);
    if (name === "capture" && typeof variable === "string" && state.assigned.get(variable) === 1) state.locals.set(variable, text);
  }
}

function itemOf(collection: unknown, type: Type): Type {
  if (readTokens(collection)[0]?.lhs !== undefined) return number;
  // A map is run through by pairs.
  return type.lists.length > 0 && type.objects.length === 0 ? itemsOf(type) : unknown;
}

/** The operands and operators of an argument, operators last. */
function readTokens(argument: unknown): readonly Token[] {
  const { initial } = argument as { initial?: { postfix?: readonly Token[] } };
  return initial?.postfix ?? [argument as Token];
}

function readPath(argument: unknown): Token | undefined {
  const [only, ...more] = readTokens(argument);
  return more.length === 0 && only?.props ? only : undefined;
}

interface Operand {
  token: Token | undefined;
  type: Type;
}

const orders: readonly unknown[] = ["<", "<=", ">", ">="];

function judgeArgument(argument: unknown, names: ReadonlyMap<string, Type>, state: Judging): Type {
  const stack: Operand[] = [];
  for (const token of readTokens(argument)) {
    const { operator, props } = token;
    if (operator === undefined) {
      const literal = readLiteral(token);
      stack.push({ token, type: props ? typeOf(props, names, state) : literal ? ofConstants([literal.value]) : unknown });
      continue;
    }
    const right = stack.pop();
    const left = operator === "not" ? right : stack.pop();
    if (left && right) judgeOperator(operator, left, right, state);
    stack.push({ token: undefined, type: boolean });
  }
  const { filters } = argument as { filters?: readonly Filter[] };
  const [only] = stack;
  const first = stack.length === 1 && only ? only.type : unknown;
  return (filters ?? []).reduce<Type>((type, filter) => applyFilter(filter, type, names, state), first);
}

function judgeOperator(operator: string, left: Operand, right: Operand, state: Judging): void {
  if (operator === "contains") {
    // Of text it asks for a part.
    if (left.type.lists.length > 0) compare(left.token, right.token, itemsOf(left.type), state);
    else if (!left.type.any && !isNothing(left.type) && !left.type.scalars.has("string") && left.token?.props) {
      const span = state.node.locate(left.token.begin, left.token.end);
      state.context.report.add(
        "impossible-comparison",
        span,
        `\`contains\` looks into text and lists, and this is ${describe(left.type)}.`,
      );
    }
    return;
  }
  const [path, other] = left.token?.props ? [left, right] : [right, left];
  if (!path.token?.props) return;
  if (operator === "==" || operator === "!=") {
    if (!other.token?.props) compare(path.token, other.token, path.type, state);
    else if (!mayEqual(left.type, right.type) && left.token && right.token) {
      const span = state.node.locate(left.token.begin, right.token.end);
      const words = `The left side is ${describeValues(left.type)} and the right one ${describeValues(right.type)}: they are never the same.`;
      state.context.report.add("impossible-comparison", span, words);
    }
  } else if (orders.includes(operator)) checkOrder(path, other, state);
}

/** Liquid reads numbers from text to order it with numbers; other text is neither more nor less. */
function checkOrder(path: Operand, other: Operand, state: Judging): void {
  const { type } = path;
  if (type.any || isNothing(type) || type.scalars.has("number") || !path.token) return;
  const literal = other.token && readLiteral(other.token);
  const isNumber = literal !== undefined && typeof literal.value === "number";
  if (type.scalars.has("string") && !isNumber) return;
  if (type.scalars.size === 0 || isNumber) {
    const constants = type.scalars.get("string");
    if (type.scalars.has("string") && (!constants || [...constants].some((each) => Number.isFinite(Number(each))))) return;
    const span = state.node.locate(path.token.begin, path.token.end);
    const hint = type.lists.length > 0 ? { hint: "`.size` counts the items of a list" } : {};
    state.context.report.add(
      "impossible-comparison",
      span,
      `${describeValues(type)} is neither more nor less than ${literal?.value ?? "the other side"}.`,
      hint,
    );
  }
}

function compare(path: Token | undefined, other: unknown, type: Type, state: Judging): void {
  const literal = other === undefined ? undefined : readLiteral(other);
  const name = path?.props?.at(-1)?.content;
  if (!path?.props || !literal) return;
  state.observer?.constant({ start: literal.start, end: literal.end, compared: type });
  checkConstant(literal, type, typeof name === "string" ? name : undefined, state);
}

function readLiteral(token: unknown): (Literal & { value: string | number | boolean }) | undefined {
  const { content: value, begin: start, end, props, operator } = token as Token;
  if (props || operator !== undefined) return undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? { value, start, end } : undefined;
}

function applyFilter({ name, args, token }: Filter, input: Type, names: ReadonlyMap<string, Type>, state: Judging): Type {
  const signature = typeof name === "string" ? filterSignatures.get(name) : undefined;
  if (typeof name !== "string" || !signature || !token) return unknown;
  const positional = (args ?? []).filter((arg) => !Array.isArray(arg)) as Token[];
  const given = positional.map((arg): FilterArgument => {
    const literal = readLiteral(arg);
    const type = arg.props ? typeOf(arg.props, names, state) : literal ? ofConstants([literal.value]) : unknown;
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

/** A test of what is always there: in Liquid `0`, empty text and empty lists count as true. */
function checkTest(argument: unknown, type: Type, names: ReadonlyMap<string, Type>, state: Judging): void {
  const path = readPath(argument);
  const { filters } = argument as { filters?: readonly unknown[] };
  if (!path?.props || filters?.length || type.any || type.absent || isNothing(type)) return;
  const { scalars, objects, lists } = type;
  if (scalars.has("boolean") || scalars.has("null") || !isSure(path.props, names, state)) return;
  const test = lists.length > 0 ? ".size > 0" : objects.length > 0 ? undefined : scalars.has("string") ? " != blank" : " != 0";
  const span = state.node.locate(path.begin, path.end);
  state.context.report.add("always-holds", span, `This is ${describe(type)} and always there: the test always holds.`, {
    ...(test !== undefined && {
      hint: `did you mean \`${state.node.value.slice(path.begin, path.end)}${test}\`?`,
      fix: { title: `Ask for \`${test.trim()}\``, span: state.node.locate(path.end, path.end), text: test },
    }),
  });
}

/** Whether a schema says of each name of a path that it must be there. */
function isSure(props: readonly Token[], names: ReadonlyMap<string, Type>, state: Judging): boolean {
  const [first, ...rest] = props;
  const root = String(first?.content);
  if (state.assigned.has(root) || (state.own.has(root) && root !== "_event")) return false;
  let type = names.get(root) ?? (root === "_event" ? state.own.get(root) : undefined);
  for (const { content } of type ? rest : props) {
    const context: Type = type ?? state.root;
    const isMap = context.objects.length > 0 && context.scalars.size + context.lists.length === 0 && !context.absent;
    if (typeof content !== "string" || !isMap || !context.objects.every(({ must }) => must.includes(content))) return false;
    const found = lookUpField(context, content);
    if (!("type" in found) || found.type.absent) return false;
    type = found.type;
  }
  return true;
}

/** A map that is written out. */
function checkWritten(argument: unknown, type: Type, state: Judging): void {
  const items = type.lists.length > 0 && type.objects.length === 0 ? itemsOf(type) : type;
  if (type.any || items.any || items.objects.length === 0 || type.scalars.size > 0 || items.scalars.size > 0 || items.lists.length > 0)
    return;
  const [path] = readTokens(argument);
  if (!path?.props) return;
  const { filters } = argument as { filters?: readonly unknown[] };
  const isPlain = !filters?.length;
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

function typeOf(props: readonly Token[], names: ReadonlyMap<string, Type>, state: Judging): Type {
  const [first, ...rest] = props;
  const root = first?.content;
  if (!first || typeof root !== "string") return unknown;
  const isAssigned = state.assigned.has(root) && !names.has(root);
  const own = names.get(root) ?? (isAssigned ? (state.locals.get(root) ?? unknown) : state.own.get(root));
  let type = own ?? unknown;
  if (!own) {
    const found = lookUpField(state.root, root);
    if ("type" in found) type = found.type;
  }
  state.observer?.name({ start: first.begin, end: first.end, name: root, type, context: undefined }, names);
  // What `input` and the node's own answer have was looked at by name.
  const isOurs = state.deep === true || (own !== undefined && !(root === "_event" && rest[0]?.content === "data"));
  for (const { content: name, begin, end, props: nested } of rest) {
    if (nested) return unknown;
    if (typeof name === "number") {
      type = itemsOf(type);
      continue;
    }
    // A `$` was told.
    if (typeof name !== "string" || state.node.value[begin] === "$") return unknown;
    if (builtIn.includes(name) && !type.objects.some(({ names: own_ }) => own_.includes(name))) {
      state.observer?.name({ start: begin, end, name, type: name === "size" ? number : itemsOf(type), context: type }, names);
      if (type.any || type.objects.length > 0) return unknown;
      type = name === "size" ? number : type.lists.length > 0 ? itemsOf(type) : unknown;
      continue;
    }
    if (type.lists.length > 0) return unknown;
    const context = type;
    const found = lookUpField(type, name);
    if ("type" in found) {
      if (found.type === unspoken && root === "_last") {
        const span = state.node.locate(begin, end);
        state.context.report.add("role-never-before", span, `\`${name}\` has not spoken when this is written; this is always empty.`);
        return unknown;
      }
      type = found.type;
      state.observer?.name({ start: begin, end, name, type, context }, names);
      continue;
    }
    state.observer?.name({ start: begin, end, name, type: unknown, context }, names);
    if (!isOurs) return unknown;
    const span = state.node.locate(begin, end);
    const canName = state.node.value.slice(begin, end) === name && /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(found.nearest ?? "");
    state.context.report.add(
      "unknown-field-of-type",
      span,
      `${found.message}; this is always empty.`,
      suggestField(found, canName ? span : undefined),
    );
    return unknown;
  }
  return type;
}
