/** JSON Schemas as types. What is not understood makes a type wider, never narrower. */
import type { Json } from "../../contract/event.ts";
import { isObject } from "../../contract/json-schema/json-schema.ts";
import { artifactFormat } from "../../contract/json-schema/judge-artifact.ts";
import { compileLimits } from "../limits.ts";
import { everyNumber, meetRanges, ofKeywords, ofLengths, type Range } from "./range.ts";
import {
  boolean,
  bound,
  type Fields,
  isNothing,
  join,
  meet,
  nothing,
  number,
  ofConstants,
  ofFields,
  ofKind,
  ofList,
  type Type,
  text,
  unknown,
  withAbsence,
} from "./type.ts";

export interface TypeReader {
  /** @param label what messages call a value of it */
  read(schema: Json, label: string): Type;
}

/** Keywords that may bring fields of which we know nothing. */
const widening = ["patternProperties", "if", "dependentSchemas", "dependencies", "unevaluatedProperties", "$dynamicRef", "not"];

const ofTypes: Readonly<Record<string, Type>> = {
  string: text,
  number,
  integer: number,
  boolean,
  null: ofKind("null"),
};

/** What stands where a schema says `format: artifact`, with the facts that the server gives it. */
const reference = ofFields("an artifact", { $artifact: text, size: number, type: text, name: withAbsence(text, true) });

/**
 * Makes a reader of one schema.
 * @param root what its references are from
 * @param tolerant it is `input`'s: other fields may come, and those that are not required may be absent, even where it requires none
 */
export function createTypeReader(root: Json, tolerant: boolean): TypeReader {
  const known = new Map<object, Type>();
  let count = 0;

  function read(schema: Json, label: string): Type {
    if (schema === false) return nothing;
    if (!isObject(schema)) return unknown;
    const before = known.get(schema);
    if (before) return before;
    count += 1;
    if (count > compileLimits.nodes) return unknown;
    // Until it is read, a schema that refers to itself says nothing.
    known.set(schema, unknown);
    const type = combine(schema, label);
    known.set(schema, type);
    return type;
  }

  function combine(schema: { [key: string]: Json }, label: string): Type {
    if (schema["format"] === artifactFormat) return readArtifact(schema, label);
    let type = readOwn(schema, label);
    const reference = schema["$ref"];
    if (typeof reference === "string") type = meet(type, read(resolve(reference), label));
    for (const part of listOf(schema["allOf"])) type = meet(type, read(part, label));
    for (const key of ["anyOf", "oneOf"]) {
      const ways = listOf(schema[key]);
      if (ways.length > 0) type = meet(type, join(ways.map((way) => read(way, label))));
    }
    return type;
  }

  /** What other keywords say is of values of other sorts, where `type` lists any. */
  function readArtifact({ format: _, ...schema }: { [key: string]: Json }, label: string): Type {
    const others = [schema["type"] ?? []].flat().filter((each) => each !== "object");
    return others.length === 0 ? reference : join([reference, combine({ ...schema, type: others }, label)]);
  }

  function readOwn(schema: { [key: string]: Json }, label: string): Type {
    const { type: named, const: constant, enum: options, properties, required, items, prefixItems, additionalProperties } = schema;
    const object = (): Type => ({ ...nothing, objects: [readFields(schema, label)] });
    const list = (): Type => ofList(() => (prefixItems !== undefined || Array.isArray(items) ? unknown : read(items ?? true, "an item")));
    let type = unknown;
    if (named !== undefined)
      type = join(
        [named].flat().map((each) => (each === "object" ? object() : each === "array" ? list() : (ofTypes[String(each)] ?? unknown))),
      );
    else if (isObject(properties) || Array.isArray(required) || additionalProperties === false) type = object();
    else if (items !== undefined) type = list();
    type = bound(type, readBounds(schema));
    const constants = [...(constant === undefined ? [] : [[constant]]), ...(Array.isArray(options) ? [options] : [])].map(ofConstants);
    const met = [type, ...constants].reduce(meet);
    // A schema that contradicts itself was told as such.
    return isNothing(met) && !isNothing(type) ? unknown : met;
  }

  function readFields(schema: { [key: string]: Json }, label: string): Fields {
    const { properties, required, additionalProperties } = schema;
    const own = isObject(properties) ? properties : {};
    const names = Object.keys(own);
    const must = listOf(required).map(String);
    const isWidened = widening.some((key) => schema[key] !== undefined);
    const optional = (tolerant || Array.isArray(required)) && !isWidened;
    const isOpen = isWidened || (additionalProperties !== undefined && additionalProperties !== false);
    return {
      label,
      names,
      must,
      about(name) {
        const field = own[name];
        const said = isObject(field) ? (field["description"] ?? field["title"]) : undefined;
        return typeof said === "string" ? said : undefined;
      },
      get: (name) => withAbsence(read(own[name] ?? true, `\`${name}\``), optional && !must.includes(name)),
      others:
        additionalProperties === false
          ? "closed"
          : isOpen || (tolerant && names.length > 0)
            ? "open"
            : names.length > 0
              ? "listed"
              : "free",
    };
  }

  function resolve(reference: string): Json {
    if (!reference.startsWith("#")) return true;
    let at: Json | undefined = root;
    for (const step of reference.slice(1).split("/").slice(1)) {
      const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
      at = Array.isArray(at) ? at[Number(key)] : isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
    return at ?? true;
  }

  return { read };
}

/** Bounds of values and lengths. */
function readBounds(schema: { [key: string]: Json }): Pick<Type, "range" | "length" | "count"> {
  const number = (key: string): number | undefined => (typeof schema[key] === "number" ? schema[key] : undefined);
  const step = number("multipleOf");
  const types = [schema["type"]].flat();
  const ranges: Range[] = [
    ...ofKeywords(number),
    ...(step !== undefined && step > 0 ? [{ ...everyNumber, step }] : []),
    ...(types.includes("integer") && !types.includes("number") ? [{ ...everyNumber, step: 1 }] : []),
  ];
  const lengths = (from: string, to: string): Range | undefined => {
    const [first, last] = [number(from), number(to)];
    return first === undefined && last === undefined ? undefined : ofLengths(first ?? 0, last);
  };
  const [length, count] = [lengths("minLength", "maxLength"), lengths("minItems", "maxItems")];
  return { ...(ranges.length > 0 && { range: meetRanges(ranges) }), ...(length && { length }), ...(count && { count }) };
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
