/**
 * What turns took of language models, added up. Costs are decimal numbers of at most nine places and are added as whole billionths, so
 * that no sum is off by what floating point loses. Knows no schemas: the client brings it to browsers.
 */
import { limits } from "./limits.ts";

/** As an agent says it. */
export interface SaidUsage {
  tokens?: number | { input: number; output: number; cached?: number | undefined } | undefined;
  cost?: number | undefined;
}

/** Of a turn, a role or a thread. */
export interface Usage {
  tokens: number;
  /** Of those that were told apart, as `output`. */
  input?: number | undefined;
  output?: number | undefined;
  /** The part of `input` that came from a cache. */
  cached?: number | undefined;
  cost?: number | undefined;
}

const billion = 1e9;

/** A cost as it is kept: at most nine places. */
function roundCost(cost: number): number {
  return Math.round(cost * billion) / billion;
}

/** What was said, in the form in which it is kept; undefined where it says nothing. */
export function readUsage({ tokens, cost }: SaidUsage): Usage | undefined {
  if (tokens === undefined && cost === undefined) return undefined;
  return { ...readTokens(tokens), ...(cost !== undefined && { cost: roundCost(cost) }) };
}

/** Why a server would not take it; undefined: it would. */
export function findUsageFault(said: SaidUsage): string | undefined {
  if (typeof said !== "object" || said === null) return "usage is { tokens, cost }";
  const { tokens, cost } = said;
  const counts = typeof tokens === "object" && tokens !== null ? [tokens.input, tokens.output, tokens.cached ?? 0] : [tokens ?? 0];
  const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0 && (count as number) <= limits.usageTokens;
  if (!counts.every(isCount)) return `tokens are whole numbers from 0 to ${limits.usageTokens}`;
  const isCost = typeof cost === "number" && cost >= 0 && cost <= limits.usageCost;
  return cost === undefined || isCost ? undefined : `a cost is a number from 0 to ${limits.usageCost}`;
}

/** A sum as it may be said: told apart where that is all of it. */
export function toSaid({ tokens, input, output, cached, cost }: Usage): SaidUsage {
  const apart = input !== undefined && output !== undefined && input + output === tokens;
  return {
    tokens: apart ? { input, output, ...(cached !== undefined && { cached }) } : tokens,
    ...(cost !== undefined && { cost }),
  };
}

function readTokens(tokens: SaidUsage["tokens"]): Omit<Usage, "cost"> {
  if (typeof tokens !== "object") return { tokens: tokens ?? 0 };
  const { input, output, cached } = tokens;
  return { tokens: input + output, input, output, ...(cached !== undefined && { cached: Math.min(cached, input) }) };
}

/** Both together. What a double cannot count any more stays at the most that it can. */
export function addUsage(one: Usage | undefined, other: Usage): Usage {
  if (!one) return other;
  const both: Usage = { tokens: addWhole(one.tokens, other.tokens) };
  for (const name of ["input", "output", "cached"] as const)
    if (one[name] !== undefined || other[name] !== undefined) both[name] = addWhole(one[name] ?? 0, other[name] ?? 0);
  if (one.cost !== undefined || other.cost !== undefined) both.cost = addCosts(one.cost ?? 0, other.cost ?? 0);
  return both;
}

/** The sum of two costs, exact to a billionth. */
export function addCosts(one: number, other: number): number {
  return addWhole(Math.round(one * billion), Math.round(other * billion)) / billion;
}

function addWhole(one: number, other: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, one + other);
}

/** For people: `1,200 tokens (1,000 in, 200 out, 800 of them cached), cost 0.03`. */
export function describeUsage({ tokens, input, output, cached, cost }: Usage): string {
  const parts = [
    ...(input === undefined ? [] : [`${writeNumber(input)} in`]),
    ...(output === undefined ? [] : [`${writeNumber(output)} out`]),
    ...(cached ? [`${writeNumber(cached)} from a cache`] : []),
  ];
  const counted = `${writeNumber(tokens)} token${tokens === 1 ? "" : "s"}${parts.length ? ` (${parts.join(", ")})` : ""}`;
  return cost === undefined ? counted : `${counted}, cost ${writeNumber(cost)}`;
}

/** Grouped by thousands, with as many places as there are. */
export function writeNumber(value: number): string {
  const [whole = "", places] = toPlain(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return places === undefined ? grouped : `${grouped}.${places}`;
}

/** Without an exponent. */
function toPlain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/\.?0+$/, "");
}
