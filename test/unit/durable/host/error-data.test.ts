import { describe, expect, test } from "vitest";
import { toErrorData, toPlainError } from "../../../../src/durable/host/error-data.ts";

const hostile = {
  get message(): string {
    throw new Error("not to be read");
  },
  toJSON(): never {
    throw new Error("not to be written");
  },
  toString(): never {
    throw new Error("not to be shown");
  },
};
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

describe("[HOST28] whatever is thrown becomes data, and nothing of it is thrown on:", () => {
  test.each<[string, unknown, unknown]>([
    ["an Error", new TypeError("no"), { name: "TypeError", message: "no" }],
    [
      "one with fields",
      Object.assign(new Error("no"), { code: "E", at: new Date(0) }),
      { name: "Error", message: "no", code: "E", at: "1970-01-01T00:00:00.000Z" },
    ],
    [
      "one with fields that JSON has nothing for",
      Object.assign(new Error("no"), { f: () => 1, big: 1n, cyclic, ok: 1 }),
      { name: "Error", message: "no", ok: 1 },
    ],
    ["one with a message that is no text", Object.assign(new Error(""), { message: 5 }), { name: "Error", message: "5" }],
    [
      "a chain of causes",
      new Error("a", { cause: new Error("b", { cause: "c" }) }),
      { name: "Error", message: "a", cause: { name: "Error", message: "b", cause: "c" } },
    ],
    [
      "an AggregateError",
      new AggregateError([new Error("a"), 7], "both"),
      { name: "AggregateError", message: "both", errors: [{ name: "Error", message: "a" }, 7] },
    ],
    ["a DOMException", new DOMException("stop", "AbortError"), { name: "AbortError", message: "stop", code: 20 }],
    ["a text", "no", "no"],
    ["an empty text", "", ""],
    ["a number", 0, 0],
    ["null", null, null],
    ["nothing", undefined, undefined],
    ["a record", { status: 404, why: [null] }, { status: 404, why: [null] }],
    ["NaN", Number.NaN, { name: "Error", message: "null" }],
    ["a BigInt", 5n, { name: "Error", message: "5" }],
    ["a symbol", Symbol("s"), { name: "Error", message: "Symbol(s)" }],
    ["a cycle", cyclic, { name: "Error", message: "[object Object]" }],
    ["what can't even be looked at", hostile, { name: "Error", message: "a value that cannot be shown" }],
    [
      "an object without a prototype",
      Object.assign(Object.create(null) as object, { a: 1n }),
      { name: "Error", message: "a value that cannot be shown" },
    ],
  ])("%s", (_, thrown, data) => {
    expect(toErrorData(thrown)).toEqual(data);
    expect(toPlainError(thrown)).toEqual({ name: expect.any(String), message: expect.any(String) });
  });

  test("causes end, and so do long ones", () => {
    const ring = new Error("ring");
    ring.cause = ring;
    const deep = JSON.stringify(toErrorData(ring));
    expect(deep.match(/"ring"/g)).toHaveLength(5);
    const long = JSON.stringify(toErrorData(Object.assign(new Error("x".repeat(1e6)), { a: "y".repeat(1e6), b: 1 })));
    expect(long.length).toBeLessThan(20_000);
    expect(long).toContain('"b":1');
    expect(JSON.stringify(toErrorData({ big: "z".repeat(1e6) })).length).toBeLessThan(40_000);
  });
});
