/**
 * JSONata's own functions, bounded: each pays for what it is given, so that no call, and no number of them, takes long or makes
 * much. The library bounds evaluation steps; what one native call does it leaves alone.
 */
import jsonata from "jsonata";
import { allowedFunctions } from "../expressions/views.ts";
import { refuse, weigh, weighDeep, workLimits } from "../weigh.ts";
import { type Evaluation, spend } from "./evaluation-work.ts";

/** Bounds of the functions of one evaluation. */
const functionLimits = {
  /** Items that are sorted by a function: the library's sort holds the rest of the list once an item. */
  compared: 1_000,
  /** Characters of a picture (`[Y0001]-[M01]`), and of the text that is read by one: pictures become regular expressions. */
  picture: 200,
  /** Largest number in a picture, which is a width, and largest one in Roman numerals, which grow by a letter a thousand. */
  width: 100,
  roman: 1_000_000,
} as const;

/** What the library calls a native function. */
interface NativeFunction {
  _jsonata_function: true;
  implementation: Implementation;
  signature?: unknown;
}

type Implementation = (this: Focus, ...args: unknown[]) => unknown;

/** What a native function is called on; `base` is one and the same during one evaluation. */
interface Focus {
  environment: Evaluation;
  createSequence?: () => unknown[];
}

function checkMade(length: number): void {
  if (length > workLimits.text) refuse(`a text would have more than ${workLimits.text} characters`);
}

function checkPicture(picture: unknown): void {
  if (typeof picture !== "string") return;
  if (picture.length > functionLimits.picture) refuse(`a picture has more than ${functionLimits.picture} characters`);
  // Of `[Y0001]` the number is a pattern; a width stands behind a comma or a dash.
  for (const [, width] of picture.matchAll(/[,-]\s*(\d+)/g))
    if (Number(width) > functionLimits.width) refuse(`a width of a picture is more than ${functionLimits.width}`);
}

function checkShort(text: unknown): void {
  if (typeof text === "string" && text.length > functionLimits.picture)
    refuse(`a text that is read by a picture has more than ${functionLimits.picture} characters`);
}

/** Text of a value by which equal values are equal, whatever the order of their fields. */
function identify(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  if (Array.isArray(value))
    return `[${value
      .map(identify)
      .map((text) => `${text.length}:${text}`)
      .join("")}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, inner]) => [key, identify(inner)].map((text) => `${text.length}:${text}`).join("")).join("")}}`;
}

/** The library's compares each with each. */
function distinct(this: Focus, values: unknown): unknown {
  if (!Array.isArray(values) || values.length <= 1) return values;
  const isSequence = (values as { sequence?: boolean }).sequence === true;
  const found = isSequence && this.createSequence ? this.createSequence() : [];
  const seen = new Set<string>();
  for (const value of values) {
    const identity = identify(value);
    if (seen.has(identity)) continue;
    seen.add(identity);
    found.push(value);
  }
  return found;
}

/** The library's keeps a copy of the rest of the list for each item. */
function sort(values: unknown[]): unknown[] | undefined {
  if (values.every((value) => typeof value === "number")) return [...values].sort((a, b) => a - b);
  if (values.every((value) => typeof value === "string")) return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return undefined;
}

/** The library's copies what it has for each item. */
function spread(values: unknown[]): unknown[] {
  return values.flatMap((value) => {
    if (Array.isArray(value)) return spread(value);
    if (typeof value !== "object" || value === null || "_jsonata_function" in value) return value === undefined ? [] : [value];
    return Object.entries(value).map(([name, inner]) => ({ [name]: inner }));
  });
}

/** Functions that take longer for the same: they take texts apart letter by letter, or make something of each member. */
const factors: Readonly<Record<string, number>> = { length: 4, substring: 4, string: 2, keys: 8, spread: 8, each: 8, sift: 8, merge: 4 };

/** Functions that go into their arguments all the way. */
const goingDeep: ReadonlySet<string> = new Set(["string", "distinct", "boolean", "not", "error", "assert", "spread", "merge", "append"]);

/** What a function's arguments must be, beside not too much together. */
const checks: Record<string, (args: unknown[]) => void> = {
  fromMillis: ([, picture]) => checkPicture(picture),
  toMillis: ([text, picture]) => {
    checkPicture(picture);
    if (picture !== undefined) checkShort(text);
  },
  formatNumber: ([, picture]) => checkPicture(picture),
  formatInteger: ([value, picture]) => {
    checkPicture(picture);
    if (typeof picture === "string" && /^i/i.test(picture) && Number(value) > functionLimits.roman)
      refuse(`Roman numerals end at ${functionLimits.roman}`);
  },
  parseInteger: ([text, picture]) => {
    checkPicture(picture);
    checkShort(text);
  },
  join: ([values, separator]) => {
    const list = Array.isArray(values) ? values : [values];
    const own = list.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
    checkMade(own + list.length * (typeof separator === "string" ? separator.length : 0));
  },
  replace: ([text, pattern, replacement, limit]) => {
    if (typeof text !== "string" || typeof pattern !== "string" || typeof replacement !== "string") return;
    const times = Math.min(text.length / Math.max(1, pattern.length), typeof limit === "number" ? limit : Number.POSITIVE_INFINITY);
    checkMade(text.length + times * replacement.length);
  },
  sort: ([values, comparator]) => {
    if (comparator !== undefined && Array.isArray(values) && values.length > functionLimits.compared)
      refuse(`more than ${functionLimits.compared} items are sorted by a function`);
  },
};

/** Instead of the library's; undefined where that one is to say what is wrong. */
const own: Record<string, (this: Focus, args: unknown[]) => unknown> = {
  distinct(args) {
    return distinct.call(this, args[0]);
  },
  spread: ([values]) => (Array.isArray(values) && values.length > 0 ? spread(values) : undefined),
  sort: ([values, comparator]) => (comparator === undefined && Array.isArray(values) && values.length > 1 ? sort(values) : undefined),
};

function bound(name: string, native: NativeFunction): NativeFunction {
  const { implementation } = native;
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  const deep = goingDeep.has(name);
  const factor = Object.hasOwn(factors, name) ? (factors[name] ?? 1) : 1;
  const replacement = Object.hasOwn(own, name) ? own[name] : undefined;
  const bounded: Implementation = function (...args) {
    spend(
      this.environment,
      args.reduce<number>((sum, arg) => sum + factor * (deep ? weighDeep(arg) : weigh(arg)), 1),
    );
    check?.(args);
    return replacement?.call(this, args) ?? implementation.apply(this, args);
  };
  // The library reads a function's arity, and the names of its parameters out of its source.
  Object.defineProperty(bounded, "length", { value: implementation.length });
  Object.defineProperty(bounded, "toString", { value: () => implementation.toString() });
  return { ...native, implementation: bounded };
}

let loading: Promise<ReadonlyMap<string, unknown>> | undefined;

/** Every function that an expression may call, by name without `$`. */
export function loadBoundedFunctions(): Promise<ReadonlyMap<string, unknown>> {
  loading ??= (async () => {
    const functions = new Map<string, unknown>();
    for (const name of allowedFunctions) functions.set(name, bound(name, (await jsonata(`$${name}`).evaluate({})) as NativeFunction));
    return functions;
  })();
  return loading;
}
