/** Checks the graph: that its names are roles, that edges lead somewhere, that every role can be reached and can end. */

import { findNearestName } from "../../contract/nearest-name.ts";
import type { DiagnosticDetails, Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { MapEntry } from "../source/node.ts";
import { findEntry, listEntries, writeText } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { EdgeOutline, GraphNodeOutline, Outline } from "./outline.ts";

/** Reports what is wrong with the graph as a whole. */
export function checkGraph(outline: Outline, report: Report): void {
  const { graph, root } = outline;
  const moderator = findEntry(root, "moderator");
  if (graph && moderator) {
    report.add("graph-or-moderator", moderator.keyNode.span, "A workflow decides by `graph` or by `moderator`, not by both.", {
      related: [{ span: graph.keyNode.span, message: "the graph is here" }],
    });
  }
  if (graph === undefined) {
    if (moderator === undefined)
      report.add("graph-or-moderator", root.entries[0]?.keyNode.span ?? root.span, "The workflow has neither `graph` nor `moderator`.");
    return;
  }
  if (graph.value.kind !== "map") return;
  checkForms(outline, report);
  checkSizes(outline, graph, report);
  if (!outline.nodes.some((node) => node.name === "$START")) {
    const nearest = outline.nodes.find((node) => /^\$?_*start_*$/i.test(node.name));
    report.add(
      "start-missing",
      nearest?.key.span ?? graph.keyNode.span,
      "The graph has no `$START`.",
      nearest
        ? { hint: "did you mean `$START`?", fix: { title: "Write `$START`", span: nearest.key.span, text: "$START" } }
        : { hint: "`$START:` says which role comes first" },
    );
  }
  if (outline.rolesUnknown) return;
  const names = resolveNodes(outline, report);
  const complete = checkTargets(outline, report);
  checkMissingNodes(outline, names, report);
  if (complete && outline.nodes.some((node) => node.name === "$START")) checkPaths(outline, names, report);
}

function checkForms(outline: Outline, report: Report): void {
  const wanted = outline.form === "list" ? "list" : "map";
  const first = outline.nodes.find((node) => node.value.kind === wanted);
  for (const node of outline.nodes) {
    if (node.value.kind === wanted || node.value.kind === "scalar") continue;
    const [is, others] =
      wanted === "list" ? ["maps statuses to edges", "lists of transitions"] : ["is a list of transitions", "maps of statuses"];
    report.add("mixed-graph-forms", node.key.span, `The node \`${node.name}\` ${is}; others are ${others}.`, {
      related: first ? [{ span: first.key.span, message: "as here" }] : [],
    });
  }
}

function checkSizes(outline: Outline, graph: MapEntry, report: Report): void {
  let total = 0;
  for (const node of outline.nodes) {
    total += node.edges.length;
    if (node.value.kind === "map" && node.edges.length > compileLimits.edgesPerNode)
      report.add("too-many", node.key.span, `The node has ${node.edges.length} edges; ${compileLimits.edgesPerNode} are allowed.`);
    const empty = node.value.kind === "list" ? node.value.items.length === 0 : node.value.kind === "map" && node.value.entries.length === 0;
    if (empty && node.name !== "$END" && node.name !== "$SUSPEND")
      report.add("missing-field", node.key.span, `The node \`${node.name}\` has no edges.`);
  }
  if (total > compileLimits.edges)
    report.add("too-many", graph.keyNode.span, `The graph has ${total} edges; ${compileLimits.edges} are allowed.`);
}

/** Reports nodes that are no roles; gives each node's role, misspellings resolved. */
function resolveNodes(outline: Outline, report: Report): Map<GraphNodeOutline, string> {
  const names = new Map<GraphNodeOutline, string>();
  const written = new Set(outline.nodes.map((node) => node.name));
  for (const node of outline.nodes) {
    const { name } = node;
    const { span } = node.key;
    if (name === "$START" || outline.roles.has(name)) names.set(node, name);
    else if (name === "$END") report.add("edge-out-of-end", span, "`$END` ends the thread; nothing leads out of it.");
    else if (name === "$SUSPEND")
      report.add("edge-out-of-end", span, "A suspended thread goes on with the role that suspended it; nothing leads out of `$SUSPEND`.");
    else {
      const nearest = findNearestName(
        name,
        [...outline.roles.keys(), "$START"].filter((role) => !written.has(role)),
      );
      if (nearest === "$START" && /^\$?_*start_*$/i.test(name)) {
        names.set(node, nearest);
        continue;
      }
      report.add("node-not-a-role", span, `There is no role \`${name}\`.`, suggest(nearest, span));
      if (nearest !== undefined) names.set(node, nearest);
    }
  }
  return names;
}

function suggest(nearest: string | undefined, span: Span): DiagnosticDetails {
  return nearest === undefined
    ? {}
    : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span, text: writeText(nearest) } };
}

