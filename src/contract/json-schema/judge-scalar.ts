/** The keywords that look at a value as a whole, at numbers and at texts. */
import type { Json } from "../event.ts";
import { spend } from "./count-work.ts";
import { formats } from "./formats.ts";
import { identifyValue } from "./identify-value.ts";
import type { SchemaObject } from "./json-schema.ts";
import { goesOn, type Manner, sortOf, suggest, tell } from "./manner.ts";

/** Options of an enumeration that are shown. */
const shown = 12;

export function quote(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** A choice in words: `"a", "b" or "c"`. */
export function listChoices(options: string[], all = options.length): string {
  if (all > shown) return `${options.slice(0, shown).join(", ")} or ${all - shown} others`;
  const last = options.at(-1) ?? "";
  return options.length < 2 ? last : `${options.slice(0, -1).join(", ")} or ${last}`;
}

const article = (type: string): string => (type === "null" ? "null" : /^[aio]/.test(type) ? `an ${type}` : `a ${type}`);

export function nameTypes(types: string[]): string {
  return listChoices(types.map(article));
}

function isOfType(type: Json, value: Json): boolean {
  return type === "integer" ? Number.isInteger(value) : type === sortOf(value);
}

export function judgeType({ type }: SchemaObject, value: Json, manner: Manner): boolean {
  if (type === undefined || (typeof type === "string" && isOfType(type, value))) return true;
  const types = Array.isArray(type) ? type : [type];
  if (types.some((each) => isOfType(each, value))) return true;
  const given = typeof value === "number" && !Number.isInteger(value) ? "number" : typeof value === "number" ? "number" : sortOf(value);
  const what = given === "number" ? `${quote(value)}` : article(given);
  return tell(manner, `must be ${nameTypes(types.map(String))}, not ${what}`);
}

export function judgeConstants(schema: SchemaObject, value: Json, manner: Manner): boolean {
  const { const: constant, enum: options } = schema;
  if (constant !== undefined && !isSame(constant, value, manner)) return tellOptions([constant], value, manner);
  if (!Array.isArray(options)) return true;
  if (typeof value !== "object" || value === null) {
    spend(manner.judging.work, 1 + (options.length >> 1));
    return options.includes(value) || tellOptions(options, value, manner);
  }
  const identity = identifyValue(value, manner.judging.work);
  const fits = options.some(
    (option) => typeof option === "object" && option !== null && identifyValue(option, manner.judging.work) === identity,
  );
  return fits || tellOptions(options, value, manner);
}

function isSame(constant: Json, value: Json, { judging: { work } }: Manner): boolean {
  if (typeof constant !== "object" || constant === null || typeof value !== "object" || value === null) return constant === value;
  return identifyValue(constant, work) === identifyValue(value, work);
}

/** Tells which values may stand here, and which of them was meant. */
export function tellOptions(options: Json[], value: Json, manner: Manner, step?: string): false {
  if (!goesOn(manner)) return false;
  spend(manner.judging.work, options.length);
  const texts = options.filter((option) => typeof option === "string");
  const nearest = typeof value === "string" ? suggest(value, texts, manner) : undefined;
  const choices = `must be ${options.length > 1 ? "one of " : ""}${listChoices(options.slice(0, shown + 1).map(quote), options.length)}`;
  const given = typeof value === "object" && value !== null ? article(sortOf(value)) : quote(value);
  return tell(manner, `${choices}, not ${given}${nearest === undefined ? "" : `; did you mean ${quote(nearest)}?`}`, step);
}

export function judgeNumber(schema: SchemaObject, value: Json, manner: Manner): boolean {
  const given = Number(value);
  const bounds: [keyword: string, words: string, fits: (bound: number) => boolean][] = [
    ["minimum", "at least", (bound) => given >= bound],
    ["exclusiveMinimum", "more than", (bound) => given > bound],
    ["maximum", "at most", (bound) => given <= bound],
    ["exclusiveMaximum", "less than", (bound) => given < bound],
    ["multipleOf", "a multiple of", (bound) => isMultiple(given, bound)],
  ];
  let fits = true;
  for (const [keyword, words, test] of bounds) {
    const bound = schema[keyword];
    if (typeof bound === "number" && !test(bound)) fits = tell(manner, `must be ${words} ${bound}, not ${given}`);
  }
  return fits;
}

/** A decimal number as a whole one and the power of ten that it is to be multiplied by. */
function splitDecimal(value: number): [bigint, number] {
  const [coefficient = "0", exponent = "0"] = Math.abs(value).toString().split("e");
  const [whole = "0", fraction = ""] = coefficient.split(".");
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

/** As written in decimal: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  if (Number.isInteger(value) && Number.isInteger(of)) return value % of === 0;
  const [[a, shiftA], [b, shiftB]] = [splitDecimal(value), splitDecimal(of)];
  const shift = shiftA - shiftB;
  return shift >= 0 ? (a * 10n ** BigInt(shift)) % b === 0n : a % (b * 10n ** BigInt(-shift)) === 0n;
}

/** Characters as people count them: a pair of surrogates is one. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const code = text.charCodeAt(at);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}

const characters = (count: number): string => `${count} character${count === 1 ? "" : "s"}`;

export function judgeText(schema: SchemaObject, value: Json, manner: Manner): boolean {
  const text = String(value);
  const { minLength, maxLength, pattern, format } = schema;
  const { work, index } = manner.judging;
  let fits = true;
  if (minLength !== undefined || maxLength !== undefined) {
    spend(work, 1 + (text.length >> 4));
    const length = countCharacters(text);
    if (typeof minLength === "number" && length < minLength)
      fits = tell(manner, `must have at least ${characters(minLength)}, has ${length}`);
    if (typeof maxLength === "number" && length > maxLength)
      fits = tell(manner, `must have at most ${characters(maxLength)}, has ${length}`);
  }
  if (typeof pattern === "string" && index.patterns.get(pattern)?.matches(text, work) === false)
    fits = tell(manner, `must match the pattern ${pattern.length > 200 ? `${pattern.slice(0, 200)}…` : pattern}`);
  if (typeof format === "string") {
    spend(work, 1 + (text.length >> 4));
    const known = formats.get(format);
    if (known && !known.fits(text, work)) fits = tell(manner, `must be a text of the format ${format}, as ${known.example}`);
  }
  return fits;
}
