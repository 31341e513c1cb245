/** Judges the arguments of JSONata's own functions, and says what they give. */
import type { DiagnosticDetails } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode } from "../expressions/walk.ts";
import { describe, lookUpField, suggestField } from "./find-field.ts";
import type { Env, Inference } from "./inference.ts";
import { findPathStart, findToken, nameOf, readLiteral, spanOfOperand } from "./literal.ts";
import { everyNumber, joinRanges, ofLengths, type Range } from "./range.ts";
import {
  boolean,
  bound,
  isNothing,
  itemsOf,
  join,
  lengthsOf,
  number,
  numbersOf,
  ofConstants,
  ofList,
  type ScalarKind,
  type Type,
  text,
  unknown,
  withAbsence,
} from "./type.ts";

/**
 * What functions take and give, as the library writes it: `s` text, `n` a number, `b` a boolean, `o` a map, `a` a list (a single value
 * counts as one), `f` a function, `x` anything; `(sn)` either; `?` may be left out; `-` may be left out, and is what stands at the root
 * then; `+` one or more. Behind the colon what it gives: `i` items of the first argument, `=` what the first argument is.
 */
const written =
  "sum a<n>:n|count a:n|max a<n>:n|min a<n>:n|average a<n>:n|string x-b?:s|substring s-nn?:s|substringBefore s-s:s|substringAfter s-s:s|" +
  "lowercase s-:s|uppercase s-:s|length s-:n|trim s-:s|match s-fn?:x|contains s-(sf):b|replace s-(sf)(sf)n?:s|split s-(sf)n?:S|join a<s>s?:s|" +
  "formatNumber n-so?:s|formatBase n-n?:s|formatInteger n-s:s|parseInteger s-s:n|number (nsb)-:n|floor n-:n|ceil n-:n|round n-n?:n|abs n-:n|" +
  "sqrt n-:n|power n-n:n|boolean x-:b|not x-:b|map af:x|zip a+:x|filter af:=|single af?:i|reduce afx?:x|sift o-f?:x|keys x-:S|lookup x-s:x|" +
  "append xx:x|exists x:b|spread x-:x|merge a<o>:x|reverse a:=|each o-f:x|error s?:x|assert bs?:x|type x:s|sort af?:=|distinct x:=|" +
  "base64encode s-:s|base64decode s-:s|encodeUrlComponent s-:s|encodeUrl s-:s|decodeUrlComponent s-:s|decodeUrl s-:s|toMillis s-s?:n|fromMillis n-s?s?:s";

interface Parameter {
  kinds: string;
  /** Of a list: what its items are. */
  items: string | undefined;
  optional: boolean;
  /** What stands at the root stands in for it. */
  implied: boolean;
  repeated: boolean;
}

interface Signature {
  parameters: readonly Parameter[];
  gives: string;
}

const signatures = new Map(
  written.split("|").map((line): [string, Signature] => {
    const [name = "", rest = ""] = line.split(" ");
    const [takes = "", gives = "x"] = rest.split(":");
    const parameters = [...takes.matchAll(/(?:\((\w+)\)|(\w))(?:<(\w)>)?([-?+]?)/g)].map(([, several, one, items, mark]) => ({
      kinds: several ?? one ?? "x",
      items,
      optional: mark === "?",
      implied: mark === "-",
      repeated: mark === "+",
    }));
    return [name, { parameters, gives }];
  }),
);

/** Each function with its signature as it is written above. */
export function listSignatures(): [name: string, signature: string][] {
  return written.split("|").map((line) => line.split(" ") as [string, string]);
}

export interface Argument {
  node: ExpressionNode;
  type: Type;
}

/** Reports arguments that a function refuses; gives the type of the call. `procedure` is the node of the function's name. */
export function checkCall(procedure: ExpressionNode, args: readonly Argument[], env: Env, state: Inference): Type {
  const name = String(procedure.value);
  const signature = signatures.get(name);
  if (!signature) return unknown;
  const given = supply(signature, args, env.context);
  if (!given) {
    const { start, end } = findCallee(procedure);
    state.context.report.add(
      "wrong-argument",
      state.node.locate(start, end),
      `\`$${name}\` takes ${countOf(signature)}, and here ${args.length === 1 ? "is" : "are"} ${args.length}: the expression fails.`,
    );
    return unknown;
  }
  for (const [place, { node, type }] of given.entries()) {
    const parameter = signature.parameters[Math.min(place, signature.parameters.length - 1)];
    if (parameter && node) checkArgument(name, parameter, { node, type }, args, procedure, state);
  }
  if (name === "lookup") return lookUp(given, state);
  return resultOf(
    name,
    signature,
    given.map(({ type }) => type),
  );
}

function findCallee({ value, position = 1 }: ExpressionNode): { start: number; end: number } {
  return { start: Math.max(0, position - String(value).length - 1), end: Math.max(1, position) };
}

