import { Validator } from "@cfworker/json-schema";
import { expect, test } from "vitest";
import type { Json } from "../../../../src/contract/event.ts";
import { checkSchema, inspectSchema, type JsonSchema } from "../../../../src/contract/json-schema/check-schema.ts";
import { createRandom } from "../../../../src/explore/create-random.ts";
import { testJudge, testTelling } from "./judge-suite.ts";

testJudge();
testTelling();

type Schema = { [keyword: string]: Json };

/** Writes schemas and values that have something to do with one another. */
function createWriter(seed: number) {
  const random = createRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const several = <T>(most: number, make: () => T): T[] => Array.from({ length: 1 + Math.floor(random() * most) }, make);
  const plain = (): Json =>
    pick<Json>([1, 2, 0.3, -1, "x", "yy", "2026-01-01", "a@b.co", true, null, [], [1], [1, 1], {}, { a: 1 }, { a: "x", b: 2 }]);
  const name = (): string => pick(["a", "b", "c", "$status"]);
  const leaf = (): JsonSchema =>
    pick<JsonSchema>([
      true,
      false,
      { type: "string" },
      { type: "integer" },
      { type: ["number", "null"] },
      { const: plain() },
      { enum: [plain(), plain()] },
      { minimum: 1 },
      { maxLength: 1 },
      { pattern: "^[a-x]+$" },
      { multipleOf: 0.1 },
      { format: pick(["date", "email", "uri", "ipv4"]) },
    ]);
  const schema = (depth: number): JsonSchema => {
    if (depth <= 0 || random() < 0.1) return leaf();
    const inner = (): JsonSchema => schema(depth - 1);
    const parts: (() => Schema)[] = [
      () => ({ properties: Object.fromEntries(several(3, () => [name(), inner()])) }),
      () => ({ patternProperties: { [pick(["^a", "b$", "."])]: inner() } }),
      () => ({ additionalProperties: inner() }),
      () => ({ required: [name()] }),
      () => ({ items: inner() }),
      () => ({ prefixItems: several(3, inner) }),
      () => ({ contains: inner(), minContains: Math.floor(random() * 3) }),
      () => ({ allOf: several(3, inner) }),
      () => ({ anyOf: several(3, inner) }),
      () => ({ oneOf: several(3, inner) }),
      () => ({ not: inner() }),
      // Without `then` that asks what was looked at: there the other judge lets it see what `if` saw.
      () => ({ if: inner(), then: leaf(), else: leaf() }),
      () => ({ dependentSchemas: { [name()]: leaf() } }),
      () => ({ dependentRequired: { [name()]: [name()] } }),
      () => ({ propertyNames: inner() }),
      () => ({ unevaluatedProperties: leaf() }),
      () => ({ unevaluatedItems: leaf() }),
      () => ({ uniqueItems: true }),
      () => ({ minProperties: Math.floor(random() * 3), maxItems: Math.floor(random() * 3) }),
      () => ({ $ref: `#/$defs/${pick(["p", "q"])}` }),
      () => ({ type: pick(["object", "array", "string"]) }),
    ];
    return Object.assign({}, ...several(3, () => pick(parts)()));
  };
  const value = (depth: number): Json => {
    if (depth <= 0 || random() < 0.3) return plain();
    return random() < 0.5 ? several(3, () => value(depth - 1)) : Object.fromEntries(several(3, () => [name(), value(depth - 1)]));
  };
  return { schema, value, leaf };
}

test("[JUDGE14] it says of random schemas and values what an independent judge says, and a misfit is always told", () => {
  const { schema, value, leaf } = createWriter(7);
  const differ: string[] = [];
  for (let round = 0; round < 3_000; round++) {
    const written = schema(3);
    if (typeof written !== "object") continue;
    const whole = { ...written, $defs: { p: leaf(), q: leaf() } };
    if (inspectSchema(whole).length > 0) continue;
    const other = new Validator(JSON.parse(JSON.stringify(whole)), "2020-12", false);
    for (let each = 0; each < 4; each++) {
      const data = value(3);
      if (other.validate(data).valid !== (checkSchema(whole, data).length === 0))
        differ.push(`${JSON.stringify(whole)} on ${JSON.stringify(data)}`);
    }
  }
  expect(differ).toEqual([]);
});

test.each([
  [
    {
      $id: "https://example.com/tree",
      type: "object",
      properties: { children: { items: { $ref: "#" } }, name: { $ref: "#word" } },
      $defs: { w: { $anchor: "word", type: "string" } },
    },
    { name: "a", children: [{ name: 7 }] },
    "/children/0/name",
  ],
  [
    { $dynamicAnchor: "node", properties: { next: { $dynamicRef: "#node" }, value: { type: "number" } } },
    { next: { value: "x" } },
    "/next/value",
  ],
  [{ $id: "schema:a", $defs: { b: { $id: "schema:b", type: "string" } }, items: { $ref: "schema:b" } }, [1], "/0"],
  [{ definitions: { "a/b~c": { type: "string" } }, items: [{ $ref: "#/definitions/a~1b~0c" }], additionalItems: false }, [1, 2], "/0"],
  [{ dependencies: { a: ["b"], c: { minProperties: 2 } } }, { a: 1 }, ""],
  [{ $ref: "#/components/x", components: { x: { properties: { a: { type: "null" } } } } }, { a: 1 }, "/a"],
])("[JUDGE15] references lead where they say: %#", (schema, data, path) => {
  expect(inspectSchema(schema as unknown as JsonSchema)).toEqual([]);
  expect(checkSchema(schema as unknown as JsonSchema, data as Json)[0]?.path).toBe(path);
});

