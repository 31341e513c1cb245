/** What expressions and templates pay for the data that they go through, so that nobody waits for long, whatever the data are. */

/** Bounds of the work of one evaluation or rendering. */
export const workLimits = {
  /** Items, and eighths of characters, that functions and operators together are given: some 0.1 s. */
  work: 4_000_000,
  /** Characters that one call takes or makes: some ten times the largest event. */
  text: 4 * 1024 * 1024,
} as const;

/** `message` is for the author. */
export function refuse(message: string): never {
  throw new RangeError(message);
}

/** What it costs to go through a value without what is inside its items. */
export function weigh(value: unknown): number {
  if (typeof value === "string") {
    if (value.length > workLimits.text) refuse(`a text has more than ${workLimits.text} characters`);
    return 1 + (value.length >> 3);
  }
  if (typeof value !== "object" || value === null) return 1;
  if (Array.isArray(value)) return 1 + (typeof value[0] === "object" ? 4 * value.length : value.length);
  return 1 + 2 * Object.keys(value).length;
}

const deepWeights = new WeakMap<object, number>();

/** What it costs to compare a value or to write it out. Data do not change while an expression looks at them. */
export function weighDeep(value: unknown): number {
  if (typeof value !== "object" || value === null) return weigh(value);
  const known = deepWeights.get(value);
  if (known !== undefined) return known;
  // A value may hold itself where it is none of JSON's; it is refused elsewhere.
  deepWeights.set(value, 1);
  let sum = 1;
  for (const [name, inner] of Object.entries(value)) {
    sum += (Array.isArray(value) ? 0 : 1 + (name.length >> 3)) + weighDeep(inner);
    if (sum > workLimits.work) break;
  }
  deepWeights.set(value, sum);
  return sum;
}
