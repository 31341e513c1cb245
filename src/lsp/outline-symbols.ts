/** The file's parts as an editor's outline shows them. */
import type { Outline } from "../compile/check/outline.ts";
import { findText, type MapEntry, type SourceNode } from "../compile/source/node.ts";
import type { Span } from "../compile/source/span.ts";

/** A part with its parts. `name` is the span of its key, which lies inside `span`. */
export interface OutlineSymbol {
  label: string;
  kind: "field" | "role" | "condition" | "node" | "status" | "reflex";
  detail?: string;
  span: Span;
  name: Span;
  children: OutlineSymbol[];
}

/** Lists the parts of a file. */
export function listSymbols(outline: Outline): OutlineSymbol[] {
  const { root, roles } = outline;
  return root.entries
    .filter((entry) => !entry.merged && entry.key !== "")
    .map((entry) => {
      if (entry.key === "roles") return describe(entry, "field", (role) => describe(role, "role", undefined, roles.get(role.key)?.type));
      if (entry.key === "conditions")
        return describe(entry, "field", (condition) =>
          describe(condition, "condition", undefined, findText(condition.value, "expression")?.value),
        );
      if (entry.key === "graph") return describe(entry, "field", describeNode);
      if (entry.key === "reflexes") return { ...describe(entry, "field"), children: listReflexes(entry.value) };
      return describe(entry, "field", undefined, entry.value.kind === "scalar" ? String(entry.value.value ?? "") : undefined);
    });
}

function describe(
  entry: MapEntry,
  kind: OutlineSymbol["kind"],
  child?: (entry: MapEntry) => OutlineSymbol,
  detail?: string,
): OutlineSymbol {
  const name = entry.keyNode.span;
  const { span: value } = entry.value;
  const entries = child && entry.value.kind === "map" ? entry.value.entries.filter((inner) => !inner.merged && inner.key !== "") : [];
  return {
    label: entry.key,
    kind,
    ...(detail ? { detail: detail.split("\n")[0] ?? "" } : {}),
    // An alias's value stands elsewhere.
    span: { start: name.start, end: value.start >= name.start ? Math.max(name.end, value.end) : name.end },
    name,
    children: child ? entries.map(child) : [],
  };
}

function describeNode(node: MapEntry): OutlineSymbol {
  if (node.value.kind === "map") return describe(node, "node", (edge) => describe(edge, "status", undefined, describeTarget(edge.value)));
  const edges = node.value.kind === "list" ? node.value.items : [];
  const children = edges.map((edge): OutlineSymbol => {
    const condition = findText(edge, "condition")?.value;
    return {
      label: condition ?? "otherwise",
      kind: "status",
      detail: describeTarget(edge),
      span: edge.span,
      name: edge.span,
      children: [],
    };
  });
  return { ...describe(node, "node"), children };
}

function describeTarget(edge: SourceNode): string {
  return `→ ${findText(edge, "role")?.value ?? "?"}`;
}

function listReflexes(value: SourceNode): OutlineSymbol[] {
  const items = value.kind === "list" ? value.items : [];
  return items.map((item) => {
    const on = item.kind === "map" ? item.entries.find(({ key }) => key === "on")?.value : undefined;
    const kinds = on?.kind === "list" ? on.items.map((kind) => (kind.kind === "scalar" ? String(kind.value) : "?")).join(", ") : "";
    const label = findText(item, "kind")?.value || "reflex";
    return {
      label,
      kind: "reflex",
      detail: kinds || (findText(item, "schedule")?.value ?? ""),
      span: item.span,
      name: item.span,
      children: [],
    };
  });
}
