/** Reads schemas as shapes: each keyword that a type can say, and nothing of the others. */
import type { Json } from "../../contract/event.ts";
import type { SchemaIndex } from "../../contract/json-schema/index-schema.ts";
import { isObject, isSchema, type JsonSchema, type SchemaObject } from "../../contract/json-schema/json-schema.ts";
import { artifactFormat } from "../../contract/json-schema/judge-artifact.ts";
import { sortOf } from "../../contract/json-schema/manner.ts";
import {
  anyArray,
  anything,
  isClosed,
  isNothing,
  join,
  matches,
  meet,
  nothing,
  type ObjectShape,
  ofSorts,
  type Shape,
  type Sort,
  sayOf,
  sorts,
  type Together,
  together,
} from "./shape.ts";

export interface ShapeReader {
  /** What schemas say together of one value. */
  read(schemas: Together): Shape;
}

/** Keywords that say which sort is meant, and nothing that a type can say of it. */
const hints: readonly (readonly [Sort, readonly string[]])[] = [
  ["string", ["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
  ["array", ["contains", "uniqueItems", "minItems", "maxItems"]],
  ["object", ["propertyNames", "minProperties", "maxProperties"]],
];

/** What stands where a schema says `format: artifact`: whoever sends it may leave its facts to the server. */
const reference: SchemaObject = {
  type: "object",
  properties: { $artifact: { type: "string" }, size: { type: "number" }, type: { type: "string" }, name: { type: "string" } },
  required: ["$artifact"],
  additionalProperties: false,
};

/** Makes a reader. @param index where references of the schemas lead to */
export function createShapeReader({ targets }: Pick<SchemaIndex, "targets">): ShapeReader {
  const known = { exact: new Map<JsonSchema, Shape>(), rough: new Map<JsonSchema, Shape>() };
  /** While alternatives are judged by their members: those are read without judging theirs, which might not end. */
  let manner: keyof typeof known = "exact";

  function readAll(schemas: Together): Shape {
    return schemas.reduce<Shape>((shape, schema) => meet(shape, readOne(schema)), anything);
  }

  function readOne(schema: JsonSchema): Shape {
    if (typeof schema === "boolean") return schema ? anything : nothing;
    const before = known[manner].get(schema);
    if (before) return before;
    const shape = schema["format"] === artifactFormat ? readArtifact(schema) : readKeywords(schema);
    known[manner].set(schema, shape);
    return shape;
  }

  function readKeywords(schema: SchemaObject): Shape {
    return close(schema, condition(schema, combine(schema, readOwn(schema))));
  }

  /** What other keywords say is of values of other sorts, where `type` lists any. */
  function readArtifact({ format: _, contentMediaType: __, ...schema }: SchemaObject): Shape {
    const others = [schema["type"] ?? []].flat().filter((each) => each !== "object");
    return others.length === 0 ? readOne(reference) : join([readOne(reference), readKeywords({ ...schema, type: others } as SchemaObject)]);
  }

  /** What the schema says by itself. */
  function readOwn(schema: SchemaObject): Shape {
    const parts: Shape[] = [];
    const { type, const: constant, enum: options } = schema;
    if (type !== undefined) parts.push(ofSorts([type].flat().map((each) => (each === "integer" ? "number" : (each as Sort)))));
    if (constant !== undefined) parts.push(readConstants([constant]));
    if (Array.isArray(options)) parts.push(readConstants(options));
    for (const [sort, keywords] of hints) if (keywords.some((keyword) => Object.hasOwn(schema, keyword))) parts.push(sayOf(sort));
    const object = readObject(schema);
    if (object) parts.push(sayOf("object", { objects: [object] }));
    const array = readArray(schema);
    if (array) parts.push(array);
    return parts.reduce(meet, anything);
  }

  function readConstants(values: readonly Json[]): Shape {
    const of = <S extends string | number | boolean>(is: (value: Json) => value is S): Set<S> => new Set(values.filter(is));
    const compound = values.filter((value) => typeof value === "object" && value !== null).map((value) => readOne(describeConstant(value)));
    const shape: Shape = {
      ...ofSorts(new Set(values.map(sortOf))),
      strings: of((value) => typeof value === "string"),
      numbers: of((value) => typeof value === "number"),
      booleans: of((value) => typeof value === "boolean"),
      objects: compound.flatMap(({ standing, objects }) => (standing.object === "asked" ? objects : [])),
      arrays: compound.flatMap(({ standing, arrays }) => (standing.array === "asked" ? arrays : [])),
    };
    return shape;
  }

  /** References, `allOf`, `anyOf`, `oneOf`, `not`. */
  function combine(schema: SchemaObject, own: Shape): Shape {
    let shape = own;
    for (const target of targets.get(schema) ?? []) shape = meet(shape, readOne(target));
    for (const each of listSchemas(schema["allOf"])) shape = meet(shape, readOne(each));
    for (const keyword of ["anyOf", "oneOf"]) {
      const ways = listSchemas(schema[keyword]);
      if (ways.length > 0) shape = prune(meet(shape, join(ways.map(readOne))));
    }
    return isSchema(schema["not"]) ? join(deny(schema["not"]).map((each) => meet(shape, each))) : shape;
  }

  /** `if` and what stands for it in older words: the value fits `if` and `then`, or does not fit `if` and fits `else`. */
  function condition(schema: SchemaObject, base: Shape): Shape {
    let shape = base;
    for (const { test, then, otherwise } of listConditions(schema)) {
      const held = meet(meet(shape, readOne(test)), readOne(then));
      const others = deny(test).map((denied) => meet(meet(shape, denied), readOne(otherwise)));
      shape = prune(join([held, ...others].map(prune).filter((each) => !isNothing(each))));
    }
    return shape;
  }

  /** Leaves out alternatives of which a member that must be there can't be. */
  function prune(shape: Shape): Shape {
    if (manner === "rough") return shape;
    manner = "rough";
    const objects = shape.objects.filter(({ members }) =>
      [...members.values()].every(({ schemas, required }) => !required || !isNothing(readAll(schemas))),
    );
    manner = "exact";
    if (objects.length === shape.objects.length) return shape;
    return { ...shape, objects, standing: { ...shape.standing, ...(objects.length === 0 && { object: "none" as const }) } };
  }

  return { read: (schemas) => prune(readAll(schemas)) };
}

const bare = { patterns: new Map(), rest: [] } as const;

/** Keywords that say nothing of the value. */
const annotations = new Set(["title", "description", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly"]);

const constants = new WeakMap<object, SchemaObject>();

/** A value as the schema that takes it alone. */
function describeConstant(value: Json): SchemaObject {
  if (typeof value !== "object" || value === null) return { const: value };
  const described = constants.get(value);
  if (described) return described;
  const schema: SchemaObject = Array.isArray(value)
    ? { type: "array", prefixItems: value.map(describeConstant), items: false, minItems: value.length, maxItems: value.length }
    : {
        type: "object",
        properties: Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, describeConstant(inner)])),
        required: Object.keys(value),
        additionalProperties: false,
      };
  constants.set(value, schema);
  return schema;
}

/** What does not fit a schema, as far as it can be said: ways of which each value takes one. */
function deny(schema: JsonSchema): Shape[] {
  if (typeof schema === "boolean") return [schema ? nothing : anything];
  const { type, properties, required, const: constant, enum: options, ...others } = schema;
  const said = Object.keys(others).filter((keyword) => !annotations.has(keyword));
  if (said.length > 0) return [anything];
  const ways: Shape[] = [];
  const types = type === undefined ? undefined : [type].flat();
  const excluded = constant !== undefined ? [constant] : Array.isArray(options) ? options : undefined;
  if (excluded) return [{ ...anything, but: new Set(excluded) }];
  if (types && !types.includes("object")) {
    // Of numbers some are no integers.
    const left = sorts.filter((sort) => !types.includes(sort));
    return properties === undefined && required === undefined ? [ofSorts(left)] : [anything];
  }
  if (types && properties === undefined && required === undefined) return [ofSorts(sorts.filter((sort) => !types.includes(sort)))];
  for (const name of Array.isArray(required) ? required : [])
    ways.push(sayOf("object", { objects: [{ ...bare, members: new Map([[String(name), { schemas: [false], required: false }]]) }] }));
  for (const [name, inner] of Object.entries(isObject(properties) ? properties : {})) {
    const denied = isSchema(inner) ? denyMember(inner) : undefined;
    if (!denied) return [anything];
    ways.push(sayOf("object", { objects: [{ ...bare, members: new Map([[name, { schemas: [denied], required: false }]]) }] }));
  }
  return ways.length > 0 ? ways : [anything];
}

const denials = new WeakMap<SchemaObject, SchemaObject>();

/** The schema of a member that does not fit that one; undefined where that is more than can be said. */
function denyMember(schema: JsonSchema): JsonSchema | undefined {
  if (typeof schema === "boolean") return !schema;
  if (!Object.hasOwn(schema, "const") && !Object.hasOwn(schema, "enum")) return undefined;
  const denied = denials.get(schema) ?? { not: schema };
  denials.set(schema, denied);
  return denied;
}

/** `unevaluatedProperties: false`: members that no part of the schema names are none. */
function close(schema: SchemaObject, shape: Shape): Shape {
  if (schema["unevaluatedProperties"] !== false || shape.standing.object === "none") return shape;
  const objects = shape.objects.map((object): ObjectShape => (object.rest.length === 0 ? { ...object, rest: [false] } : object));
  return { ...shape, objects, standing: { ...shape.standing, object: "asked" } };
}

function listSchemas(value: Json | undefined): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function readObject(schema: SchemaObject): ObjectShape | undefined {
  const { properties, required, patternProperties, additionalProperties } = schema;
  if ([properties, required, patternProperties, additionalProperties].every((each) => each === undefined)) return undefined;
  const names = new Set(Array.isArray(required) ? required.map(String) : []);
  const patterns = new Map<string, Together>();
  for (const [pattern, inner] of Object.entries(isObject(patternProperties) ? patternProperties : {}))
    if (isSchema(inner)) patterns.set(pattern, together([inner]));
  const rest: Together = isSchema(additionalProperties) ? (additionalProperties === true ? [] : [additionalProperties]) : [];
  const members: [string, Together][] = [];
  const own = isObject(properties) ? properties : {};
  for (const name of new Set([...Object.keys(own), ...names])) {
    const matching = [...patterns].filter(([pattern]) => matches(pattern, name)).map(([, schemas]) => schemas);
    const named = Object.hasOwn(own, name) ? own[name] : undefined;
    const unnamed = named === undefined && matching.length === 0 ? rest : [];
    members.push([name, together(isSchema(named) ? [named] : [], unnamed, ...matching)]);
  }
  return { members: new Map(members.map(([name, schemas]) => [name, { schemas, required: names.has(name) }])), patterns, rest };
}

function readArray(schema: SchemaObject): Shape | undefined {
  const isOld = Array.isArray(schema["items"]);
  const firsts = listSchemas(isOld ? schema["items"] : schema["prefixItems"]);
  const rest = schema[isOld ? "additionalItems" : "items"];
  if (firsts.length === 0 && !isSchema(rest)) return undefined;
  const { minItems, maxItems } = schema;
  const shape = {
    first: firsts.map((each) => together([each])),
    rest: isSchema(rest) ? together([rest]) : [],
    least: typeof minItems === "number" ? minItems : anyArray.least,
    most: typeof maxItems === "number" ? maxItems : anyArray.most,
  };
  return sayOf("array", { arrays: [isClosed(shape) ? { ...shape, most: Math.min(shape.most, firsts.length) } : shape] });
}

interface Condition {
  test: JsonSchema;
  then: JsonSchema;
  otherwise: JsonSchema;
}

function listConditions(schema: SchemaObject): Condition[] {
  const conditions: Condition[] = [];
  const { if: test, then, else: otherwise } = schema;
  if (isSchema(test)) conditions.push({ test, then: isSchema(then) ? then : true, otherwise: isSchema(otherwise) ? otherwise : true });
  for (const keyword of ["dependentSchemas", "dependentRequired", "dependencies"])
    for (const [name, needed] of Object.entries(isObject(schema[keyword]) ? schema[keyword] : {})) {
      const needs = Array.isArray(needed) ? { required: needed } : isSchema(needed) ? needed : true;
      conditions.push({ test: { required: [name] }, then: needs, otherwise: true });
    }
  return conditions;
}