/** The arguments with what stands in for those that are left out; undefined where there are too few or too many. */
function supply({ parameters }: Signature, args: readonly Argument[], context: Type): { node?: ExpressionNode; type: Type }[] | undefined {
  if (args.some(({ node }) => node.type === "operator")) return [];
  const most = parameters.some(({ repeated }) => repeated) ? Number.POSITIVE_INFINITY : parameters.length;
  const least = parameters.filter(({ optional, implied }) => !optional && !implied).length;
  if (args.length > most || args.length < least) return undefined;
  const needed = parameters.filter(({ optional }) => !optional).length;
  const [first] = parameters;
  if (args.length >= needed || !first?.implied) return [...args];
  const letters = lettersOf(context);
  const isFit = first.kinds === "x" || context.any || isNothing(context) || [...first.kinds].some((kind) => letters.includes(kind));
  return isFit ? [{ type: context }, ...args] : undefined;
}

function countOf({ parameters }: Signature): string {
  const most = parameters.length;
  const least = parameters.filter(({ optional }) => !optional).length;
  const arguments_ = most === 1 ? "argument" : "arguments";
  if (parameters.some(({ repeated }) => repeated)) return `${least} ${arguments_} or more`;
  return least === most ? `${most} ${arguments_}` : `${least} to ${most} arguments`;
}

const words: Readonly<Record<string, string>> = { s: "text", n: "a number", b: "a boolean", o: "a map", a: "a list", f: "a function" };

/** The letters of what a type may be. */
function lettersOf({ scalars, objects, lists }: Type): string[] {
  const letters = { string: "s", number: "n", boolean: "b", null: "l" } as const satisfies Record<ScalarKind, string>;
  return [...[...scalars.keys()].map((kind) => letters[kind]), ...(objects.length > 0 ? ["o"] : []), ...(lists.length > 0 ? ["a"] : [])];
}

function checkArgument(
  name: string,
  parameter: Parameter,
  argument: Argument,
  args: readonly Argument[],
  procedure: ExpressionNode,
  state: Inference,
): void {
  const { type, node } = argument;
  if (parameter.kinds === "x" || type.any || isNothing(type)) return;
  const letters = lettersOf(type);
  const subject = readLiteral(node, state.node.value) ? "this" : nameOf(node) === undefined ? "this" : `\`${nameOf(node)}\``;
  if (parameter.kinds === "a") {
    if (name === "count" && letters.join("") === "s")
      state.context.report.add(
        "wrong-argument",
        spanOfOperand(node, state),
        `\`$count\` counts the items of a list, and ${subject} is text: it gives 1.`,
        {
          hint: "`$length(…)` counts characters",
        },
      );
    const items = itemsOf(type);
    if (parameter.items === undefined || items.any || isNothing(items) || lettersOf(items).includes(parameter.items)) return;
    const wanted = words[parameter.items] ?? "";
    const of = { s: "texts", n: "numbers", o: "maps" }[parameter.items] ?? "";
    const found = letters.includes("a") ? `a list of ${describe(items)}` : describe(items);
    state.context.report.add(
      "wrong-argument",
      spanOfOperand(node, state),
      `\`$${name}\` takes ${of}, and ${subject} is ${found}: the expression fails.`,
      hintAt(wanted, items),
    );
    return;
  }
  const kinds = [...parameter.kinds];
  if (kinds.some((kind) => letters.includes(kind))) return;
  const wanted = kinds
    .filter((kind) => kind !== "f" || kinds.length === 1)
    .map((kind) => words[kind] ?? "")
    .join(" or ");
  state.context.report.add(
    "wrong-argument",
    spanOfOperand(node, state),
    `\`$${name}\` takes ${wanted}, and ${subject} is ${describe(type)}: the expression fails.`,
    (name === "contains" && type.lists.length > 0 && turnContains(args, procedure, state)) || hintAt(wanted, type),
  );
}

function hintAt(wanted: string, type: Type): DiagnosticDetails {
  const isScalar = type.objects.length + type.lists.length === 0;
  if (wanted.startsWith("text") && isScalar) return { hint: "`$string(…)` makes text of it" };
  if (wanted.startsWith("text") && type.lists.length > 0) return { hint: "`$join(…, ', ')` makes one text of a list" };
  if (wanted.startsWith("a number") && type.scalars.has("string")) return { hint: "`$number(…)` reads text" };
  if (wanted.startsWith("a number") && type.lists.length > 0) return { hint: "`$count(…)` counts its items" };
  return {};
}