/** Where an edge leads, a misspelling resolved; undefined if nobody can tell. */
function resolveTarget(edge: EdgeOutline, outline: Outline): string | undefined {
  const target = edge.target?.value;
  if (target === undefined || target === "$END" || target === "$SUSPEND" || outline.roles.has(target)) return target;
  return suggestTarget(target, outline);
}

function suggestTarget(target: string, outline: Outline): string | undefined {
  if (/^(\$|_*)end_*$/i.test(target)) return "$END";
  if (/^(\$|_*)suspend_*$/i.test(target)) return "$SUSPEND";
  return findNearestName(target, target.startsWith("$") ? ["$END", "$SUSPEND"] : outline.roles.keys());
}

/** Reports edges to nowhere; says whether every edge's target is known. */
function checkTargets(outline: Outline, report: Report): boolean {
  let complete = true;
  for (const node of outline.nodes) {
    // What is empty or of another shape was told as that.
    const { value } = node;
    const written = value.kind === "list" ? value.items.length : listEntries(value).length;
    if (written === 0 || written > node.edges.length) complete = false;
    for (const edge of node.edges) {
      const { target } = edge;
      const resolved = resolveTarget(edge, outline);
      if (resolved === undefined) complete = false;
      if (target === undefined || resolved === target.value) continue;
      const nearest = suggestTarget(target.value, outline);
      const details =
        target.value === "$START" ? { hint: "an edge leads to a role; `$START` is where a thread begins" } : suggest(nearest, target.span);
      report.add("unknown-target", target.span, `There is no role \`${target.value}\`.`, details);
    }
  }
  return complete;
}

function checkMissingNodes(outline: Outline, names: Map<GraphNodeOutline, string>, report: Report): void {
  const present = new Set(names.values());
  for (const role of outline.roles.values()) {
    if (!present.has(role.name))
      report.add("role-not-in-graph", role.key.span, `The role \`${role.name}\` has no node in the graph.`, {
        hint: `add \`${role.name}:\` under \`graph:\` with the edges that follow its turn`,
      });
  }
}

function checkPaths(outline: Outline, names: Map<GraphNodeOutline, string>, report: Report): void {
  const forward = new Map<string, Set<string>>();
  const backward = new Map<string, Set<string>>();
  for (const [node, name] of names) {
    for (const edge of node.edges) {
      const target = resolveTarget(edge, outline);
      if (target === undefined) continue;
      addTo(forward, name, target);
      addTo(backward, target, name);
    }
  }
  const reached = collect("$START", forward);
  const ending = collect("$END", backward);
  const present = new Set(names.values());
  for (const role of outline.roles.values()) {
    if (!present.has(role.name)) continue;
    if (!reached.has(role.name))
      report.add("role-unreachable", role.key.span, `Nothing leads to the role \`${role.name}\`.`, {
        hint: `let an edge lead to it, or leave it out`,
      });
    else if (!ending.has(role.name))
      report.add("end-unreachable", role.key.span, `From the role \`${role.name}\` no path leads to \`$END\`.`, {
        hint: "let some edge on its way lead to `$END`",
      });
  }
  checkLoop(outline, names, report);
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key) ?? new Set();
  set.add(value);
  map.set(key, set);
}

function collect(from: string, edges: Map<string, Set<string>>): Set<string> {
  const found = new Set([from]);
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const next of edges.get(name) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/** Warns once, at the first edge in the file's order that leads back to where it came from. */
function checkLoop(outline: Outline, names: Map<GraphNodeOutline, string>, report: Report): void {
  if (findEntry(outline.root, "max_rounds") || findEntry(outline.root, "maxRounds")) return;
  const edges = new Map<string, { target: string; edge: EdgeOutline }[]>();
  for (const [node, name] of names) {
    const out = node.edges.flatMap((edge) => {
      const target = resolveTarget(edge, outline);
      return target === undefined || edge.id === "$MAX_ROUNDS" ? [] : [{ target, edge }];
    });
    edges.set(name, out);
  }
  const state = new Map<string, "open" | "done">();
  const stack: { name: string; next: number }[] = [{ name: "$START", next: 0 }];
  state.set("$START", "open");
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const step = edges.get(top.name)?.[top.next];
    top.next += 1;
    if (step === undefined) {
      state.set(top.name, "done");
      stack.pop();
    } else if (state.get(step.target) === "open") {
      report.add(
        "loop-without-max-rounds",
        step.edge.target?.span ?? step.edge.node.span,
        `This edge leads back to \`${step.target}\`, and the file has no \`max_rounds\`.`,
        { hint: "`max_rounds: 20` says how many turns are enough; without it 100 are allowed" },
      );
      return;
    } else if (!state.has(step.target)) {
      state.set(step.target, "open");
      stack.push({ name: step.target, next: 0 });
    }
  }
}
