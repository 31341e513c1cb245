/** All checks of a file, in one run. Each sees only what has the right shape. */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { ParsedExpression } from "../expressions/parse-expression.ts";
import type { MapNode } from "../source/node.ts";
import { findValue } from "../source/node.ts";
import { checkCloud } from "./check-cloud.ts";
import { checkConditions } from "./check-conditions.ts";
import { checkEffects } from "./check-effects.ts";
import { checkEndless } from "./check-endless.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkGraph } from "./check-graph.ts";
import { checkNumbers } from "./check-numbers.ts";
import { checkRoles } from "./check-roles.ts";
import { checkSchedules } from "./check-schedules.ts";
import { checkSchema } from "./check-schema.ts";
import { checkSchemaSense } from "./check-schema-sense.ts";
import { checkShape } from "./check-shape.ts";
import { checkStatuses } from "./check-statuses.ts";
import { checkTemplates, type SeenTemplate } from "./check-templates.ts";
import type { Outline } from "./outline.ts";
import { readOutline } from "./outline.ts";

/** What the checks of a file leave for others to judge by. */
export interface Checked {
  /** The parts that it was read as. */
  outline: Outline;
  /** Trees of its expressions, by source. */
  parsed: ReadonlyMap<string, ParsedExpression>;
  /** Its templates, as far as they parse. */
  templates: readonly SeenTemplate[];
}

/** Checks a file. */
export function checkWorkflow(root: MapNode, report: Report, publish: boolean): Checked {
  checkShape(root, report);
  const outline = readOutline(root);
  const input = findValue(root, "input");
  if (input?.kind === "map") checkSchema(input, report);
  checkRoles(outline, report);
  checkGraph(outline, report);
  checkConditions(outline, report);
  checkStatuses(outline, report);
  const parsed = checkExpressions(outline, report);
  const templates = checkTemplates(outline, report);
  checkEffects(outline, report);
  checkCloud(outline, report, publish);
  checkSchedules(outline, report);
  checkNumbers(outline, report);
  checkEndless(outline, report);
  checkSchemaSense(outline, report);
  return { outline, parsed, templates };
}
