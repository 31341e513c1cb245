/** A JSON Schema in the words that models follow: each field with its type, what it may be and what it is for. */
import type { Json } from "../../contract/event.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";

/** Fields that are told in words: the schema itself stands below them. */
const fieldsAtMost = 50;

/** A line for each field; where the schema has alternatives, for each alternative. Empty where it says nothing of fields. */
export function describeFields(schema: JsonSchema | undefined): string[] {
  if (!isObject(schema)) return [];
  const own = listFields(schema);
  const branches = [schema["oneOf"], schema["anyOf"]].flatMap((each) => (Array.isArray(each) ? each : [])).filter(isObject);
  const alternatives = branches.flatMap((branch, index) => {
    const lines = listFields(branch);
    return lines.length > 0 ? [index === 0 ? "either:" : "or:", ...lines.map((line) => `  ${line}`)] : [];
  });
  return [...own, ...alternatives].slice(0, fieldsAtMost);
}

function listFields(schema: { [key: string]: Json }): string[] {
  const { properties, required } = schema;
  if (!isObject(properties)) return [];
  const needed = new Set(Array.isArray(required) ? required : []);
  return Object.entries(properties).map(([name, of]) => {
    const kind = isObject(of) ? describeKind(of) : "anything";
    const about = isObject(of) && typeof of["description"] === "string" ? `: ${of["description"]}` : "";
    return `- \`${name}\` (${kind}${needed.has(name) || name === "$status" ? ", required" : ""})${about}`;
  });
}

function describeKind(schema: { [key: string]: Json }): string {
  const { const: constant, enum: words, type, items } = schema;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(words)) return `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`;
  if (type === "array") return `list of ${isObject(items) ? describeKind(items) : "anything"}`;
  return typeof type === "string" ? type : Array.isArray(type) ? type.join(" or ") : "anything";
}

function isObject(value: Json | JsonSchema | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
