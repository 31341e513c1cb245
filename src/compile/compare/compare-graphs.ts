/** The difference of two revisions' graphs: edges with their conditions, prompts, events and children. */
import type { Json } from "../../contract/event.ts";
import type { EdgeIr, NodeIr, WorkflowIr } from "../ir.ts";
import { writeCanonicalJson } from "../lower-workflow.ts";
import type { Change } from "./change.ts";

/** Compares all nodes; those of roles that are gone or new are told with them. */
export function compareGraphs(before: WorkflowIr, after: WorkflowIr, renamed: ReadonlyMap<string, string>): Change[] {
  if (before.form !== after.form)
    return [
      {
        part: "workflow",
        what: "changed",
        at: "graph",
        message: `decides by ${describeForm(after)}, no more by ${describeForm(before)}`,
        breaks: ["threads"],
        why: "answers of before are read in another way",
      },
    ];
  const changes: Change[] = [];
  if (before.moderator !== after.moderator)
    changes.push({ part: "workflow", what: "changed", at: "moderator", before: before.moderator ?? null, after: after.moderator ?? null });
  if (after.form === "moderator") return changes;
  const fresh = new Map(after.nodes.map((node) => [node.name, node]));
  const old = new Map(before.nodes.map((node) => [renamed.get(node.name) ?? node.name, node]));
  for (const [name, node] of old) {
    const other = fresh.get(name);
    if (other) changes.push(...compareNodes(node, other, renamed));
  }
  for (const [name, node] of fresh)
    if (!old.has(name))
      changes.push(...node.edges.map((edge): Change => ({ part: "edge", what: "added", at: nameEdge(name, edge), after: edge.target })));
  return [...changes, ...compareConditions(before, after)];
}

function describeForm({ form }: WorkflowIr): string {
  switch (form) {
    case "status":
      return "statuses";
    case "list":
      return "conditions";
    case "moderator":
      return "a moderator's expression";
    default:
      return form satisfies never;
  }
}

/** As a reviewer names it. */
function nameEdge(node: string, { label }: EdgeIr): string {
  return `${node}: ${label}`;
}

function compareNodes(before: NodeIr, after: NodeIr, renamed: ReadonlyMap<string, string>): Change[] {
  const target = (edge: EdgeIr): string => renamed.get(edge.target) ?? edge.target;
  const left = [...after.edges];
  const take = (isIt: (edge: EdgeIr) => boolean): EdgeIr | undefined => {
    const place = left.findIndex(isIt);
    return place < 0 ? undefined : left.splice(place, 1)[0];
  };
  const pairs = new Map<EdgeIr, EdgeIr>();
  // In a list several may have one condition: those that lead to the same place first.
  for (const edge of before.edges) {
    const other = take(({ label, target: to }) => label === edge.label && to === target(edge));
    if (other) pairs.set(edge, other);
  }
  for (const edge of before.edges) {
    const other = pairs.has(edge) ? undefined : take(({ label }) => label === edge.label);
    if (other) pairs.set(edge, other);
  }
  const { name } = after;
  const changes: Change[] = [];
  for (const edge of before.edges) {
    const other = pairs.get(edge);
    if (other) changes.push(...compareEdges(name, edge, other, target(edge)));
    else changes.push({ part: "edge", what: "removed", at: nameEdge(name, edge), before: edge.target, ...judgeRemoved(name, edge) });
  }
  for (const edge of left) changes.push({ part: "edge", what: "added", at: nameEdge(name, edge), after: edge.target });
  const order = [...pairs].map(([, other]) => after.edges.indexOf(other));
  if (after.edges.some(({ guard }) => guard.type !== "status") && order.some((place, index) => place < (order[index - 1] ?? -1)))
    changes.push({ part: "edge", what: "changed", at: name, message: "its edges are tried in another order" });
  return changes;
}

function judgeRemoved(node: string, edge: EdgeIr): Pick<Change, "breaks" | "why"> {
  if (edge.guard.type !== "status") return {};
  if (node === "$START")
    return edge.guard.status === "resume" ? { breaks: ["threads"], why: "a thread that has ended cannot be resumed any more" } : {};
  return { breaks: ["threads"], why: `a thread whose last step is \`${edge.guard.status}\` cannot go on` };
}

function compareEdges(node: string, before: EdgeIr, after: EdgeIr, targetBefore: string): Change[] {
  const at = nameEdge(node, after);
  const changes: Change[] = [];
  const compare = (key: string, was: Json | undefined, is: Json | undefined, part: Change["part"] = "edge"): void => {
    if (writeCanonicalJson(was ?? null) === writeCanonicalJson(is ?? null)) return;
    changes.push({
      part,
      what: was === undefined ? "added" : is === undefined ? "removed" : "changed",
      at: key === "" ? at : `${at}, ${key}`,
      ...(was !== undefined && { before: was }),
      ...(is !== undefined && { after: is }),
    });
  };
  compare("", targetBefore, after.target);
  compare("prompt", readPrompt(before), readPrompt(after), "prompt");
  compare("location", before.location, after.location);
  compare("emit", listOrNothing(before.emit), listOrNothing(after.emit));
  compare("spawn", listOrNothing(before.spawn), listOrNothing(after.spawn));
  return changes;
}

function readPrompt({ prompt }: EdgeIr): string | undefined {
  return prompt && (prompt.kind === "literal" ? prompt.text : prompt.source);
}

function listOrNothing(list: readonly object[]): Json | undefined {
  return list.length === 0 ? undefined : (list as unknown as Json);
}

function compareConditions(before: WorkflowIr, after: WorkflowIr): Change[] {
  const [old, fresh] = [listConditions(before), listConditions(after)];
  return [...old].flatMap(([name, expression]): Change[] => {
    const now = fresh.get(name);
    return now === undefined || now === expression
      ? []
      : [{ part: "condition", what: "changed", at: name, before: expression, after: now }];
  });
}

function listConditions({ nodes }: WorkflowIr): Map<string, string> {
  return new Map(
    nodes.flatMap(({ edges }) =>
      edges.flatMap(({ guard }): [string, string][] => (guard.type === "condition" ? [[guard.name, guard.expression]] : [])),
    ),
  );
}
