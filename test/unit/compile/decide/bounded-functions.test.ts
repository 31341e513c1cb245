/** Decisions over hostile outputs stay small and quick, and what is bounded still means what JSONata says. */
import jsonata from "jsonata";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { evaluateExpression } from "../../../../src/compile/index.ts";

/** As much as one event may hold. */
const output = {
  digits: Array.from({ length: 120_000 }, (_, index) => index % 10),
  words: Array.from({ length: 25_000 }, (_, index) => `s${index}`),
  objects: Array.from({ length: 8_000 }, (_, index) => ({ a: index, b: { c: index } })),
  text: "a".repeat(250_000),
  line: `${"1".repeat(2_000)}x`,
  same: Array.from({ length: 8_000 }, (_, index) => ({ a: index, b: { c: index } })),
  letters: `${"a".repeat(249_999)}b`,
  zeros: Array.from({ length: 90_000 }, () => 0),
  wide: Object.fromEntries(Array.from({ length: 12_000 }, (_, index) => [`k${index}`, index])),
  lists: Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, [index]])),
};

const saw = async (source: string, input: unknown = output): Promise<unknown> => {
  const before = performance.now();
  const result = await evaluateExpression(source, input);
  // The promise is two seconds, on a quiet machine.
  expect(performance.now() - before).toBeLessThan(4_000);
  return result.ok ? result.value : result.error.message;
};

describe("what would take long or make much", () => {
  test.each([
    ["$count($distinct(objects))", 8_000],
    ["$count($distinct(words))", 25_000],
    ["$sort(digits)[-1]", 9],
    ["$sort(words)[0]", "s0"],
  ])("[WORK3] %s is done another way", async (source, value) => {
    expect(await saw(source)).toEqual(value);
  });

  test.each([
    ["$count(digits^($))", /sequence length|too many steps|timeout/i],
    ["$count(words^(>$))", /too many steps|timeout/i],
    ["$sort(words, $contains)", /more than 1000 items/],
    ["$reduce(digits, $append)", /given too much|sequence/],
    ["words[$contains($$.text, $)]", /given too much/],
    ["$length($join(words, $$.text))", /more than 4194304 characters/],
    [`$length($replace(text, 'a', '${"x".repeat(1_000)}'))`, /more than 4194304 characters/],
    ["$length($formatInteger(3e11, 'I'))", /Roman/],
    ["$fromMillis(1, '[Y,100000000]')", /width/],
    ["$toMillis(line, '[Y][M][D][H][m][s][Y][M][D][H][m][s]Z')", /more than 200 characters/],
    ["$string(text) & text & text & text & text", /characters/],
  ])("[WORK4] %s is refused with the reason", async (source, message) => {
    expect(await saw(source)).toMatch(message);
  });

  // On Cloudflare the clock stands still while an expression is evaluated: what holds there is what is counted.
  test.each([
    "words[$ in $$.words]",
    "words[$$.objects = $$.same]",
    "words[$$.objects & 'a' = 'b']",
    "zeros[$$.zeros]",
    "words[$$.text < $$.letters]",
    "words[$$.zeros and true]",
    "$count(words.[$$.zeros])",
    "$count(words.($$.wide.*))",
    "$count(words.($$.wide ~> $keys()))",
    "$count(words.$uppercase($$.text))",
    "$count(words.$substring($$.text, 0, 1))",
    "$count(words.$merge($$.objects))",
    "$count(words.$each($$.wide, $string))",
    "$length($string(objects.{'x': $$.text}))",
    "zeros{'x': $count($)}",
    "$count(lists.*)",
  ])("[WORK1] %s is refused by what it costs, and not by the clock", async (source) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    expect(await saw(source)).toMatch(/given too much|too many steps/);
  });

  test("[WORK2] what looks at each item once, or compares it with a constant, passes", async () => {
    expect(await saw("$count(objects[a > 3 and b.c < 7990])")).toBe(7_986);
    expect(await saw("$count($spread(objects))")).toBe(16_000);
    expect(await saw("$sum(objects.{'x': a}.x)")).toBe(31_996_000);
    expect(await saw("objects[0 in [1, 0]][0].a")).toBe(0);
    expect(await saw("objects[-1].b = objects[7999].b")).toBe(true);
    expect(await saw("$count($keys(wide))")).toBe(12_000);
  });

  // The clock stands still: it is the steps that are counted, on however busy a machine.
  function stopClock() {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
  }

  test("[WORK5] one evaluation's work is not counted against the next", async () => {
    stopClock();
    for (let round = 0; round < 170; round++)
      expect(await evaluateExpression("$count(digits)", output)).toEqual({ ok: true, value: 120_000 });
  });

  test("[WORK5] evaluations side by side have their own steps", async () => {
    stopClock();
    const all = await Promise.all(Array.from({ length: 20 }, () => evaluateExpression("$count(objects[a > 3])", output)));
    for (const result of all) expect(result).toEqual({ ok: true, value: 7_996 });
  });
});

describe("what is bounded means what the library means", () => {
  const input = {
    n: [3, 1, 2, 1],
    s: ["b", "a", "b"],
    o: [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }, { a: [1, "1"] }, { a: ["1", 1] }],
    one: [7],
    time: "2026-11-22T10:00:00.000Z",
  };
  test.each([
    "$distinct(n)",
    "$distinct(s)",
    "$distinct(o)",
    "$distinct(o.a)",
    "$distinct(one)",
    "$distinct(o.b)",
    "$distinct('x')",
    "$distinct(nothing)",
    "$sort(n)",
    "$sort(s)",
    "$sort(one)",
    "$sort(o)",
    "$sort(nothing)",
    "$sort('x')",
    "n^($)",
    "o^(>b, a)",
    "s ~> $distinct()",
    "$map(s, $uppercase)",
    "$map(s, $substring(?, 0, 1))",
    "$reduce(n, $append)",
    "$filter(n, $boolean)",
    "$join(s, '-')",
    "$replace('a-b-c', '-', '+', 1)",
    "time.$toMillis()",
    "$fromMillis(0, '[Y0001]-[M01]-[D01] [H01]:[m01]')",
    "$formatNumber(1234.5, '#,##0.00')",
    "$formatInteger(1999, 'I')",
    "$parseInteger('twelve', 'w')",
    "$each(o[0], $string)",
    "$sum('x')",
    "$length(n)",
    "$spread(o)",
    "$spread(one)",
    "$spread(o[0])",
    "$spread([[{'a': 1}], 2])",
    "$spread(nothing)",
    "s[$ in ['a']]",
    "o[a = 1]",
    "o{$string(b): a}",
    "*",
    "o.*",
    "$count(**)",
    "[n, s]",
    "n[$ = [1, 2][0]]",
  ])("[WORK3] %s", async (source) => {
    const expected = await Promise.resolve(jsonata(source).evaluate(input)).then(
      (value: unknown) => ({ ok: true, value: value === undefined ? undefined : JSON.parse(JSON.stringify(value)) }),
      (error: { message: string }) => ({ ok: false, error: { code: "expression_failed", message: error.message } }),
    );
    expect(await evaluateExpression(source, input)).toEqual(expected);
  });
});
