/** The keywords of JSON Schema: what each holds, and which of them lead to further schemas, for the same value or for a part of it. */

export const schemaTypes = ["string", "number", "integer", "boolean", "object", "array", "null"] as const;

/** What a keyword holds. */
export type Holding =
  | "schema"
  | "schemas"
  | "schemaMap"
  | "schemaOrSchemas"
  | "schemaOrNamesMap"
  | "names"
  | "namesMap"
  | "text"
  | "number"
  | "positive"
  | "count"
  | "boolean"
  | "list"
  | "options"
  | "any"
  | "type"
  | "pattern"
  | "patternMap"
  | "reference";

/** Each keyword with what it holds. */
export const schemaKeywords: Readonly<Record<string, Holding>> = {
  $schema: "text",
  $id: "text",
  $ref: "reference",
  $defs: "schemaMap",
  definitions: "schemaMap",
  $comment: "text",
  $anchor: "text",
  $dynamicRef: "reference",
  $dynamicAnchor: "text",
  $vocabulary: "any",
  title: "text",
  description: "text",
  default: "any",
  examples: "list",
  deprecated: "boolean",
  readOnly: "boolean",
  writeOnly: "boolean",
  type: "type",
  enum: "options",
  const: "any",
  properties: "schemaMap",
  patternProperties: "patternMap",
  additionalProperties: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  required: "names",
  minProperties: "count",
  maxProperties: "count",
  dependentRequired: "namesMap",
  dependentSchemas: "schemaMap",
  dependencies: "schemaOrNamesMap",
  items: "schemaOrSchemas",
  prefixItems: "schemas",
  additionalItems: "schema",
  unevaluatedItems: "schema",
  contains: "schema",
  minContains: "count",
  maxContains: "count",
  minItems: "count",
  maxItems: "count",
  uniqueItems: "boolean",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  not: "schema",
  if: "schema",
  then: "schema",
  else: "schema",
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "positive",
  minLength: "count",
  maxLength: "count",
  pattern: "pattern",
  format: "text",
  contentEncoding: "text",
  contentMediaType: "text",
  contentSchema: "schema",
};

/** Keywords whose schemas are for the very value that the schema itself is for. */
export const inPlaceKeywords: ReadonlySet<string> = new Set([
  "$ref",
  "$dynamicRef",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependencies",
]);
