/** zod's schemas as JSON Schema 2020-12, as they judge what comes in: what a transform makes of it is nobody's business outside. */
import * as z from "zod";
import type { Json } from "../../contract/event.ts";

/** A JSON Schema object. */
export interface SchemaObject {
  [keyword: string]: Json;
}

/** `input`: what may be sent; `output`: what is answered. */
type Direction = "input" | "output";

/** Writes schemas for a document: one that has a name is written once, and referred to wherever it stands. */
export interface SchemaWriter {
  write(schema: z.ZodType, direction?: Direction): SchemaObject;
  /** The schemas that have names, for `components`. */
  components(): { [name: string]: SchemaObject };
}

/** Schemas that have names, each with the way that it travels. */
export interface NamedSchemas {
  [name: string]: [schema: z.ZodType, direction: Direction];
}

export function createSchemaWriter(named: NamedSchemas): SchemaWriter {
  const names = new Map(Object.entries(named).map(([name, [schema]]) => [schema, name]));
  for (const [schema, id] of names) z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });

  function toJson(schema: z.ZodType, direction: Direction): SchemaObject {
    const written = z.toJSONSchema(schema, { io: direction, unrepresentable: "any", reused: "inline", cycles: "ref" });
    // Of one that has a name, zod writes a reference, and the schema itself beside it.
    const own = written.$defs?.[names.get(schema) ?? ""] ?? written;
    const { $schema: _, $defs: __, id: ___, ...rest } = own;
    return simplify(rest as SchemaObject, direction) as SchemaObject;
  }

  return {
    write(schema, direction = "input") {
      const name = names.get(schema);
      return name === undefined ? toJson(schema, direction) : referTo(name);
    },
    components: () => Object.fromEntries(Object.entries(named).map(([name, [schema, direction]]) => [name, toJson(schema, direction)])),
  };
}

/** A reference to a schema that has a name. */
export function referTo(name: string): SchemaObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** Leaves out what zod says beyond what people read: the pattern behind a format, and the bounds of safe integers. */
function simplify(value: Json, direction: Direction): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => simplify(each, direction));
  // To generators of types a default says that the member is always there.
  if ("default" in value && typeof value["default"] !== "object") {
    const { default: usual, description = "", ...typed } = value;
    const told = direction === "input" ? `${String(description)} Absent: \`${JSON.stringify(usual)}\`.`.trim() : description;
    return simplify({ ...typed, ...(told !== "" && { description: told }) }, direction);
  }
  const { $ref, ...beside } = value;
  if (typeof $ref === "string") {
    const name = /^#\/\$defs\/([A-Z]\w*)$/.exec($ref)?.[1];
    // The one schema without a name that is referred to is "any JSON", which is the empty schema.
    return name === undefined ? {} : { ...beside, ...referTo(name) };
  }
  const said = Object.entries(value).filter(
    ([key, inner]) => !(key === "pattern" && typeof value["format"] === "string") && Math.abs(Number(inner)) !== Number.MAX_SAFE_INTEGER,
  );
  // Types made of it have one type for members that are not listed, which `data` would have to be of too.
  const isOpen = "properties" in value && typeof value["additionalProperties"] === "object";
  return Object.fromEntries(said.map(([key, inner]) => [key, key === "additionalProperties" && isOpen ? {} : simplify(inner, direction)]));
}
