/** All checks of a file, in one run. Each sees only what has the right shape. */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { MapNode } from "../source/node.ts";
import { findValue } from "../source/node.ts";
import { checkCloud } from "./check-cloud.ts";
import { checkConditions } from "./check-conditions.ts";
import { checkEffects } from "./check-effects.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkGraph } from "./check-graph.ts";
import { checkMeaning } from "./check-meaning.ts";
import { checkRoles } from "./check-roles.ts";
import { checkSchema } from "./check-schema.ts";
import { checkShape } from "./check-shape.ts";
import { checkStatuses } from "./check-statuses.ts";
import { checkTemplates } from "./check-templates.ts";
import type { Outline } from "./outline.ts";
import { readOutline } from "./outline.ts";

/** Checks a file and gives the parts that it was read as. */
export function checkWorkflow(root: MapNode, report: Report, publish: boolean): Outline {
  checkShape(root, report);
  const outline = readOutline(root);
  const input = findValue(root, "input");
  if (input?.kind === "map") checkSchema(input, report);
  checkRoles(outline, report);
  checkGraph(outline, report);
  checkConditions(outline, report);
  checkStatuses(outline, report);
  checkMeaning(outline, report, checkExpressions(outline, report));
  checkTemplates(outline, report);
  checkEffects(outline, report);
  checkCloud(outline, report, publish);
  return outline;
}
