/**
 * The parts of a workflow with their places, read tolerantly: what has the wrong shape was reported and is left out, so
 * that every later check sees only what can be judged.
 */
import { type Binding, bindings, type RoleType, readWord, roleTypes, targets, wordsOf } from "../../contract/language.ts";
import { defaults } from "../defaults.ts";
import type { GraphForm } from "../ir.ts";
import type { MapEntry, MapNode, ScalarNode, SourceNode, TextNode } from "../source/node.ts";
import { findEntry, findText, findValue, isText, listEntries, listItems } from "../source/node.ts";

export interface RoleOutline {
  name: string;
  key: ScalarNode;
  node: MapNode;
  type: RoleType;
  /** `frontmatter` or its older names. */
  schema: SourceNode | undefined;
}

export interface EdgeOutline {
  /** Status form: the status. List form: the place in the list. */
  id: string;
  /** Status form only. */
  key: ScalarNode | undefined;
  node: MapNode;
  target: TextNode | undefined;
  condition: TextNode | undefined;
  prompt: TextNode | undefined;
}

export interface GraphNodeOutline {
  name: string;
  key: ScalarNode;
  value: SourceNode;
  edges: EdgeOutline[];
}

export interface ConditionOutline {
  name: string;
  key: ScalarNode;
  expression: TextNode | undefined;
}

export interface Outline {
  root: MapNode;
  binding: Binding;
  form: GraphForm;
  roles: Map<string, RoleOutline>;
  /** There are no roles to be read, which was reported: nothing can be said of their names. */
  rolesUnknown: boolean;
  conditions: Map<string, ConditionOutline>;
  graph: MapEntry | undefined;
  nodes: GraphNodeOutline[];
  moderator: TextNode | undefined;
  reflexes: MapNode[];
}

/** Keys of the graph that no role may have, which is told; other names of roles that are told are roles to those who name them. */
const places: readonly string[] = ["$START", ...wordsOf(targets)];

/** Reads the parts of a file. */
export function readOutline(root: MapNode): Outline {
  const roles = new Map<string, RoleOutline>();
  for (const entry of listEntries(findValue(root, "roles"))) {
    if (!places.includes(entry.key))
      roles.set(entry.key, entry.value.kind === "map" ? readRole(entry, entry.value) : readBrokenRole(entry));
  }
  const conditions = new Map<string, ConditionOutline>();
  for (const entry of listEntries(findValue(root, "conditions"))) {
    conditions.set(entry.key, { name: entry.key, key: entry.keyNode, expression: findText(entry.value, "expression") });
  }
  const graph = findEntry(root, "graph");
  const nodes = listEntries(graph?.value).map(readNode);
  const moderator = findText(root, "moderator");
  const lists = nodes.filter((node) => node.value.kind === "list").length;
  const maps = nodes.filter((node) => node.value.kind === "map").length;
  return {
    root,
    binding: readWord(findText(root, "binding")?.value, bindings) ?? defaults.binding,
    form:
      graph === undefined && moderator !== undefined
        ? "moderator"
        : lists > maps || (lists === maps && conditions.size > 0)
          ? "list"
          : "status",
    roles,
    rolesUnknown: findValue(root, "roles")?.kind !== "map",
    conditions,
    graph,
    nodes,
    moderator,
    reflexes: listItems(root, "reflexes").filter((item) => item.kind === "map"),
  };
}

function readRole(entry: MapEntry, node: MapNode): RoleOutline {
  const type = readWord(findText(node, "type")?.value, roleTypes) ?? (findValue(node, "agent") ? "named" : "open");
  return { name: entry.key, key: entry.keyNode, node, type, schema: findValue(node, "frontmatter", "meta", "outputSchema") };
}

/** A role whose value has the wrong shape still is a role to those who name it. */
function readBrokenRole(entry: MapEntry): RoleOutline {
  const { span } = entry.value;
  const schema: ScalarNode = { kind: "scalar", span, value: null, style: "plain", hole: true, locate: () => span };
  return { name: entry.key, key: entry.keyNode, node: { kind: "map", span, entries: [] }, type: "open", schema };
}

function readNode(entry: MapEntry): GraphNodeOutline {
  const edges: EdgeOutline[] = [];
  if (entry.value.kind === "list") {
    entry.value.items.forEach((item, index) => {
      if (item.kind === "map") edges.push(readEdge(String(index), undefined, item));
    });
  } else {
    for (const inner of listEntries(entry.value)) {
      if (inner.value.kind === "map") edges.push(readEdge(inner.key, inner.keyNode, inner.value));
    }
  }
  return { name: entry.key, key: entry.keyNode, value: entry.value, edges };
}

function readEdge(id: string, key: ScalarNode | undefined, node: MapNode): EdgeOutline {
  const condition = findValue(node, "condition");
  return {
    id,
    key,
    node,
    target: findText(node, "role"),
    condition: isText(condition) ? condition : undefined,
    prompt: findText(node, "prompt"),
  };
}
