/**
 * Finds schemas that nothing fits because of what they say in several places: behind `allOf` and `$ref`, in `if` and `then`, and of properties
 * that a part describes and another closes. What one place says against itself is found in `check-schema-sense.ts`.
 */
import type { Json } from "../../contract/event.ts";
import { checkSchema } from "../../contract/json-schema/check-schema.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { MapNode, SourceNode } from "../source/node.ts";
import { findEntry, findValue, isText, listEntries, listItems, toJson } from "../source/node.ts";
import type { Outline } from "./outline.ts";
import { gatherParts } from "./role-schema.ts";

/** Schemas that all hold for one value. */
type Parts = readonly MapNode[];

/** Schemas that are looked at together, and how deep; what a file may cost. */
const bounds = { parts: 32, depth: 24, steps: 4000 } as const;

interface Search {
  root: SourceNode;
  report: Report;
  /** Places that were told, here or before: one slip is one finding. */
  told: Set<number>;
  steps: { left: number };
}

/** Reports what nothing fits. All of it are warnings. */
export function checkSchemaFit(outline: Outline, report: Report): void {
  const told = new Set(report.list().map(({ span }) => span.start));
  const steps = { left: bounds.steps };
  const roots = [findValue(outline.root, "input"), ...[...outline.roles.values()].map(({ schema }) => schema)];
  for (const root of new Set(roots)) if (root?.kind === "map") judge(gatherParts(root, root), { root, report, told, steps }, 0);
}

/** @param expanded parts whose alternatives were chosen of */
function judge(given: Parts, search: Search, depth: number, expanded: ReadonlySet<MapNode> = new Set()): void {
  const parts = [...new Set(given)];
  search.steps.left -= parts.length;
  if (parts.length === 0 || parts.length > bounds.parts || depth > bounds.depth || search.steps.left < 0) return;
  judgeTypes(parts, search) || judgeConstants(parts, search) || judgeBounds(parts, search);
  judgeProperties(parts, search);
  for (const part of parts) if (!expanded.has(part)) judgeWays(part, parts, search, depth, expanded);
  const names = new Set(parts.flatMap((part) => listEntries(findValue(part, "properties")).map(({ key }) => key)));
  for (const name of names)
    judge(
      parts.flatMap((part) => gatherParts(findValue(findValue(part, "properties"), name), search.root)),
      search,
      depth + 1,
    );
  judge(
    parts.flatMap((part) => gatherParts(findValue(part, "items"), search.root)),
    search,
    depth + 1,
  );
}

/** Each way that a part leaves open, with all else that holds. */
function judgeWays(part: MapNode, parts: Parts, search: Search, depth: number, expanded: ReadonlySet<MapNode>): void {
  const more = (...schemas: SourceNode[]): void =>
    // One way at a time: two tests that exclude one another are no contradiction.
    judge(
      [...parts, ...schemas.flatMap((schema) => gatherParts(schema, search.root))],
      search,
      depth + 1,
      new Set([...expanded, ...parts]),
    );
  for (const key of ["oneOf", "anyOf"]) for (const way of listItems(part, key)) more(way);
  const [test, then, otherwise] = ["if", "then", "else"].map((key) => findValue(part, key));
  // Where the test holds, its own words hold as well.
  if (test && then) more(test, then);
  if (test && otherwise) more(otherwise);
}

function tell(node: SourceNode, message: string, other: SourceNode | undefined, search: Search): true {
  if (search.told.has(node.span.start) || (other && search.told.has(other.span.start))) return true;
  search.told.add(node.span.start);
  const head = (at: SourceNode) => (at.kind === "scalar" ? at.span : { start: at.span.start, end: at.span.start + 1 });
  search.report.add("schema-contradiction", head(node), `Nothing fits: ${message}`, {
    severity: "warning",
    related: other ? [{ span: head(other), message: "the other side is here" }] : [],
  });
  return true;
}

function readTypes(part: MapNode): string[] | undefined {
  const type = findValue(part, "type");
  if (isText(type)) return [type.value];
  return type?.kind === "list" && type.items.every(isText) ? type.items.map(({ value }) => value) : undefined;
}

function accepts(types: readonly string[], type: string): boolean {
  return types.includes(type) || (type === "integer" && types.includes("number")) || (type === "number" && types.includes("integer"));
}

/** No type is that of all parts. */
function judgeTypes(parts: Parts, search: Search): boolean {
  for (const part of parts) {
    const not = findValue(part, "not");
    if ((not?.kind === "map" && not.entries.length === 0) || (not?.kind === "scalar" && not.value === true))
      return tell(not, "`not` refuses whatever there is.", undefined, search);
  }
  const typed = parts.flatMap((part): [SourceNode, string[]][] => {
    const [node, types] = [findValue(part, "type"), readTypes(part)];
    return node && types ? [[node, types]] : [];
  });
  for (const [place, [node, types]] of typed.entries())
    for (const [other, others] of typed.slice(0, place))
      if (!types.some((type) => accepts(others, type)))
        return tell(node, `what must be ${others.join(" or ")} is to be ${types.join(" or ")} too.`, other, search);
  for (const part of parts) {
    const not = findValue(part, "not");
    const refused = not?.kind === "map" && not.entries.length === 1 ? readTypes(not) : undefined;
    const all = typed.find(
      ([, types]) => refused && types.every((type) => refused.includes(type) || (type === "integer" && refused.includes("number"))),
    );
    if (not && all) return tell(not, `\`not\` refuses all that is ${all[1].join(" or ")}.`, all[0], search);
  }
  return false;
}

