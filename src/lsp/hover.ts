/** What is shown of the thing under the pointer, in Markdown. */
import type { EdgeOutline, Outline, RoleOutline } from "../compile/check/outline.ts";
import { readRoleSchema } from "../compile/check/role-schema.ts";
import { findValueAt } from "../compile/check/values-at.ts";
import { catalogue } from "../compile/diagnostics/catalogue.ts";
import { findText, isText, listItems } from "../compile/source/node.ts";
import type { Span } from "../compile/source/span.ts";
import { engineStatuses, isEngineStatus, isTarget, targets } from "../contract/language.ts";
import { type Analysis, findOccurrence } from "./analysis.ts";
import type { NamedThing } from "./find-occurrences.ts";
import { describeField, findSchemas } from "./find-schema.ts";
import { findPlace } from "./locate-cursor.ts";

/** Text for a place, and the place. */
export interface HoverText {
  markdown: string;
  span: Span;
}

/** Describes what is at an offset; undefined where there is nothing to say. */
export function describeAt(analysis: Analysis, offset: number): HoverText | undefined {
  const { root, outline, diagnostics } = analysis;
  const parts: string[] = [];
  let span: Span | undefined;
  const occurrence = findOccurrence(analysis, offset);
  const place = root && findPlace(root, offset);
  if (occurrence && outline) {
    parts.push(...(describeSymbol(occurrence, outline) ?? []));
    span = occurrence.span;
  }
  const value = outline && place?.on === "value" && isText(place.node) ? findValueAt(outline, place.node, offset) : undefined;
  if (value) {
    const owners = value.of.length > 0 ? `\n\nOf ${value.of.join(", ")}.` : "";
    const about = value.about.map((text) => `\n\n${text}`).join("");
    parts.push(`**\`${value.name}\`**: \`${value.type}\`${value.optional ? ", may be absent" : ""}${about}${owners}`);
    span ??= value.span;
  }
  if (root && place) {
    const word = String(place.node.value);
    if (place.path.at(-1) === "role" && place.on === "value" && isTarget(word)) parts.push(`\`${word}\`: ${targets[word]}`);
    if (word === "$START" && place.on === "key") parts.push("`$START`: where a thread begins.");
    const named = occurrence && (place.on === "value" || isNameKey(place.path));
    const field = named || place.path[0]?.toString().startsWith("x-") ? undefined : describeField(findSchemas(root, place.path));
    if (field && (place.on === "key" || parts.length === 0) && !isNameKey(place.path)) parts.push(field);
    span ??= place.node.span;
  }
  for (const { name, code, span: at } of diagnostics) {
    if (offset < at.start || offset > at.end) continue;
    const { title, explanation } = catalogue[name];
    parts.push(`**${code}** ${title}. ${explanation}`);
    span ??= at;
  }
  return parts.length > 0 && span ? { markdown: parts.join("\n\n---\n\n"), span } : undefined;
}

/** Keys that the author names: roles, conditions, nodes and statuses. */
function isNameKey(path: (string | number)[]): boolean {
  const [first] = path;
  return path.length === 2 ? ["roles", "conditions", "graph"].includes(String(first)) : path.length === 3 && first === "graph";
}

function describeSymbol(symbol: NamedThing, outline: Outline): string[] | undefined {
  if (symbol.kind === "role") {
    const role = outline.roles.get(symbol.name);
    return role && [describeRole(role)];
  }
  if (symbol.kind === "condition") {
    const condition = outline.conditions.get(symbol.name);
    if (condition === undefined) return undefined;
    const { name, expression } = condition;
    const description = findDescription(outline, name);
    const code = expression && `\`\`\`jsonata\n${expression.value.trim()}\n\`\`\``;
    return [[`**condition \`${name}\`**`, description, code].filter((part) => part !== undefined).join("\n\n")];
  }
  const edge = outline.nodes.find((node) => node.name === symbol.role)?.edges.find((other) => other.id === symbol.name);
  const meaning = isEngineStatus(symbol.name) ? engineStatuses[symbol.name].meaning : undefined;
  return [
    [`**status \`${symbol.name}\`** of \`${symbol.role}\``, meaning, edge && describeEdge(edge)]
      .filter((part) => part !== undefined)
      .join("\n\n"),
  ];
}

function findDescription(outline: Outline, condition: string): string | undefined {
  const entry = outline.root.entries.find(({ key }) => key === "conditions");
  const node = entry?.value.kind === "map" ? entry.value.entries.find(({ key }) => key === condition)?.value : undefined;
  return findText(node, "description")?.value;
}

function describeEdge({ target, prompt }: EdgeOutline): string {
  const said = prompt?.value.trim();
  return `→ \`${target?.value ?? "?"}\`${said ? `\n\n> ${said.replaceAll("\n", "\n> ")}` : ""}`;
}

function describeRole({ name, type, node, schema }: RoleOutline): string {
  const capabilities = listItems(node, "capabilities").filter(isText);
  const statuses = schema ? readRoleSchema(schema).statuses : [];
  const list = (title: string, words: string[]) =>
    words.length > 0 ? `${title}: ${words.map((word) => `\`${word}\``).join(", ")}` : undefined;
  return [
    `**role \`${name}\`** (${type})`,
    findText(node, "description", "identity", "systemPrompt")?.value.trim(),
    findText(node, "goal")?.value.trim(),
    list(
      "Capabilities",
      capabilities.map(({ value }) => value),
    ),
    list(
      "Statuses",
      statuses.map(({ status }) => status),
    ),
  ]
    .filter((part) => part !== undefined && part !== "")
    .join("\n\n");
}
