import { describe, expect, test } from "vitest";
import { checkContext, toPlain } from "../../../../src/durable/host/plain-data.ts";

const shared = { n: 1 };
const list: unknown[] = [];
list.push({ list });
const cyclicList = { list };
const exact = (context: unknown): boolean => checkContext(context, () => true);

describe("[HOST19] [HOST27] context is read back as it is, or as an equal one, or is refused:", () => {
  test.each<[string, unknown]>([
    ["nothing much", {}],
    ["every plain value", { a: null, b: true, c: "", d: -1.5, e: [[], {}], f: { "": 0 } }],
    ["texts that JSON must escape", { a: '\u0000\ud800\u2028"\\' }],
    ["great and small numbers", [Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53]],
    ["equal objects", [{ n: 1 }, { n: 1 }]],
    ["texts that look like marks", { a: "xstate$$type" }],
    ["more objects than are met at a glance", Array.from({ length: 40 }, (_, n) => ({ n, of: [n] }))],
    ["what is nested deep", JSON.parse(`${'{"a":['.repeat(60)}1${"]}".repeat(60)}`)],
  ])("as it is: %s", (_, context) => {
    expect(exact(context)).toBe(true);
    expect(toPlain(context, "x")).toEqual(context);
  });

  test.each<[string, unknown]>([
    ["a key that holds undefined", { a: { b: undefined } }],
    ["-0", [-0]],
    ["one object in two places", { a: shared, b: [shared] }],
    ["one list in two places", ((list: number[]) => [list, list])([1])],
    ["a frozen object", { a: Object.freeze({}) }],
    ["a sealed list", Object.seal([1])],
    ["one object in two places of many", [...Array.from({ length: 40 }, (_, n) => ({ n })), shared, shared]],
    ["an object without a prototype", { a: Object.create(null) as object }],
  ])("equal: %s", (_, context) => {
    expect(exact(context)).toBe(false);
  });

  test.each<[string, unknown, string]>([
    ["a mark of XState's", { a: { xstate$$type: 1, id: "x" } }, "context.a is an object with xstate$$type"],
    ["what looks like a reference", { a: [{ sessionId: 1, send: 2, ref: 3 }] }, "context.a[0] is an object with sessionId, send and ref"],
    ["__proto__ as a key", JSON.parse('{"a": {"__proto__": {}}}'), "context.a is an object with __proto__"],
    ["a list of a class", { a: new (class Rows extends Array {})() }, "context.a is a Rows"],
    ["a typed array", { a: new Uint8Array(1) }, "context.a is an Uint8Array"],
    ["an object made of another", { a: Object.create({ b: 1 }) as object }, "context.a is an Object"],
    ["a match", { a: "x1".match(/\d/) }, "context.a is an array with the field index"],
    ["an empty place at the end", { a: Array(1) }, "context.a[0] is missing"],
    ["a cycle through a list", cyclicList, "context.list[0].list is a part of itself"],
    ["a boxed number", { a: Object(1) as object }, "context.a is a Number"],
    ["a symbol for a key", { a: { [Symbol("b")]: 1 } }, "context.a is an object with a symbol for a key"],
    ["what no number is", { a: [Number.NaN] }, "context.a[0] is NaN"],
    ["nothing in a list", { a: [undefined] }, "context.a[0] is undefined"],
  ])("refused: %s", (_, context, reason) => {
    expect(() => exact(context)).toThrow(reason);
  });

  test("the data of another realm is plain", () => {
    // As of a worker's RPC: an Object of its own, whose prototype ends the chain too.
    const foreign = Object.create(Object.create(null) as object, { a: { value: 1, enumerable: true } }) as object;
    expect(exact(foreign)).toBe(true);
  });
});

test.each<[string, unknown]>([
  ["values of every kind", { a: null, b: true, c: "\u0000\ud800", d: -1.5, e: [[], {}, [1]], f: { "": 0, 1: 2, z: 1, b: 2 } }],
  ["what JSON changes", { zero: -0, list: [-0], gone: undefined, kept: { gone: undefined } }],
  ["__proto__ as a key", JSON.parse('{"a": {"__proto__": {"b": 1}}}')],
  ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1 })],
  ["frozen objects", Object.freeze({ a: Object.freeze([Object.freeze({ b: 1 })]) })],
  ["one object in two places", { a: shared, b: [shared] }],
])("[HOST32] a copy is what JSON would give back, and shares nothing: %s", (_, value) => {
  const copy = toPlain(value, "x");
  const given = JSON.parse(JSON.stringify(value)) as unknown;
  expect(copy).toStrictEqual(given);
  expect(JSON.stringify(copy)).toBe(JSON.stringify(given));
  const objects = new Set<unknown>();
  const collect = (inner: unknown): void => {
    if (typeof inner !== "object" || inner === null) return;
    objects.add(inner);
    Object.values(inner).forEach(collect);
  };
  collect(value);
  const originals = new Set(objects);
  objects.clear();
  collect(copy);
  for (const each of objects) expect(originals.has(each)).toBe(false);
});