/** What one value is held to, without what is inside of it. */
const scalarKeywords = [
  ...["type", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  ...["minLength", "maxLength", "pattern"],
];

/** None of the constants fits all parts. */
function judgeConstants(parts: Parts, search: Search): boolean {
  for (const part of parts) {
    const [constant, options] = [findValue(part, "const"), findValue(part, "enum")];
    const nodes = constant ? [constant] : (options?.kind === "list" ? options.items : []).slice(0, 64);
    if (nodes.length === 0 || (options?.kind === "list" && options.items.length > 64)) continue;
    for (const other of parts)
      for (const { key, value } of other.entries) {
        if (!scalarKeywords.includes(key) || value === constant || value === options) continue;
        const schema = { [key]: toJson(value) };
        if (nodes.some((node) => fits(schema, toJson(node)))) continue;
        const what = constant ? "the constant does not fit" : "none of the options fits";
        return tell(value, `${what} \`${key}\`.`, constant ?? options, search);
      }
  }
  return false;
}

function fits(schema: { [key: string]: Json }, value: Json): boolean {
  try {
    return checkSchema(schema, value, { left: 10_000 }).length === 0;
  } catch {
    return true;
  }
}

const limits = [
  { low: ["minimum", "exclusiveMinimum"], high: ["maximum", "exclusiveMaximum"] },
  { low: ["minLength"], high: ["maxLength"] },
  { low: ["minItems"], high: ["maxItems"] },
  { low: ["minProperties"], high: ["maxProperties"] },
] as const;

function listNumbers(parts: Parts, keys: readonly string[]): { key: string; node: SourceNode; value: number }[] {
  return parts.flatMap((part) =>
    keys.flatMap((key) => {
      const node = findValue(part, key);
      return node?.kind === "scalar" && typeof node.value === "number" ? [{ key, node, value: node.value }] : [];
    }),
  );
}

/** A lower bound above an upper one, of another part or an exclusive one. */
function judgeBounds(parts: Parts, search: Search): boolean {
  const whole = parts.some((part) => readTypes(part)?.every((type) => type === "integer"));
  for (const { low, high } of limits)
    for (const least of listNumbers(parts, low))
      for (const most of listNumbers(parts, high)) {
        const from = !whole ? least.value : least.key.startsWith("exclusive") ? Math.floor(least.value) + 1 : Math.ceil(least.value);
        const to = !whole ? most.value : most.key.startsWith("exclusive") ? Math.ceil(most.value) - 1 : Math.floor(most.value);
        const isOpen = !whole && (least.key.startsWith("exclusive") || most.key.startsWith("exclusive"));
        if (from > to || (isOpen && from === to))
          return tell(most.node, `\`${most.key}\` is ${most.value}, and \`${least.key}\` is ${least.value}.`, least.node, search);
      }
  const [items] = listNumbers(parts, ["minItems"]);
  const options = parts.map((part) => findValue(findValue(part, "items"), "enum")).find((node) => node?.kind === "list");
  const unique = parts.some((part) => toJson(findValue(part, "uniqueItems") ?? part) === true);
  if (items && unique && options?.kind === "list" && items.value > options.items.length)
    return tell(items.node, `\`minItems\` is ${items.value}, and there are ${options.items.length} different items.`, options, search);
  return false;
}

/** Whether a part takes a property by name. */
function takes(part: MapNode, name: string): boolean {
  const additional = findValue(part, "additionalProperties");
  const closed = additional?.kind === "scalar" && additional.value === false && !findEntry(part, "patternProperties");
  return !closed || findEntry(findValue(part, "properties"), name) !== undefined;
}

/** What is required and refused. */
function judgeProperties(parts: Parts, search: Search): void {
  const required = parts.flatMap((part) =>
    listItems(part, "required")
      .filter(isText)
      .map((node) => ({ part, node })),
  );
  for (const { part, node } of required) {
    // In its own part it was told.
    const closing = parts.find((other) => other !== part && !takes(other, node.value));
    if (closing) {
      tell(
        node,
        `\`${node.value}\` is required, and another part of the schema takes no such property.`,
        findValue(closing, "additionalProperties"),
        search,
      );
      continue;
    }
    const refused = parts
      .map((other) => findValue(findValue(other, "properties"), node.value))
      .find((schema) => schema?.kind === "scalar" && schema.value === false);
    if (refused) tell(node, `\`${node.value}\` is required, and nothing may stand there.`, refused, search);
  }
  const names = new Set(required.map(({ node }) => node.value));
  const [most] = listNumbers(parts, ["maxProperties"]);
  if (most && names.size > most.value)
    tell(most.node, `${names.size} properties are required, and ${most.value} allowed.`, required.at(-1)?.node, search);
  const [least] = listNumbers(parts, ["minProperties"]);
  const closed = parts.find((part) => !takes(part, ""));
  const known = listEntries(findValue(closed, "properties")).length;
  if (least && closed && known < least.value)
    tell(
      least.node,
      `the schema takes ${known} properties, and asks for ${least.value}.`,
      findValue(closed, "additionalProperties"),
      search,
    );
}