/** `$contains(tags, 'a')` of a list is meant as `'a' in tags`. */
function turnContains([list, item]: readonly Argument[], procedure: ExpressionNode, state: Inference): DiagnosticDetails | undefined {
  const source = state.node.value;
  const literal = item && readLiteral(item.node, source);
  const start = list && list.node.type === "path" ? findPathStart(list.node, source) : undefined;
  if (!list || !literal || start === undefined) return { hint: "`in` looks into a list: `'x' in tags`" };
  const last = nameOf(list.node) === undefined ? undefined : spanOfLast(list.node, source);
  const from = findCallee(procedure).start;
  const rest = /^\s*\)/.exec(source.slice(literal.end));
  const isPlain = last !== undefined && rest && /^\(\s*$/.test(source.slice(from + "$contains".length, start));
  const written = last === undefined ? "" : `${source.slice(literal.start, literal.end)} in ${source.slice(start, last)}`;
  if (!isPlain) return { hint: "`in` looks into a list: `'x' in tags`" };
  return {
    hint: `\`in\` looks into a list: \`${written}\``,
    fix: { title: `Write \`${written}\``, span: state.node.locate(from, literal.end + rest[0].length), text: written },
  };
}

function spanOfLast(path: ExpressionNode, source: string): number | undefined {
  const steps = path["steps"];
  const last = Array.isArray(steps) ? asNode(steps.at(-1)) : undefined;
  return last?.type === "name" ? findToken(last, source).end : undefined;
}

/** `$lookup(x, 'name')` is `x.name`. */
function lookUp([from, key]: readonly { node?: ExpressionNode; type: Type }[], state: Inference): Type {
  if (!from || key?.node?.type !== "string") return unknown;
  const items = itemsOf(from.type);
  const found = lookUpField(items, String(key.node.value));
  if ("type" in found) return from.type.lists.length > 0 ? join([found.type, ofList(() => found.type)]) : found.type;
  const literal = readLiteral(key.node, state.node.value);
  const span = literal && literal.end - literal.start > 2 ? state.node.locate(literal.start + 1, literal.end - 1) : state.node.span;
  const canName = /^[^'"\\]+$/.test(found.nearest ?? "");
  state.context.report.add(
    "unknown-field-of-type",
    span,
    `${found.message}; this is always undefined.`,
    suggestField(found, canName ? span : undefined),
  );
  return unknown;
}

const typeNames = ofConstants(["null", "number", "string", "boolean", "array", "object", "function"]);

const rewriting: Readonly<Record<string, (text: string) => string>> = {
  uppercase: (written) => written.toUpperCase(),
  lowercase: (written) => written.toLowerCase(),
};

/** Text; of constants those that the function makes of them. */
function rewrite(name: string, { any, scalars, objects, lists }: Type): Type {
  const change = Object.hasOwn(rewriting, name) ? rewriting[name] : undefined;
  const constants = scalars.get("string");
  if (!change || any || !constants || scalars.size + objects.length + lists.length > 1) return text;
  return ofConstants([...constants].map((each) => change(String(each))));
}

function resultOf(name: string, { gives }: Signature, types: readonly Type[]): Type {
  const [first = unknown, second = unknown] = types;
  const absent = first.absent === true && name !== "exists" && name !== "count" && name !== "append";
  switch (gives) {
    case "s":
      return withAbsence(name === "type" ? typeNames : rewrite(name, first), absent);
    case "n":
      return withAbsence(bound(number, { range: rangeOf(name, first) }), absent || ["max", "min", "average"].includes(name));
    case "b":
      return withAbsence(boolean, absent);
    case "S":
      return withAbsence(
        ofList(() => text),
        absent,
      );
    case "i":
      return itemsOf(first);
    case "=": {
      const items = itemsOf(first);
      if (first.any || items.any) return unknown;
      // One item alone may come without its list.
      return withAbsence(join([items, ofList(() => items)]), absent);
    }
    default:
      if (name !== "append" || first.any || second.any) return unknown;
      return ofListOf(join([itemsOf(first), itemsOf(second)]));
  }
}

/** The numbers that a function of text or of a list gives. */
function rangeOf(name: string, of: Type): Range {
  const { any, scalars, objects, lists, absent } = of;
  switch (name) {
    case "length":
      return (!any && scalars.size + objects.length + lists.length === 1 && lengthsOf(of)) || ofLengths(0);
    case "count":
      // One value alone may stand for a list of them, and what tests leave over may be none.
      if (any || lists.length === 0 || !of.count) return ofLengths(0);
      return scalars.size + objects.length > 0
        ? ofLengths(0, Math.max(1, of.count.most))
        : joinRanges([of.count, ...(absent ? [ofLengths(0, 0)] : [])]);
    case "max":
    case "min":
    case "average": {
      const items = itemsOf(of);
      const range = items.any ? undefined : numbersOf(items);
      return range ? (name === "average" ? { least: range.least, most: range.most } : range) : everyNumber;
    }
    default:
      return everyNumber;
  }
}

function ofListOf(items: Type): Type {
  return items.any ? unknown : join([withAbsence(items, false), ofList(() => items)]);
}
