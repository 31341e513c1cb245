/** Tells whether a workflow has a budget of any kind. */
import type { WorkflowIr } from "./ir.ts";

/** Whether what agents spend counts in any way. */
export function hasBudget({ budget, roles }: WorkflowIr): boolean {
  return budget !== undefined || roles.some((role) => role.budget !== undefined);
}
