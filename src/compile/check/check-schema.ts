/** Checks that a JSON Schema is one: keywords hold what they must, references lead somewhere, patterns end. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { findNearestName } from "../../wire/nearest-name.ts";
import { compileLimits } from "../limits.ts";
import type { MapEntry, ScalarNode, SourceNode } from "../source/node.ts";
import { describeType, isText } from "../source/node.ts";
import { resolveReference } from "./role-schema.ts";

const types = ["string", "number", "integer", "boolean", "object", "array", "null"];

/** What a keyword holds. */
const keywords: Record<
  string,
  | "schema"
  | "schemas"
  | "schemaMap"
  | "schemaOrSchemas"
  | "schemaOrNames"
  | "names"
  | "text"
  | "number"
  | "count"
  | "boolean"
  | "list"
  | "any"
  | "type"
  | "pattern"
  | "ref"
> = {
  $schema: "text",
  $id: "text",
  $ref: "ref",
  $defs: "schemaMap",
  definitions: "schemaMap",
  $comment: "text",
  $anchor: "text",
  $dynamicRef: "ref",
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
  enum: "list",
  const: "any",
  properties: "schemaMap",
  patternProperties: "schemaMap",
  additionalProperties: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  required: "names",
  minProperties: "count",
  maxProperties: "count",
  dependentRequired: "any",
  dependentSchemas: "schemaMap",
  dependencies: "any",
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
  multipleOf: "number",
  minLength: "count",
  maxLength: "count",
  pattern: "pattern",
  format: "text",
  contentEncoding: "text",
  contentMediaType: "text",
  contentSchema: "schema",
};

interface State {
  root: SourceNode;
  report: Report;
  count: number;
}

/** Reports every place where a schema is none. */
export function checkSchema(schema: SourceNode, report: Report): void {
  checkNode(schema, { root: schema, report, count: 0 });
}

function checkNode(node: SourceNode, state: State): void {
  state.count += 1;
  if (state.count > compileLimits.schemaNodes) {
    if (state.count === compileLimits.schemaNodes + 1)
      state.report.add(
        "bad-schema",
        { start: state.root.span.start, end: state.root.span.start + 1 },
        `The schema has more than ${compileLimits.schemaNodes} parts.`,
      );
    return;
  }
  if (node.kind === "scalar" && (typeof node.value === "boolean" || node.hole)) return;
  if (node.kind !== "map") {
    fail(node, `A schema is a mapping, not ${describeType(node)}.`, state);
    return;
  }
  for (const entry of node.entries) checkKeyword(entry, node, state);
}

function fail(node: SourceNode, message: string, state: State, hint?: string): void {
  const span = node.kind === "scalar" ? node.span : { start: node.span.start, end: Math.min(node.span.start + 1, node.span.end) };
  state.report.add("bad-schema", span, message, hint === undefined ? {} : { hint });
}

function checkKeyword(entry: MapEntry, owner: SourceNode, state: State): void {
  const { key, value } = entry;
  const kind = Object.hasOwn(keywords, key) ? keywords[key] : undefined;
  if (kind === undefined) {
    const free = Object.keys(keywords).filter((name) => owner.kind === "map" && !owner.entries.some((other) => other.key === name));
    const nearest = key.startsWith("x-") || key.length < 4 ? undefined : findNearestName(key, free);
    if (nearest === undefined) return;
    const span = entry.keyNode.span;
    state.report.add("bad-schema", span, `\`${key}\` is no keyword of JSON Schema and checks nothing.`, {
      hint: `did you mean \`${nearest}\`?`,
      fix: { title: `Write \`${nearest}\``, span, text: nearest },
    });
    return;
  }
  const wrong = (expected: string): void => fail(value, `\`${key}\` takes ${expected}, not ${describeType(value)}.`, state);
  const scalar = value.kind === "scalar" ? value.value : undefined;
  switch (kind) {
    case "schema":
      checkNode(value, state);
      break;
    case "schemas":
      if (value.kind !== "list" || value.items.length === 0) wrong("a list of schemas");
      else for (const item of value.items) checkNode(item, state);
      break;
    case "schemaOrSchemas":
      if (value.kind === "list") for (const item of value.items) checkNode(item, state);
      else checkNode(value, state);
      break;
    case "schemaMap":
      if (value.kind !== "map") wrong("a mapping of names to schemas");
      else for (const inner of value.entries) checkNode(inner.value, state);
      break;
    case "names":
      if (value.kind !== "list" || !value.items.every(isText)) wrong("a list of names");
      break;
    case "text":
      if (typeof scalar !== "string") wrong("text");
      break;
    case "number":
      if (typeof scalar !== "number") wrong("a number");
      break;
    case "count":
      if (typeof scalar !== "number" || !Number.isSafeInteger(scalar) || scalar < 0) wrong("a whole number from 0");
      break;
    case "boolean":
      if (typeof scalar !== "boolean") wrong("`true` or `false`");
      break;
    case "list":
      if (value.kind !== "list" || (key === "enum" && value.items.length === 0)) wrong("a list");
      break;
    case "type":
      checkType(value, state);
      break;
    case "pattern":
      checkPattern(value, state);
      break;
    case "ref":
      checkReference(value, state);
      break;
    default:
  }
}

function checkType(value: SourceNode, state: State): void {
  const items = value.kind === "list" ? value.items : [value];
  if (items.length === 0) fail(value, "`type` names no type.", state);
  for (const item of items) {
    if (isText(item) && types.includes(item.value)) continue;
    const written = item.kind === "scalar" ? String(item.value) : undefined;
    const nearest = written === undefined ? undefined : (aliases[written.toLowerCase()] ?? findNearestName(written, types));
    const message =
      written === undefined ? `\`type\` takes a type's name, not ${describeType(item)}.` : `\`${written}\` is no type of JSON Schema.`;
    if (nearest === undefined) fail(item, message, state, `types are ${types.join(", ")}`);
    else
      state.report.add("bad-schema", item.span, message, {
        hint: `did you mean \`${nearest}\`?`,
        fix: { title: `Write \`${nearest}\``, span: item.span, text: nearest === "null" ? '"null"' : nearest },
      });
  }
}

/** Types of other languages. */
const aliases: Record<string, string> = {
  str: "string",
  text: "string",
  int: "integer",
  float: "number",
  double: "number",
  bool: "boolean",
  list: "array",
  dict: "object",
  map: "object",
  none: "null",
  date: "string",
};

function checkPattern(value: SourceNode, state: State): void {
  if (!isText(value)) {
    fail(value, `\`pattern\` takes a regular expression, not ${describeType(value)}.`, state);
    return;
  }
  try {
    new RegExp(value.value, "u");
  } catch {
    fail(value, "This is no regular expression.", state);
    return;
  }
  // A repeated group that repeats inside takes exponential time on some answers, and nothing could stop it.
  if (value.value.length > 500 || /\([^()]*[+*}][^()]*\)\s*[+*{]/.test(value.value))
    fail(value, "This pattern may take for ever on some answers.", state, "repeat a group, or what stands in it, not both");
}

function checkReference(value: SourceNode, state: State): void {
  const reference = (value as ScalarNode).value;
  if (typeof reference !== "string") fail(value, `\`$ref\` takes text, not ${describeType(value)}.`, state);
  else if (!reference.startsWith("#"))
    fail(value, `\`${reference}\` lies outside of the schema.`, state, "references stay within the schema: `#/$defs/name`");
  else if (resolveReference(state.root, reference) === undefined) fail(value, `\`${reference}\` leads nowhere.`, state);
}
