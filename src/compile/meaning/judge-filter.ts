/** Judges what a Liquid filter is given, and says what it gives. */
import type { DiagnosticDetails } from "../diagnostics/diagnostic.ts";
import { checkConstant, type Place } from "./check-operators.ts";
import type { FilterSignature } from "./filter-signatures.ts";
import { describe, lookUpField } from "./find-field.ts";
import type { Literal } from "./literal.ts";
import { reportMissing, sizeOf } from "./template-scope.ts";
import { boolean, isNothing, itemsOf, join, number, ofList, type Type, text, unknown, withAbsence } from "./type.ts";

/** An argument of a filter. */
export interface FilterArgument {
  type: Type;
  literal: Literal | undefined;
  span: { start: number; end: number };
}

const words: Readonly<Record<string, string>> = { s: "text", n: "a number", a: "a list", t: "text or a list" };

/** Reports what the filter can't use; gives the type of its result. `at` is where its name stands. */
export function judgeFilter(
  name: string,
  signature: FilterSignature,
  input: Type,
  args: readonly FilterArgument[],
  at: { start: number; end: number },
  state: Place,
): Type {
  const span = state.node.locate(at.start, at.end);
  const least = signature.args.filter(({ optional }) => !optional).length;
  const most = signature.args.length;
  const named = args.length === 1 ? "is" : "are";
  if (args.length < least || args.length > most) {
    const takes =
      most === 0 ? "no argument" : least === most ? `${most} argument${most === 1 ? "" : "s"}` : `${least} to ${most} arguments`;
    state.context.report.add("wrong-argument", span, `\`${name}\` takes ${takes}, and here ${named} ${args.length}.`);
    return unknown;
  }
  if (!fits(signature.input, input)) {
    const details = hintAt(signature.input, input, name);
    state.context.report.add(
      "wrong-argument",
      span,
      `\`${name}\` is for ${words[signature.input]}, and this is ${describe(input)}.`,
      details,
    );
    return unknown;
  }
  const items = itemsOf(input);
  let field: Type = unknown;
  for (const [place, { type, literal, span: where }] of args.entries()) {
    const kind = signature.args[place]?.kind ?? "x";
    if (kind === "f") field = literal ? findItemField(literal, input, items, state) : unknown;
    else if (kind === "v") {
      if (literal && typeof args[0]?.literal?.value === "string") checkConstant(literal, field, args[0].literal.value, state);
    } else if (!fits(kind, type)) {
      const shown = state.node.locate(where.start, where.end);
      state.context.report.add("wrong-argument", shown, `\`${name}\` takes ${words[kind]} here, and this is ${describe(type)}.`);
    }
  }
  return resultOf(name, signature.gives, input, field, args);
}

/** Whether a value may be of use as such. Liquid reads numbers from text, and writes numbers as text. */
function fits(kind: string, type: Type): boolean {
  if (kind === "x" || type.any || isNothing(type)) return true;
  const { scalars, objects, lists } = type;
  const isScalar = objects.length + lists.length === 0;
  switch (kind) {
    case "s":
      return scalars.size > 0;
    case "n": {
      const constants = scalars.get("string");
      const reads = scalars.has("string") && (!constants || [...constants].some((each) => Number.isFinite(Number(each)) && each !== ""));
      return scalars.has("number") || reads;
    }
    case "t":
      return lists.length > 0 || scalars.has("string");
    case "a":
      return !isScalar || scalars.has("null");
    default:
      return true;
  }
}

function hintAt(kind: string, { lists, objects }: Type, name: string): DiagnosticDetails {
  if (kind === "s" && lists.length > 0) return { hint: "`join: ', '` makes one text of a list" };
  if (kind === "s" && objects.length > 0) return { hint: "name one of its fields, or write all of it with `json`" };
  if (kind === "n" && lists.length > 0) return { hint: "`size` counts its items, `sum` adds them up" };
  return kind === "a" && name === "join" ? { hint: "it is one text already" } : {};
}

function findItemField({ value, start, end }: Literal, input: Type, items: Type, state: Place): Type {
  if (typeof value !== "string" || input.any || !/^[\w$-]+$/.test(value)) return unknown;
  const found = lookUpField(items, value);
  if ("type" in found) return found.type;
  const span = end - start === value.length + 2 ? state.node.locate(start + 1, end - 1) : state.node.locate(start, end);
  const canName = end - start === value.length + 2 && /^[\w-]+$/.test(found.nearest ?? "");
  reportMissing(found, span, canName, state);
  return unknown;
}

function resultOf(name: string, gives: string, input: Type, field: Type, args: readonly FilterArgument[]): Type {
  switch (gives) {
    case "s":
      return text;
    case "n":
      return name === "size" ? sizeOf(input) : number;
    case "b":
      return boolean;
    case "S":
      return ofList(() => text);
    case "i":
      return input.lists.length > 0 ? itemsOf(input) : input.any ? unknown : text;
    case "m":
      return field.any ? unknown : ofList(() => field);
    case "=":
      return input;
    default:
      return name === "default" && args[0] && !input.any ? join([withAbsence(input, false), args[0].type]) : unknown;
  }
}
