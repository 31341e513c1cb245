/** Whether two names are so near that one may be a slip of the other. Stricter than a hint's guess, for here nothing else says that there is a fault. */
import { measureDistance } from "../../contract/nearest-name.ts";

/** Letters from which on a word may be a slip of another; one that stands alone says less of what is meant. */
const shortest = { alone: 5, ofSeveral: 4 } as const;

/** Letters of a word of that length that a slip may get wrong: one, or one of five. */
function countSlips(length: number): number {
  return Math.max(1, Math.floor(length / 5));
}

/** Whether both are spelt alike but for a slip of one word; words that differ by a number, or by a letter that stands alone, are two. */
export function isNear(a: string, b: string): boolean {
  if (a === b || toShape(a) === toShape(b)) return false;
  if (fold(a) === fold(b)) return true;
  const [these, those] = [a.split("."), b.split(".")];
  if (these.length !== those.length) return false;
  const differing = these.flatMap((word, place) => (word === those[place] ? [] : [[word, those[place] ?? ""] as const]));
  const [[one, other] = ["", ""], ...more] = differing;
  if (more.length > 0 || Math.min(one.length, other.length) < (these.length > 1 ? shortest.ofSeveral : shortest.alone)) return false;
  const limit = countSlips(Math.max(one.length, other.length));
  return measureDistance(fold(one), fold(other), limit) <= limit;
}

/** Finds the names that are near one, of many. */
export interface NearNames {
  find(name: string): string[];
}

/** Comparisons letter by letter that one check makes, some 2 s: names that are all alike take the square of them. Past it nothing is found. */
const maxComparisons = 400_000;

interface Shape {
  shape: string;
  mask: number;
  names: string[];
}

/** Makes the index of some names. */
export function indexNear(names: Iterable<string>): NearNames {
  const shapes = new Map<string, Shape>();
  for (const name of names) {
    const shape = toShape(name);
    const known = shapes.get(shape);
    if (known) known.names.push(name);
    else shapes.set(shape, { shape, mask: maskOf(shape), names: [name] });
  }
  const all = [...shapes.values()];
  const near = new Map<string, Shape[]>();
  let left = maxComparisons;
  const compare = (a: string, b: string): boolean => left-- > 0 && isNear(a, b);

  function findShapes(shape: string): Shape[] {
    const mask = maskOf(shape);
    const { length } = shape;
    // Separators may be left out by mistake as well.
    const most = countSlips(length) + 2;
    return all.filter(
      (each) => Math.abs(each.shape.length - length) <= most && countBits(each.mask ^ mask) <= 2 * most && compare(shape, each.shape),
    );
  }

  return {
    find(name) {
      const shape = toShape(name);
      const found = near.get(shape) ?? findShapes(shape);
      near.set(shape, found);
      return left <= 0 ? [] : found.flatMap((each) => each.names.filter((other) => compare(name, other)));
    },
  };
}

/** The name with its numbers and single letters left open: `review-a` and `review-b` are a row, as `review-1` and `review-2` are. */
function toShape(name: string): string {
  return name.replaceAll(/\d+|(?<![a-z\d])[a-z](?![a-z\d])/gi, "0");
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

/** A bit for each letter that the name has. */
function maskOf(name: string): number {
  let mask = 0;
  for (const letter of fold(name)) mask |= 1 << (letter.charCodeAt(0) % 31);
  return mask;
}

function countBits(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count += 1;
  return count;
}
