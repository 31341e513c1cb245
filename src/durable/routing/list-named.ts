/** Which workflows an event's `to` names. */

/** Before a workflow's name in `to`. */
export const workflowPrefix = "workflows/";

/** Their names, each once. */
export function listNamed(to: string | undefined): string[] {
  if (to?.includes(workflowPrefix) !== true) return [];
  const parts = to.split(",").map((each) => each.trim());
  return [...new Set(parts.flatMap((part) => (part.startsWith(workflowPrefix) ? [part.slice(workflowPrefix.length)] : [])))];
}
