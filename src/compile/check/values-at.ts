/** What is known of the values that an expression or a template names, for whoever asks about a place. */
import { silent } from "../diagnostics/diagnostic.ts";
import { type ParsedExpression, parseExpression } from "../expressions/parse-expression.ts";
import { asNode } from "../expressions/walk.ts";
import { quote } from "../meaning/find-field.ts";
import type { Observed } from "../meaning/inference.ts";
import { judgeTemplate } from "../meaning/judge-template.ts";
import { findToken, readLiteral } from "../meaning/literal.ts";
import { listAbout, ownersOf, printType } from "../meaning/print-type.ts";
import type { TemplateObserver } from "../meaning/template-scope.ts";
import { itemsOf, type Type } from "../meaning/type.ts";
import type { SourceNode, TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { parseTemplate } from "../templates/check-template.ts";
import { inferExpression } from "./check-meaning.ts";
import { listTemplateTexts } from "./check-templates.ts";
import { createMeaning } from "./meaning.ts";
import type { Outline } from "./outline.ts";
import { listExpressions, type SeenExpression, type Trees, typeTemplates } from "./sights.ts";

/** A value by its name in an expression or a template. */
export interface ValueAt {
  name: string;
  span: Span;
  type: string;
  optional: boolean;
  /** What has it: `an answer of `judge``. */
  of: readonly string[];
  /** What schemas say of it. */
  about: readonly string[];
}

/** What may be written at a place. */
export interface FieldAt {
  name: string;
  kind: "field" | "value";
  type: string;
  optional: boolean;
  of: readonly string[];
  /** What is written, where it is more than the name. */
  insert?: string;
}

interface Seen {
  expression: SeenExpression | undefined;
  template: ReturnType<typeof typeTemplates> | undefined;
}

/** The expression or template that a scalar is, with what it sees. */
function findSeen(outline: Outline, node: SourceNode, parsed: Trees): Seen | undefined {
  const texts = [...listTemplateTexts(outline)].filter((text) => text.node === node);
  const meaning = createMeaning(outline);
  if (texts.length > 0) return { expression: undefined, template: typeTemplates(texts, meaning) };
  const expression = listExpressions({ outline, parsed }, meaning).find((seen) => seen.node === node);
  return expression && { expression, template: undefined };
}

/** Trees as they are asked for. */
function createTrees(): Trees {
  const known = new Map<string, ParsedExpression>();
  return {
    get(source) {
      const tree = known.get(source) ?? parseExpression(source);
      known.set(source, tree);
      return tree;
    },
  };
}

/** The value whose name stands at an offset of the file. */
export function findValueAt(outline: Outline, node: TextNode, offset: number): ValueAt | undefined {
  const parsed = createTrees();
  const seen = findSeen(outline, node, parsed);
  let found: ValueAt | undefined;
  const take = (start: number, end: number, name: string, type: Type, context: Type | undefined): void => {
    const span = node.locate(start, end);
    if (offset < span.start || offset > span.end) return;
    const owner = context && itemsOf(context);
    found = { name, span, type: printType(type), optional: type.absent === true, of: ownersOf(owner, name), about: listAbout(owner, name) };
  };
  if (seen?.expression)
    inferExpression(seen.expression, { parsed }, silent, {
      observe({ node: at, type, context }) {
        const token = readToken(at, node.value);
        if (token) take(token.start, token.end, token.name, type, context);
      },
    });
  const tree = seen?.template && parseTemplate(node.value);
  if (tree && seen.template)
    judgeTemplate(tree, node, seen.template, silent, {
      name: ({ start, end, name, type, context }) => take(start, end, name, type, context ?? seen.template?.root),
      constant: () => {},
    });
  return found;
}

/** The name, variable or call of ours that a node is. */
function readToken(node: Observed["node"], source: string): { start: number; end: number; name: string } | undefined {
  if (node.type === "name") return { ...findToken(node, source), name: String(node.value) };
  const callee = node.type === "function" ? asNode(node["procedure"]) : node;
  if (callee?.type !== "variable" || callee.value === "" || typeof callee.position !== "number") return undefined;
  const name = `$${String(callee.value)}`;
  return { start: Math.max(0, callee.position - name.length), end: callee.position, name };
}

/** What may be written where a placeholder stands; undefined: nothing is known there. */
export function listFieldsAt(outline: Outline, node: TextNode, placeholder: string): FieldAt[] | undefined {
  const parsed = createTrees();
  const seen = findSeen(outline, node, parsed);
  if (seen?.expression) return listInExpression(seen.expression, node, placeholder);
  return seen?.template && listInTemplate(seen.template, node, placeholder);
}

function listInExpression(seen: SeenExpression, node: TextNode, placeholder: string): FieldAt[] | undefined {
  const before = node.value.slice(0, node.value.indexOf(placeholder) + placeholder.length);
  const source = [node.value, before + closeExpression(before)].find((text) => parseExpression(text).ok);
  if (source === undefined) return undefined;
  const typed = { ...node, value: source, locate: locateNowhere };
  // A name in backquotes already is closed by what is typed.
  const isQuoted = before.split("`").length % 2 === 0;
  let found: FieldAt[] | undefined;
  const trees = { get: parseExpression };
  inferExpression({ ...seen, node: typed }, { parsed: trees }, silent, {
    observe({ node: at, context, compared }) {
      if (at.type === "name" && String(at.value).includes(placeholder) && context)
        found = listFields(context, () => true, isQuoted ? undefined : quote);
      if (at.type === "string" && compared && String(readLiteral(at, source)?.value).includes(placeholder)) found = listValues(compared);
    },
  });
  return found;
}

/** What closes the quotes and brackets that are open. */
function closeExpression(source: string): string {
  const open: string[] = [];
  let quote: string | undefined;
  for (const character of source) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
    } else if (`'"\``.includes(character)) quote = character;
    else if ("([{".includes(character)) open.push({ "(": ")", "[": "]", "{": "}" }[character] ?? "");
    else if (")]}".includes(character)) open.pop();
  }
  return (quote ?? "") + open.reverse().join("");
}

