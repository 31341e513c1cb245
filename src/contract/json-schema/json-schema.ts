/** The types that all of this folder shares. */
import type { Json } from "../event.ts";

/** A JSON Schema, draft 2020-12; of older drafts lists of `items`, `definitions` and `dependencies`. */
export type JsonSchema = SchemaObject | boolean;

export interface SchemaObject {
  [keyword: string]: Json;
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value may stand for a schema. */
export function isSchema(value: Json | undefined): value is JsonSchema {
  return typeof value === "boolean" || isObject(value);
}

/** A JSON pointer with one step more. */
export function extendPointer(pointer: string, step: string | number): string {
  return `${pointer}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
