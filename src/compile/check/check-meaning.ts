/** Holds every expression against the types of what it sees there. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ExpressionView, expressionViews } from "../expressions/views.ts";
import { compileLimits } from "../limits.ts";
import { bidOf, card, children } from "../meaning/engine-types.ts";
import { infer } from "../meaning/infer.ts";
import { judgeTemplate } from "../meaning/judge-template.ts";
import { join, ofFields, type Type, text, unknown } from "../meaning/type.ts";
import type { SourceNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { TemplateSight } from "./check-templates.ts";
import type { Checked } from "./check-workflow.ts";
import { createMeaning, type Meaning } from "./meaning.ts";

/** What an expression sees. */
interface Sight {
  view: ExpressionView;
  root: Type;
  event: Type;
  last?: Type;
}

/** Reports what can never be, as far as schemas tell. All of it are warnings. */
export function checkMeaning({ outline, parsed, templates }: Checked, report: Report): void {
  const meaning = createMeaning(outline);
  const { event, steps } = meaning;
  const start = ofFields("`start`", { workflow: text, prompt: unknown, event });
  const check = (node: SourceNode | undefined, { view, root, event, last }: Sight): void => {
    const tree = isText(node) ? parsed.get(node.value) : undefined;
    if (!isText(node) || !tree?.ok) return;
    const answerOf = "steps" in view ? meaning.outputOf : undefined;
    const shared = { node, view, context: { report, roles: undefined, parsed: new Map() }, count: 0, stopped: false };
    infer(tree.tree, { ...shared, root, event, steps, last: last ?? unknown, answerOf });
  };
  const thread = (last: Type, view: ExpressionView = expressionViews.steps): Sight => {
    return { view, root: ofFields("`{start, steps}`", { start, steps }), event, last };
  };
  for (const role of outline.roles.values()) {
    const { node } = role;
    check(findText(findValue(node, "agent"), "from"), {
      view: expressionViews.start,
      root: ofFields("`{event, start}`", { event, start }),
      event,
    });
    check(findText(findValue(node, "eligibility"), "where"), { view: expressionViews.card, root: card, event });
    check(findText(findValue(node, "recruitment"), "score"), { view: expressionViews.bid, root: bidOf(event), event });
    const ok = findText(findValue(findValue(node, "broadcast"), "ack"), "ok");
    check(ok, { view: expressionViews.output, root: meaning.answerOf(role.name), event });
  }
  for (const condition of [...outline.conditions.values()].slice(0, compileLimits.conditions)) {
    const users = outline.nodes.filter(({ edges }) => edges.some((edge) => edge.condition?.value === condition.name));
    check(condition.expression, thread(users.length === 0 ? unknown : join(users.map(({ name }) => meaning.lastAt(name)))));
  }
  check(outline.moderator, thread(unknown, expressionViews.moderator));
  for (const node of outline.nodes) {
    for (const edge of node.edges) {
      const sight = thread(meaning.lastAt(node.name, edge.key && edge.id));
      for (const emit of listItems(edge.node, "emit")) check(findText(emit, "data"), sight);
      for (const spawn of listItems(edge.node, "spawn")) check(findText(spawn, "input"), sight);
    }
  }
  for (const reflex of outline.reflexes) checkReflex(reflex, meaning, check);
  const roles = ofFields("`_last`", Object.fromEntries([...outline.roles.keys()].map((name) => [name, meaning.outputOf(name)])), "free");
  const own = new Map([
    ["_last", roles],
    ["_event", event],
    ["_children", children],
  ]);
  for (const { tree, node, sight } of templates)
    if (sight.kind !== "reflex") judgeTemplate(tree, node, { root: rootOf(sight, meaning), own }, report);
}

/** A reflex that starts the workflow looks at what becomes its input. */
function checkReflex(reflex: SourceNode, meaning: Meaning, check: (node: SourceNode | undefined, sight: Sight) => void): void {
  if (findText(reflex, "kind")?.value !== "workflow") return;
  const sight: Sight = { view: expressionViews.event, root: meaning.event, event: meaning.event };
  for (const field of ["when", "priority", "key"]) check(findText(reflex, field), sight);
  for (const part of listItems(reflex, "key")) check(part, sight);
}

/** What a template sees by name. */
function rootOf(sight: Exclude<TemplateSight, { kind: "reflex" }>, meaning: Meaning): Type {
  switch (sight.kind) {
    case "event":
      return meaning.event;
    case "output":
    case "broadcast":
      // Edges may share a prompt: what one answer never says another may.
      return meaning.outputOf(sight.role.name);
    case "anything":
      return unknown;
    default:
      return sight satisfies never;
  }
}
