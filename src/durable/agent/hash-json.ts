/**
 * Tells one JSON value from another by 64 bits, whatever the order of members: many languages write that of their maps differently each
 * time. Not for secrets: whoever finds two values of one hash sends a repeat that counts as one, of its own.
 */
import { inOnePiece } from "../../contract/one-piece.ts";

/** The two halves of the value that was hashed last: a pair for each part would be most of the work. */
let high = 0;
let low = 0;

/** What keeps sorts of values apart. */
const seeds = { text: 0x2545f491, number: 0x1b873593, word: 0x3c6ef372, list: 0x510e527f, members: 0x6a09e667 } as const;

/** @param value as `JSON.parse` gives it, of bounded depth */
export function hashJson(value: unknown): string {
  hash(value);
  return inOnePiece((high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0"));
}

function hash(value: unknown): void {
  if (typeof value === "string") hashText(value, seeds.text);
  else if (typeof value === "number") hashText(String(value), seeds.number);
  else if (typeof value !== "object" || value === null) hashText(String(value), seeds.word);
  else if (Array.isArray(value)) hashList(value);
  else hashMembers(value as { [name: string]: unknown });
}

function hashText(text: string, seed: number): void {
  let x = seed;
  let y = ~seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    x = Math.imul(x ^ unit, 0x9e3779b1);
    y = Math.imul(y ^ unit, 0x5f356495);
  }
  stir(x, y, text.length);
}

function hashList(values: readonly unknown[]): void {
  let x: number = seeds.list;
  let y = ~x;
  for (const each of values) {
    hash(each);
    x = Math.imul((x << 5) | (x >>> 27), 0x9e3779b1) ^ high;
    y = Math.imul((y << 7) | (y >>> 25), 0x5f356495) ^ low;
  }
  stir(x, y, values.length);
}

/** A sum, which does not depend on the order of what is added. */
function hashMembers(members: { [name: string]: unknown }): void {
  let x: number = seeds.members;
  let y = ~x;
  let count = 0;
  for (const name in members) {
    const value = members[name];
    // JSON has none.
    if (value === undefined) continue;
    hash(value);
    const [valueHigh, valueLow] = [high, low];
    hashText(name, seeds.text);
    stir(Math.imul(high, 0x9e3779b1) ^ valueHigh, Math.imul(low, 0x5f356495) ^ valueLow, 1);
    x = (x + high) | 0;
    y = (y + low) | 0;
    count++;
  }
  stir(x, y, count);
}

/** Makes each bit of the result depend on each of what is given. */
function stir(x: number, y: number, count: number): void {
  const [a, b] = [x ^ count, y ^ Math.imul(count, 0x85ebca6b)];
  high = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  low = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
}
