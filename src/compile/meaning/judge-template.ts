/** Holds a Liquid template against the types of what it sees: fields of loops' variables and of roles' outputs, and comparisons with constants. */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { TextNode } from "../source/node.ts";
import { checkConstant, type Literal, type Place } from "./check-operators.ts";
import { lookUpField, suggestField } from "./find-field.ts";
import { itemsOf, type Type, unknown } from "./type.ts";

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
}

/** What a template sees. */
export interface TemplateSight {
  /** Its own variables, which were looked at by name. */
  root: Type;
  /** `_last`, `_event`, `_children`: their fields were not. */
  own: ReadonlyMap<string, Type>;
}

interface Judging extends TemplateSight, Place {
  /** Names that the template gives values of its own, somewhere. */
  assigned: ReadonlySet<string | undefined>;
}

/** Properties that Liquid gives to lists and text. */
const builtIn = ["size", "first", "last"];

/** Reports what no value gives that the template asks for. */
export function judgeTemplate(tree: readonly TemplateNode[], node: TextNode, sight: TemplateSight, report: Report): void {
  const writes = node.value.matchAll(/\{%-?\s*(?:assign|capture|increment|decrement)\s+["']?([\w-]+)/g);
  walk(tree, new Map(), { ...sight, node, context: { report }, assigned: new Set([...writes].map(([, name]) => name)) });
}

function walk(nodes: readonly TemplateNode[], names: ReadonlyMap<string, Type>, state: Judging): void {
  for (const node of nodes) {
    const args = [...(node.arguments?.() ?? [])];
    const types = args.map((argument) => judgeArgument(argument, names, state));
    const { name, variable } = node as { name?: unknown; variable?: unknown };
    if (name === "case") for (const other of args.slice(1)) compare(readPath(args[0]), other, types[0] ?? unknown, state);
    const inner =
      typeof variable === "string" && name === "for"
        ? new Map([...names, [variable, itemsOf(types[0] ?? unknown)], ["forloop", unknown]])
        : names;
    const children = node.children?.(false, true).next();
    if (children?.done) walk(children.value, inner, state);
  }
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

function judgeArgument(argument: unknown, names: ReadonlyMap<string, Type>, state: Judging): Type {
  const tokens = readTokens(argument);
  const types = tokens.map((token) => (token.props ? typeOf(token.props, names, state) : unknown));
  tokens.forEach(({ operator }, place) => {
    if (operator !== "==" && operator !== "!=" && operator !== "contains") return;
    const [left, right] = [tokens[place - 2], tokens[place - 1]];
    const [mine, others] = [types[place - 2] ?? unknown, types[place - 1] ?? unknown];
    if (operator === "contains") {
      // Of text it asks for a part.
      if (mine.lists.length > 0) compare(left, right, itemsOf(mine), state);
    } else if (left?.props) compare(left, right, mine, state);
    else if (right?.props) compare(right, left, others, state);
  });
  const { filters } = argument as { filters?: readonly unknown[] };
  return tokens.length === 1 && !filters?.length ? (types[0] ?? unknown) : unknown;
}

function compare(path: Token | undefined, other: unknown, type: Type, state: Judging): void {
  const literal = readLiteral(other);
  const name = path?.props?.at(-1)?.content;
  if (path && literal) checkConstant(literal, type, typeof name === "string" ? name : undefined, state);
}

function readLiteral(token: unknown): Literal | undefined {
  const { content: value, begin: start, end, props, operator } = token as Token;
  if (props || operator !== undefined) return undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? { value, start, end } : undefined;
}

function typeOf(props: readonly Token[], names: ReadonlyMap<string, Type>, state: Judging): Type {
  const [first, ...rest] = props;
  const root = first?.content;
  if (typeof root !== "string" || state.assigned.has(root)) return unknown;
  const own = names.get(root) ?? state.own.get(root);
  let type = own ?? unknown;
  if (!own) {
    const found = lookUpField(state.root, root);
    if ("type" in found) type = found.type;
  }
  // What `input` and the node's own answer have was looked at by name.
  const isOurs = own !== undefined && !(root === "_event" && rest[0]?.content === "data");
  for (const { content: name, begin, end, props: nested } of rest) {
    if (nested) return unknown;
    if (typeof name === "number") {
      type = itemsOf(type);
      continue;
    }
    if (typeof name !== "string" || builtIn.includes(name) || type.lists.length > 0) return unknown;
    const found = lookUpField(type, name);
    if ("type" in found) {
      type = found.type;
      continue;
    }
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
