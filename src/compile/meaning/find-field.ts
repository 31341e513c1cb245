/** Looks up a field that an expression or a template asks for. */
import { findNearestName } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import type { Span } from "../source/span.ts";
import { engineOutput } from "./engine-types.ts";
import type { Env, Inference } from "./inference.ts";
import { findToken } from "./literal.ts";
import { describeRange } from "./range.ts";
import { isNothing, itemsOf, join, ofList, type Type, unknown } from "./type.ts";

/** The field's type, or what is said of one that can't be there. */
export type FoundField = { type: Type } | MissingField;

export interface MissingField {
  message: string;
  nearest?: string | undefined;
  /** The name is a field of this field, which was left out. */
  through?: string;
  names: readonly string[];
}

/** Looks a field up in all alternatives of a type without lists. */
export function lookUpField(type: Type, name: string): FoundField {
  if (type.any || isNothing(type)) return { type: unknown };
  const { objects } = type;
  const having = objects.filter(({ names }) => names.includes(name));
  // The engine's own names may stand in any answer.
  if (having.length > 0 && (having.length === objects.length || !name.startsWith("$")))
    return { type: join(having.map((fields) => fields.get(name))) };
  const holder = having.length === 0 ? findHolder(objects, name) : undefined;
  if (holder !== undefined) {
    const message = `${upper(objects[0]?.label ?? "")} has no \`${name}\`: its \`${holder}\` has`;
    return { message, nearest: name, through: holder, names: [] };
  }
  if (name.startsWith("$") || objects.some(({ others }) => others === "free")) return { type: unknown };
  const [first] = objects;
  if (first === undefined) return { message: `${upper(describe(type))} has no fields`, names: [] };
  const names = [...new Set(objects.flatMap((fields) => fields.names))];
  const nearest = findNearestName(name, names);
  // Who leaves a schema open on purpose counts on names that it does not list, but hardly on one that is a letter off.
  if (nearest === undefined && objects.some(({ others }) => others === "open")) return { type: unknown };
  const labels = new Set(objects.map(({ label }) => label));
  if (labels.size > 1) labels.delete(engineOutput.objects[0]?.label ?? "");
  const [only, ...more] = [...labels].slice(0, 4);
  const of = more.length === 0 ? `${upper(only ?? "")} has no` : `None of ${[only, ...more].join(", ")} has`;
  return { message: `${of} \`${name}\``, nearest, names };
}

/** A step and an answer of a broadcast have an output, an event has data: what these have is asked for there. */
function findHolder(objects: Type["objects"], name: string): string | undefined {
  return ["output", "data"].find((holder) => {
    if (objects.length === 0 || !objects.every(({ names }) => names.includes(holder))) return false;
    if (name === "$status") return holder === "output";
    const held = objects.flatMap((fields) => itemsOf(fields.get(holder)).objects);
    return held.some(({ names }) => names.includes(name));
  });
}

/** Says what kinds a type is of. */
export function describe({ scalars, objects, lists }: Type): string {
  const words = { string: "text", number: "a number", boolean: "a boolean", null: "null" } as const;
  const kinds = [...scalars.keys()].map((kind): string => words[kind]);
  return [...kinds, ...(objects.length > 0 ? ["a map"] : []), ...(lists.length > 0 ? ["a list"] : [])].join(" or ");
}

/** Says what kinds a type is of, of constants a few of them. */
export function describeValues(type: Type): string {
  const constants = [...type.scalars.values()].flatMap((values) => (values ? [...values] : [undefined]));
  const isWhole = type.objects.length + type.lists.length === 0 && constants.length > 0 && constants.length <= 4;
  const shown = constants.map((value) => (typeof value === "string" ? `'${value}'` : String(value)));
  return isWhole && !constants.includes(undefined) ? shown.join(" or ") : (describeBounds(type) ?? describe(type));
}

