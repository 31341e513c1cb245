/** Finds every JSONata expression of a file and has it judged by what it sees there. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { checkExpression } from "../expressions/check-expression.ts";
import type { ExpressionView } from "../expressions/views.ts";
import { expressionViews } from "../expressions/views.ts";
import type { ExpressionContext } from "../expressions/walk.ts";
import { compileLimits } from "../limits.ts";
import type { SourceNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** Reports what is wrong with expressions. @returns their trees, by source */
export function checkExpressions(outline: Outline, report: Report): ExpressionContext["parsed"] {
  const context: ExpressionContext = { report, roles: outline.rolesUnknown ? undefined : new Set(outline.roles.keys()), parsed: new Map() };
  const check = (node: SourceNode | undefined, view: ExpressionView): void => {
    if (isText(node)) checkExpression(node, view, context);
  };
  for (const role of outline.roles.values()) {
    const { node } = role;
    check(findText(findValue(node, "agent"), "from"), expressionViews.start);
    check(findText(findValue(node, "eligibility"), "where"), expressionViews.card);
    check(findText(findValue(node, "recruitment"), "score"), expressionViews.bid);
    check(findText(findValue(findValue(node, "broadcast"), "ack"), "ok"), expressionViews.output);
  }
  // Too many of them is a finding of its own.
  for (const condition of [...outline.conditions.values()].slice(0, compileLimits.conditions))
    check(condition.expression, expressionViews.steps);
  check(outline.moderator, expressionViews.moderator);
  for (const node of outline.nodes) {
    for (const edge of node.edges) {
      for (const emit of listItems(edge.node, "emit")) check(findText(emit, "data"), expressionViews.steps);
      for (const spawn of listItems(edge.node, "spawn")) check(findText(spawn, "input"), expressionViews.steps);
    }
  }
  for (const reflex of outline.reflexes) {
    for (const field of ["when", "priority"]) check(findText(reflex, field), expressionViews.event);
    check(findText(reflex, "key"), expressionViews.event);
    check(findText(reflex, "input"), expressionViews.schedule);
    for (const part of listItems(reflex, "key")) check(part, expressionViews.event);
    for (const emit of listItems(reflex, "emit")) check(findText(emit, "data"), expressionViews.event);
  }
  return context.parsed;
}
