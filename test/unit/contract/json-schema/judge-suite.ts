/** The promises of the judge of schemas, for Node and for workerd, which forbids what others are built on. */
import { describe, expect, test } from "vitest";
import type { Json } from "../../../../src/contract/event.ts";
import { checkSchema, inspectSchema, type JsonSchema } from "../../../../src/contract/json-schema/check-schema.ts";

/** Milliseconds that one judgement may take on a busy machine; the promise is fifty on a quiet one. */
const timeout = 1_000;

/** Judged anew where it took too long: what others do on the machine passes, too much work does not. */
function judgeInTime(schema: JsonSchema, data: Json): string[] {
  for (let tries = 1; ; tries++) {
    const asked = structuredClone(schema);
    const before = Date.now();
    const found = [...inspectSchema(asked), ...checkSchema(asked, data)].map(({ path, message }) => `${path}: ${message}`);
    const took = Date.now() - before;
    if (tries < 5 && took >= timeout) continue;
    expect(took).toBeLessThan(timeout);
    return found;
  }
}

/** Schemas whose given places lead nowhere, loop, or can't be matched in linear time. */
export const refusedSchemas: [schema: { [keyword: string]: Json }, path: string, message: RegExp][] = [
  [{ properties: { workflow: { pattern: "(" } } }, "/properties/workflow/pattern", /no regular expression/],
  [{ patternProperties: { "(a)\\1": {} } }, "/patternProperties/(a)\\1", /refers back/],
  [{ $ref: "#/$defs/none" }, "/$ref", /leads nowhere/],
  [{ $ref: "#none" }, "/$ref", /leads nowhere/],
  [{ properties: { a: { $ref: "http://127.0.0.1:9/schema" } } }, "/properties/a/$ref", /lies outside/],
  [{ $ref: "other.json" }, "/$ref", /lies outside/],
  [{ $ref: "#" }, "", /without end/],
  [{ allOf: [{ $ref: "#" }] }, "", /without end/],
  [{ anyOf: [{ not: { $ref: "#/anyOf/0" } }] }, "/anyOf/0", /without end/],
  [{ $defs: { a: { $ref: "#/$defs/b" }, b: { if: { $ref: "#/$defs/a" } } } }, "/$defs/a", /without end/],
  [{ dependentSchemas: { a: { $ref: "#" } } }, "", /without end/],
  [{ type: 7 }, "/type", /`type` takes/],
  [{ properties: 5 }, "/properties", /`properties` takes/],
  [{ properties: { "a/b": 5 } }, "/properties/a~1b", /a schema is/],
  [{ items: 3 }, "/items", /`items` takes/],
  [{ required: "x" }, "/required", /`required` takes/],
  [{ minLength: -1 }, "/minLength", /`minLength` takes/],
  [{ multipleOf: 0 }, "/multipleOf", /`multipleOf` takes/],
  [{ $id: "a", $defs: { x: { $id: "a" } } }, "/$defs/x/$id", /two schemas/],
  [{ $defs: { x: { $anchor: "a" }, y: { $anchor: "a" } } }, "/$defs/y/$anchor", /two schemas/],
  [{ pattern: "a{9000}" }, "/pattern", /smaller counts/],
];

/** `n0` tries `n1` twice, that `n2` twice, and so on. */
function doubling(levels: number): { [keyword: string]: Json } {
  const $defs: { [name: string]: Json } = { [`n${levels}`]: { type: "string" } };
  for (let at = 0; at < levels; at++) $defs[`n${at}`] = { anyOf: [{ $ref: `#/$defs/n${at + 1}` }, { $ref: `#/$defs/n${at + 1}` }] };
  return { $defs, $ref: "#/$defs/n0" };
}

function nest(levels: number, leaf: Json): Json {
  let value = leaf;
  for (let at = 0; at < levels; at++) value = { c: value };
  return value;
}

const letters = "a".repeat(34);
const list = <T extends Json>(length: number, make: (index: number) => T): T[] => Array.from({ length }, (_, index) => make(index));
const tree = (more: { [keyword: string]: Json }): { [keyword: string]: Json } => ({
  $defs: {
    n: {
      anyOf: [
        { required: ["c"], properties: { c: { $ref: "#/$defs/n" } } },
        { required: ["c"], properties: { c: { $ref: "#/$defs/n" }, x: {} } },
      ],
    },
  },
  $ref: "#/$defs/n",
  ...more,
});