test.each([
  ["date", ["2024-02-29"], ["2023-02-29", "2024-13-01", "24-01-01"]],
  ["time", ["10:00:00Z", "23:59:60Z", "15:59:60-08:00", "10:00:00.5+02:00"], ["10:00:00", "24:00:00Z", "12:00:60Z"]],
  ["date-time", ["2026-11-25T10:00:00Z", "2026-11-25t10:00:00.123+01:00"], ["2026-11-25", "2026-11-25T10:00:00"]],
  ["duration", ["P1D", "PT1H30M", "P1Y2M3DT4H", "P2W"], ["P", "PT", "1D", "P1D1Y", "P1W1D"]],
  [
    "uri",
    ["https://a.b/c?d#e", "urn:isbn:1", "mailto:a@b.co", "http://[::1]:80/"],
    ["/a", "a b:c", "http://[::1", "http://a b", "http://[x]/"],
  ],
  ["uri-reference", ["/a", "a/b", "?x", "#y", "", "//h/p"], ["a b", "\\a", "http://[x]/"]],
  ["uri-template", ["/a/{id}", "{?x,y*}", "{var:3}"], ["{", "{a", "}"]],
  ["url", ["http://localhost:8787/x", "https://10.0.0.1", "ftp://a.b"], ["example.com", "http://", "javascript:x", "http://a b"]],
  ["email", ["a@b.co", '"a b"@b.co', "a@[127.0.0.1]", "a@[IPv6:::1]"], ["a", "a@", "@b", ".a@b.co", "a..b@c.d", "a@b_c"]],
  ["hostname", ["a.b-c.d", "xn--a"], ["-a", "a-", "a..b", "a_b", `${"a".repeat(64)}.b`]],
  ["ipv4", ["127.0.0.1", "255.255.255.255"], ["256.0.0.1", "1.2.3", "1.2.3.4.5", "a.b.c.d"]],
  ["ipv6", ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"], [":::", "1:2", "1::2::3", "g::", "1:2:3:4:5:6:7:8:9", "1.2.3.4::"]],
  ["regex", ["^a$", "[a-z]"], ["(", "\\a"]],
  ["uuid", ["2eb8aa08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08aa9811eab4aa73b441d16380", "x"]],
  ["json-pointer", ["", "/a~1b/~0"], ["a", "/~2"]],
  ["relative-json-pointer", ["0", "1/a", "2#"], ["/a", "01", "-1"]],
  ["unheard-of", ["anything"], []],
])("[JUDGE16] the format %s", (format, fitting, others) => {
  for (const text of fitting) expect(checkSchema({ format }, text), text).toEqual([]);
  for (const text of others) expect(checkSchema({ format }, text), text).toHaveLength(1);
  expect(checkSchema({ format }, 7)).toEqual([]);
});

test.each<[string, JsonSchema]>([
  ["what must be there", { anyOf: Array.from({ length: 20 }, () => ({ required: ["missing"] })) }],
  ["how many there are", { allOf: Array.from({ length: 20 }, () => ({ minProperties: 1 })) }],
  ["their names", { allOf: Array.from({ length: 20 }, () => ({ propertyNames: true })) }],
  ["what they need", { dependentSchemas: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, { required: ["missing"] }])) }],
  ["what was not looked at", { allOf: Array.from({ length: 20 }, () => ({ unevaluatedProperties: true })) }],
  ["those that are not named", { allOf: Array.from({ length: 20 }, () => ({ additionalProperties: { type: "number" } })) }],
])("[JUDGE17] each pass over a large object for %s is counted as work", (_, schema) => {
  const members = 1_000;
  let times = 0;
  const value = new Proxy(Object.fromEntries(Array.from({ length: members }, (_, n) => [`k${n}`, n])), {
    ownKeys(of) {
      times += 1;
      return Reflect.ownKeys(of);
    },
  });
  const work = { left: 10_000_000 };
  checkSchema(schema, value, work);
  expect(10_000_000 - work.left).toBeGreaterThan(2 * members * times);
});

test.each<[JsonSchema, string, string]>([
  [{ prefixItems: [] }, "/prefixItems", "`prefixItems` takes a list of schemas that is not empty, not an empty list"],
  [{ required: ["a", 7] }, "/required/1", "a name is text, not a number"],
  [{ dependentRequired: { a: ["b"], c: "d" } }, "/dependentRequired/c", "this takes a list of names, not text"],
  [{ dependencies: { a: ["b"], c: {}, d: 7 } }, "/dependencies/d", "this takes a schema or a list of names, not a number"],
  [{ enum: [] }, "/enum", "`enum` takes a list that is not empty, not an empty list"],
])(
  "[JUDGE18] a wrong schema %j is told which part is wrong, and never that what was given is what is expected",
  (schema, path, message) => {
    expect(inspectSchema(schema)).toEqual([expect.objectContaining({ path, message })]);
  },
);
