/** zod's schemas as JSON Schema 2020-12, as they judge what comes in: what a transform makes of it is nobody's business outside. */
import * as z from "zod";
import type { Json } from "../../contract/event.ts";

/** A JSON Schema object. */
export interface SchemaObject {
  [keyword: string]: Json;
}

/** @param direction `input`: what may be sent; `output`: what is answered */
export function toJsonSchema(schema: z.ZodType, direction: "input" | "output" = "input"): SchemaObject {
  const {
    $schema: _,
    $defs: __,
    ...rest
  } = z.toJSONSchema(schema, { io: direction, unrepresentable: "any", reused: "inline", cycles: "ref" });
  return simplify(rest as SchemaObject) as SchemaObject;
}

/** Leaves out what zod says beyond what people read: the pattern behind a format, and the bounds of safe integers. */
function simplify(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(simplify);
  // The one schema that refers to itself is "any JSON", which is the empty schema.
  if (typeof value["$ref"] === "string") return {};
  const said = Object.entries(value).filter(
    ([key, inner]) => !(key === "pattern" && typeof value["format"] === "string") && Math.abs(Number(inner)) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(said.map(([key, inner]) => [key, simplify(inner)]));
}
