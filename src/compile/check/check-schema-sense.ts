/** Checks that something can fit a JSON Schema: it asks for no property that it does not take, and says nothing against itself. */
import type { Json } from "../../contract/event.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { everyNumber, isEmpty, meetRanges, ofKeywords } from "../meaning/range.ts";
import type { SourceNode } from "../source/node.ts";
import { findEntry, findValue, isText, listEntries, listItems, toJson } from "../source/node.ts";
import { ownVariables } from "./check-templates.ts";
import type { Outline, RoleOutline } from "./outline.ts";
import { gatherParts, readRoleSchema } from "./role-schema.ts";

/** Reports schemas that contradict themselves: of roles, and of the input. */
export function checkSchemaSense(outline: Outline, report: Report): void {
  const seen = new Set<SourceNode>();
  const input = findValue(outline.root, "input");
  if (input) walk(input, true, seen, report);
  for (const role of outline.roles.values())
    if (role.schema) {
      walk(role.schema, true, seen, report);
      if (role.type !== "broadcast") checkTwice(role, report);
      if (role.type !== "broadcast" && outline.form === "status") checkHidden(role.schema, report);
    }
}

/** @param needed whether nothing fits the whole without fitting this */
function walk(schema: SourceNode, needed: boolean, seen: Set<SourceNode>, report: Report): void {
  if (schema.kind !== "map" || seen.has(schema)) return;
  seen.add(schema);
  checkRequired(schema, report);
  checkBounds(schema, needed, report);
  checkConstants(schema, needed, report);
  checkKeywords(schema, report);
  const required = new Set(listItems(schema, "required").flatMap((item) => (isText(item) ? [item.value] : [])));
  const of = (keyword: string): SourceNode[] => listEntries(findValue(schema, keyword)).map(({ value }) => value);
  for (const { key, value } of listEntries(findValue(schema, "properties"))) walk(value, needed && required.has(key), seen, report);
  for (const part of listItems(schema, "allOf")) walk(part, needed, seen, report);
  const items = findValue(schema, "items", "contains");
  for (const part of [
    ...listItems(schema, "oneOf"),
    ...listItems(schema, "anyOf"),
    ...of("$defs"),
    ...of("definitions"),
    ...(items ? [items] : []),
  ])
    walk(part, false, seen, report);
}

/** A required property that a closed object does not take; in an open one, a near name of one that it has. */
function checkRequired(schema: SourceNode, report: Report): void {
  const properties = findValue(schema, "properties");
  const additional = findValue(schema, "additionalProperties");
  const closed = additional?.kind === "scalar" && additional.value === false && !findEntry(schema, "patternProperties");
  const names = listEntries(properties).map(({ key }) => key);
  const required = listItems(schema, "required").filter(isText);
  for (const item of required) {
    if (names.includes(item.value)) continue;
    const free = names.filter((name) => !required.some(({ value }) => value === name));
    const nearest = findNearestName(item.value, free) ?? findNearestName(item.value, names);
    if (!closed && nearest === undefined) continue;
    const fixable = nearest !== undefined && free.includes(nearest);
    report.add(
      "required-unknown",
      item.span,
      closed
        ? `\`${item.value}\` is required, and the schema takes no such property: nothing fits it.`
        : `\`${item.value}\` is required, and is not among \`properties\`.`,
      {
        ...(closed ? {} : { severity: "warning" as const }),
        hint: nearest === undefined ? "describe it under `properties`, or leave it out of `required`" : `did you mean \`${nearest}\`?`,
        ...(fixable
          ? { fix: { title: `Write \`${nearest}\``, span: item.span, text: /^[\w-]+$/.test(nearest) ? nearest : JSON.stringify(nearest) } }
          : {}),
      },
    );
  }
}

const bounds = [
  ["minimum", "maximum", "number"],
  ["minLength", "maxLength", "string"],
  ["minItems", "maxItems", "array"],
  ["minProperties", "maxProperties", "object"],
  ["minContains", "maxContains", "array"],
] as const;

function readNumber(schema: SourceNode, key: string): number | undefined {
  const node = findValue(schema, key);
  return node?.kind === "scalar" && typeof node.value === "number" ? node.value : undefined;
}

function listTypes(schema: SourceNode): string[] | undefined {
  const type = findValue(schema, "type");
  if (isText(type)) return [type.value];
  return type?.kind === "list" && type.items.every(isText) ? type.items.map(({ value }) => value) : undefined;
}

/** Bounds with no multiple between them. */
function checkMultiple(schema: SourceNode, types: string[] | undefined, needed: boolean, report: Report): void {
  const step = readNumber(schema, "multipleOf");
  const entry = findEntry(schema, "multipleOf");
  if (!entry || step === undefined || step <= 0 || types?.some((type) => type !== "number" && type !== "integer") !== false) return;
  const bounded = ofKeywords((keyword) => readNumber(schema, keyword));
  if (bounded.length < 2 || isEmpty(meetRanges(bounded)) || !isEmpty(meetRanges([...bounded, { ...everyNumber, step }]))) return;
  report.add("schema-contradiction", entry.value.span, `Nothing fits: no multiple of ${step} is between the bounds.`, {
    ...(needed ? {} : { severity: "warning" as const }),
  });
}