/** `a number from 0 to 10`, of what is of one kind and bounded. */
function describeBounds(type: Type): string | undefined {
  const { scalars, objects, lists, range, length, count } = type;
  if (scalars.size + objects.length + lists.length !== 1) return undefined;
  const bounds = (scalars.has("number") && range) || (scalars.has("string") && length) || (lists.length > 0 && count) || undefined;
  const words = bounds && describeRange(bounds);
  const step = scalars.has("number") ? range?.step : undefined;
  if (bounds === undefined || (words === undefined && step === undefined)) return undefined;
  if (scalars.has("number"))
    return `a ${step === 1 ? "whole " : ""}number${words === undefined ? "" : ` ${words}`}${step === undefined || step === 1 ? "" : `, a multiple of ${step}`}`;
  return `${describe(type)} ${words?.startsWith("from") ? `of ${words.slice(5)}` : words} ${scalars.has("string") ? "characters" : "items"}`;
}

/** Hint and fix for a field that is not there. */
export function suggestField(
  { nearest, through, names }: Omit<MissingField, "message">,
  span: Span | undefined,
  write = (name: string): string => name,
): DiagnosticDetails {
  if (nearest === undefined)
    return names.length === 0
      ? {}
      : {
          hint: `it has ${names
            .slice(0, 12)
            .map((name) => `\`${name}\``)
            .join(", ")}`,
        };
  const text = through === undefined ? write(nearest) : `${through}.${write(nearest)}`;
  const shown = through === undefined ? nearest : text;
  return { hint: `did you mean \`${shown}\`?`, ...(span && { fix: { title: `Write \`${shown}\``, span, text } }) };
}

/** The type of a name's value; reports a name that can't be there. */
export function findField(node: ExpressionNode, { context, atRoot }: Env, state: Inference): Type {
  const items = itemsOf(context);
  const found = findAtRoot(node, items, atRoot, state) ?? lookUpField(items, String(node.value));
  if ("type" in found) return context.lists.length > 0 ? join([found.type, ofList(() => found.type)]) : found.type;
  // What stands at the root was looked at by its view.
  if (atRoot && state.view.names !== undefined) return unknown;
  const source = state.node.value;
  const { start, end } = findToken(node, source);
  const span = state.node.locate(start, end);
  const details =
    leaveOut(found, source, end, (to) => state.node.locate(start, to)) ??
    countItems(node, context) ??
    suggestField(found, span, found.nearest?.startsWith("$$.") ? undefined : quote);
  state.context.report.add("unknown-field-of-type", span, `${found.message}; this is always undefined.`, details);
  return unknown;
}

/** `steps[steps.role = 'x']`: what is at the root, looked for in what stands at the root. */
function findAtRoot({ value }: ExpressionNode, { any, objects }: Type, atRoot: boolean, { view }: Inference): MissingField | undefined {
  const name = String(value);
  if (atRoot || any || objects.length === 0 || view.steps !== true || !view.names?.includes(name)) return undefined;
  if (objects.some(({ names, others }) => others === "free" || names.includes(name))) return undefined;
  return { message: `${upper(objects[0]?.label ?? "")} has no \`${name}\``, nearest: `$$.${name}`, names: [] };
}

/** A name before one that is there itself: `output.vote` over the output. */
export function leaveOut(
  { names, nearest }: MissingField,
  source: string,
  end: number,
  locate: (end: number) => Span,
): DiagnosticDetails | undefined {
  const [written, next = ""] = /^\s*\.\s*([A-Za-z_]\w*)/.exec(source.slice(end)) ?? [];
  if (nearest !== undefined || written === undefined || !names.includes(next)) return undefined;
  const fix = { title: `Write \`${next}\` alone`, span: locate(end + written.length - next.length), text: "" };
  return { hint: `leave it out: \`${next}\` stands there itself`, fix };
}

/** `tags.length` of other languages. */
function countItems({ value }: ExpressionNode, { lists, scalars }: Type): DiagnosticDetails | undefined {
  if (value !== "length" && value !== "size") return undefined;
  return lists.length > 0
    ? { hint: "`$count(…)` counts a list's items" }
    : scalars.has("string")
      ? { hint: "`$length(…)` counts characters" }
      : undefined;
}

/** A name as a path may say it. */
export function quote(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !["and", "or", "in"].includes(name) ? name : `\`${name}\``;
}

function upper(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
