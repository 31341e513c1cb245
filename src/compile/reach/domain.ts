/**
 * Which values may stand at a place, and for each set of tests a few that stand for all of them: two values that no test tells apart are one.
 * Knows values and types, no workflow.
 */
import type { Json } from "../../contract/event.ts";
import { everyNumber, isWithin, joinRanges, ofLengths, type Range } from "../meaning/range.ts";
import { kindOf, lengthsOf, numbersOf, type ScalarKind, type Type } from "../meaning/type.ts";

/** A value that stands for all that the tests at hand can't tell apart; undefined: nothing is there. */
export type Cell = Json | undefined;

/** Stand for lists and maps of which nothing is known, but that they are not empty. Told apart by identity. */
export const someList: Json = ["…"];
export const someMap: Json = { "…": true };

/** The values that may stand at a place, and perhaps more. */
export interface Domain {
  /** By kind its constants; undefined: any of that kind. */
  scalars: ReadonlyMap<ScalarKind, ReadonlySet<Json> | undefined>;
  lists: boolean;
  maps: boolean;
  absent: boolean;
  /** Texts that never come. */
  except?: ReadonlySet<string>;
  /** Of numbers their values, of texts and lists their lengths; undefined: any. */
  range?: Range | undefined;
  length?: Range | undefined;
  count?: Range | undefined;
  /** Why it is no more than this, for people. */
  why?: string;
}

const nothing: Domain = { scalars: new Map(), lists: false, maps: false, absent: false };

/** Whatever there is. */
export const anything: Domain = {
  scalars: new Map<ScalarKind, undefined>([
    ["string", undefined],
    ["number", undefined],
    ["boolean", undefined],
    ["null", undefined],
  ]),
  lists: true,
  maps: true,
  absent: true,
};

/** Nothing is there. */
export const absence: Domain = { ...nothing, absent: true };

/** The result of a comparison. */
export const truth: Domain = { ...nothing, scalars: new Map([["boolean", undefined]]) };

/** A whole number from `least` to `most`. */
export function ofCount(least: number, most = Number.POSITIVE_INFINITY, why?: string): Domain {
  return { ...nothing, scalars: new Map([["number", undefined]]), range: ofLengths(least, most), ...(why === undefined ? {} : { why }) };
}

/** These texts alone. */
export function ofTexts(values: readonly string[], why?: string): Domain {
  return { ...nothing, scalars: new Map([["string", new Set<Json>(values)]]), ...(why === undefined ? {} : { why }) };
}

/** Any text but this one. */
export function ofTextBut(value: string): Domain {
  return { ...nothing, scalars: new Map([["string", undefined]]), except: new Set([value]) };
}

/** The empty list alone. */
export function ofEmpty(why: string): Domain {
  return { ...nothing, lists: true, count: ofLengths(0, 0), why };
}

/** The values of a type. */
export function ofType(type: Type, absent: boolean): Domain {
  if (type.any) return absent ? anything : { ...anything, absent };
  const { scalars, lists, objects, range, length, count } = type;
  return { scalars, lists: lists.length > 0, maps: objects.length > 0, absent: absent || type.absent === true, range, length, count };
}

/** What is in one or the other. */
export function joinDomains(domains: readonly Domain[]): Domain {
  const [first] = domains;
  if (first !== undefined && domains.length === 1) return first;
  const scalars = new Map<ScalarKind, ReadonlySet<Json> | undefined>();
  for (const domain of domains)
    for (const [kind, constants] of domain.scalars) {
      const before = scalars.get(kind);
      scalars.set(kind, scalars.has(kind) && !before ? undefined : constants && new Set([...(before ?? []), ...constants]));
    }
  const joinKnown = (known: readonly (Range | undefined)[]): Range | undefined => {
    const ranges = known.flatMap((range) => range ?? []);
    return ranges.length === known.length && ranges.length > 0 ? joinRanges(ranges) : undefined;
  };
  const excepted = domains.map(({ except }) => except ?? new Set<string>());
  return {
    scalars,
    lists: domains.some(({ lists }) => lists),
    maps: domains.some(({ maps }) => maps),
    absent: domains.some(({ absent }) => absent),
    except: new Set([...(excepted[0] ?? [])].filter((text) => excepted.every((set) => set.has(text)))),
    range: joinKnown(domains.filter((each) => each.scalars.has("number")).map(numbersOf)),
    length: joinKnown(domains.filter((each) => each.scalars.has("string")).map(lengthsOf)),
    count: joinKnown(domains.filter(({ lists }) => lists).map(({ count }) => count)),
  };
}

/**
 * Values of a domain that stand for all of it.
 * @param compared the constants that it is compared with
 */
export function listCells(domain: Domain, compared: readonly Json[]): Cell[] {
  const cells: Cell[] = domain.absent ? [undefined] : [];
  for (const [kind, constants] of domain.scalars) cells.push(...listScalars(kind, constants, domain, compared));
  const count = domain.count ?? ofLengths(0);
  if (domain.lists) cells.push(...(isWithin(0, count) ? [[]] : []), ...(count.most > 0 ? [someList] : []));
  if (domain.maps) cells.push({}, someMap);
  return cells;
}

function listScalars(kind: ScalarKind, constants: ReadonlySet<Json> | undefined, domain: Domain, compared: readonly Json[]): Cell[] {
  const same = [...new Set(compared.filter((value) => kindOf(value) === kind))];
  if (constants) return [...constants].filter((value) => !domain.except?.has(String(value)));
  switch (kind) {
    case "null":
      return [null];
    case "boolean":
      return [true, false];
    case "number":
      return listNumbers(same.map(Number), domain.range ?? everyNumber);
    case "string":
      return listTexts(same.map(String), domain.length).filter((text) => !domain.except?.has(text));
    default:
      return kind satisfies never;
  }
}

/** Each bound and constant, and one number of those between two. */
function listNumbers(compared: number[], range: Range): number[] {
  const { least, most, step } = range;
  const sorted = [...new Set([0, ...compared, ...[least, most].filter(Number.isFinite)])].sort((a, b) => a - b);
  const found = new Set([(sorted[0] ?? 0) - (step ?? 1), ...sorted, (sorted.at(-1) ?? 0) + (step ?? 1)]);
  for (const [index, value] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined) found.add((value + next) / 2);
    if (step === undefined) continue;
    const [below, above] = [Math.floor(value / step) * step, Math.ceil(value / step) * step];
    for (const each of [below - step, below, above, above + step]) found.add(each);
  }
  return [...found].filter((value) => isWithin(value, range));
}

/** Texts are ordered: behind each constant comes one that stands for those up to the next, whatever their length. */
function listTexts(compared: string[], length: Range | undefined): string[] {
  const exact = ["", ...compared].filter((text) => length === undefined || isWithin([...text].length, length));
  return [...new Set([...exact, "\u0000", ...compared.map((text) => `${text}\u0000`), "\uffff"])];
}
