/** Random schemas as types, and values that fit them: a module that compiles if each type takes all that its schema does. */
import { createNames } from "../../../src/compile/types/names.ts";
import { createTypePrinter } from "../../../src/compile/types/print-type.ts";
import type { Json } from "../../../src/contract/event.ts";
import { checkSchema } from "../../../src/contract/json-schema/check-schema.ts";
import { indexSchema } from "../../../src/contract/json-schema/index-schema.ts";
import { createRandom } from "../../../src/explore/create-random.ts";

const names = ["a", "b", "$status", "x-y"];
const scalars: Json[] = ["p", "q", 1, 2, true, null];
type Schema = { [keyword: string]: Json };

function createWriter(seed: number) {
  const random = createRandom(seed);
  const chance = (share: number): boolean => random() < share;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const some = (share: number): string[] => names.filter(() => chance(share));

  const leaf = (): Schema =>
    pick<Schema>([
      ...[{ type: "string" }, { type: "number" }, { type: ["string", "null"] }, { type: "boolean" }, { $ref: "#/$defs/n" }],
      ...[{ const: pick(scalars) }, { enum: [pick(scalars), pick(scalars)] }],
    ]);

  /** Of what is known to be an object: more about some of its members. */
  function part(depth: number): Schema {
    const member =
      depth > 0 && chance(0.4)
        ? schema(depth - 1)
        : pick<Json>([{ const: pick(scalars) }, { enum: [pick(scalars), pick(scalars)] }, true, false]);
    return { ...(chance(0.9) && { properties: { [pick(names)]: member } }), ...(chance(0.6) && { required: [pick(names)] }) };
  }

  function object(depth: number): Schema {
    const own = some(0.6).map((name) => [name, name === "$status" && chance(0.7) ? { enum: ["p", "q", 1] } : schema(depth - 1)]);
    const others = pick<Schema>([{}, {}, { additionalProperties: false }, { additionalProperties: leaf() }]);
    const patterns = chance(0.15) ? { patternProperties: { [pick(["^x-", "-y$"])]: leaf() } } : {};
    return { type: "object", properties: Object.fromEntries(own), ...(chance(0.6) && { required: some(0.4) }), ...others, ...patterns };
  }

  function schema(depth: number): Schema {
    if (depth <= 0 || chance(0.2)) return leaf();
    const inner = () => schema(depth - 1);
    return pick<() => Schema>([
      () => object(depth),
      () => ({ type: "array", items: inner(), ...(chance(0.3) && { prefixItems: [inner()] }), ...(chance(0.3) && { minItems: 1 }) }),
      () => ({ [pick(["anyOf", "oneOf"])]: [inner(), inner()] }),
      () => ({ ...object(depth), [pick(["anyOf", "oneOf", "allOf"])]: [part(depth), part(depth)] }),
      () => ({ ...object(depth), if: part(0), then: part(depth), ...(chance(0.5) && { else: part(depth) }) }),
      () => ({
        ...object(depth),
        not: part(0),
        ...(chance(0.3) && { dependentRequired: { a: ["b"] } }),
        ...(chance(0.3) && { unevaluatedProperties: false }),
      }),
    ])();
  }

  function value(depth: number): Json {
    if (depth <= 0 || chance(0.5)) return pick(scalars);
    if (chance(0.2)) return Array.from({ length: Math.floor(random() * 3) }, () => value(depth - 1));
    const members = [...some(0.45), ...(chance(0.1) ? ["z"] : [])];
    return Object.fromEntries(members.map((name) => [name, name === "$status" ? pick<Json>(["p", "q", 1]) : value(depth - 1)]));
  }

  return {
    schema: () => ({ ...schema(2), $defs: { n: { type: "object", properties: { a: { $ref: "#/$defs/n" }, b: { type: "number" } } } } }),
    value,
  };
}

/** @returns the module, and how many values it holds */
export function writeRandomTypes(seed: number, schemas: number, from: string): { text: string; values: number } {
  const { schema, value } = createWriter(seed);
  const lines = [`import type { Json } from ${JSON.stringify(from)};`, "export type { Json };"];
  let values = 0;
  for (let at = 0; at < schemas; at++) {
    const made = schema();
    const index = indexSchema(made);
    if (index.faults.length > 0) continue;
    const { print, declarations } = createTypePrinter({ index, prefix: `S${at}`, nameOnce: createNames([]) });
    const type = print([made], "");
    lines.push(`// ${JSON.stringify(made)}`, ...declarations, `type T${at} = ${type};`);
    const tried = new Set<string>();
    for (let round = 0; round < 120; round++) tried.add(JSON.stringify(value(3)));
    const fitting = [...tried].filter((text) => checkSchema(made, JSON.parse(text) as Json).length === 0).slice(0, 8);
    lines.push(...fitting.map((text, place) => `export const v${at}_${place}: T${at} = ${text};`));
    values += fitting.length;
  }
  return { text: `${lines.join("\n")}\n`, values };
}
