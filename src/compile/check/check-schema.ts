/** Checks that a JSON Schema is one and can be judged by: keywords hold what they must, references lead somewhere, patterns are linear. */

import { inspectSchema } from "../../contract/json-schema/check-schema.ts";
import { isSchema } from "../../contract/json-schema/json-schema.ts";
import { schemaKeywords, schemaTypes } from "../../contract/json-schema/keywords.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import type { MapEntry, SourceNode } from "../source/node.ts";
import { describeType, findEntry, isText, listEntries, withoutHoles, writeText } from "../source/node.ts";
import type { Span } from "../source/span.ts";

interface State {
  report: Report;
}

/** Reports every place where a schema is none, or one that can't be judged by within bounds. */
export function checkSchema(schema: SourceNode, report: Report): void {
  checkNode(schema, { report });
  const json = withoutHoles(schema);
  // What is of the wrong shape was told above, with hints.
  for (const { path, message, kind, ofKey } of isSchema(json) ? inspectSchema(json) : [])
    if (kind !== "shape") {
      const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
      report.add(kind === "broken" ? "bad-schema" : "unbounded-schema", findSpan(schema, path, ofKey === true), sentence);
    }
}

function findSpan(schema: SourceNode, path: string, ofKey: boolean): Span {
  let node: SourceNode = schema;
  let keyNode: SourceNode = schema;
  for (const step of path.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    const entry = findEntry(node, key);
    keyNode = entry?.keyNode ?? node;
    node = entry?.value ?? (node.kind === "list" ? node.items[Number(key)] : undefined) ?? node;
  }
  return spanOf(ofKey ? keyNode : node);
}

/** A scalar's own place; of the others the beginning, for they may be long. */
function spanOf({ kind, span }: SourceNode): Span {
  return kind === "scalar" ? span : { start: span.start, end: Math.min(span.start + 1, span.end) };
}

/** The schema that a word alone stands for: a type, or a status. */
function writeSchema(word: string, key: string | undefined): string | undefined {
  if (!/^[A-Za-z][\w-]*$/.test(word)) return undefined;
  const type = (schemaTypes as readonly string[]).includes(word) ? word : aliases[word.toLowerCase()];
  if (key === "$status") return type === undefined ? `{ const: ${writeText(word)} }` : undefined;
  return type === undefined || type === "null" ? undefined : `{ type: ${type} }`;
}

function suggest(text: string | undefined, { span }: SourceNode): DiagnosticDetails {
  return text === undefined ? {} : { hint: `did you mean \`${text}\`?`, fix: { title: `Write \`${text}\``, span, text } };
}

/** @param key the property that it is of */
function checkNode(node: SourceNode, state: State, key?: string): void {
  if (node.kind === "scalar" && (typeof node.value === "boolean" || node.hole)) return;
  if (node.kind !== "map") {
    const text = isText(node) ? writeSchema(node.value, key) : undefined;
    state.report.add("bad-schema", spanOf(node), `A schema is a mapping, not ${describeType(node)}.`, suggest(text, node));
    return;
  }
  for (const entry of node.entries) checkKeyword(entry, node, state);
}

function fail(node: SourceNode, message: string, state: State, hint?: string): void {
  state.report.add("bad-schema", spanOf(node), message, hint === undefined ? {} : { hint });
}