function listInTemplate(sight: ReturnType<typeof typeTemplates>, node: TextNode, placeholder: string): FieldAt[] | undefined {
  const before = node.value.slice(0, node.value.indexOf(placeholder) + placeholder.length);
  const closed = before + closeTag(before);
  for (const source of [node.value, closed + closeBlocks(closed)]) {
    const tree = parseTemplate(source);
    if (!tree) continue;
    let found: FieldAt[] | undefined;
    const observer: TemplateObserver = {
      name({ name, context }, names) {
        if (!name.includes(placeholder)) return;
        const own = [...names].map(([each, type]): FieldAt => ({ ...describeField(each, type), of: [] }));
        found = context ? listFields(context, canWrite) : [...own, ...listFields(sight.root, canWrite)];
      },
      constant({ start, end, compared }) {
        if (source.slice(start, end).includes(placeholder)) found = listValues(compared);
      },
    };
    judgeTemplate(tree, { ...node, value: source, locate: locateNowhere }, sight, silent, observer);
    if (found) return found;
  }
  return undefined;
}

/** Names that Liquid can write. */
function canWrite(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name);
}

function closeTag(source: string): string {
  const open = Math.max(source.lastIndexOf("{{"), source.lastIndexOf("{%"));
  const rest = open === -1 ? "" : source.slice(open);
  if (open === -1 || /[%}]\}/.test(rest)) return "";
  const quote = ["'", '"'].find((each) => rest.split(each).length % 2 === 0) ?? "";
  return `${quote}${rest.startsWith("{{{") ? " }}}" : rest.startsWith("{{") ? " }}" : " %}"}`;
}

function closeBlocks(source: string): string {
  const open: string[] = [];
  for (const [, word = ""] of source.matchAll(/\{%-?\s*(\w+)/g)) {
    if (word.startsWith("end")) open.pop();
    else if (["if", "unless", "for", "case", "capture"].includes(word)) open.push(word);
  }
  return open
    .reverse()
    .map((word) => `{% end${word} %}`)
    .join("");
}

/** Nothing is reported of what is being typed. */
const locateNowhere = (): Span => ({ start: 0, end: 0 });

function listFields(context: Type, canName: (name: string) => boolean, write?: (name: string) => string): FieldAt[] {
  const { objects } = itemsOf(context);
  const names = [...new Set(objects.flatMap((fields) => fields.names))].filter(canName);
  return names.map((name) => {
    const having = objects.filter((fields) => fields.names.includes(name));
    const types = having.map((fields) => fields.get(name));
    const written = [...new Set(types.map((type) => printType(type)))].join(" | ");
    const optional = having.length < objects.length || types.some(({ absent }) => absent);
    const insert = write && write(name) !== name ? { insert: write(name) } : {};
    return { name, kind: "field", type: written, optional, of: ownersOf(itemsOf(context), name), ...insert };
  });
}

function describeField(name: string, type: Type): Omit<FieldAt, "of"> {
  return { name, kind: "field", type: printType(type), optional: type.absent === true };
}

function listValues(type: Type): FieldAt[] {
  const values = [...(itemsOf(type).scalars.get("string") ?? [])].map(String);
  return values.map((name) => ({ name, kind: "value", type: "text", optional: false, of: [] }));
}