function checkBounds(schema: SourceNode, needed: boolean, report: Report): void {
  const types = listTypes(schema);
  checkMultiple(schema, types, needed, report);
  for (const [low, high, type] of bounds) {
    const [least, most] = [readNumber(schema, low), readNumber(schema, high)];
    const [from, to] = [findEntry(schema, low), findEntry(schema, high)];
    if (least === undefined || most === undefined || least <= most || !from || !to) continue;
    // What is of another type passes.
    const others = types === undefined || types.some((each) => each !== type && !(each === "integer" && type === "number"));
    report.add("schema-contradiction", to.value.span, `Nothing fits: \`${high}\` is ${most}, and \`${low}\` is ${least}.`, {
      related: [{ span: from.value.span, message: "the other bound" }],
      ...(needed && !others ? {} : { severity: "warning" as const }),
    });
  }
}

/** Keywords that look at values of one type alone. */
const keywordsOf = {
  string: ["minLength", "maxLength", "pattern"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  array: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"],
  object: ["properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties"],
} as const;

/** Keywords that the schema's own type leaves nothing to look at. */
function checkKeywords(schema: SourceNode, report: Report): void {
  const types = listTypes(schema);
  if (!types?.every((type) => Object.hasOwn(tests, type))) return;
  for (const [of, keywords] of Object.entries(keywordsOf)) {
    if (types.some((type) => type === of || (of === "number" && type === "integer"))) continue;
    const found = keywords.map((keyword) => findEntry(schema, keyword)).find((entry) => entry !== undefined);
    if (!found) continue;
    const shown = types.map((type) => `\`${type}\``).join(" or ");
    report.add("without-effect", found.keyNode.span, `\`${found.key}\` checks nothing here: the type is ${shown}.`, {
      hint: `it looks at values of the type \`${of}\``,
      related: [{ span: findValue(schema, "type")?.span ?? found.keyNode.span, message: "the type is here" }],
    });
  }
}

const tests: Record<string, (value: Json) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => typeof value === "number" && Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** Constants that the type, or the other of `const` and `enum`, never lets pass. */
function checkConstants(schema: SourceNode, needed: boolean, report: Report): void {
  const types = listTypes(schema);
  const constant = findValue(schema, "const");
  const options = findValue(schema, "enum");
  const list = options?.kind === "list" ? options.items : [];
  const values = constant ? [constant] : list;
  if (values.length === 0) return;
  const severity = needed ? {} : { severity: "warning" as const };
  if (types?.every((type) => Object.hasOwn(tests, type)) && !values.some((node) => types.some((type) => tests[type]?.(toJson(node))))) {
    const type = findValue(schema, "type");
    const [only] = values;
    const quoted = types.includes("string") && values.every((node) => node.kind === "scalar" && node.value !== null);
    const text = values.map((node) => JSON.stringify(String(toJson(node)))).join(", ");
    const span = constant?.span ?? options?.span;
    if (span === undefined || only === undefined) return;
    report.add(
      "schema-contradiction",
      { start: span.start, end: constant?.kind === "scalar" ? span.end : span.start + 1 },
      `Nothing fits: ${constant ? "the constant is" : "the options are"} not of the type ${types.map((each) => `\`${each}\``).join(" or ")}.`,
      {
        ...severity,
        ...(quoted
          ? {
              hint: `quote ${values.length === 1 ? "it" : "them"}: ${constant ? text : `[${text}]`}`,
              fix: { title: "Put it in quotes", span, text: constant ? text : `[${text}]` },
            }
          : {}),
        related: type ? [{ span: type.span, message: "the type is here" }] : [],
      },
    );
    return;
  }
  if (constant && list.length > 0 && !list.some((node) => JSON.stringify(toJson(node)) === JSON.stringify(toJson(constant))))
    report.add(
      "schema-contradiction",
      constant.kind === "scalar" ? constant.span : { start: constant.span.start, end: constant.span.start + 1 },
      "Nothing fits: the constant is none of `enum`.",
      severity,
    );
}

/** Fields that a prompt can't name: under their names it sees the engine's own. */
function checkHidden(schema: SourceNode, report: Report): void {
  for (const { parts } of readRoleSchema(schema).branches)
    for (const part of parts)
      for (const { key, keyNode } of listEntries(findValue(part, "properties")))
        if (ownVariables.includes(key))
          report.add("without-effect", keyNode.span, `Prompts see their own \`${key}\`, and not this field.`, {
            hint: "give the field another name",
          });
}

/** Two branches of `oneOf` for one status: an answer must fit just one of them. */
function checkTwice(role: RoleOutline, report: Report): void {
  const seen = new Map<string, SourceNode>();
  for (const branch of listItems(role.schema, "oneOf")) {
    const statuses = gatherParts(branch, role.schema ?? branch).flatMap((part) => {
      const property = findValue(findValue(part, "properties"), "$status");
      const constant = findValue(property, "const");
      return isText(constant) ? [constant] : listItems(property, "enum").filter(isText);
    });
    for (const node of statuses) {
      const earlier = seen.get(node.value);
      if (earlier)
        report.add(
          "status-in-two-branches",
          node.span,
          `Two branches of the schema of \`${role.name}\` have the status \`${node.value}\`.`,
          {
            hint: "give each its own status, or make one branch of the two",
            related: [{ span: earlier.span, message: "the other is here" }],
          },
        );
    }
    for (const node of statuses) if (!seen.has(node.value)) seen.set(node.value, node);
  }
}
