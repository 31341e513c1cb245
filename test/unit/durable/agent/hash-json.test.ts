/** The hash by which a repeat of an event is known. */
import { expect, test } from "vitest";
import { hashJson } from "../../../../src/durable/agent/hash-json.ts";

test("[EVENT4] values that differ have hashes that differ, also where they are made of the same parts", () => {
  const alike: unknown[] = [
    null,
    "null",
    true,
    "true",
    0,
    "0",
    -1,
    1e21,
    "1e+21",
    "",
    [],
    {},
    [[]],
    [{}],
    [null],
    [0],
    ["0"],
    [0, 0],
    [[0], [0]],
    [[0, 0]],
  ];
  for (const [a, b] of [
    [1, 2],
    ["a", "b"],
    [[], {}],
    [{ a: 1 }, { b: 1 }],
  ])
    alike.push(
      { a, b },
      { a: b, b: a },
      [a, b],
      [b, a],
      { a: { b } },
      { b: { a } },
      { a: [a, b] },
      { a: [b, a] },
      { a: [a], b: [b] },
      { a },
    );
  alike.push(
    { a: "b", b: "a" },
    { a: "a", b: "b" },
    { ab: "" },
    { "": "ab" },
    JSON.parse('{"__proto__":1}'),
    JSON.parse('{"__proto__":2}'),
  );
  const texts = new Set(alike.map((value) => JSON.stringify(value)));
  expect(new Set(alike.map(hashJson)).size).toBe(texts.size);
  for (let at = 0; at < 20_000; at++) texts.add(JSON.stringify({ id: `e${at % 100}`, data: { n: at, of: [at % 7] } }));
  expect(new Set([...texts].map((text) => hashJson(JSON.parse(text)))).size).toBe(texts.size);
});

test("[EVENT4] the order of members makes no difference, at any depth; that of a list does", () => {
  const value = { a: [{ x: 1, y: { p: null, q: "" } }, 2], b: -0, c: "\ud800é" };
  expect(hashJson({ c: "\ud800é", b: 0, a: [{ y: { q: "", p: null }, x: 1 }, 2] })).toBe(hashJson(value));
  expect(hashJson({ ...value, a: value.a.toReversed() })).not.toBe(hashJson(value));
  expect(hashJson({ ...value, d: undefined })).toBe(hashJson(value));
});