function checkKeyword(entry: MapEntry, owner: SourceNode, state: State): void {
  const { key, value } = entry;
  if (value.kind === "scalar" && value.hole) return;
  const kind = Object.hasOwn(schemaKeywords, key) ? schemaKeywords[key] : undefined;
  if (kind === undefined) {
    const free = Object.keys(schemaKeywords).filter((name) => owner.kind === "map" && !owner.entries.some((other) => other.key === name));
    const named = Object.hasOwn(keywordAliases, key) ? keywordAliases[key]?.find((name) => takes(name, value)) : undefined;
    const meant = named !== undefined && free.includes(named) ? named : undefined;
    const nearest = meant ?? (key.startsWith("x-") || key.length < 4 ? undefined : findNearestName(key, free));
    if (nearest === undefined) return;
    const span = entry.keyNode.span;
    state.report.add("bad-schema", span, `\`${key}\` is no keyword of JSON Schema and checks nothing.`, {
      hint: `did you mean \`${nearest}\`?`,
      fix: { title: `Write \`${nearest}\``, span, text: nearest },
    });
    return;
  }
  const wrong = (expected: string): void =>
    state.report.add(
      "bad-schema",
      spanOf(value),
      `\`${key}\` takes ${expected}${expected.endsWith("not empty") && value.kind === "list" ? "" : `, not ${describeType(value)}`}.`,
      suggest(mend(kind, value), value),
    );
  const scalar = value.kind === "scalar" ? value.value : undefined;
  switch (kind) {
    case "schema":
      checkNode(value, state);
      break;
    case "schemas":
      if (value.kind !== "list" || value.items.length === 0) wrong("a list of schemas that is not empty");
      else for (const item of value.items) checkNode(item, state);
      break;
    case "schemaOrSchemas":
      if (value.kind === "list") for (const item of value.items) checkNode(item, state);
      else checkNode(value, state);
      break;
    case "schemaMap":
    case "patternMap":
      if (value.kind !== "map") wrong("a mapping of names to schemas");
      else for (const inner of value.entries) checkNode(inner.value, state, inner.key);
      break;
    case "names":
      if (value.kind !== "list" || !value.items.every(isText)) wrong("a list of names");
      break;
    case "schemaOrNamesMap":
      if (value.kind !== "map") wrong("a mapping of names to schemas or lists of names");
      else for (const inner of value.entries) if (inner.value.kind !== "list") checkNode(inner.value, state);
      break;
    case "namesMap":
      if (!listEntries(value).every((inner) => inner.value.kind === "list" && inner.value.items.every(isText)) || value.kind !== "map")
        wrong("a mapping of names to lists of names");
      break;
    case "text":
    case "pattern":
    case "reference":
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
    case "positive":
      if (typeof scalar !== "number" || scalar <= 0) wrong("a number above 0");
      break;
    case "list":
    case "options":
      if (value.kind !== "list" || (kind === "options" && value.items.length === 0))
        wrong(kind === "options" ? "a list that is not empty" : "a list");
      break;
    case "type":
      checkType(value, state);
      break;
    case "any":
      break;
    default:
      kind satisfies never;
  }
}

/** What was meant by text where a number, a boolean or a list is taken. */
function mend(kind: string, value: SourceNode): string | undefined {
  if (!isText(value) || value.style === "included") return undefined;
  const text = value.value.trim();
  const digits = text.replaceAll(/(?<=\d)[_,](?=\d{3})/g, "");
  if (["number", "count", "positive"].includes(kind)) return /^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/.test(digits) ? digits : undefined;
  if (kind === "boolean") return /^(true|yes|on)$/i.test(text) ? "true" : /^(false|no|off)$/i.test(text) ? "false" : undefined;
  if (kind !== "names" && kind !== "options") return undefined;
  const items = text.split(",").map((item) => item.trim());
  return items.every((item) => /^[$A-Za-z][\w$-]*$/.test(item)) ? `[${items.map(writeText).join(", ")}]` : undefined;
}

/** Keywords of other languages, with those that take the same. */
const keywordAliases: Readonly<Record<string, readonly string[]>> = {
  typ: ["type"],
  max: ["maximum"],
  min: ["minimum"],
  values: ["enum"],
  choices: ["enum"],
  options: ["enum"],
  oneof: ["oneOf", "enum"],
  regex: ["pattern"],
  props: ["properties"],
  fields: ["properties"],
  items_type: ["items"],
};

/** Whether a keyword may hold such a value. */
function takes(keyword: string, value: SourceNode): boolean {
  const kind = schemaKeywords[keyword];
  if (kind === "schemaMap") return value.kind === "map";
  if (kind === "options" || kind === "schemas")
    return value.kind === "list" && value.items.some((item) => (item.kind === "map") === (kind === "schemas"));
  return value.kind === "scalar" && (kind !== "number" || typeof value.value === "number");
}

function checkType(value: SourceNode, state: State): void {
  const items = value.kind === "list" ? value.items : [value];
  if (items.length === 0) fail(value, "`type` names no type.", state);
  for (const item of items) {
    if (isText(item) && (schemaTypes as readonly string[]).includes(item.value)) continue;
    const written = item.kind === "scalar" ? String(item.value) : undefined;
    const nearest = written === undefined ? undefined : (aliases[written.toLowerCase()] ?? findNearestName(written, schemaTypes));
    const message =
      written === undefined ? `\`type\` takes a type's name, not ${describeType(item)}.` : `\`${written}\` is no type of JSON Schema.`;
    if (nearest === undefined) fail(item, message, state, `types are ${schemaTypes.join(", ")}`);
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
