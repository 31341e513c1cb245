/** The graph as nodes with edges; both forms, and the moderator's, become the same. */
import type { EdgeOutline, GraphNodeOutline, Outline } from "../check/outline.ts";
import type { EdgeGuard, EdgeIr, NodeIr, Template } from "../ir.ts";
import { findText, findValue } from "../source/node.ts";
import { normaliseMustache } from "../templates/normalise-mustache.ts";
import { raiseEmits, raiseSpawns } from "./raise-effects.ts";

/** Raises the nodes of a sound graph, `$START` first. */
export function raiseNodes(outline: Outline): NodeIr[] {
  if (outline.form === "moderator") return raiseModeratorNodes(outline);
  const start = outline.nodes.filter((node) => node.name === "$START");
  const others = outline.nodes.filter((node) => node.name !== "$START");
  return [...start, ...others].map((node) => raiseNode(node, outline));
}

/** A moderator may pick any role, or the end, after any step. */
function raiseModeratorNodes(outline: Outline): NodeIr[] {
  const targets = [...outline.roles.keys(), "$END"];
  return ["$START", ...outline.roles.keys()].map((name) => ({
    name,
    edges: targets.map((target): EdgeIr => ({ id: target, guard: { type: "always" }, label: target, target, emit: [], spawn: [] })),
  }));
}

function raiseNode(node: GraphNodeOutline, outline: Outline): NodeIr {
  return { name: node.name, edges: node.edges.map((edge) => raiseEdge(edge, outline)) };
}

function raiseEdge(edge: EdgeOutline, outline: Outline): EdgeIr {
  const liquid = outline.form === "status";
  const guard = raiseGuard(edge, outline);
  const ir: EdgeIr = {
    id: edge.id,
    guard,
    label: guard.type === "status" ? guard.status : guard.type === "condition" ? guard.name : "otherwise",
    target: edge.target?.value ?? "$END",
    emit: raiseEmits(findValue(edge.node, "emit"), liquid),
    spawn: raiseSpawns(findValue(edge.node, "spawn"), liquid),
  };
  const condition = edge.condition ? outline.conditions.get(edge.condition.value) : undefined;
  const description = condition ? findDescription(outline, condition.name) : undefined;
  const location = findText(edge.node, "location");
  if (description !== undefined) ir.description = description;
  if (edge.prompt) ir.prompt = raisePrompt(edge.prompt.value, liquid);
  if (location) ir.location = location.value;
  return ir;
}

function raiseGuard(edge: EdgeOutline, outline: Outline): EdgeGuard {
  if (edge.key) return { type: "status", status: edge.id };
  const condition = edge.condition ? outline.conditions.get(edge.condition.value) : undefined;
  return condition ? { type: "condition", name: condition.name, expression: condition.expression?.value ?? "" } : { type: "always" };
}

function findDescription(outline: Outline, condition: string): string | undefined {
  return findText(findValue(findValue(outline.root, "conditions"), condition), "description")?.value;
}

function raisePrompt(text: string, liquid: boolean): Template {
  if (!liquid) return { kind: "literal", text };
  const source = normaliseMustache(text);
  return source.mustache ? { kind: "liquid", source: source.text, mustache: true } : { kind: "liquid", source: source.text };
}
