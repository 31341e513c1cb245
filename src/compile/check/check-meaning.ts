/** Holds every expression and template against the types of what it sees there. */

import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { describe } from "../meaning/find-field.ts";
import { infer } from "../meaning/infer.ts";
import type { Inference } from "../meaning/inference.ts";
import { judgeTemplate } from "../meaning/judge-template.ts";
import { isNothing, join, nothing, type Type } from "../meaning/type.ts";
import type { TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import type { Checked } from "./check-workflow.ts";
import type { Meaning } from "./meaning.ts";
import type { Outline } from "./outline.ts";
import { listExpressions, listTemplates, type SeenExpression, type Trees, type Use } from "./sights.ts";

/** What is said of a test unless it is told as a whole. */
export interface Later {
  node: TextNode;
  tell(): void;
}

/**
 * Reports what can never be, as far as schemas tell. All of it are warnings.
 * @param meaning the types of its values; where children's workflows are known, with what those give
 * @returns what tests rule out in conditions: where an edge is never taken for it, that says more
 */
export function checkMeaning(checked: Checked, meaning: Meaning, report: Report): Later[] {
  const later: Later[] = [];
  for (const seen of listExpressions(checked, meaning)) {
    const { node, use } = seen;
    const type = inferExpression(seen, checked, report, {
      later: use === "condition" || use === "truth" ? (tell) => later.push({ node, tell }) : undefined,
    });
    const tree = checked.parsed.get(node.value);
    if (type) checkUse(node, type, use, checked.outline, report);
    if (type && tree?.ok && (use === "truth" || use === "condition") && isPlain(tree.tree)) checkCollection(node, type, report);
  }
  for (const { tree, node, types } of listTemplates(checked, meaning)) judgeTemplate(tree, node, types, report);
  return later;
}

/** Says what was kept back, but of tests that were told and of conditions of edges that were. */
export function tellLater(
  later: readonly Later[],
  { nodes, conditions }: Outline,
  never: readonly { node: string; edge: string }[],
  tests: readonly TextNode[],
): void {
  const told = new Set<TextNode | undefined>([
    ...tests,
    ...never.map(({ node, edge }) => {
      const condition = nodes.find(({ name }) => name === node)?.edges.find(({ id }) => id === edge)?.condition;
      return condition && conditions.get(condition.value)?.expression;
    }),
  ]);
  for (const { node, tell } of later) if (!told.has(node)) tell();
}

/** Judges an expression that parses; gives its type. */
export function inferExpression(
  { node, view, sight }: SeenExpression,
  { parsed }: { parsed: Trees },
  report: Report,
  hooks: Pick<Inference, "observe" | "later"> = {},
): Type | undefined {
  const tree = parsed.get(node.value);
  if (!tree?.ok) return undefined;
  const walk = { node, view, context: { report, roles: undefined, parsed: new Map() }, count: 0, stopped: false };
  return infer(tree.tree, { ...sight, ...walk, ...hooks });
}

/** Whether an expression is a path that finds a value wherever its schema has one: without tests and without steps of other sorts. */
function isPlain(tree: ExpressionNode): boolean {
  if (tree.type !== "path" || tree["group"] !== undefined) return false;
  return asNodes(tree["steps"]).every((step, place) => {
    if (place === 0 && step.type === "function") return true;
    const stages = [...asNodes(step["stages"]), ...asNodes(step["predicate"])].map(({ expr }) => asNode(expr));
    return step.type === "name" && stages.every((stage) => stage?.type === "number" || stage?.type === "unary");
  });
}

/** A list or a map that is always there, as a test. */
function checkCollection(node: TextNode, { any, absent, scalars, objects, lists }: Type, report: Report): void {
  if (any || absent || scalars.size > 0 || objects.length + lists.length === 0) return;
  const isList = objects.length === 0;
  report.add(
    "wrong-result",
    node.locate(0, node.value.length),
    `This gives ${isList ? "a list, which counts as true where it is empty too" : "a map, which always counts as true"}.`,
    isList ? { hint: `ask for its items: \`$count(${node.value.trim()}) > 0\`` } : { hint: "name one of its fields" },
  );
}

const wanted: Record<Exclude<Use, "truth" | "condition" | "value">, { kinds: readonly string[]; words: string; else: string }> = {
  number: { kinds: ["number"], words: "a number", else: "it counts as 0" },
  key: { kinds: ["string", "number", "boolean"], words: "text, a number or a boolean", else: "the key counts as missing" },
  agent: { kinds: ["string"], words: "an agent's id", else: "no thread starts" },
  role: { kinds: ["object"], words: "`{role, prompt?}`", else: "the thread fails" },
};

/** A moderator's `{role, prompt?}`: what else it gives, or where it gives nothing. */
function checkPicked(node: TextNode, { objects, absent }: Type, outline: Outline, report: Report): void {
  const whole = node.locate(0, node.value.length);
  if (absent)
    report.add("wrong-result", whole, "This may give nothing, and `{role, prompt?}` is asked for: the thread fails then.", {
      hint: "say what is done otherwise: `… ? { 'role': 'x' } : { 'role': '__end__' }`",
    });
  const picked = join(objects.map((fields) => (fields.names.includes("role") ? fields.get("role") : nothing)));
  const roles = picked.any ? undefined : picked.scalars.get("string");
  // Who is no role was told.
  if (roles && [...roles].every((role) => outline.roles.has(String(role))))
    report.add("wrong-result", whole, "This never ends the thread: it fails when `max_rounds` is over.", {
      hint: "`{ 'role': '__end__' }` ends it",
    });
  const known = ["role", "prompt"];
  for (const fields of objects) {
    if (fields.others !== "closed") continue;
    for (const name of fields.names) {
      const place = findKey(node, name) ?? whole;
      const value = known.includes(name) ? fields.get(name) : undefined;
      const nearest = findNearestName(name, known);
      if (value && !value.any && !isNothing(value) && !value.scalars.has("string"))
        report.add("wrong-result", place, `\`${name}\` is ${describe(value)} here, and text is asked for.`);
      if (value || nearest === undefined || fields.names.includes(nearest)) continue;
      report.add("wrong-result", place, `Nothing reads \`${name}\` of what a moderator gives.`, {
        hint: `did you mean \`${nearest}\`?`,
        ...(place !== whole && { fix: { title: `Write \`${nearest}\``, span: place, text: nearest } }),
      });
    }
    if (!fields.names.some((name) => name === "role" || findNearestName(name, known) === "role"))
      report.add("wrong-result", whole, "This gives no `role`: the thread fails then.", {
        hint: "`{ 'role': 'x' }` names whose turn it is",
      });
  }
}

/** Where a key stands between its quotes, if it stands there once. */
function findKey(node: TextNode, name: string): Span | undefined {
  const [found, more] = [...node.value.matchAll(/(['"])((?:(?!\1)[^\\])*)\1\s*:/g)].filter(({ 2: key }) => key === name);
  return found && !more ? node.locate(found.index + 1, found.index + 1 + name.length) : undefined;
}

/** Reports a result that its place can't use. */
function checkUse(node: TextNode, type: Type, use: Use, outline: Outline, report: Report): void {
  if (use === "value" || use === "condition" || type.any || isNothing(type)) return;
  const { scalars, objects, lists } = type;
  const kinds: string[] = [...scalars.keys(), ...(objects.length > 0 ? ["object"] : []), ...(lists.length > 0 ? ["list"] : [])];
  const span = node.locate(0, node.value.length);
  if (use !== "truth") {
    const { kinds: needed, words, else: otherwise } = wanted[use];
    if (kinds.some((kind) => needed.includes(kind))) {
      if (use === "role") checkPicked(node, type, outline, report);
      return;
    }
    const isText = use === "number" && kinds.includes("string");
    report.add(
      "wrong-result",
      span,
      `This gives ${describe(type)}, and ${words} is asked for: ${otherwise}.`,
      isText ? { hint: "`$number(…)` reads text" } : {},
    );
    return;
  }
  const constants = scalars.get("string");
  if (kinds.length === 1 && constants && !type.absent && !constants.has(""))
    report.add("wrong-result", span, "This gives text that is not empty, which always counts as true.", {
      hint: "compare it with something: `data.x = 'y'`",
    });
}
