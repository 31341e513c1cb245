/** Finds every place that defines or names a role, a condition or a status. */
import type { EdgeOutline, Outline } from "../compile/check/outline.ts";
import { readRoleSchema } from "../compile/check/role-schema.ts";
import type { ScalarNode, SourceNode } from "../compile/source/node.ts";
import { findText, findValue, isText, listItems } from "../compile/source/node.ts";
import type { Span } from "../compile/source/span.ts";
import { findRolesInExpression, findRolesInRecipients, findRolesInTemplate, type RoleText } from "./find-role-texts.ts";

/** What has a name in a workflow. A status belongs to a role. */
export interface NamedThing {
  kind: "role" | "condition" | "status";
  name: string;
  role?: string;
}

/** A place that names a symbol. */
export interface Occurrence extends NamedThing {
  /** The name itself, without quotes. */
  span: Span;
  definition: boolean;
}

/** All places of a file, in source order. What other files bring in is left out: it can't be pointed at. */
export function findOccurrences(outline: Outline): Occurrence[] {
  const found = new Map<string, Occurrence>();
  const add = (symbol: NamedThing, node: ScalarNode, definition: boolean, text?: RoleText): void => {
    if (node.style === "included") return;
    const span = text ? node.locate(text.start, text.end) : node.locate(0, String(node.value).length);
    // Aliases share nodes: one place, however often it is read.
    const identity = `${symbol.kind} ${span.start}`;
    if (span.end > span.start && !found.has(identity)) found.set(identity, { ...symbol, span, definition });
  };
  const addRole = (node: SourceNode | undefined): void => {
    if (isText(node) && outline.roles.has(node.value)) add({ kind: "role", name: node.value }, node, false);
  };
  const addTexts = (node: SourceNode | undefined, find: (source: string) => RoleText[]): void => {
    if (!isText(node)) return;
    for (const text of find(node.value)) if (outline.roles.has(text.name)) add({ kind: "role", name: text.name }, node, false, text);
  };
  const addStrings = (node: SourceNode | undefined): void => {
    if (node?.kind === "list") for (const item of node.items) isText(item) ? addTexts(item, findRolesInTemplate) : addStrings(item);
    if (node?.kind === "map")
      for (const { value } of node.entries) isText(value) ? addTexts(value, findRolesInTemplate) : addStrings(value);
  };
  const addPayload = (node: SourceNode | undefined): void => (isText(node) ? addTexts(node, findRolesInExpression) : addStrings(node));
  const addEmit = (emit: SourceNode): void => {
    addPayload(findValue(emit, "data"));
    addTexts(findValue(emit, "to"), findRolesInRecipients);
    addTexts(findValue(emit, "to"), findRolesInTemplate);
  };
  const addEdge = (edge: EdgeOutline, role: string): void => {
    if (edge.key) add({ kind: "status", name: edge.id, role }, edge.key, false);
    addRole(edge.target);
    if (edge.condition && outline.conditions.has(edge.condition.value))
      add({ kind: "condition", name: edge.condition.value }, edge.condition, false);
    addTexts(edge.prompt, findRolesInTemplate);
    addTexts(findText(edge.node, "location"), findRolesInTemplate);
    for (const emit of listItems(edge.node, "emit")) addEmit(emit);
    for (const spawn of listItems(edge.node, "spawn")) addPayload(findValue(spawn, "input"));
  };

  for (const role of outline.roles.values()) {
    add({ kind: "role", name: role.name }, role.key, true);
    const eligibility = findValue(role.node, "eligibility");
    for (const item of listItems(eligibility, "not")) addRole(item);
    if (role.schema)
      for (const { status, node } of readRoleSchema(role.schema).statuses) {
        // Two roles may share a schema by an alias: the place is the first one's, and defines the status of both.
        const symbol: NamedThing = { kind: "status", name: status, role: role.name };
        if (node.style !== "included")
          found.set(`status ${role.name} ${status}`, { ...symbol, span: node.locate(0, status.length), definition: true });
      }
  }
  for (const condition of outline.conditions.values()) {
    add({ kind: "condition", name: condition.name }, condition.key, true);
    addTexts(condition.expression, findRolesInExpression);
  }
  addTexts(outline.moderator, findRolesInExpression);
  for (const node of outline.nodes) {
    if (outline.roles.has(node.name)) add({ kind: "role", name: node.name }, node.key, false);
    for (const edge of node.edges) addEdge(edge, node.name);
  }
  for (const reflex of outline.reflexes) for (const emit of listItems(reflex, "emit")) addEmit(emit);
  return [...found.values()].sort((a, b) => a.span.start - b.span.start);
}

/** Tells whether two mean the same thing. */
export function isSameThing(a: NamedThing, b: NamedThing): boolean {
  return a.kind === b.kind && a.name === b.name && a.role === b.role;
}