/** Pairs that would hold up a judge that goes back or compares two by two; what fits must be known to fit. */
const hostile: [schema: { [keyword: string]: Json }, data: Json, verdict: RegExp][] = [
  [{ type: "string", format: "url" }, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh!", /format url/],
  [{ format: "url" }, "https://example.com/a?b=c#d", /^$/],
  [{ format: "email" }, `${letters}@${"a-".repeat(60_000)}!`, /format email/],
  [{ format: "uri" }, `http://${"a.".repeat(100_000)} `, /format uri/],
  [{ format: "uri-template" }, `{${"a".repeat(200_000)}`, /format uri-template/],
  [{ format: "hostname" }, "a-".repeat(120_000), /format hostname/],
  [{ format: "duration" }, `P${"1".repeat(200_000)}`, /format duration/],
  [{ format: "json-pointer" }, `/${"~0".repeat(100_000)}~`, /format json-pointer/],
  [{ pattern: "^(a|a)*$" }, `${letters}!`, /pattern/],
  [{ pattern: "^(\\w|_)*$" }, `${"_".repeat(34)}!`, /pattern/],
  [{ pattern: "^(?:a?){30}a{30}$" }, "a".repeat(29), /pattern/],
  [{ pattern: "^(?:a?){30}a{30}$" }, "a".repeat(31), /^$/],
  [{ properties: { goal: { pattern: "^((([a-z])*)*)*!$" } } }, { goal: "a".repeat(60) }, /\/goal: .*pattern/],
  [{ pattern: "^.*$" }, "a".repeat(250_000), /^$/],
  [{ pattern: "[^]{4000}b" }, "a".repeat(250_000), /too much work/],
  [{ patternProperties: { "^(a+)+$": {} } }, { [`${"a".repeat(28)}!`]: 1 }, /^$/],
  [{ patternProperties: { "^(a+)+$": { type: "string" } } }, { [letters]: 1 }, /must be a string/],
  [{ propertyNames: { pattern: "^(a|a)*$" } }, { [`${letters}!`]: 1 }, /the name/],
  [{ uniqueItems: true }, list(8_000, (a) => ({ a })), /^$/],
  [{ uniqueItems: true }, [...list(8_000, (a) => ({ a, b: [a] })), { b: [7], a: 7 }], /item 8000 is as item 7/],
  [{ items: { enum: list(8_000, (a) => `option-${a}`) } }, list(15_000, (a) => `none-${a}`), /must be one of|too much work/],
  [{ items: { enum: list(4_000, (a) => ({ a })) } }, list(8_000, (a) => ({ a: -1 - a })), /must be one of|too much work/],
  [tree({}), nest(60, 1) as Json, /^$/],
  [tree({ unevaluatedProperties: true }), nest(60, 1) as Json, /too much work/],
  [{ $defs: { n: { properties: { c: { $ref: "#/$defs/n" } } } }, $ref: "#/$defs/n" }, nest(50_000, 1), /too much work/],
  [{ uniqueItems: true }, [nest(50_000, 1), 2], /too much work/],
  [
    { items: { oneOf: list(1_500, (i) => ({ properties: { k: { const: i }, v: { type: "string" } }, required: ["k"] })) } },
    list(2_000, (k) => ({ k, v: 1 })),
    /\/0\/v: must be a string|too much work/,
  ],
  [
    { items: { dependentSchemas: Object.fromEntries(list(1_000, (i) => [`r${i}`, { minProperties: 2 }])) } },
    list(20_000, () => ({})),
    /^$/,
  ],
  [
    { additionalProperties: false, properties: Object.fromEntries(list(3_000, (i) => [`property-of-some-length-${i}`, {}])) },
    Object.fromEntries(list(3_000, (i) => [`proparty-of-some-length-${i}`, 1])),
    /not allowed here/,
  ],
];

export function testJudge(): void {
  test.each(refusedSchemas)(
    "[JUDGE10] %j is refused when it is given, at its place, and nothing is judged by it",
    (schema, path, message) => {
      const [fault] = inspectSchema(schema);
      expect(fault).toEqual(expect.objectContaining({ path, message: expect.stringMatching(message) }));
      const [misfit, ...more] = checkSchema(schema, { a: "x", workflow: "y" });
      expect([misfit?.message, more]).toEqual([expect.stringContaining("can't be judged"), []]);
    },
  );

  test.each([[doubling(11)], [doubling(100)], [{ anyOf: list(2_100, () => ({})) }], [nest(80, {})]])(
    "[JUDGE11] what branches or nests without measure is refused when it is given (%#)",
    (schema) => {
      const nested = (at: Json): Json => (typeof at === "object" && at !== null && "c" in at ? { not: nested((at as { c: Json }).c) } : at);
      expect(inspectSchema(nested(schema as Json) as JsonSchema)).toEqual([
        expect.objectContaining({ kind: "unbounded", message: expect.stringMatching(/more than|deeper than/) }),
      ]);
    },
  );

  test.each(hostile)("[JUDGE12] %# is judged within its steps, and rightly", (schema, data, verdict) => {
    expect(judgeInTime(schema, data)[0] ?? "").toMatch(verdict);
  });

  test("[JUDGE13] judging leaves the schema as it is", () => {
    const schema = { $id: "a", $defs: { x: { $anchor: "x", type: "string" } }, $ref: "#x" } as const;
    const frozen = Object.freeze(structuredClone(schema)) as unknown as JsonSchema;
    expect(checkSchema(frozen, 1)).toHaveLength(1);
    expect(Reflect.ownKeys(frozen as object)).toEqual(Object.keys(schema));
  });
}

const outcome = (status: string, more: { [name: string]: Json }, required: string[]): Json => ({
  type: "object",
  properties: { $status: { const: status }, ...more },
  required: ["$status", ...required],
});
const incident: JsonSchema = {
  oneOf: [outcome("mitigated", { fix: { type: "string" } }, ["fix"]), outcome("escalate", { why: { type: "string" } }, ["why"])],
};
const strict = {
  type: "object",
  properties: { why: { type: "string" }, count: { type: "integer" } },
  required: ["why"],
  additionalProperties: false,
};

const both: JsonSchema = {
  type: "object",
  properties: { $status: { enum: ["mitigated", "escalate"] } },
  required: ["$status"],
  ...(incident as { [keyword: string]: Json }),
};

/** What is said of a value: one line for each thing to change, and nothing else. */
const told: [what: string, schema: JsonSchema, data: Json, misfits: { path: string; message: RegExp }[]][] = [
  [
    "once what two parts of the schema say",
    both,
    { $status: "other" },
    [{ path: "/$status", message: /one of "mitigated" or "escalate"/ }],
  ],
  ["once what is missing", both, { why: "x" }, [{ path: "", message: /^`\$status` is missing: / }]],
  [
    "that the status has another name",
    incident,
    { status: "escalate", why: "x" },
    [{ path: "", message: /did you mean it by `status`\?$/ }],
  ],
  [
    "what is wrong with what is not null",
    { anyOf: [{ type: "string", minLength: 3 }, { type: "null" }] },
    "ab",
    [{ path: "", message: /at least 3 characters/ }],
  ],
  ["the alternative of its status", incident, { $status: "escalate" }, [{ path: "", message: /^`why` is missing$/ }]],
  ["only what is wrong there", incident, { $status: "mitigated", fix: 1 }, [{ path: "/fix", message: /^must be a string, not 1$/ }]],
  [
    "the statuses there are",
    incident,
    { $status: "escalated" },
    [{ path: "/$status", message: /one of "mitigated" or "escalate", not "escalated"; did you mean "escalate"\?/ }],
  ],
  [
    "that the status is missing",
    incident,
    { why: "x" },
    [{ path: "", message: /`\$status` is missing: it says which alternative this is, "mitigated" or "escalate"/ }],
  ],
  [
    "an alternative behind references",
    {
      $defs: { a: outcome("a", {}, ["x"]), b: { allOf: [outcome("b", {}, ["y"])] } },
      anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }],
    },
    { $status: "b" },
    [{ path: "", message: /^`y` is missing$/ }],
  ],
  [
    "an alternative inside an alternative",
    { oneOf: [{ oneOf: [outcome("a", {}, ["x"]), outcome("b", {}, ["y"])] }, outcome("c", {}, ["z"])] },
    { $status: "b" },
    [{ path: "", message: /^`y` is missing$/ }],
  ],
  [
    "an alternative by another constant",
    {
      oneOf: [
        { properties: { kind: { enum: ["cat", "dog"] }, legs: { const: 4 } }, required: ["kind", "legs"] },
        { properties: { kind: { const: "bird" }, wings: {} }, required: ["kind", "wings"] },
      ],
    },
    { kind: "bird" },
    [{ path: "", message: /^`wings` is missing$/ }],
  ],
  [
    "the alternative of its sort",
    { anyOf: [{ type: "string" }, { type: "object", required: ["a"] }] },
    {},
    [{ path: "", message: /^`a` is missing$/ }],
  ],
  [
    "the sorts there are",
    { anyOf: [{ type: "string" }, { type: "array" }] },
    7,
    [{ path: "", message: /^must be a string or an array, not 7$/ }],
  ],
  [
    "the plain values there are",
    { anyOf: [{ const: "yes" }, { enum: ["no", "maybe"] }] },
    "maybee",
    [{ path: "", message: /one of "yes", "no" or "maybe", not "maybee"; did you mean "maybe"\?/ }],
  ],
  [
    "either of what is as near",
    { anyOf: [{ required: ["a"] }, { required: ["b"] }] },
    {},
    [{ path: "", message: /^`a` is missing, or `b` is missing$/ }],
  ],
  ["that too many alternatives fit", { oneOf: [{ type: "number" }, { minimum: 1 }] }, 3, [{ path: "", message: /numbers 1 and 2/ }]],
  ["a misspelt name once", strict, { wyh: "x" }, [{ path: "", message: /^`wyh` is not allowed here; did you mean `why`\?$/ }]],
  [
    "a name that is not allowed",
    strict,
    { why: "x", colour: 1 },
    [{ path: "", message: /^`colour` is not allowed here; there is `why` or `count`$/ }],
  ],
  [
    "a misspelt name where others may be",
    { required: ["reason"] },
    { raeson: "x" },
    [{ path: "", message: /^`reason` is missing; did you mean it by `raeson`\?$/ }],
  ],
  [
    "a wrong type",
    strict,
    { why: 7, count: "1" },
    [
      { path: "/why", message: /^must be a string, not 7$/ },
      { path: "/count", message: /^must be an integer, not a string$/ },
    ],
  ],
  [
    "a bound",
    { properties: { a: { minimum: 3, multipleOf: 0.1 } } },
    { a: 2.05 },
    [
      { path: "/a", message: /at least 3, not 2.05/ },
      { path: "/a", message: /multiple of 0.1/ },
    ],
  ],
  [
    "a length",
    { items: { maxLength: 1, minLength: 1 } },
    ["", "😀", "ab"],
    [
      { path: "/0", message: /at least 1 character, has 0/ },
      { path: "/2", message: /at most 1 character, has 2/ },
    ],
  ],
  [
    "a condition's part",
    { if: { properties: { a: { const: 1 } } }, then: { required: ["b"] } },
    { a: 1 },
    [{ path: "", message: /^`b` is missing$/ }],
  ],
  ["what must not be", { not: { const: "x" } }, "x", [{ path: "", message: /^must not be "x"$/ }]],
  [
    "what depends on another",
    { dependentRequired: { card: ["owner"] } },
    { card: 1 },
    [{ path: "", message: /^`owner` is missing; `card` needs it$/ }],
  ],
];

export function testTelling(): void {
  describe("[JUDGE20] a misfit tells the one thing to change", () => {
    test.each(told)("%s", (_what, schema, data, misfits) => {
      expect(checkSchema(schema, data)).toEqual(misfits.map(({ path, message }) => ({ path, message: expect.stringMatching(message) })));
    });
  });
}
