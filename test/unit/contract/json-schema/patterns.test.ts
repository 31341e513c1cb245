/** [JUDGE1]–[JUDGE4] Patterns mean what the platform's own expressions mean, and take time that grows with the text alone. */
import { describe, expect, test } from "vitest";
import { readPattern } from "../../../../src/contract/json-schema/read-pattern.ts";
import { createRandom } from "../../../../src/explore/create-random.ts";

function match(source: string, text: string): { found: boolean; steps: number } {
  const read = readPattern(source);
  if (!read.ok) throw new Error(read.message);
  const work = { left: 1e9 };
  return { found: read.pattern.matches(text, work), steps: 1e9 - work.left };
}

const pieces = [
  "a",
  "b",
  "c",
  "ab",
  ".",
  "\\w",
  "\\d",
  "[ab]",
  "[^a]",
  "\\b",
  "^",
  "$",
  "é",
  "\\x61",
  "-",
  "[\\]a]",
  "\\p{L}",
  "_",
  " ",
  "\\u{e9}",
];
const counts = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?"];

test("[JUDGE1] a pattern is found exactly where the platform finds it, look-arounds included", () => {
  const random = createRandom(11);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const write = (depth: number): string => {
    const kind = depth <= 0 ? 8 : Math.floor(random() * 9);
    if (kind < 3) return Array.from({ length: 1 + Math.floor(random() * 3) }, () => write(depth - 1)).join("");
    if (kind === 3) return `(?:${write(depth - 1)}|${write(depth - 1)})`;
    if (kind === 4) return `(${write(depth - 1)})${pick(counts)}`;
    if (kind === 5) return `(?${pick(["=", "!", "<=", "<!"])}${write(depth - 1)})`;
    if (kind === 6) return `(?<n${Math.floor(random() * 1e9)}>${write(depth - 1)})`;
    return kind === 7 ? `${write(depth - 1)}|${write(depth - 1)}` : pick(pieces);
  };
  const differ: string[] = [];
  for (let round = 0; round < 6_000; round++) {
    const source = write(3);
    const own = new RegExp(source, "u");
    for (let each = 0; each < 5; each++) {
      const text = Array.from({ length: Math.floor(random() * 7) }, () => pick(["a", "b", "c", "é", "-", "_", " ", "1", "]", "\n"])).join(
        "",
      );
      if (own.test(text) !== match(source, text).found) differ.push(`${source} on ${JSON.stringify(text)}`);
    }
  }
  expect(differ).toEqual([]);
});

describe("[JUDGE2] the steps grow with the text and not with the ways to read it", () => {
  test.each([
    ["^((([a-z])*)*)*!$", "a"],
    ["^(a|a)*$", "a"],
    ["^(\\w|_)*$", "_"],
    ["^(a+)+$", "a"],
    ["^(?:a|aa)+$", "a"],
    ["(x+x+)+y", "x"],
    ["^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$", "a"],
    ["^(?=(a+)+b)(?!(a*)*c).*$", "a"],
  ])("%s", (source, letter) => {
    const short = match(source, `${letter.repeat(1_000)}!`).steps;
    const long = match(source, `${letter.repeat(4_000)}!`).steps;
    expect(short).toBeLessThan(40_000);
    expect(long).toBeLessThan(5 * short);
  });

  test("counts are written out, so that they cost as much as they say", () => {
    expect(match("^(?:a?){30}a{30}$", "a".repeat(29))).toMatchObject({ found: false });
    expect(match("^(?:a?){30}a{30}$", "a".repeat(30))).toMatchObject({ found: true });
    expect(match("^(?:a?){30}a{30}$", "a".repeat(60)).steps).toBeLessThan(60 * 100 * 10);
  });
});

test.each([
  ["(", /no regular expression: Unterminated group/],
  ["[z-a]", /no regular expression/],
  ["(a)\\1", /refers back/],
  ["(?<n>a)\\k<n>", /refers back/],
  ["a{100000}", /more than 5000 parts/],
  ["(?:(?:a{100}){100}){100}", /more than 5000 parts/],
  [`${"(".repeat(200)}a${")".repeat(200)}`, /nested deeper/],
  ["a".repeat(5_000), /5000 characters/],
])("[JUDGE3] %s is refused with the reason", (source, message) => {
  const read = readPattern(source);
  expect(read.ok ? "read" : read.message).toMatch(message);
});

test("[JUDGE4] what is remembered of a pattern is bounded: a thousand texts later it means the same", () => {
  const read = readPattern("[01]*1[01]{12}$");
  if (!read.ok) throw new Error(read.message);
  const random = createRandom(4);
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: 60 }, () => (random() < 0.5 ? "0" : "1")).join("");
    expect(read.pattern.matches(text, { left: 1e8 })).toBe(text.at(-13) === "1");
  }
});
