/** Numbers between bounds: values, and lengths of text and lists. */

/** From `least` to `most`; `over`, `under`: without the bound itself. `step`: multiples of it alone. */
export interface Range {
  least: number;
  most: number;
  over?: boolean;
  under?: boolean;
  step?: number;
}

export const everyNumber: Range = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };

/** Lengths: whole, and no less than nothing. */
export function ofLengths(least: number, most = Number.POSITIVE_INFINITY): Range {
  return { least, most, step: 1 };
}

/** Whether a number is in it. */
export function isWithin(value: number, { least, most, over, under, step }: Range): boolean {
  if (value < least || value > most || (over && value === least) || (under && value === most)) return false;
  if (step === undefined) return true;
  const count = value / step;
  // Of steps as 0.1 the quotient is seldom whole.
  return Math.abs(count - Math.round(count)) <= 1e-9 * Math.max(1, Math.abs(count));
}

/** Whether nothing is in it. Where bounds are no multiples of the step the next ones count. */
export function isEmpty(range: Range): boolean {
  const { least, most, over, under } = tighten(range);
  return least > most || (least === most && (over === true || under === true));
}

/** The same numbers, with bounds that are among them where there is a step. */
function tighten(range: Range): Range {
  const { least, most, step } = range;
  if (step === undefined) return range;
  const [first, last] = [Math.ceil(least / step - 1e-9) * step, Math.floor(most / step + 1e-9) * step];
  return {
    least: range.over && first <= least ? first + step : first,
    most: range.under && last >= most ? last - step : last,
    step,
  };
}

/** What is in all. */
export function meetRanges(ranges: readonly Range[]): Range {
  const least = Math.max(...ranges.map((range) => range.least));
  const most = Math.min(...ranges.map((range) => range.most));
  const step = Math.max(0, ...ranges.map((range) => range.step ?? 0));
  return {
    least,
    most,
    over: ranges.some((range) => range.over && range.least === least),
    under: ranges.some((range) => range.under && range.most === most),
    // Where neither step is a multiple of the other, the greater one leaves more than there is, but not less than we can say.
    ...(step > 0 && { step: commonStep(ranges, step) }),
  };
}

/** A step of which all numbers are multiples that are multiples of every step. */
function commonStep(ranges: readonly Range[], greatest: number): number {
  const isCommon = ranges.every(({ step }) => step === undefined || isWithin(greatest, { ...everyNumber, step }));
  return isCommon ? greatest : Math.min(...ranges.flatMap(({ step }) => step ?? []));
}

/** What is between the least and the most of all. */
export function joinRanges(ranges: readonly Range[]): Range {
  const least = Math.min(...ranges.map((range) => range.least));
  const most = Math.max(...ranges.map((range) => range.most));
  const [first] = ranges;
  const isStep = first?.step !== undefined && ranges.every(({ step }) => step === first.step);
  return {
    least,
    most,
    over: ranges.every((range) => range.over || range.least > least),
    under: ranges.every((range) => range.under || range.most < most),
    ...(isStep && { step: first.step }),
  };
}

/** The values of a few numbers. */
export function ofValues(values: readonly number[]): Range {
  const isWhole = values.every((value) => Number.isInteger(value));
  return { least: Math.min(...values), most: Math.max(...values), ...(isWhole && { step: 1 }) };
}

/** The ranges that a JSON Schema's keywords name. */
export function ofKeywords(read: (keyword: string) => number | undefined): Range[] {
  const orders = [
    ["minimum", ">="],
    ["exclusiveMinimum", ">"],
    ["maximum", "<="],
    ["exclusiveMaximum", "<"],
  ] as const;
  return orders.flatMap(([keyword, operator]) => {
    const bound = read(keyword);
    return bound === undefined ? [] : [ofOrder(operator, bound)];
  });
}

/** Numbers for which `x < bound` holds, and its like. */
export function ofOrder(operator: string, bound: number): Range {
  const isLess = operator.startsWith("<");
  const isOpen = !operator.endsWith("=");
  return isLess ? { ...everyNumber, most: bound, under: isOpen } : { ...everyNumber, least: bound, over: isOpen };
}

/** What an operator says with its sides turned. */
export function turnOrder(operator: string): string {
  return operator.startsWith("<") ? operator.replace("<", ">") : operator.replace(">", "<");
}

/** What holds where an order does not. */
export function negateOrder(operator: string): string {
  return { "<": ">=", "<=": ">", ">": "<=", ">=": "<" }[operator] ?? operator;
}

/** Whether `a OPERATOR b` may hold. */
export function mayOrder(operator: string, a: Range, b: Range): boolean {
  const [low, high] = operator.startsWith("<") ? [tighten(a), tighten(b)] : [tighten(b), tighten(a)];
  if (operator.endsWith("=") && !low.over && !high.under) return low.least <= high.most;
  return low.least < high.most;
}

/** Bounds in words: `from 0 to 10`, `of at least 1`; undefined where there are none. */
export function describeRange(range: Range): string | undefined {
  const { least, most, over, under } = tighten(range);
  const [low, high] = [Number.isFinite(least), Number.isFinite(most)];
  if (low && high)
    return over || under
      ? `${over ? "above" : "from"} ${least} ${under ? "and below" : "to"} ${most}`
      : least === most
        ? `of ${least}`
        : `from ${least} to ${most}`;
  if (low) return over ? `above ${least}` : `of at least ${least}`;
  return high ? (under ? `below ${most}` : `of at most ${most}`) : undefined;
}
